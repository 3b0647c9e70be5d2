import type { Words } from '../i18n/en';
import type { Finding } from '../store/findings.svelte';

/** Returns the meaning of a finding, in a sentence; `undefined` for one that these pages do not know. */
export function sentenceOf(words: Words, finding: Finding): string | undefined {
  const say = words.warnings;
  switch (finding.code) {
    case 'name':
      return say.name(finding.claims, finding.address);
    case 'replyTo':
      return say.replyTo(finding.address, finding.domain);
    case 'link':
      return say.link(finding.shown, finding.host);
    case 'lookAlike': {
      const { shown, ascii, like } = finding;
      const name = shown === ascii ? shown : `${shown} (${ascii})`;
      const place = say.places[finding.place];
      return like ? say.like(place, name, like) : say.mixed(place, name);
    }
    case 'program':
    case 'doubleEnding':
    case 'webPage':
      return say[finding.code](finding.file);
    default:
      return undefined;
  }
}

/** Returns the finding about the file that a link saves or opens. */
export function aboutFile(findings: readonly Finding[], link: HTMLAnchorElement): Finding | undefined {
  const url = new URL(link.href, location.href);
  if (!url.pathname.includes('/download/')) return undefined;
  const name = link.download || decoded(url.pathname.split('/').at(-1) ?? '');
  return findings.find(
    (one) => 'file' in one && name !== '' && (name === one.file || one.file.startsWith(name)),
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
