import { describe, expect, it } from 'vitest';
import type { Email } from '../jmap';
import { state } from '../../testing/state';
import { Sync } from './sync.svelte';

async function following() {
  const all = await state(300);
  await all.window.ensure(0, 20);
  const seen = { changed: 0, arrived: [] as Email[] };
  const sync = new Sync(all.connection, all.records, all.folders, all.actions, {
    mailChanged: () => (seen.changed += 1),
    submissionsChanged: () => {},
    preferencesChanged: () => {},
    arrived: (emails) => seen.arrived.push(...emails),
  });
  return { ...all, sync, seen };
}

describe('following the server', () => {
  it('tells of letters that came in, once, and counts them', async () => {
    const { sync, seen, mail, records, inbox, window } = await following();
    const like = mail.letters.get(window.idAt(0) ?? '');
    if (!like) throw new Error('no letter');
    const before = records.mailboxes.get(inbox)?.unreadEmails ?? 0;
    mail.add({ ...like, id: 'new', threadId: 'new', keywords: new Set() });
    await sync.now();
    await sync.now();
    expect(seen.arrived.map((email) => email.id)).toEqual(['new']);
    expect(seen.changed).toBe(1);
    expect(records.mailboxes.get(inbox)?.unreadEmails).toBe(before + 1);
  });

  it('learns what another program changed in letters that are known', async () => {
    const { sync, mail, records, window } = await following();
    const id = window.idAt(0) ?? '';
    const letter = mail.letters.get(id);
    letter?.keywords.add('$flagged');
    if (letter) mail.changed(letter);
    await sync.now();
    expect(records.emails.get(id)?.keywords['$flagged']).toBe(true);
  });

  it('forgets what was destroyed', async () => {
    const { sync, mail, records, window } = await following();
    const id = window.idAt(1) ?? '';
    const letter = mail.letters.get(id);
    if (letter) mail.remove(letter);
    await sync.now();
    expect(records.emails.has(id)).toBe(false);
  });

  it('begins anew where the server no longer knows what changed', async () => {
    const { sync, seen, records } = await following();
    records.states.Email = '-1';
    await sync.now();
    expect(seen.changed).toBe(1);
    expect(records.states.Email).toBeUndefined();
  });

  it('waits while a change of ours is on its way', async () => {
    const { sync, actions, server } = await following();
    actions.pending = 1;
    const before = server.asked.length;
    await sync.now();
    expect(server.asked.length).toBe(before);
  });
});
