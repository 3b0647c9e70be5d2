import { describe, expect, it } from 'vitest';
import type { Mailbox } from '../jmap';
import { state } from '../../testing/state';
import { everyLetter } from './everything';
import { file } from './filing';

describe('everything in a list', () => {
  it('is all of it, asked for in slices, whatever was loaded', async () => {
    const { connection, mail, server, inbox } = await state(3_000);
    const inInbox = [...mail.letters.values()].filter((one) => one.folders.has(inbox)).map((one) => one.id);
    const all = await everyLetter(connection, { inMailbox: inbox });
    expect(new Set(all.map(({ id }) => id))).toEqual(new Set(inInbox));
    expect(server.asked.filter((name) => name === 'Email/query').length).toBeGreaterThan(3);
  });

  it('is looked through again where letters went away meanwhile, and leaves out what came in', async () => {
    const { connection, mail, server, inbox } = await state(3_000);
    const oldest = mail.newestFirst().filter((one) => one.folders.has(inbox));
    const gone = oldest.slice(-30);
    const first = oldest[0];
    if (!first) throw new Error('no letter');
    let asked = 0;
    server.before = () => {
      asked += 1;
      if (asked !== 3) return undefined;
      for (const one of gone) mail.remove(one);
      mail.add({ ...first, id: 'late', threadId: 'late', receivedAt: '2099-01-01T00:00:00Z' });
      return undefined;
    };
    const all = new Set((await everyLetter(connection, { inMailbox: inbox })).map(({ id }) => id));
    for (const { id, folders } of mail.letters.values())
      if (folders.has(inbox)) expect([id, all.has(id)]).toEqual([id, id !== 'late']);
  });

  it('is changed in rounds, tells how far it is, and is taken back as a whole', async () => {
    const { connection, actions, mail, inbox } = await state(2_000);
    const archive = mail.folderOf('archive').id;
    const all = await everyLetter(connection, { inMailbox: inbox });
    const folders = [{ id: archive, role: 'archive' }] as Mailbox[];
    const patches = file({ kind: 'move', to: archive }, all, { here: inbox, folders }) ?? new Map();
    const said: number[] = [];
    await actions.changeMany(all, patches, (count) => said.push(count));
    expect(said.at(-1)).toBe(all.length);
    expect(said.length).toBeGreaterThan(1);
    expect(all.every(({ id }) => mail.letters.get(id)?.folders.has(archive))).toBe(true);
    await actions.undo();
    expect(all.every(({ id }) => mail.letters.get(id)?.folders.has(inbox))).toBe(true);
  });
});
