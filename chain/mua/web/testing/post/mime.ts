import { randomFrom } from '../fake/world';

/** Letters as octets (RFC 5322, RFC 2045), as mailers write them. */

/** One part of a letter: the lines of its header, and its body as it goes over the wire. */
export interface Part {
  header: string[];
  body: string;
}

/** Writes text of 78 octets a line, as most mailers send it. */
export function text(words: string, type = 'text/plain', ...more: string[]): Part {
  return {
    header: [`Content-Type: ${type}; charset=utf-8`, 'Content-Transfer-Encoding: quoted-printable', ...more],
    body: quotedPrintable(words),
  };
}

export function html(source: string): Part {
  return text(source, 'text/html');
}

/** Writes text in a charset from before Unicode, given as octets. */
export function octets(words: Buffer, charset: string): Part {
  return {
    header: [`Content-Type: text/plain; charset=${charset}`, 'Content-Transfer-Encoding: 8bit'],
    body: words.toString('latin1'),
  };
}

/** Writes a file, with the other fields of its header. */
export function file(type: string, data: Buffer, ...more: string[]): Part {
  const lines = data.toString('base64').match(/.{1,76}/g) ?? [];
  return {
    header: [`Content-Type: ${type}`, 'Content-Transfer-Encoding: base64', ...more],
    body: lines.join('\r\n'),
  };
}

/** Writes a file that is to be saved, under its name. */
export function attachment(name: string, type: string, data: Buffer): Part {
  return file(type, data, `Content-Disposition: attachment; ${parameter('filename', name)}`);
}

/** Makes a file that stands in its place in the text, as telephones send photos. */
export function inline(name: string, type: string, data: Buffer, ...more: string[]): Part {
  return file(type, data, `Content-Disposition: inline; ${parameter('filename', name)}`, ...more);
}

export function multipart(kind: string, ...parts: Part[]): Part {
  const boundary = `=_${kind}_${hash(parts.map((part) => part.body).join())}`;
  const inside = parts.map((part) => `--${boundary}\r\n${written(part)}\r\n`).join('');
  const type = kind === 'related' ? 'related; type="text/html"' : kind;
  return {
    header: [`Content-Type: multipart/${type}; boundary="${boundary}"`],
    body: `${inside}--${boundary}--\r\n`,
  };
}

/** Encloses a letter within a letter. */
export function enclosed(letter: Buffer, ...more: string[]): Part {
  return { header: ['Content-Type: message/rfc822', ...more], body: letter.toString('latin1') };
}

/** The fields in the header of a letter, in words; each is encoded if it has to be. */
export interface Head {
  from: string;
  to: string;
  subject: string;
  date: Date;
  more?: string[];
}

/** Returns the letter with its header before it. */
export function letter({ from, to, subject, date, more = [] }: Head, part: Part): Buffer {
  const id = `<${hash(subject + date.toISOString())}@${host(from)}>`;
  const known = more.some((line) => line.startsWith('Message-ID:')) ? [] : [`Message-ID: ${id}`];
  const header = [
    `From: ${mailbox(from)}`,
    `To: ${mailbox(to)}`,
    `Subject: ${words(subject)}`,
    `Date: ${stamp(date)}`,
    ...known,
    'MIME-Version: 1.0',
    ...more,
  ];
  return Buffer.from(`${header.join('\r\n')}\r\n${written(part)}\r\n`, 'latin1');
}

/** Writes an address such as `Théo <theo@alpine.test>`, its name encoded. */
export function mailbox(address: string): string {
  const [, name = '', rest = address] = /^(.*?)\s*(<[^<>]*>)$/.exec(address) ?? [];
  return name === '' ? rest : `${isPlain(name) ? `"${name.replaceAll('"', '')}"` : words(name)} ${rest}`;
}

/** Writes an encoded word for each stretch that fits into one (RFC 2047 §2). */
export function words(said: string): string {
  if (isPlain(said)) return said;
  const stretches: string[] = [];
  for (const sign of said) {
    const last = stretches.at(-1) ?? '';
    if (stretches.length > 0 && Buffer.byteLength(last + sign) <= 42) stretches.splice(-1, 1, last + sign);
    else stretches.push(sign);
  }
  return stretches.map((one) => `=?UTF-8?B?${Buffer.from(one).toString('base64')}?=`).join('\r\n ');
}

/** Writes a parameter, in the way of RFC 2231 if its value is not ASCII. */
export function parameter(name: string, value: string): string {
  return isPlain(value) ? `${name}="${value}"` : `${name}*=utf-8''${encodeURIComponent(value)}`;
}

/** Writes a date as RFC 5322 §3.3 has it. */
export function stamp(date: Date): string {
  return date.toUTCString().replace('GMT', '+0000');
}

function written({ header, body }: Part): string {
  return `${header.join('\r\n')}\r\n\r\n${body}`;
}

function isPlain(said: string): boolean {
  return /^[\x20-\x7e]*$/.test(said);
}

function host(address: string): string {
  return /@([^<>\s]+)/.exec(address)?.[1] ?? 'alpha.test';
}

/** Returns a text that looks random, and is the same for the same words. */
export function hash(said: string): string {
  let seed = 0;
  for (const octet of Buffer.from(said)) seed = (Math.imul(seed, 31) + octet) >>> 0;
  const random = randomFrom(seed);
  return Array.from({ length: 16 }, () => Math.floor(random() * 36).toString(36)).join('');
}

/** RFC 2045 §6.7. */
function quotedPrintable(said: string): string {
  return said
    .split(/\r?\n/)
    .map((line) => soft(Array.from(Buffer.from(line), escaped)))
    .join('\r\n')
    .replace(/[ \t](?=\r\n|$)/g, (blank) => (blank === ' ' ? '=20' : '=09'));
}

function escaped(octet: number): string {
  const isLiteral = octet === 9 || (octet >= 32 && octet <= 126 && octet !== 61);
  return isLiteral ? String.fromCharCode(octet) : `=${octet.toString(16).toUpperCase().padStart(2, '0')}`;
}

/** Writes lines of at most 76 octets, of which `=` takes one and a blank at the end two. */
function soft(signs: string[]): string {
  const lines = [''];
  for (const sign of signs) {
    const last = lines.length - 1;
    if ((lines[last] ?? '').length + sign.length <= 73) lines[last] += sign;
    else {
      lines[last] += '=';
      lines.push(sign);
    }
  }
  return lines.join('\r\n');
}
