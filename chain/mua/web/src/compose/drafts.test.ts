import { describe, expect, it } from 'vitest';
import { state } from '../../testing/state';
import { Identities } from '../store/identities.svelte';
import { Draft } from './draft.svelte';
import { Drafts } from './drafts.svelte';
import { Outbox } from './outbox.svelte';

async function desk() {
  const all = await state(50);
  const identities = new Identities(all.connection);
  await identities.load();
  const drafts = new Drafts(all.connection, all.folders, identities, (html) => html.replace(/<[^>]*>/g, ''));
  const outbox = new Outbox(all.connection, all.folders, drafts);
  const folder = all.mail.folderOf('drafts').id;
  const kept = () => [...all.mail.letters.values()].filter((letter) => letter.folders.has(folder));
  return { ...all, drafts, outbox, kept };
}

describe('a draft', () => {
  it('replaces what was saved before it, so that there is always one', async () => {
    const { drafts, kept } = await desk();
    const draft = new Draft({ subject: 'Plan', html: '<div>one</div>' });
    draft.status = 'unsaved';
    expect(await drafts.save(draft)).toBe(true);
    draft.html = '<div>one two</div>';
    draft.status = 'unsaved';
    await drafts.save(draft);
    expect(kept().map((letter) => letter.text)).toEqual(['one two']);
    expect(draft.emailId).toBe(kept()[0]?.id);
  });

  it('is there once, however many wait for it to be saved', async () => {
    const { drafts, kept, server } = await desk();
    const draft = new Draft({ subject: 'Plan', text: 'x', rich: false });
    draft.status = 'unsaved';
    server.before = () =>
      draft.text.length < 6 ? void ((draft.text += 'x'), drafts.touched(draft)) : undefined;
    await Promise.all([drafts.save(draft), drafts.save(draft), drafts.save(draft), drafts.save(draft)]);
    server.before = () => undefined;
    expect(await drafts.save(draft)).toBe(true);
    expect(kept().map((letter) => [letter.id, letter.text])).toEqual([[draft.emailId, draft.text]]);
  });

  it('that has been sent meanwhile is neither replaced nor thrown away', async () => {
    const { drafts, mail, kept } = await desk();
    const draft = new Draft({ subject: 'Plan', text: 'x', rich: false });
    draft.status = 'unsaved';
    await drafts.save(draft);
    const id = draft.emailId ?? '';
    const sent = mail.letters.get(id);
    sent?.keywords.delete('$draft');
    if (sent) sent.folders = new Set([mail.folderOf('sent').id]);
    await drafts.discard(new Draft({ emailId: id }));
    drafts.touched(draft);
    await drafts.save(draft);
    expect(mail.letters.has(id)).toBe(true);
    expect(kept().map((letter) => letter.id)).toEqual([draft.emailId]);
  });

  it('is not lost when it cannot be saved, and is saved when it can', async () => {
    const { drafts, kept, server } = await desk();
    const draft = new Draft({ subject: 'Plan', text: 'x', rich: false });
    draft.status = 'unsaved';
    server.before = () => {
      throw new TypeError('no network');
    };
    expect(await drafts.save(draft)).toBe(false);
    expect(draft.status).toBe('failed');
    server.before = () => undefined;
    expect(await drafts.save(draft)).toBe(true);
    expect(kept().length).toBe(1);
  });

  it('typed on while it is being saved is not called saved', async () => {
    const { drafts, server } = await desk();
    const draft = new Draft({ subject: 'Plan', text: 'x', rich: false });
    draft.status = 'unsaved';
    server.before = () => drafts.touched(draft);
    await drafts.save(draft);
    expect(draft.status).toBe('unsaved');
  });
});

describe('in a full mailbox', () => {
  it('a draft that was saved before is saved again and sent', async () => {
    const { drafts, outbox, kept, mail } = await desk();
    const draft = new Draft({
      to: [{ name: null, email: 'bob@beta.test' }],
      text: 'x'.repeat(500),
      rich: false,
    });
    draft.status = 'unsaved';
    await drafts.save(draft);
    mail.quota = mail.used;
    drafts.touched(draft);
    expect(await drafts.save(draft)).toBe(true);
    expect(kept().map((one) => one.id)).toEqual([draft.emailId]);
    expect((await outbox.send(draft, 0)).kind).toBe('sent');
    expect(kept()).toEqual([]);
  });

  it('one that has been sent elsewhere is not taken away to make room', async () => {
    const { drafts, mail } = await desk();
    const draft = new Draft({ subject: 'Plan', text: 'x'.repeat(500), rich: false });
    draft.status = 'unsaved';
    await drafts.save(draft);
    const sent = mail.letters.get(draft.emailId ?? '');
    sent?.keywords.delete('$draft');
    if (sent) sent.folders = new Set([mail.folderOf('sent').id]);
    mail.quota = mail.used;
    drafts.touched(draft);
    expect(await drafts.save(draft)).toBe(false);
    expect(draft.trouble).toMatchObject({ type: 'overQuota' });
    expect(mail.letters.has(sent?.id ?? '')).toBe(true);
  });

  it('what changes at the same time is looked at again', async () => {
    const { drafts, mail, server, kept } = await desk();
    const draft = new Draft({ subject: 'Plan', text: 'x'.repeat(500), rich: false });
    draft.status = 'unsaved';
    await drafts.save(draft);
    mail.quota = mail.used;
    const [other] = mail.letters.values();
    let times = 0;
    server.before = () => {
      times += 1;
      if (other && times === 2) mail.changed(other);
    };
    drafts.touched(draft);
    expect(await drafts.save(draft)).toBe(true);
    expect(times).toBe(4);
    expect(kept().map((one) => one.id)).toEqual([draft.emailId]);
  });
});

describe('the outbox', () => {
  const letter = () =>
    new Draft({ to: [{ name: null, email: 'bob@beta.test' }], subject: 'Yes', text: 'x', rich: false });

  it('hands a letter over at once, to be held at the server, and calls it back from there', async () => {
    const { outbox, kept, mail } = await desk();
    const draft = letter();
    const left = await outbox.send(draft, outbox.holdOf(10));
    expect(left.kind).toBe('held');
    expect(kept()).toEqual([]);
    expect([...mail.submissions.values()]).toMatchObject([{ canceled: false }]);
    if (left.kind === 'held') await outbox.recall(draft, left.submission);
    expect([...mail.submissions.values()]).toMatchObject([{ canceled: true }]);
    expect(kept().map((one) => [one.id, one.keywords.has('$draft')])).toEqual([[draft.emailId, true]]);
  });

  it('has a letter held until a moment, by the clock and not by a count of seconds', async () => {
    const { outbox, mail } = await desk();
    const at = new Date(Date.now() + 86_400_000);
    at.setMilliseconds(0);
    expect((await outbox.send(letter(), at)).kind).toBe('held');
    const [submission] = mail.submissions.values();
    expect(submission?.envelope.mailFrom.parameters).toEqual({
      HOLDUNTIL: at.toISOString().replace('.000', ''),
    });
    expect(submission?.goes).toBeCloseTo(at.getTime(), -2);
  });

  it('says so where a letter has already gone', async () => {
    const { outbox, mail } = await desk();
    const draft = letter();
    const left = await outbox.send(draft, 10);
    for (const submission of mail.submissions.values()) submission.goes = Date.now() - 1;
    if (left.kind === 'held')
      await expect(outbox.recall(draft, left.submission)).rejects.toThrow('cannotUnsend');
    expect(left.kind).toBe('held');
  });

  it('takes back the mark on the letter that was answered, unless it was answered before', async () => {
    const { outbox, mail } = await desk();
    const [other] = mail.letters.values();
    for (const already of [false, true]) {
      const draft = new Draft({
        to: [{ name: null, email: 'bob@beta.test' }],
        answers: { id: other?.id ?? '', keyword: '$answered', already },
      });
      const left = await outbox.send(draft, 10);
      expect(other?.keywords.has('$answered')).toBe(true);
      if (left.kind === 'held') await outbox.recall(draft, left.submission);
      expect(other?.keywords.has('$answered')).toBe(already);
    }
  });

  it('does not send a letter twice when the answer of the first time was lost', async () => {
    const { outbox, mail, server } = await desk();
    const draft = letter();
    server.after = () => {
      if (mail.submissions.size > 0) throw new TypeError('no network');
    };
    await expect(outbox.send(draft, 0)).rejects.toThrow();
    server.after = () => undefined;
    expect(await outbox.send(draft, 0)).toEqual({ kind: 'gone', changed: false });
    expect(mail.submissions.size).toBe(1);
  });

  it('says that a letter was dealt with in another tab, and sends this one too where that is asked for again', async () => {
    const { drafts, outbox, mail, kept } = await desk();
    const here = letter();
    here.status = 'unsaved';
    await drafts.save(here);
    const there = new Draft({ emailId: here.emailId ?? '', to: here.to, text: 'y', rich: false });
    await outbox.send(here, 0);
    drafts.touched(there);
    expect(await outbox.send(there, 0)).toEqual({ kind: 'gone', changed: true });
    expect(mail.submissions.size).toBe(1);
    expect(kept().map((one) => one.text)).toEqual(['y']);
    expect((await outbox.send(there, 0)).kind).toBe('sent');
    expect(mail.submissions.size).toBe(2);
  });

  it('does not ask a server to hold what it does not hold', async () => {
    const { outbox, mail, connection } = await desk();
    mail.maxDelayedSend = 0;
    await connection.start();
    expect(outbox.holdOf(10)).toBe(0);
    expect((await outbox.send(letter(), outbox.holdOf(10))).kind).toBe('sent');
    const sent = [...mail.letters.values()].find((one) => one.subject === 'Yes');
    expect([...(sent?.folders ?? [])]).toEqual([mail.folderOf('sent').id]);
    expect(sent?.keywords.has('$draft')).toBe(false);
  });

  it('keeps a letter that is refused among the drafts, and says so', async () => {
    const { outbox, kept } = await desk();
    const draft = new Draft({ to: [{ name: null, email: 'eve@refused.test' }], text: 'x', rich: false });
    await expect(outbox.send(draft, 10)).rejects.toThrow('550 5.7.1');
    expect(kept().length).toBe(1);
    expect(outbox.busy).toBe(0);
  });
});
