import type { Email, EmailAddress, Id } from '../jmap';
import { unique } from './addresses';

/** A conversation as a row of a list shows it. */
export interface Row {
  /** The letter that stands for it in the query. */
  id: Id;
  threadId: Id;
  subject: string;
  preview: string;
  receivedAt: string;
  people: EmailAddress[];
  count: number;
  unread: boolean;
  flagged: boolean;
  answered: boolean;
  hasAttachment: boolean;
  draft: boolean;
}

/**
 * Makes the row of `email` from the known part of its conversation. `outgoing` shows its recipients instead of its
 * sender, as people look for a sent letter.
 */
export function rowOf(email: Email, conversation: Email[], outgoing: boolean): Row {
  const all = conversation.length > 0 ? conversation : [email];
  return {
    id: email.id,
    threadId: email.threadId,
    subject: email.subject ?? '',
    preview: email.preview,
    receivedAt: email.receivedAt,
    people: outgoing ? [...(email.to ?? [])] : unique(all.flatMap((one) => one.from ?? [])),
    count: all.length,
    unread: all.some(isUnread),
    flagged: all.some((one) => one.keywords['$flagged']),
    answered: Boolean(email.keywords['$answered']),
    hasAttachment: all.some((one) => one.hasAttachment),
    draft: all.some((one) => one.keywords['$draft']),
  };
}

export function isUnread(email: Email): boolean {
  return !email.keywords['$seen'] && !email.keywords['$draft'];
}

/** Returns a name that is short enough for a row: the given name among several, the whole one if it stands alone. */
export function nameOf(person: EmailAddress, short = false): string {
  const name = person.name?.trim() || person.email.split('@')[0] || person.email;
  return short ? (name.split(/[\s,]+/)[0] ?? name) : name;
}
