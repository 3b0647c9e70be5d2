import type { Words } from '../../i18n/en';
import type { Item } from '../../jmap';

/** The endings of files without a name, so that a person who saves one can open it. */
const endings: Record<string, string> = {
  'application/ics': '.ics',
  'application/msword': '.doc',
  'application/pdf': '.pdf',
  'application/pgp-signature': '.asc',
  'application/pkcs7-mime': '.p7m',
  'application/pkcs7-signature': '.p7s',
  'application/x-pkcs7-mime': '.p7m',
  'application/x-pkcs7-signature': '.p7s',
  'application/zip': '.zip',
  'audio/amr': '.amr',
  'audio/mp4': '.m4a',
  'audio/mpeg': '.mp3',
  'audio/ogg': '.ogg',
  'audio/wav': '.wav',
  'audio/x-wav': '.wav',
  'image/heic': '.heic',
  'image/svg+xml': '.svg',
  'image/tiff': '.tif',
  'message/delivery-status': '.txt',
  'message/global': '.eml',
  'message/rfc822': '.eml',
  'text/calendar': '.ics',
  'text/csv': '.csv',
  'text/directory': '.vcf',
  'text/html': '.html',
  'text/plain': '.txt',
  'text/rfc822-headers': '.txt',
  'text/vcard': '.vcf',
  'text/x-vcard': '.vcf',
  'video/3gpp': '.3gp',
  'video/mp4': '.mp4',
  'video/quicktime': '.mov',
};

/** Returns the name of an attachment, as it is shown and saved. The server has made it harmless. */
export function fileName(words: Words, part: Pick<Item, 'name' | 'type'> & Partial<Item>): string {
  return part.name || calledBy(words, part, 0);
}

/** The characters that no system accepts in the name of a file, or that make a name look like another. */
const unsafe = /[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}<>:"/\\|?*]+/gu;
const longestSubject = 80;

/** Returns the common name of all files of a letter: its subject, or their number if it has none. */
export function archiveName(words: Words, subject: string | null, count: number): string {
  const about = Array.from((subject ?? '').replace(unsafe, ' ').replace(/\s+/gu, ' '));
  const name = about
    .slice(0, longestSubject)
    .join('')
    .replace(/^[\s.]+|[\s.]+$/gu, '');
  return `${name || words.read.attachments(count)}.zip`;
}

/**
 * Returns parts that all have a name: those that came without one are called by their kind, and counted if there are
 * several.
 */
export function withNames(words: Words, parts: readonly Item[]): Item[] {
  const kinds = new Map<string, number>();
  for (const part of parts) if (!part.name) count(kinds, calledBy(words, part, 0));
  const given = new Map<string, number>();
  return parts.map((part) => {
    if (part.name) return part;
    const bare = calledBy(words, part, 0);
    const several = (kinds.get(bare) ?? 0) > 1;
    return { ...part, name: several ? calledBy(words, part, count(given, bare)) : bare };
  });
}

function count(counts: Map<string, number>, what: string): number {
  const number = (counts.get(what) ?? 0) + 1;
  counts.set(what, number);
  return number;
}

/** Returns "Photo.jpg", "Photo 2.jpg", "Letter: Lunch.eml". */
function calledBy(words: Words, part: Pick<Item, 'type'> & Partial<Item>, number: number): string {
  const { files } = words.read;
  const type = part.type.toLowerCase();
  const ending = endingOf(part.picture ?? type, part.is);
  const counted = number > 0 ? ` ${number}` : '';
  if (part.is === 'letter') {
    const subject = (part.subject ?? '').replace(/[/\\]/g, '-').slice(0, 80).trim();
    return subject
      ? `${files.letterAbout(subject)}${counted}${ending}`
      : `${files.letter}${counted}${ending}`;
  }
  return `${wordFor(words, type, part)}${counted}${ending}`;
}

function wordFor(words: Words, type: string, { is }: Partial<Item>): string {
  const { files } = words.read;
  const [kind = ''] = type.split('/');
  if (is === 'calendar') return files.calendar;
  if (is === 'card') return files.card;
  if (is === 'signature') return files.signature;
  if (is === 'sealed') return files.sealed;
  if (kind === 'image') return files.picture;
  if (kind === 'audio') return files.sound;
  if (kind === 'video') return files.film;
  return type === 'application/pdf' || kind === 'text' ? files.document : files.file;
}

function endingOf(type: string, is: Item['is'] | undefined): string {
  const known = Object.hasOwn(endings, type) ? endings[type] : undefined;
  if (known) return known;
  if (is === 'sealed') return '.asc';
  const [, picture] = /^image\/(png|jpeg|gif|webp|bmp|avif)$/.exec(type) ?? [];
  return picture ? `.${picture === 'jpeg' ? 'jpg' : picture}` : '';
}
