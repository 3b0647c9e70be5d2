import type { Words } from '../../i18n/en';

/** A file that came with a letter, and can be opened. */
export interface Attached {
  name: string;
  url: string;
  /** The type that the letter states. */
  type: string;
  /** The size in octets. */
  size: number;
  charset?: string | null;
}

/** The way in which the pages show a file; nothing else of a stranger's files is shown. */
export type View = 'picture' | 'pdf' | 'text' | 'sound' | 'film' | 'none';

/** The types that are pixels and nothing else, as the server names them whatever the mailer did. */
const pixels = /^image\/(png|gif|jpeg|webp|avif|bmp)$/;

/** The kind of a file for a person. */
export type Kind = keyof Words['viewer']['kinds'];

const byEnding: Record<string, Kind> = {
  pdf: 'pdf',
  heic: 'heic',
  heif: 'heic',
  tif: 'tiff',
  tiff: 'tiff',
  svg: 'drawing',
  doc: 'word',
  docx: 'word',
  odt: 'writing',
  pages: 'writing',
  rtf: 'writing',
  xls: 'excel',
  xlsx: 'excel',
  ods: 'sheet',
  numbers: 'sheet',
  ppt: 'powerpoint',
  pptx: 'powerpoint',
  odp: 'slides',
  key: 'slides',
  zip: 'archive',
  rar: 'archive',
  '7z': 'archive',
  gz: 'archive',
  tar: 'archive',
  htm: 'page',
  html: 'page',
  eml: 'letter',
  ics: 'calendar',
  vcf: 'card',
  exe: 'program',
  msi: 'program',
  js: 'program',
  apk: 'program',
  dmg: 'program',
  txt: 'text',
  csv: 'text',
  md: 'text',
  log: 'text',
  json: 'text',
  mp3: 'sound',
  m4a: 'sound',
  ogg: 'sound',
  opus: 'sound',
  wav: 'sound',
  amr: 'sound',
  mp4: 'film',
  mov: 'film',
  webm: 'film',
};

const byType: [RegExp, Kind][] = [
  [/^application\/(x-)?pdf$/, 'pdf'],
  [/^image\/hei[cf]/, 'heic'],
  [/^image\/tiff$/, 'tiff'],
  [/^image\/svg/, 'drawing'],
  [/^image\//, 'picture'],
  [/^audio\//, 'sound'],
  [/^video\//, 'film'],
  [/^message\/(rfc822|global)$/, 'letter'],
  [/^text\/calendar$/, 'calendar'],
  [/^text\/(x-)?vcard$/, 'card'],
  [/^(text\/html|application\/xhtml)/, 'page'],
  [/msword|wordprocessingml/, 'word'],
  [/opendocument\.text|rtf/, 'writing'],
  [/ms-?excel|spreadsheetml/, 'excel'],
  [/opendocument\.spreadsheet/, 'sheet'],
  [/powerpoint|presentationml/, 'powerpoint'],
  [/opendocument\.presentation/, 'slides'],
  [/zip|x-tar|x-rar|7z-compressed/, 'archive'],
  [/x-msdownload|x-ms-?dos|javascript|x-sh$/, 'program'],
  [/^(text\/|application\/json$)/, 'text'],
];

/** Returns the kind of a file. If its mailer did not say, its ending does. */
export function kindOf(file: Pick<Attached, 'name' | 'type'>): Kind {
  const type = file.type.toLowerCase();
  const ending = /\.([a-z0-9]{1,7})$/i.exec(file.name)?.[1]?.toLowerCase() ?? '';
  const named = Object.hasOwn(byEnding, ending) ? byEnding[ending] : undefined;
  const typed = byType.find(([pattern]) => pattern.test(type))?.[1];
  // Mailers write "text/plain" and "octet-stream" for types that they do not know.
  if (type === 'text/plain' && named && named !== 'text') return named;
  return typed ?? named ?? 'file';
}

/** Returns the way in which a file is shown. */
export function viewOf(file: Pick<Attached, 'name' | 'type'>): View {
  const kind = kindOf(file);
  if (kind === 'picture') return pixels.test(file.type) ? 'picture' : 'none';
  return kind === 'pdf' || kind === 'text' || kind === 'sound' || kind === 'film' ? kind : 'none';
}

/** Returns a few characters for its icon. */
export function shortOf(file: Pick<Attached, 'name' | 'type'>): string {
  const ending = /\.([a-z0-9]{1,5})$/i.exec(file.name)?.[1];
  const subtype = file.type.split('/')[1] ?? '';
  return (ending ?? (/^[a-z0-9]{1,5}$/i.test(subtype) ? subtype : '')).toUpperCase();
}

/** Returns a name in two pieces, of which the first may be cut: the ending shows its kind. */
export function inTwo(name: string): [string, string] {
  const letters = [...name];
  const last = Math.min(10, Math.floor(letters.length / 2));
  return [letters.slice(0, letters.length - last).join(''), letters.slice(letters.length - last).join('')];
}
