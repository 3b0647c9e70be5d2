import type { Email, EmailAddress, EmailBody } from '../jmap';
import { unique } from '../store/addresses';

/** Makes the answer to a letter: its recipients, its subject and its conversation. */

export type AnswerKind = 'reply' | 'replyAll' | 'forward';

export interface Recipients {
  to: EmailAddress[];
  cc: EmailAddress[];
}

/** Returns the recipients of an answer. One's own addresses are left out, unless one answers oneself. */
export function recipientsOf(
  kind: AnswerKind,
  email: Email,
  body: EmailBody,
  own: readonly string[],
): Recipients {
  if (kind === 'forward') return { to: [], cc: [] };
  const mine = new Set(own.map((address) => address.toLowerCase()));
  const isMine = (person: EmailAddress) => mine.has(person.email.toLowerCase());
  const from = body.replyTo?.length ? body.replyTo : (email.from ?? []);
  // An answer to one's own letter goes to the recipients of that letter.
  const ownLetter = from.length > 0 && from.every(isMine);
  const to = ownLetter ? (email.to ?? []) : from;
  if (kind === 'reply') return { to: unique(to), cc: [] };
  const others = [...(ownLetter ? [] : (email.to ?? [])), ...(body.cc ?? [])].filter(
    (person) => !isMine(person),
  );
  const first = unique(to);
  return { to: first, cc: unique(others).filter((person) => !has(first, person)) };
}

const prefixes: Record<AnswerKind, string> = { reply: 'Re: ', replyAll: 'Re: ', forward: 'Fwd: ' };
/** The marks that mail programs of many languages put before a subject. */
const replyMarks = /^\s*((re|aw|sv|rép|rif|antw)(\[\d+\])?\s*:\s*)+/iu;
const forwardMarks = /^\s*((fwd?|tr|wg|i|rv)\s*:\s*)+/iu;

export function subjectOf(kind: AnswerKind, subject: string | null): string {
  const bare = (subject ?? '').replace(kind === 'forward' ? forwardMarks : replyMarks, '');
  return prefixes[kind] + bare;
}

/** Returns the headers that put an answer in its conversation (RFC 5322 §3.6.4). A forward begins a new one. */
export function threadingOf(
  kind: AnswerKind,
  body: EmailBody,
): { inReplyTo: string[]; references: string[] } {
  if (kind === 'forward' || !body.messageId) return { inReplyTo: [], references: [] };
  const before = body.references ?? (body.inReplyTo?.length === 1 ? body.inReplyTo : []);
  return { inReplyTo: body.messageId, references: [...before, ...body.messageId] };
}

function has(people: EmailAddress[], one: EmailAddress): boolean {
  return people.some((person) => person.email.toLowerCase() === one.email.toLowerCase());
}
