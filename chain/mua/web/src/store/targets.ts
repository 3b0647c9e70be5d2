import type { Email, Id } from '../jmap';
import { isUnread } from './conversation';

/**
 * Returns the letters of a conversation that an action is about. In a folder, these are the letters that lie in it, so
 * that archiving an answered question leaves the answer among the sent letters. In a search, these are all but one's
 * own.
 */
export function toMove(
  conversation: Email[],
  shown: Email,
  folder: Id | undefined,
  own: readonly Id[],
): Email[] {
  const all = conversation.length > 0 ? conversation : [shown];
  const here = folder
    ? all.filter((email) => email.mailboxIds[folder])
    : all.filter((email) => !own.some((id) => email.mailboxIds[id]));
  return here.length > 0 ? here : [shown];
}

/** Returns the letters of a conversation that lie in a folder. */
export function lyingIn(conversation: Email[], folder: Id | undefined): Email[] {
  return conversation.filter((email) => folder !== undefined && email.mailboxIds[folder]);
}

/** Returns the letters for labels: all of the conversation except those that are still being written. */
export function toLabel(conversation: Email[]): Email[] {
  return conversation.filter((email) => !email.keywords['$draft']);
}

/** Returns the letters for a flag: it goes on the shown letter, and off all of them. */
export function toFlag(conversation: Email[], shown: Email, on: boolean): Email[] {
  return on ? [shown] : conversation.filter((email) => email.keywords['$flagged']);
}

/** Returns the letters for a read mark: reading is about every letter; "not read" about the shown one. */
export function toMarkRead(conversation: Email[], shown: Email, read: boolean): Email[] {
  return read ? conversation.filter(isUnread) : [shown];
}
