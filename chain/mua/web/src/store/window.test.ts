import { describe, expect, it } from 'vitest';
import { state } from '../../testing/state';

describe('a list as a window', () => {
  it('asks for one page, knows the whole, and fetches another only when it is seen', async () => {
    const { window, server } = await state(5_000);
    await window.ensure(0, 12);
    expect(window.total).toBeGreaterThan(2_000);
    expect(window.idAt(39)).toBeDefined();
    expect(window.idAt(40)).toBeUndefined();
    const before = server.asked.length;
    await window.ensure(3, 20);
    expect(server.asked.length).toBe(before);
    await window.ensure(1_000, 1_010);
    expect(window.idAt(1_005)).toBeDefined();
    expect(window.idAt(500)).toBeUndefined();
  });

  it('brings the conversations with their letters in the same request', async () => {
    const { window, records, server } = await state(300);
    await window.ensure(0, 10);
    expect(server.asked.filter((name) => name === 'Email/query').length).toBe(1);
    const first = records.emails.get(window.idAt(0) ?? '');
    expect(records.conversation(first?.threadId ?? '').length).toBe(3);
  });

  it('takes rows off at once, and puts them back where they were', async () => {
    const { window } = await state(300);
    await window.ensure(0, 20);
    const [first, second] = [window.idAt(0), window.idAt(1)];
    const total = window.total ?? 0;
    const back = window.remove([first ?? '']);
    expect(window.idAt(0)).toBe(second);
    expect(window.positionOf(second ?? '')).toBe(0);
    expect(window.total).toBe(total - 1);
    back();
    expect(window.idAt(0)).toBe(first);
    expect(window.total).toBe(total);
  });

  it('shows the first letter that comes into an empty folder', async () => {
    const { window, mail } = await state(300);
    const before = [...mail.letters.values()];
    for (const one of before) mail.letters.delete(one.id);
    await window.ensure(0, 12);
    expect(window.total).toBe(0);
    const first = before.find((one) => one.folders.has(mail.folderOf('inbox').id));
    if (!first) throw new Error('no letter');
    mail.add(first);
    await window.refresh();
    expect(window.idAt(0)).toBe(first.id);
  });

  it('shows what came in above after a refresh, each row once', async () => {
    const { window, mail } = await state(300);
    await window.ensure(0, 60);
    const before = window.idAt(0);
    const like = mail.letters.get(before ?? '');
    if (!like) throw new Error('no letter');
    mail.add({
      ...like,
      id: 'new',
      threadId: 'new',
      receivedAt: '2099-01-01T00:00:00Z',
      keywords: new Set(),
    });
    await window.refresh();
    expect(window.idAt(0)).toBe('new');
    expect(window.idAt(1)).toBe(before);
    const shown = window.between(0, 79);
    expect(new Set(shown).size).toBe(shown.length);
  });

  it('does not believe an answer that was on its way when something was changed here', async () => {
    const { window, records, server } = await state(300);
    await window.ensure(0, 10);
    const id = window.idAt(2) ?? '';
    let changed = false;
    server.before = () => {
      if (!changed) records.patch(new Map([[id, { 'keywords/$flagged': true }]]));
      changed = true;
    };
    const asked = server.asked.length;
    await window.refresh();
    // The first answer was thrown away and the page requested again.
    expect(server.asked.slice(asked).filter((name) => name === 'Email/query').length).toBe(2);
  });

  it('keeps its error until it works again', async () => {
    const { window, server } = await state(50);
    server.before = () => 500;
    await window.ensure(0, 10);
    expect(window.error).toBeDefined();
    expect(window.loaded).toBe(false);
    server.before = () => undefined;
    await window.refresh();
    expect(window.error).toBeUndefined();
    expect(window.loaded).toBe(true);
  });
});
