import { describe, expect, it } from 'vitest';
import type { Email } from '../jmap';
import { state } from '../../testing/state';

async function withFirst() {
  const all = await state(300);
  await all.window.ensure(0, 20);
  const id = all.window.idAt(0) ?? '';
  const email = all.records.emails.get(id) as Email;
  const archive = all.mail.folderOf('archive').id;
  const archived = new Map([[id, { mailboxIds: { [archive]: true } }]]);
  return { ...all, id, email, archive, archived };
}

describe('what a person does', () => {
  it('is seen before the server knows, and is true there afterwards', async () => {
    const { actions, records, window, mail, id, archive, inbox, archived } = await withFirst();
    const unread = records.mailboxes.get(inbox)?.unreadEmails ?? 0;
    const doing = actions.change(archived, { window, rows: [id] });
    expect(window.positionOf(id)).toBe(-1);
    expect(records.emails.get(id)?.mailboxIds).toEqual({ [archive]: true });
    expect(records.mailboxes.get(inbox)?.unreadEmails).toBe(unread - 1);
    expect([...(mail.letters.get(id)?.folders ?? [])]).toEqual([inbox]);
    await doing;
    expect([...(mail.letters.get(id)?.folders ?? [])]).toEqual([archive]);
  });

  it('is taken back by undo, here and at the server', async () => {
    const { actions, records, window, mail, id, inbox, archived } = await withFirst();
    await actions.change(archived, { window, rows: [id] });
    expect(actions.canUndo).toBe(true);
    await actions.undo();
    expect([...(mail.letters.get(id)?.folders ?? [])]).toEqual([inbox]);
    expect(records.emails.get(id)?.mailboxIds).toEqual({ [inbox]: true });
    expect(window.idAt(0)).toBe(id);
    expect(actions.canUndo).toBe(false);
  });

  it('arrives in the order in which it was done, however late the one before is, and whatever became of it', async () => {
    const { actions, records, window, server, mail, id, inbox, archive, archived, email } = await withFirst();
    const held: (() => void)[] = [];
    server.before = () => new Promise<void>((resolve) => held.push(resolve));
    const moved = actions.change(archived);
    const undone = actions.undo();
    const second = records.emails.get(window.idAt(1) ?? '') as Email;
    const other = actions.keyword([second], 'later', true);
    await Promise.resolve();
    // Another letter waits for nothing; this one is put back only once it was moved.
    expect(held.length).toBe(2);
    held[1]?.();
    await other;
    expect([...(mail.letters.get(id)?.folders ?? [])]).toEqual([inbox]);
    held[0]?.();
    await moved;
    expect([...(mail.letters.get(id)?.folders ?? [])]).toEqual([archive]);
    while (held.length < 3) await Promise.resolve();
    held[2]?.();
    await undone;
    expect([...(mail.letters.get(id)?.folders ?? [])]).toEqual([inbox]);

    server.before = () => 500;
    const refused = actions.change(archived).catch(() => 'refused');
    server.before = () => undefined;
    await actions.keyword([email], '$flagged', true);
    expect(await refused).toBe('refused');
    expect(mail.letters.get(id)?.keywords.has('$flagged')).toBe(true);
  });

  it('is as before where the server refuses', async () => {
    const { actions, records, window, mail, id, inbox, archived } = await withFirst();
    mail.letters.delete(id);
    const before = records.mailboxes.get(inbox);
    await expect(actions.change(archived, { window, rows: [id] })).rejects.toThrow('notFound');
    expect(window.idAt(0)).toBe(id);
    expect(records.emails.get(id)?.mailboxIds).toEqual({ [inbox]: true });
    expect(records.mailboxes.get(inbox)?.unreadEmails).toBe(before?.unreadEmails);
    expect(actions.canUndo).toBe(false);
  });

  it('undoes a flag only where it was set by it', async () => {
    const { actions, mail, window, records } = await withFirst();
    const emails = [0, 1, 2].map((position) => records.emails.get(window.idAt(position) ?? '') as Email);
    mail.letters.get(emails[1]?.id ?? '')?.keywords.add('$flagged');
    records.patch(new Map([[emails[1]?.id ?? '', { 'keywords/$flagged': true }]]));
    const now = emails.map((email) => records.emails.get(email.id) as Email);
    await actions.keyword(now, '$flagged', true);
    await actions.undo();
    expect(emails.map((email) => mail.letters.get(email.id)?.keywords.has('$flagged'))).toEqual([
      false,
      true,
      false,
    ]);
  });

  it('is taken back one after the other, the last first', async () => {
    const { actions, mail, email, id } = await withFirst();
    await actions.keyword([email], '$flagged', true);
    await actions.keyword([email], '$seen', true);
    await actions.undo();
    expect(mail.letters.get(id)?.keywords).toEqual(new Set(['$flagged']));
    await actions.undo();
    expect(mail.letters.get(id)?.keywords).toEqual(new Set());
    expect(await actions.undo()).toBe(false);
  });

  it('asks nothing of the server where nothing changes', async () => {
    const { actions, server } = await withFirst();
    const before = server.asked.length;
    expect(await actions.change(new Map())).toBeUndefined();
    expect(server.asked.length).toBe(before);
  });

  it('waits for a log-in when the session has ended, and is then carried out', async () => {
    const { actions, connection, server, mail, id, archive, archived } = await withFirst();
    server.before = () => 401;
    const doing = actions.change(archived);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(connection.status).toBe('ended');
    server.before = () => undefined;
    expect(await connection.login('alice', 'postcard')).toBe('welcome');
    await doing;
    expect([...(mail.letters.get(id)?.folders ?? [])]).toEqual([archive]);
  });
});
