import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { state } from '../../testing/state';
import { Connection } from './connection.svelte';
import { Folders } from './folders.svelte';
import { Lists } from './lists.svelte';
import { home, type Place } from './route';

beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
  });
});
afterEach(() => vi.unstubAllGlobals());

/** Comes in at a place, as a page does that was just loaded. Returns its cost, and the visible rows. */
async function enter(all: Awaited<ReturnType<typeof state>>, place: Place = home.place) {
  const { connection, records, folders, server } = all;
  records.mailboxes.clear();
  const lists = new Lists(connection, records, folders);
  const before = server.requests;
  await lists.enter(place);
  const list = lists.at(place);
  await list?.ensure(0, 10);
  const seen = list?.between(0, 10).flatMap((id) => [...(all.mail.letters.get(id)?.folders ?? [])]) ?? [];
  return { requests: server.requests - before, folders: [...new Set(seen)], total: list?.total };
}

describe('the first page', () => {
  it('waits for the folders where the pages never were, and comes with them from then on', async () => {
    const all = await state(300);
    localStorage.setItem('facteur.roles', '');
    const first = await enter(all);
    const second = await enter(all);
    expect([first.requests, second.requests]).toEqual([2, 1]);
    expect(second).toEqual({ ...first, requests: 1 });
    expect(second.folders).toEqual([all.inbox]);
  });

  it('comes at once where the address names the folder', async () => {
    const all = await state(300);
    const place = { kind: 'folder', id: all.mail.folderOf('archive').id } as const;
    expect(await enter(all, place)).toMatchObject({ requests: 1, folders: [place.id] });
  });

  it('is that of the inbox, though another folder was it before', async () => {
    const all = await state(300);
    const { mail, inbox } = all;
    mail.folderOf('inbox').role = null;
    mail.folderOf('archive').role = 'inbox';
    expect(await enter(all)).toMatchObject({ requests: 2, folders: [mail.folderOf('inbox').id] });
    expect(mail.folderOf('inbox').id).not.toBe(inbox);
    expect((await enter(all)).requests).toBe(1);
  });

  it('is not that of a folder that is gone', async () => {
    const all = await state(300);
    localStorage.setItem('facteur.roles', JSON.stringify({ accountId: 'a1', roles: { inbox: 'gone' } }));
    expect(await enter(all)).toMatchObject({ requests: 2, folders: [all.inbox] });
  });

  it('is not guessed from what somebody else’s pages kept, or from what nobody can read', async () => {
    const all = await state(300);
    for (const kept of [
      JSON.stringify({ accountId: 'a2', roles: { inbox: all.inbox } }),
      '{"accountId":"a1","roles":{"inbox":7}}',
      '{"accountId":"a1","roles":null}',
      'no JSON',
    ]) {
      localStorage.setItem('facteur.roles', kept);
      expect(await enter(all)).toMatchObject({ requests: 2, folders: [all.inbox] });
    }
  });

  it('is asked for again where the server refuses the guess alone', async () => {
    const all = await state(300);
    let refused = 0;
    const connection = new Connection(async (url, init) => {
      const answer = await all.server.fetching(url, init);
      if (refused > 0 || !String(init?.body).includes('Email/query')) return answer;
      refused += 1;
      const body = (await answer.json()) as { methodResponses: [string, unknown, string][] };
      body.methodResponses = body.methodResponses.map(([name, args, id]) =>
        name === 'Mailbox/get' ? [name, args, id] : ['error', { type: 'serverFail' }, id],
      );
      return Response.json(body);
    });
    await connection.start();
    const folders = new Folders(connection, all.records);
    expect(await enter({ ...all, connection, folders })).toMatchObject({ requests: 2, folders: [all.inbox] });
  });
});
