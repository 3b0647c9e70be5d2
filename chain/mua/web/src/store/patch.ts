import type { Email, Id, Patch } from '../jmap';

/**
 * The person's own changes to letters, as JMAP patches (RFC 8620 §5.3). Each has an inverse, made before it is applied:
 * undo needs nothing else.
 */

/** The properties of a letter that its changes are about. */
type Held = Pick<Email, 'id' | 'mailboxIds' | 'keywords'>;

export function setKeyword(emails: readonly Held[], keyword: string, on: boolean): Map<Id, Patch> {
  const different = emails.filter((email) => Boolean(email.keywords[keyword]) !== on);
  return new Map(different.map((email) => [email.id, { [`keywords/${keyword}`]: on ? true : null }]));
}

/** Returns the patches that take `patches` back, given the letters before the change. */
export function inverse(patches: ReadonlyMap<Id, Patch>, emails: ReadonlyMap<Id, Held>): Map<Id, Patch> {
  const back = new Map<Id, Patch>();
  for (const [id, patch] of patches) {
    const email = emails.get(id);
    if (email) back.set(id, inverseOf(patch, email));
  }
  return back;
}

/** Returns a letter with a patch applied: to its folders as a whole or one by one, and to its keywords. */
export function applyPatch<T extends Held>(email: T, patch: Patch): T {
  const changed: T = { ...email, mailboxIds: { ...email.mailboxIds }, keywords: { ...email.keywords } };
  for (const [path, value] of Object.entries(patch)) {
    const [set, key] = entryOf(path);
    if (path === 'mailboxIds') changed.mailboxIds = value as Record<Id, true>;
    else if (set === undefined || key === undefined) continue;
    else if (value) changed[set][key] = true;
    else Reflect.deleteProperty(changed[set], key);
  }
  return changed;
}

function inverseOf(patch: Patch, email: Held): Patch {
  const back: Patch = {};
  for (const path of Object.keys(patch)) {
    const [set, key] = entryOf(path);
    if (path === 'mailboxIds') back[path] = email.mailboxIds;
    else if (set !== undefined && key !== undefined) back[path] = email[set][key] ? true : null;
  }
  return back;
}

/** Returns the set that a path is about, and the entry of it. */
function entryOf(path: string): ['keywords' | 'mailboxIds', string] | [undefined, undefined] {
  const [set, ...rest] = path.split('/');
  if ((set !== 'keywords' && set !== 'mailboxIds') || rest.length === 0) return [undefined, undefined];
  return [set, rest.join('/')];
}
