import type { EmailAddress } from '../jmap';

/** Reads addresses as people type and paste them: `Ann Lee <ann@x>, "Doe, Joe" <joe@x>; bob@x eve@x`. */
export function parseAddresses(text: string): EmailAddress[] {
  return split(text)
    .flatMap(bareOnes)
    .map(parseOne)
    .filter((address) => address.email !== '');
}

export function formatAddress({ name, email }: EmailAddress): string {
  if (!name) return email;
  const quoted = /[(),:;<>@[\]\\"]/.test(name) ? `"${name.replace(/(["\\])/g, '\\$1')}"` : name;
  return `${quoted} <${email}>`;
}

/** Returns true if the text can be an address at all; the server has the last word. */
export function isAddress(email: string): boolean {
  return /^[^\s@<>,;"]+@[^\s@<>,;"]+\.?[^\s@<>,;".]+$/u.test(email) || /^"[^"]+"@[^\s@]+$/u.test(email);
}

/** Returns each address once, as it is written first. */
export function unique(people: readonly EmailAddress[]): EmailAddress[] {
  const kept = new Map<string, EmailAddress>();
  for (const person of people) {
    const key = person.email.toLowerCase();
    if (!kept.has(key)) kept.set(key, person);
  }
  return [...kept.values()];
}

function split(text: string): string[] {
  const parts: string[] = [];
  let [part, quoted, escaped, angle] = ['', false, false, false];
  for (const letter of text) {
    const ends = !quoted && (angle ? letter === '>' : /[,;\n]/.test(letter));
    if (!ends || angle) part += letter;
    if (ends) {
      parts.push(part);
      [part, angle] = ['', false];
    } else if (letter === '"' && !escaped) quoted = !quoted;
    else if (letter === '<' && !quoted) angle = true;
    // RFC 5322 §3.2.4: a quotation mark may stand in quotes, behind a backslash.
    escaped = quoted && letter === '\\' && !escaped;
  }
  return [...parts, part];
}

/** Returns addresses with nothing but space between them. */
function bareOnes(part: string): string[] {
  const words = part.trim().split(/\s+/);
  return words.every(isAddress) ? words : [part];
}

function parseOne(part: string): EmailAddress {
  const match = /^\s*(.*?)\s*<\s*([^<>]*?)\s*>\s*$/s.exec(part);
  if (!match) return { name: null, email: part.trim() };
  const name = (match[1] ?? '')
    .replace(/^"(.*)"$/s, '$1')
    .replace(/\\(.)/g, '$1')
    .trim();
  return { name: name || null, email: match[2] ?? '' };
}
