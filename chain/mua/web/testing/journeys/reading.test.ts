import { describe, expect, it } from 'vitest';
import { letter, row, tell, until } from './stories';

const story = tell({ letters: 300 });

describe('reading', () => {
  it('opens a conversation, marks it as read here and at the server, and folds what was read before', async () => {
    const { page, server } = story;
    await row(page, /summer house/).click();
    await letter(page).getByText('ninety centimetres then').waitFor();
    expect(await page.locator('article').count()).toBe(3);
    expect(await page.locator('article.open').count()).toBe(1);
    expect(await row(page, /summer house/).getAttribute('aria-label')).not.toContain('unread');
    await until('the server knows it was read', () =>
      [...server.mail.letters.values()]
        .filter((one) => /summer house/.test(one.subject))
        .every((one) => one.keywords.has('$seen')),
    );
  });

  it('begins with one request for the folders and the first letters', async () => {
    const { page, server } = story;
    const before = server.asked.length;
    await page.reload();
    await row(page, /summer house/).waitFor();
    const lists = server.asked.slice(before).filter((methods) => methods.includes('Email/query'));
    expect(lists).toEqual([
      ['Mailbox/get', 'Email/query', 'Email/get', 'Thread/get', 'Email/get', 'Preferences/get'],
    ]);
  });

  it('shows an HTML letter in a frame without scripts, and remote pictures only when asked', async () => {
    const { page, server } = story;
    await row(page, /botanical/).click();
    const frame = page.locator('iframe');
    expect(await frame.getAttribute('sandbox')).toBe(
      'allow-same-origin allow-popups allow-popups-to-escape-sandbox',
    );
    expect(await frame.getAttribute('src')).toContain('images=0');
    const inside = page.frameLocator('iframe');
    await inside.getByText('Plan your visit').waitFor();
    expect(await inside.locator('img').getAttribute('src')).toBeNull();
    await page.getByRole('button', { name: 'Show once' }).click();
    await until('the picture is asked for', () => server.pictures.length > 0);
  });

  it('saves an attachment under its name', async () => {
    const { page } = story;
    await row(page, /summer house/).click();
    await page.getByRole('button', { name: 'Unfold this letter' }).first().click();
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Save south-front.png' }).click();
    expect((await download).suggestedFilename()).toBe('south-front.png');
  });

  it('shows the source', async () => {
    const { page } = story;
    await row(page, /summer house/).click();
    await letter(page).getByText('ninety centimetres then').waitFor();
    await page.keyboard.press('v');
    await page.getByRole('dialog').getByText('MIME-Version: 1.0').waitFor();
  });

  it("draws the letter's way, with what was decided on it", async () => {
    const { page } = story;
    await row(page, /summer house/).click();
    await letter(page).getByText('ninety centimetres then').waitFor();
    await page
      .getByRole('button', { name: /letter’s way/ })
      .first()
      .click();
    const panel = page.getByRole('dialog');
    await panel.getByRole('list', { name: 'The chain the letter went through' }).waitFor();
    expect(
      await panel.getByRole('listitem').filter({ hasText: 'Mailbox' }).first().getAttribute('class'),
    ).toContain('done');
    await panel.getByText('signed by atelier-nord.test').waitFor();
  });

  it('says so in the list, and politely aloud, when a letter comes in, without a reload', async () => {
    const { page, server } = story;
    server.deliver({ name: 'Bob Carver', email: 'bob@beta.test' }, 'Fresh bread', 'Come by.');
    await row(page, /Fresh bread/).waitFor();
    await page.getByText('New letter from Bob Carver: Fresh bread').waitFor({ state: 'attached' });
    await until('the title counts it', async () =>
      / \(\d+\) – alice@alpha\.test – Facteur$/.test(await page.title()),
    );
  });

  it('shows an answer that comes while its conversation is read', async () => {
    const { page, server } = story;
    await row(page, /summer house/).click();
    await letter(page).getByText('ninety centimetres then').waitFor();
    const last = [...server.mail.letters.values()].findLast((one) => /summer house/.test(one.subject));
    const arrived = server.deliver(
      { name: 'Claire Fontaine', email: 'claire.fontaine@atelier-nord.test' },
      'Re: Plans',
      'The drawing is here.',
    );
    server.mail.threads.delete(arrived.threadId);
    arrived.threadId = last?.threadId ?? '';
    server.mail.threads.get(arrived.threadId)?.push(arrived.id);
    server.push();
    await until('four letters are shown', async () => (await page.locator('article').count()) === 4);
  });

  it('leaves an empty place with kind words, and a missing conversation with honest ones', async () => {
    const { page, url } = story;
    await page.goto(`${url}/#/junk`);
    await page.getByText('Letters that look unwanted are put here.').waitFor();
    await page.goto(`${url}/#/inbox/nowhere`);
    await page.getByText('This conversation is no longer here.').waitFor();
  });
});
