import type { EmailAddress } from '../jmap';

/** Reads addresses as people type and paste them: `Ann Lee <ann@x>, "Doe, Joe" <joe@x>; bob@x`. */
export function parseAddresses(text: string): EmailAddress[] {
  return split(text)
    .map(parseOne)
    .filter((address) => address.email !== '');
}

export function formatAddress({ name, email }: EmailAddress): string {
  if (!name) return email;
  const quoted = /[(),:;<>@[\]\\"]/.test(name) ? `"${name.replace(/(["\\])/g, '\\$1')}"` : name;
  return `${quoted} <${email}>`;
}

/** Whether it can be an address at all; the server has the last word. */
export function isAddress(email: string): boolean {
  return /^[^\s@<>,;"]+@[^\s@<>,;"]+\.?[^\s@<>,;".]+$/u.test(email) || /^"[^"]+"@[^\s@]+$/u.test(email);
}

function split(text: string): string[] {
  const parts: string[] = [];
  let [part, quoted, angle] = ['', false, false];
  for (const letter of text) {
    if (letter === '"') quoted = !quoted;
    else if (letter === '<') angle = true;
    else if (letter === '>') angle = false;
    if (!quoted && !angle && /[,;\n]/.test(letter)) {
      parts.push(part);
      part = '';
    } else part += letter;
  }
  return [...parts, part];
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
