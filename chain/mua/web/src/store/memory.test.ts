import { describe, expect, it, vi } from 'vitest';
import type { Email, EmailBody } from '../jmap';
import { state } from '../../testing/state';
import { Reading } from './reading.svelte';
import { mostBodies, mostEmails, mostText, Records } from './records.svelte';
import { mostPages } from './window.svelte';

/** The number of letters that one page of a list may add: its conversations, and those on the screen. */
const page = 40;
const slack = 600;

describe('what is kept of a large mailbox', () => {
  it('stays the same however far one scrolls, and what comes into view again is there again', async () => {
    const { window, records } = await state(12_000);
    records.users.add(() => window.inUse());
    await window.ensure(0, 20);
    const total = window.total ?? 0;
    expect(total).toBeGreaterThan(5_000);
    for (let first = 0; first < total; first += page) {
      await window.ensure(first, first + 20);
      expect(records.emails.size).toBeLessThanOrEqual(mostEmails + slack);
    }
    expect(records.threads.size).toBeLessThanOrEqual(records.emails.size);
    expect(window.remembered).toBeLessThanOrEqual(mostPages * page);

    await window.ensure(0, 20);
    for (let position = 0; position <= 20; position += 1)
      expect(records.emails.has(window.idAt(position) ?? '')).toBe(true);
  });

  it('never lets go of what is chosen, with its conversation', async () => {
    const { window, records } = await state(12_000);
    const chosen = await window.allBetween(0, 99);
    const letters = chosen.flatMap((id) =>
      records.conversation(records.emails.get(id)?.threadId ?? '').map((email) => email.id),
    );
    expect(letters.length).toBeGreaterThan(chosen.length);
    records.users.add(() => chosen);
    for (let first = 100; first < 5_000; first += page) await window.ensure(first, first + 20);
    expect(letters.filter((id) => !records.emails.has(id))).toEqual([]);
  });
});

it('a letter that is unfolded is read again where what it says was let go of', async () => {
  const { window, records, connection } = await state(300);
  await window.ensure(0, 20);
  const reading = new Reading(connection, records, (emails) => emails);
  const id = window.idAt(0) ?? '';
  await reading.show(records.emails.get(id)?.threadId ?? '');
  const [first] = reading.letters;
  records.bodies.delete(first?.id ?? '');
  reading.open = new Set();
  reading.toggle(first?.id ?? '');
  await vi.waitFor(() => expect(reading.body(first?.id ?? '')).toBeDefined());
});

describe('what is kept of what letters say', () => {
  const body = (id: string, length: number) =>
    ({ id, consistsOf: [], bodyValues: { t: { value: 'x'.repeat(length) } } }) as unknown as EmailBody;

  it('is so many letters', () => {
    const records = new Records();
    for (let number = 0; number < mostBodies + 50; number += 1) records.putBody(body(`e${number}`, 10));
    expect(records.bodies.size).toBe(mostBodies);
    expect(records.bodies.has('e0')).toBe(false);
    expect(records.bodies.has(`e${mostBodies + 49}`)).toBe(true);
  });

  it('and so much text, but always the last', () => {
    const records = new Records();
    for (let number = 0; number < 10; number += 1) records.putBody(body(`e${number}`, mostText / 4));
    expect(records.bodies.size).toBe(4);
    records.putBody(body('whale', mostText * 2));
    expect([...records.bodies.keys()]).toEqual(['whale']);
    records.lose('whale');
    records.putEmails([{ id: 'whale' } as Email]);
    records.putBody(body('small', 1));
    expect(records.bodies.has('small')).toBe(true);
  });
});
