import type { Email, Id, Mailbox, Patch } from '../jmap';

/**
 * Keywords on the letter name the folders that it was thrown away from: so every window knows them, and other programs
 * keep them without knowing them. A letter that another program threw away has none, and goes back to the inbox.
 */

const mark = 'facteur-from-';
/** The most folders that are written on a letter: servers bound the keywords of each. */
const mostMarks = 40;

type Held = Pick<Email, 'id' | 'mailboxIds' | 'keywords'>;

/** Moves letters to the trash, out of every other folder. */
export function throwAway(emails: readonly Held[], trash: Id): Map<Id, Patch> {
  return goAway(emails, trash);
}

/** Moves letters to junk, out of every other folder. */
export function junked(emails: readonly Held[], junk: Id): Map<Id, Patch> {
  return goAway(emails, junk);
}

function goAway(emails: readonly Held[], to: Id): Map<Id, Patch> {
  const patches = new Map<Id, Patch>();
  for (const email of emails) {
    const from = Object.keys(email.mailboxIds).filter((id) => id !== to);
    if (from.length === 0) continue;
    const marks = from.slice(0, mostMarks).map((id) => [`keywords/${nameOf(id)}`, true] as const);
    const patch = { mailboxIds: { [to]: true }, ...unmarked(email), ...Object.fromEntries(marks) };
    patches.set(email.id, patch);
  }
  return patches;
}

/**
 * Returns the patches that put letters back into all folders that they were in, out of the trash or junk. If none of
 * those is there any more, or none was ever known, a letter goes to the inbox; so does every letter that is no junk. A
 * letter that lies elsewhere, too, stays there.
 */
export function putBack(
  emails: readonly Held[],
  folders: readonly Mailbox[],
  out: 'trash' | 'junk',
): Map<Id, Patch> {
  const byMark = new Map(folders.map((folder) => [nameOf(folder.id), folder]));
  const withRole = (role: Mailbox['role']) => folders.find((folder) => folder.role === role);
  const [inbox, from] = [withRole('inbox'), withRole(out)];
  const patches = new Map<Id, Patch>();
  for (const email of emails) {
    if (!from) break;
    const known = marksOn(email).flatMap((keyword) => byMark.get(keyword) ?? []);
    const into = known.filter(({ role }) => role !== 'trash' && role !== out);
    const isElsewhere = Object.keys(email.mailboxIds).some((id) => id !== from.id);
    const needsInbox = out === 'junk' || (into.length === 0 && !isElsewhere);
    const all = needsInbox && inbox ? [...into, inbox] : into;
    if (all.length === 0 && !isElsewhere) continue;
    const back = all.map(({ id }) => [`mailboxIds/${id}`, true] as const);
    patches.set(email.id, {
      ...Object.fromEntries(back),
      [`mailboxIds/${from.id}`]: null,
      ...unmarked(email),
    });
  }
  return patches;
}

/** Returns true if one of them goes to the inbox because no folder that its keywords name is there any more. */
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
