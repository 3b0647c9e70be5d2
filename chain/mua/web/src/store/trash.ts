import type { Email, Id, Mailbox, Patch } from '../jmap';
import { moveTo } from './patch';

/**
 * A keyword on the letter names the folder that it was thrown away from: so every window knows it, and other programs
 * keep it without knowing it. A letter that another program threw away has none, and goes back to the inbox.
 */

const mark = 'facteur-from-';

type Held = Pick<Email, 'id' | 'mailboxIds' | 'keywords'>;

export function throwAway(emails: readonly Held[], trash: Id): Map<Id, Patch> {
  const patches = moveTo(emails, trash);
  for (const email of emails) {
    const [from] = Object.keys(email.mailboxIds);
    const patch = patches.get(email.id);
    if (patch && from) Object.assign(patch, unmarked(email), { [`keywords/${nameOf(from)}`]: true });
  }
  return patches;
}

/**
 * Returns the patches that put letters back. A folder that no longer exists, like one that was never known, is replaced
 * by the inbox.
 */
export function putBack(emails: readonly Held[], folders: readonly Mailbox[]): Map<Id, Patch> {
  const byMark = new Map(folders.map((folder) => [nameOf(folder.id), folder]));
  const inbox = folders.find(({ role }) => role === 'inbox');
  const patches = new Map<Id, Patch>();
  for (const email of emails) {
    const known = marksOn(email).map((keyword) => byMark.get(keyword));
    const folder = known.find((one) => one && one.role !== 'trash') ?? inbox;
    if (folder) patches.set(email.id, { mailboxIds: { [folder.id]: true }, ...unmarked(email) });
  }
  return patches;
}

/** Returns true if one of them goes to the inbox because the folder that its keyword names is no longer there. */
export function isHomeless(emails: readonly Held[], folders: readonly Mailbox[]): boolean {
  const there = new Set(folders.map((folder) => nameOf(folder.id)));
  return emails.some((email) => {
    const marks = marksOn(email);
    return marks.length > 0 && !marks.some((keyword) => there.has(keyword));
  });
}

/** Keywords are the same in capitals (RFC 8621 §4.1.1). */
function nameOf(folder: Id): string {
  return `${mark}${folder.toLowerCase()}`;
}

function marksOn({ keywords }: Held): string[] {
  return Object.keys(keywords).filter((keyword) => keyword.startsWith(mark));
}

function unmarked(email: Held): Patch {
  return Object.fromEntries(marksOn(email).map((keyword) => [`keywords/${keyword}`, null]));
}
