import type { Email, Id, Mailbox, Patch, Role } from '../jmap';
import { junked, putBack, throwAway } from './trash';

/**
 * The changes of the folders that letters lie in. A letter lies in one folder or in several, which people then call
 * labels. Taking a letter out of one folder never takes it out of another; only the trash and junk have a letter to
 * themselves.
 */
export type Filing =
  /** Out of the shown folder, into another one. */
  | { kind: 'move'; to: Id }
  /** Out of the inbox, and out of nothing else. */
  | { kind: 'archive' }
  /** Into the trash or junk, out of everywhere. */
  | { kind: 'trash' }
  | { kind: 'junk' }
  /** Back to where they were, out of the trash or out of junk. */
  | { kind: 'putBack' }
  | { kind: 'notJunk' }
  | { kind: 'labels'; add: readonly Id[]; remove: readonly Id[] };

/** The properties of a letter that its folders are changed by. */
export type Filed = Pick<Email, 'id' | 'mailboxIds' | 'keywords'>;

/** The folders that a change goes by. */
export interface Cabinet {
  /** The shown folder; a search has none. */
  here: Id | undefined;
  folders: readonly Mailbox[];
}

/** The roles of the folders that a letter leaves when it is moved from among the results of a search. */
const passing: readonly Role[] = ['inbox', 'archive', 'junk', 'trash'];

/**
 * Returns the patches that file letters; letters that lie right already have none. Returns `undefined` if there is no
 * folder of the role that they are to go to.
 */
export function file(filing: Filing, emails: readonly Filed[], cabinet: Cabinet): Map<Id, Patch> | undefined {
  const { folders } = cabinet;
  const withRole = (role: Role) => folders.find((folder) => folder.role === role)?.id;
  switch (filing.kind) {
    case 'move':
      return moveTo(emails, filing.to, cabinet);
    case 'labels':
      return label(emails, filing.add, filing.remove, withRole('archive'));
    case 'archive': {
      const [inbox, archive] = [withRole('inbox'), withRole('archive')];
      return inbox && archive ? label(emails, [], [inbox], archive) : undefined;
    }
    case 'trash': {
      const trash = withRole('trash');
      return trash ? throwAway(emails, trash) : undefined;
    }
    case 'junk': {
      const junk = withRole('junk');
      return junk ? junked(emails, junk) : undefined;
    }
    case 'putBack':
      return putBack(emails, folders, 'trash');
    case 'notJunk':
      return putBack(emails, folders, 'junk');
  }
}

/** Returns the folder that letters are put into by a change, if it is one; its name is then said. */
export function goalOf(filing: Filing, folders: readonly Mailbox[]): Mailbox | undefined {
  const role = { move: null, labels: null, archive: 'archive', trash: 'trash', junk: 'junk' } as const;
  if (filing.kind === 'move') return folders.find(({ id }) => id === filing.to);
  const wanted = filing.kind === 'putBack' || filing.kind === 'notJunk' ? null : role[filing.kind];
  return wanted ? folders.find((folder) => folder.role === wanted) : undefined;
}

function moveTo(emails: readonly Filed[], to: Id, cabinet: Cabinet): Map<Id, Patch> {
  const patches = new Map<Id, Patch>();
  for (const email of emails) {
    const out = leftBy(email, cabinet).filter((id) => id !== to);
    const into = email.mailboxIds[to] ? [] : [to];
    put(patches, email.id, membership(into, out));
  }
  return patches;
}

/** Returns the folders that a letter leaves if it is moved from the place that is shown. */
function leftBy({ mailboxIds }: Filed, { here, folders }: Cabinet): Id[] {
  if (here) return mailboxIds[here] ? [here] : [];
  const all = Object.keys(mailboxIds);
  if (all.length === 1) return all;
  return folders
    .filter(({ id, role }) => role && passing.includes(role) && mailboxIds[id])
    .map(({ id }) => id);
}

/** Adds labels and takes others away. A letter that would lie nowhere is put into `rest`, or stays where it is. */
function label(
  emails: readonly Filed[],
  add: readonly Id[],
  remove: readonly Id[],
  rest: Id | undefined,
): Map<Id, Patch> {
  const patches = new Map<Id, Patch>();
  for (const { id, mailboxIds } of emails) {
    const into = add.filter((one) => !mailboxIds[one]);
    const out = remove.filter((one) => mailboxIds[one]);
    const left = Object.keys(mailboxIds).length - out.length + into.length;
    if (left === 0 && !rest) continue;
    put(patches, id, membership(left === 0 && rest ? [rest] : into, out));
  }
  return patches;
}

function membership(into: readonly Id[], out: readonly Id[]): Patch {
  const path = (id: Id) => `mailboxIds/${id}`;
  return Object.fromEntries([
    ...into.map((id) => [path(id), true] as const),
    ...out.map((id) => [path(id), null] as const),
  ]);
}

function put(patches: Map<Id, Patch>, id: Id, patch: Patch): void {
  if (Object.keys(patch).length > 0) patches.set(id, patch);
}
