import { describe, expect, it } from 'vitest';
import { state } from '../../testing/state';
import { Draft } from './draft.svelte';
import { Drafts } from './drafts.svelte';
import { Outbox } from './outbox.svelte';

async function desk() {
  const all = await state(50);
  const drafts = new Drafts(all.connection, all.folders, (html) => html.replace(/<[^>]*>/g, ''));
  await drafts.loadIdentities();
  const outbox = new Outbox(all.connection, all.folders, drafts);
  const folder = all.mail.folderOf('drafts').id;
  const kept = () => [...all.mail.letters.values()].filter((letter) => letter.folder === folder);
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

describe('the outbox', () => {
  const to = [{ name: null, email: 'bob@beta.test' }];

  it('lets a letter be called back, and only then', async () => {
    const { outbox, kept } = await desk();
    const draft = new Draft({ to, subject: 'Yes', text: 'x', rich: false });
    expect(await outbox.send(draft)).toBe(true);
    expect(kept().length).toBe(1);
    expect(outbox.recall(draft)).toBe(true);
    expect(outbox.recall(draft)).toBe(false);
  });

  it('sends at once when the page is closed, and files it among the sent letters', async () => {
    const { outbox, mail, kept } = await desk();
    const sent = new Promise((resolve) => (outbox.onsent = resolve));
    await outbox.send(new Draft({ to, subject: 'Yes', text: 'x', rich: false }));
    outbox.flush();
    await sent;
    expect(kept()).toEqual([]);
    const folder = mail.folderOf('sent').id;
    const [letter] = [...mail.letters.values()].filter(
      (one) => one.folder === folder && one.subject === 'Yes',
    );
    expect(letter?.keywords.has('$draft')).toBe(false);
  });

  it('keeps a letter that is refused among the drafts, and says so', async () => {
    const { outbox, kept } = await desk();
    const failed = new Promise<unknown>((resolve) => (outbox.onfailed = (_, error) => resolve(error)));
    await outbox.send(new Draft({ to: [{ name: null, email: 'eve@refused.test' }], text: 'x', rich: false }));
    outbox.flush();
    expect(String(await failed)).toContain('550 5.7.1');
    expect(kept().length).toBe(1);
  });
});
