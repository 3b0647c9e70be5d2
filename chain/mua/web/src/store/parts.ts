import type { BodyPart, EmailBody } from '../jmap';

/** The parts of a letter: what is shown in its place, what the HTML shows by name, and what is listed below. */

/** Kinds that are pixels and nothing else, as the server shows them (chain/mua/src/picture.rs), by all their names. */
const pictures: Record<string, string> = {
  png: 'image/png',
  'x-png': 'image/png',
  gif: 'image/gif',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  pjpeg: 'image/jpeg',
  jfif: 'image/jpeg',
  webp: 'image/webp',
  avif: 'image/avif',
  bmp: 'image/bmp',
  'x-bmp': 'image/bmp',
  'x-ms-bmp': 'image/bmp',
};

/** What kind of picture a part is; nothing where it is none that is shown. A mailer that does not say leaves it to the name. */
export function pictureType({ type, name }: Pick<BodyPart, 'type' | 'name'>): string | undefined {
  const [kind, sort = ''] = type.toLowerCase().split('/');
  if (kind === 'image') return own(sort);
  const ending = /\.([a-z]{3,4})$/i.exec(name ?? '')?.[1];
  return type.toLowerCase() === 'application/octet-stream' && ending ? own(ending.toLowerCase()) : undefined;
}

function own(sort: string): string | undefined {
  return Object.hasOwn(pictures, sort) ? pictures[sort] : undefined;
}

/** Whether the letter has no HTML at all (RFC 8621 §4.1.4: htmlBody then holds the plain parts). */
export function isPlainText(body: EmailBody): boolean {
  return [...body.htmlBody, ...body.textBody].every((part) => part.type !== 'text/html');
}

/** What is shown of a letter, one piece below the other. */
export function shownParts(body: EmailBody): BodyPart[] {
  return isPlainText(body) ? body.textBody : body.htmlBody;
}

/** All its HTML, as far as it was loaded. */
export function loadedHtml(body: EmailBody): string {
  const parts = body.htmlBody.filter((part) => part.type === 'text/html');
  return parts.map((part) => body.bodyValues[part.partId ?? '']?.value ?? '').join('\n');
}

/** Everything that came along and is no text of the letter, each once. */
export function filesOf(body: EmailBody): BodyPart[] {
  const placed = [...body.textBody, ...body.htmlBody].filter(
    (part) => !/^text\/(plain|html)$/.test(part.type),
  );
  const found = new Map<string, BodyPart>();
  for (const part of [...placed, ...body.attachments]) found.set(part.partId ?? part.blobId ?? '', part);
  return [...found.values()];
}

/**
 * What is listed below the letter: all that came along, without the pictures that its HTML shows by name, and without
 * those that stand in their place and are no file that somebody would look for. So each part is shown, or listed.
 */
export function listedParts(body: EmailBody): BodyPart[] {
  const named = new Names(loadedHtml(body));
  const placed = new Set(shownParts(body));
  const isInPlace = (part: BodyPart) =>
    placed.has(part) && pictureType(part) !== undefined && (part.cid !== null || !part.name);
  return filesOf(body).filter((part) => !named.shows(part) && !isInPlace(part));
}

/** Where HTML shows a picture from: an attribute of an element that does, or a style. */
const attribute =
  /(?<![\w-])(src|background)(\s{0,3}=\s{0,3})("[^"<>]{1,500}"|'[^'<>]{1,500}'|[^\s"'<>]{1,500})/gi;
const style = /url\(\s{0,3}["']?([^"')\s<>]{1,500})/gi;
const showing = /^<(?:img|image|body|table|td|th|tr)\b[^<]*$/i;
/** A tag is not longer than this. */
const longestTag = 2_000;

/** The parts that HTML shows by their names (RFC 2392, RFC 2557 §4.2). */
export class Names {
  readonly #named = new Set<string>();

  constructor(html: string) {
    const bare = withoutComments(html);
    for (const match of bare.matchAll(attribute))
      if (isInTag(bare, match.index)) this.#add(unquoted(match[3] ?? ''));
    for (const [, url = ''] of bare.matchAll(style)) this.#add(url);
  }

  /** Whether a part is a picture that is shown by one of its names. */
  shows(part: BodyPart): boolean {
    return pictureType(part) !== undefined && namesOf(part).some((name) => this.#named.has(name));
  }

  #add(url: string): void {
    for (const name of namesIn(url)) this.#named.add(name);
  }
}

/** HTML in which the pictures among `parts` are named by their Content-ID, however it named them before. */
export function namedById(html: string, parts: readonly BodyPart[]): string {
  const byName = new Map(parts.flatMap((part) => namesOf(part).map((name) => [name, part.cid ?? ''])));
  return html.replace(attribute, (whole, name: string, equals: string, value: string) => {
    const cid = namesIn(unquoted(value))
      .map((one) => byName.get(one))
      .find(Boolean);
    return cid ? `${name}${equals}"cid:${encodeURIComponent(cid)}"` : whole;
  });
}

function isInTag(html: string, at: number): boolean {
  const before = html.slice(Math.max(0, at - longestTag), at);
  return showing.test(before.slice(before.lastIndexOf('<')));
}

function namesOf({ cid, location }: BodyPart): string[] {
  const names = [];
  if (cid) names.push(`cid ${bareId(cid)}`);
  if (location) names.push(`at ${location.trim()}`);
  return names;
}

/** What an address may name: percent-encoded as the standard has it, or not; in brackets, as some write it. */
function namesIn(url: string): string[] {
  const text = decoded(url.trim());
  const [, scheme = '', id = ''] = /^(cid|mid):(.*)$/is.exec(text) ?? [];
  if (scheme === '') return [`at ${text}`];
  const part = scheme.toLowerCase() === 'mid' ? id.slice(id.lastIndexOf('/') + 1) : id;
  return [`cid ${bareId(part)}`, `cid ${bareId(unescaped(part))}`];
}

function bareId(id: string): string {
  return id.trim().replace(/^</, '').replace(/>$/, '').toLowerCase();
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function unquoted(value: string): string {
  return value.replace(/^["']|["']$/g, '');
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decoded(text: string): string {
  return text.replace(
    /&(?:#x([\da-f]{1,5})|#(\d{1,6})|(\w{2,4}));/gi,
    (whole, hex?: string, number?: string, name?: string) => {
      if (name !== undefined) return entities[name.toLowerCase()] ?? whole;
      const code = hex !== undefined ? parseInt(hex, 16) : Number(number);
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}

/** A comment without an end goes to the end. */
function withoutComments(html: string): string {
  let [kept, at] = ['', 0];
  for (;;) {
    const start = html.indexOf('<!--', at);
    if (start < 0) return kept + html.slice(at);
    kept += html.slice(at, start);
    const end = html.indexOf('-->', start);
    if (end < 0) return kept;
    at = end + 3;
  }
}
