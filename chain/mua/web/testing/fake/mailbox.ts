import type { Id } from '../../src/jmap/types';
import type { FakeFolder, FakeMail } from './mail';

type Args = Record<string, unknown>;

const rights = {
  mayReadItems: true,
  mayAddItems: true,
  mayRemoveItems: true,
  maySetSeen: true,
  maySetKeywords: true,
  mayCreateChild: true,
  maySubmit: true,
};

export function mailboxGet(mail: FakeMail, ids: Id[] | null | undefined): Args {
  const counts = countAll(mail);
  const wanted = ids ?? [...mail.folders.keys()];
  const list = wanted.flatMap((id) => {
    const folder = mail.folders.get(id);
    return folder ? [mailboxOf(folder, counts.get(id) ?? [0, 0])] : [];
  });
  return { list, notFound: wanted.filter((id) => !mail.folders.has(id)) };
}

export function mailboxSet(mail: FakeMail, args: Args): Args {
  const oldState = mail.state;
  const created: Record<string, Args> = {};
  const notCreated: Record<string, Args> = {};
  const updated: Record<Id, null> = {};
  const notUpdated: Record<Id, Args> = {};
  const destroyed: Id[] = [];
  const notDestroyed: Record<Id, Args> = {};
  for (const [key, wanted] of Object.entries((args['create'] ?? {}) as Record<string, Args>)) {
    const name = String(wanted['name'] ?? '').trim();
    const parentId = (wanted['parentId'] ?? null) as Id | null;
    if (!name || name.includes('/')) notCreated[key] = { type: 'invalidProperties', properties: ['name'] };
    else if (siblingNamed(mail, name, parentId)) notCreated[key] = { type: 'alreadyExists' };
    else created[key] = { id: mail.addFolder(name, null, parentId).id };
  }
  for (const [id, patch] of Object.entries((args['update'] ?? {}) as Record<Id, Args>)) {
    const folder = mail.folders.get(id);
    if (!folder) continue;
    const name = patch['name'];
    if (typeof name === 'string') {
      if (name.toLowerCase() !== folder.name.toLowerCase() && siblingNamed(mail, name, folder.parentId)) {
        notUpdated[id] = { type: 'alreadyExists' };
        continue;
      }
      folder.name = name;
    }
    if (typeof patch['isSubscribed'] === 'boolean') folder.isSubscribed = patch['isSubscribed'];
    mail.note('Mailbox', id, 'updated');
    updated[id] = null;
  }
  for (const id of (args['destroy'] ?? []) as Id[]) {
    const inside = [...mail.letters.values()].filter((letter) => letter.folders.has(id));
    if ([...mail.folders.values()].some((folder) => folder.parentId === id)) {
      notDestroyed[id] = { type: 'mailboxHasChild' };
    } else if (inside.length > 0 && args['onDestroyRemoveEmails'] !== true) {
      notDestroyed[id] = { type: 'mailboxHasEmail' };
    } else {
      for (const letter of inside) mail.takeOut(letter, id);
      mail.folders.delete(id);
      mail.note('Mailbox', id, 'destroyed');
      destroyed.push(id);
    }
  }
  if (mail.state !== oldState) mail.onchange();
  return {
    oldState,
    newState: mail.state,
    created,
    notCreated,
    updated,
    notUpdated,
    destroyed,
    notDestroyed,
  };
}

function siblingNamed(mail: FakeMail, name: string, parentId: Id | null): boolean {
  // Names that differ only in capitals are mistaken for each other.
  const same = ({ name: there }: FakeFolder) => there.toLowerCase() === name.toLowerCase();
  return [...mail.folders.values()].some((folder) => same(folder) && folder.parentId === parentId);
}

function mailboxOf(folder: FakeFolder, [total, unread]: [number, number]): Args {
  return {
    ...folder,
    totalEmails: total,
    unreadEmails: unread,
    totalThreads: total,
    unreadThreads: unread,
    myRights: { ...rights, mayRename: folder.role === null, mayDelete: folder.role === null },
  };
}

function countAll(mail: FakeMail): Map<Id, [number, number]> {
  const counts = new Map<Id, [number, number]>();
  for (const letter of mail.letters.values()) {
    const isUnread = !letter.keywords.has('$seen') && !letter.keywords.has('$draft');
    for (const id of letter.folders) {
      const [total, unread] = counts.get(id) ?? [0, 0];
      counts.set(id, [total + 1, unread + (isUnread ? 1 : 0)]);
    }
  }
  return counts;
}
