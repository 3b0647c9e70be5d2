import type { Words } from '../../i18n/en';
import type { BodyPart } from '../../jmap';

/** What files without a name end with, so that whoever saves one can open it. */
const endings: Record<string, string> = {
  'application/pdf': '.pdf',
  'image/png': '.png',
  'image/jpeg': '.jpg',
  'image/gif': '.gif',
  'image/webp': '.webp',
  'image/heic': '.heic',
  'message/rfc822': '.eml',
  'text/calendar': '.ics',
  'text/html': '.html',
  'text/plain': '.txt',
  'text/vcard': '.vcf',
};

/** The name of something attached, as it is shown and as it is saved. The server has made it one that can do no harm. */
export function fileName(words: Words, { name, type }: Pick<BodyPart, 'name' | 'type'>): string {
  return name || `${words.read.unnamed}${endings[type.toLowerCase()] ?? ''}`;
}
