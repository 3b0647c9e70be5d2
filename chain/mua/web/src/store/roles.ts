import type { Id, Mailbox, Role } from '../jmap';
import { read, write } from './local';

/**
 * The folder of each role at the last visit. It is a guess that lets the pages ask for the first list before the
 * folders have come, and is worth nothing until the folders confirm it.
 */

const key = 'facteur.roles';

interface Kept {
  accountId: Id;
  roles: Partial<Record<Role, Id>>;
}

export function rememberRoles(accountId: Id, mailboxes: readonly Mailbox[]): void {
  const roles = Object.fromEntries(mailboxes.flatMap(({ role, id }) => (role ? [[role, id]] : [])));
  write(key, JSON.stringify({ accountId, roles } satisfies Kept));
}

/** Returns the folder that had the role, in this account. */
export function rememberedRole(accountId: Id, role: Role): Id | undefined {
  try {
    const kept = JSON.parse(read(key) ?? '{}') as Partial<Kept>;
    const id: unknown = kept.accountId === accountId ? kept.roles?.[role] : undefined;
    return typeof id === 'string' ? id : undefined;
  } catch {
    return undefined;
  }
}
