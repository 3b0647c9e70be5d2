import type { Email, Id, Mailbox } from '../jmap';

/**
 * Labels: the folders of a person's own, seen from a letter that lies in several. Folders with a role are places that
 * letters come to and go from by what is done with them; of those only "important" is a label.
 */
export function isLabel({ role }: Mailbox): boolean {
  return role === null || role === 'important';
}

/** The colours of labels, by which `tokens.css` names them; a label without one is grey. */
export const hues = ['red', 'orange', 'yellow', 'green', 'teal', 'blue', 'purple', 'pink', 'brown'] as const;
export type Hue = (typeof hues)[number];

/** Returns the colour of a name that was kept; pages of another version may have others. */
export function hueOf(name: string | undefined): Hue | undefined {
  return hues.find((hue) => hue === name);
}

/** Returns the ids of the folders that the letters lie in, each once. */
export function placesOf(emails: readonly Pick<Email, 'mailboxIds'>[]): Set<Id> {
  return new Set(emails.flatMap(({ mailboxIds }) => Object.keys(mailboxIds)));
}

/** The mark of a label in the chooser: on all of the chosen conversations, on some, on none. */
export type Mark = 'all' | 'some' | 'none';

/** Returns the mark of a label: a conversation has it if one of its letters does. */
export function markOf(label: Id, conversations: readonly ReadonlySet<Id>[]): Mark {
  const having = conversations.filter((places) => places.has(label)).length;
  if (having === 0) return 'none';
  return having === conversations.length ? 'all' : 'some';
}
