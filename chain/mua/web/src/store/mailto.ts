import type { EmailAddress } from '../jmap';
import { parseAddresses } from './addresses';

/** The letter that a `mailto:` address asks for (RFC 6068). */
export interface Asked {
  to: EmailAddress[];
  cc: EmailAddress[];
  bcc: EmailAddress[];
  subject: string;
  text: string;
}

/** The longest address: nobody wishes for a longer letter. */
const longest = 16_000;

export function parseMailto(address: string): Asked {
  const [, to = '', query = ''] = /^(?:mailto:)?([^?]*)\??(.*)$/is.exec(address.slice(0, longest)) ?? [];
  // "+" is a plus in these addresses, not a blank (RFC 6068 §5).
  const fields = new URLSearchParams(query.replaceAll('+', '%2B'));
  return askedOf(fields, decode(to));
}

/**
 * Returns the letter that the part of an address after `#` asks for: `#/compose?to=…&subject=…`, or
 * `#/compose?mailto=…` with a whole `mailto:` address, as browsers hand them over.
 */
export function composeIn(hash: string): Asked | undefined {
  const query = /^#\/?compose(?:\?(.*))?$/s.exec(hash.slice(0, longest));
  if (!query) return undefined;
  const fields = new URLSearchParams(query[1] ?? '');
  const whole = fields.get('mailto');
  return whole === null ? askedOf(fields, '') : parseMailto(whole);
}

function askedOf(fields: URLSearchParams, to: string): Asked {
  const all = (name: string) =>
    [...fields].filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
  const people = (name: string, more = '') => parseAddresses([more, ...all(name)].join(','));
  return {
    to: people('to', to),
    cc: people('cc'),
    bcc: people('bcc'),
    subject: all('subject')[0] ?? '',
    text: (all('body')[0] ?? '').replace(/\r\n?/g, '\n'),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
