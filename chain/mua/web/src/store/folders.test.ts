import { expect, it } from 'vitest';
import type { Mailbox } from '../jmap';
import { state } from '../../testing/state';
import { flatten, isAside, seen, treeOf } from './folders.svelte';

const folder = (id: string, parentId: string | null, role: Mailbox['role'] = null) =>
  ({ id, name: id, parentId, role, sortOrder: 0 }) as Mailbox;

it('folders stand in the order people know, their own after them, by name', () => {
  const tree = treeOf([
    folder('b', null),
    folder('t', null, 'trash'),
    folder('a', 'b'),
    folder('i', null, 'inbox'),
  ]);
  expect(tree.map((node) => node.mailbox.id)).toEqual(['i', 't', 'b']);
  expect(tree[2]?.children[0]).toMatchObject({ depth: 1, mailbox: { id: 'a' } });
});

it('what lies in a folder with a role stays below it, and a role is found wherever its folder lies', () => {
  const tree = treeOf([
    folder('2024', 'archive'),
    folder('archive', null, 'archive'),
    folder('mail', null),
    folder('sent', 'mail', 'sent'),
    folder('old', 'sent'),
  ]);
  expect(tree.map((node) => [node.mailbox.id, node.children.map((child) => child.mailbox.id)])).toEqual([
    ['sent', ['old']],
    ['archive', ['2024']],
    ['mail', []],
  ]);
});

it('a folder whose parent is not shown stands on top; one that is its own ancestor does not hang the pages', () => {
  expect(treeOf([folder('a', 'hidden')]).length).toBe(1);
  expect(treeOf([folder('a', 'b'), folder('b', 'a')])).toEqual([]);
});

it('a folder is made, renamed and taken away at the server', async () => {
  const { folders, mail } = await state(20);
  const id = await folders.create('Choir', null);
  expect(folders.get(id)?.name).toBe('Choir');
  await folders.rename(id, 'Singing');
  expect(mail.folders.get(id)?.name).toBe('Singing');
  await expect(folders.create('Singing', null)).rejects.toThrow();
  await folders.destroy(id);
  expect(folders.get(id)).toBeUndefined();
});

it('folders that nobody subscribes to are out of sight, but never those with something unread, with a role, or on the way', () => {
  const unlisted = (
    id: string,
    parent: string | null,
    unreadEmails: number,
    role: Mailbox['role'] = null,
  ) => ({
    ...folder(id, parent, role),
    isSubscribed: false,
    unreadEmails,
  });
  const tree = treeOf([
    unlisted('above', null, 0),
    { ...folder('below', 'above'), isSubscribed: true, unreadEmails: 0 },
    unlisted('beside', 'above', 0),
    unlisted('unread', null, 2),
    unlisted('junk', null, 0, 'junk'),
    unlisted('gone', null, 0),
  ]);
  const ids = (here?: string) =>
    seen(tree, (one) => !isAside(one) || one.id === here)
      .flatMap(flatten)
      .map(({ mailbox }) => mailbox.id);
  expect(ids()).toEqual(['junk', 'above', 'below', 'unread']);
  expect(ids('gone')).toContain('gone');
});

it('a folder is taken out of the list at the server, and put into it again', async () => {
  const { folders, mail } = await state(20);
  const id = await folders.create('Choir', null);
  await folders.setListed(id, false);
  expect([mail.folders.get(id)?.isSubscribed, folders.asideCount]).toEqual([false, 1]);
  expect(folders.inSight(undefined).some(({ mailbox }) => mailbox.id === id)).toBe(false);
  folders.showAll(true);
  expect(folders.inSight(undefined).some(({ mailbox }) => mailbox.id === id)).toBe(true);
  folders.showAll(false);
  await folders.setListed(id, true);
  expect([mail.folders.get(id)?.isSubscribed, folders.asideCount]).toEqual([true, 0]);
});
