import type { Identity } from '../jmap';
import { cleanFragment, cleanHtml } from './clean';
import { htmlOf, textOf } from './convert';

/** Places a person's signature: below their words, behind a line of two hyphens and a blank (RFC 3676 §4.3). */

/** A line of a letter in the making, or a block of it. */
export interface Line {
  text: string;
  /** True if it quotes another letter. */
  quote: boolean;
}

/** Some lines of it: `count` of them, from the one at `at`. */
export interface Span {
  at: number;
  count: number;
}

const blank = htmlOf('');
// The editor would take a plain blank off the end of a line.
const rule = '<div>--&nbsp;</div>';

/** Returns a person's signature as HTML; empty if they have none. */
export function signatureOf(identity: Identity | undefined): string {
  if (identity?.htmlSignature) return cleanHtml(identity.htmlSignature);
  return identity?.textSignature ? htmlOf(identity.textSignature) : '';
}

/** Puts a person's signature where they begin to write: above the quotation. */
export function signed(html: string, identity: Identity | undefined): string {
  const signature = signatureOf(identity);
  return signature ? `${blank}${blank}${rule}${signature}${html}` : html;
}

/** Replaces the signature in the editor, when the identity changes. A signature that was changed by hand stays. */
export function resign(root: HTMLElement, before: string, after: string): void {
  const blocks = [...root.childNodes];
  const lines = blocks.map((block) => ({
    text: block.textContent ?? '',
    quote: block.nodeName === 'BLOCKQUOTE',
  }));
  const span = spanOf(lines, plain(before));
  if (!span) return;
  const added = cleanFragment(after && `${span.count === 0 ? blank : ''}${rule}${after}`);
  root.insertBefore(added, blocks[span.at] ?? null);
  for (const block of blocks.slice(span.at, span.at + span.count)) block.remove();
}

/** Replaces the signature in plain text. */
export function resignedText(text: string, before: string, after: string): string {
  const lines = text.split('\n');
  const span = spanOf(
    lines.map((line) => ({ text: line, quote: line.startsWith('>') })),
    plain(before),
  );
  if (!span) return text;
  const added = after ? [...(span.count === 0 ? [''] : []), '-- ', ...plain(after).split('\n')] : [];
  return lines.toSpliced(span.at, span.count, ...added).join('\n');
}

/**
 * Returns the place of a signature, with the line before it; for an empty signature, the place where one would stand.
 */
export function spanOf(lines: readonly Line[], signature: string): Span | undefined {
  const wanted = bare(signature);
  if (!wanted) return { at: endOfOwn(lines), count: 0 };
  for (const [at, line] of lines.entries()) {
    if (bare(line.text) !== '--') continue;
    let said = '';
    for (let next = at + 1; next < lines.length && said.length < wanted.length; next += 1) {
      said += bare(lines[next]?.text ?? '');
      if (said === wanted) return { at, count: next + 1 - at };
    }
  }
  return undefined;
}

/** Returns the line behind the author's own words, before a quotation and its introduction. */
function endOfOwn(lines: readonly Line[]): number {
  let at = lines.findIndex(({ text, quote }) => quote || /^-{8,} /.test(text));
  if (at < 0) at = lines.length;
  else if (lines[at]?.quote && bare(lines[at - 1]?.text ?? '')) at -= 1;
  while (at > 0 && !bare(lines[at - 1]?.text ?? '')) at -= 1;
  return at;
}

function plain(signature: string): string {
  return signature && textOf(signature);
}

/** Removes blanks, which the editor moves about. */
function bare(text: string): string {
  return text.replace(/[\s\u00A0\u200B]+/g, '');
}
