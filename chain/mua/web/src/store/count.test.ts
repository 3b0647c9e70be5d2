import { describe, expect, it } from 'vitest';
import { state } from '../../testing/state';
import { Connection } from './connection.svelte';
import { QueryWindow } from './window.svelte';

/** Returns a search for a word that many letters have, or for one that few have. */
async function search(text: string, letters = 1_200) {
  const there = await state(letters);
  const { records, server } = there;
  const asked: { position?: number; limit: number; calculateTotal?: boolean }[] = [];
  const { fetching } = server;
  let hold: Promise<void> | undefined;
  /** Counting waits until the test releases it. */
  const holdCount = () => {
    let go = () => {};
    hold = new Promise((resolve) => (go = resolve));
    return go;
  };
  const asking: typeof fetching = async (url, init) => {
    const body = typeof init?.body === 'string' ? init.body : '{}';
    const { methodCalls = [] } = JSON.parse(body) as { methodCalls?: [string, (typeof asked)[0]][] };
    const query = methodCalls.find(([name]) => name === 'Email/query')?.[1];
    if (query) asked.push(query);
    if (query?.calculateTotal) await hold;
    return fetching(url, init);
  };
  const own = new Connection(asking);
  await own.start();
  const query = { filter: { text }, order: 'bestFirst' as const, snippets: true, countApart: true };
  return { ...there, asked, holdCount, window: new QueryWindow(own, records, query) };
}

async function until(holds: () => boolean): Promise<void> {
  for (let turns = 0; turns < 500 && !holds(); turns += 1)
    await new Promise((resolve) => setTimeout(resolve, 2));
  expect(holds()).toBe(true);
}

describe('a search that finds much', () => {
  it('shows its first rows before they are counted, and none of them moves when they are', async () => {
    const { window, asked, holdCount } = await search('hello');
    const go = holdCount();
    await window.ensure(0, 12);
    expect(asked[0]).toMatchObject({ position: 0, calculateTotal: false });
    expect([window.loaded, window.counted, window.total]).toEqual([true, false, 40]);
    const shown = window.between(0, 39);
    expect(shown.length).toBe(40);
    go();
    await until(() => window.counted);
    expect(window.total).toBeGreaterThan(300);
    expect(window.between(0, 39)).toEqual(shown);
  });

  it('is counted once, however many of its pages are looked at, and again when something has changed', async () => {
    const { window, asked } = await search('hello');
    const counts = () => asked.filter(({ calculateTotal }) => calculateTotal).length;
    await window.ensure(0, 12);
    await until(() => window.counted);
    await window.ensure(100, 120);
    await window.ensure(200, 220);
    expect(window.idAt(210)).toBeDefined();
    expect(counts()).toBe(1);
    await window.refresh();
    await until(() => counts() === 2);
  });

  it('is counted with the next page where the count was lost', async () => {
    const { window, server, asked } = await search('hello');
    const { before } = server;
    server.before = () => {
      if (asked.at(-1)?.calculateTotal && asked.filter((one) => one.calculateTotal).length === 1)
        throw new TypeError('the network is gone');
    };
    await window.ensure(0, 12);
    await until(() => asked.some(({ calculateTotal }) => calculateTotal));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(window.counted).toBe(false);
    server.before = before;
    await window.refresh();
    await until(() => window.counted);
  });

  it('ends where its letters end when there are fewer than were counted', async () => {
    const { window, mail } = await search('hello');
    await window.ensure(0, 12);
    await until(() => window.counted);
    const kept = new Set(window.between(0, 9).map((id) => mail.letters.get(id)?.threadId));
    for (const letter of [...mail.letters.values()]) if (!kept.has(letter.threadId)) mail.remove(letter);
    await window.ensure(200, 210);
    await until(() => (window.total ?? 0) <= 10);
  });
});

describe('a search that finds little', () => {
  it('is counted by its only page, and found nothing is known at once', async () => {
    const few = await search('ninety');
    await few.window.ensure(0, 12);
    expect([few.window.counted, few.window.total]).toEqual([true, 1]);
    const none = await search('zebra');
    await none.window.ensure(0, 12);
    expect([none.window.counted, none.window.total]).toEqual([true, 0]);
    expect([few.asked.length, none.asked.length]).toEqual([1, 1]);
  });
});
