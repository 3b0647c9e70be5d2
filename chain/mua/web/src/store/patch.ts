import type { Email, Id, Patch } from '../jmap';

/**
 * The person's own changes to letters, as JMAP patches (RFC 8620 §5.3). Each has an inverse, made before it is applied:
 * undo needs nothing else.
 */

/** The properties of a letter that its changes are about. */
type Held = Pick<Email, 'id' | 'mailboxIds' | 'keywords'>;

export function moveTo(emails: readonly Held[], folder: Id): Map<Id, Patch> {
  const elsewhere = emails.filter((email) => !onlyIn(email, folder));
  return new Map(elsewhere.map((email) => [email.id, { mailboxIds: { [folder]: true } }]));
}

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

export function applyPatch(email: Email, patch: Patch): Email {
  const changed: Email = { ...email, keywords: { ...email.keywords } };
  for (const [path, value] of Object.entries(patch)) {
    const keyword = keywordOf(path);
    if (path === 'mailboxIds') changed.mailboxIds = value as Record<Id, true>;
    else if (keyword === undefined) continue;
    else if (value) changed.keywords[keyword] = true;
    else Reflect.deleteProperty(changed.keywords, keyword);
  }
  return changed;
}

function inverseOf(patch: Patch, email: Held): Patch {
  const back: Patch = {};
  for (const path of Object.keys(patch)) {
    const keyword = keywordOf(path);
    if (path === 'mailboxIds') back[path] = email.mailboxIds;
    else if (keyword !== undefined) back[path] = email.keywords[keyword] ? true : null;
  }
  return back;
}

function keywordOf(path: string): string | undefined {
  return path.startsWith('keywords/') ? path.slice('keywords/'.length) : undefined;
}

function onlyIn(email: Held, folder: Id): boolean {
  return email.mailboxIds[folder] === true && Object.keys(email.mailboxIds).length === 1;
}
