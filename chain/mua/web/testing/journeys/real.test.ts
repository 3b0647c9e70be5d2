import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { launch, open } from '../browser';
import { letter, row, until } from './stories';

// Through a real server: FACTEUR_URL, FACTEUR_NAME (an address of one's own there) and FACTEUR_PASSWORD.
const { FACTEUR_URL: url, FACTEUR_NAME: name = '', FACTEUR_PASSWORD: password = '' } = process.env;

describe.skipIf(!url)('with a real server', () => {
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];
  const subject = `A walk at ${new Date().toISOString()}`;

  beforeAll(async () => {
    browser = await launch();
    const context = await open(browser);
    context.setDefaultTimeout(20_000);
    page = await context.newPage();
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => {
      if (/Content Security Policy|Trusted/.test(message.text())) problems.push(message.text());
    });
    await page.goto(url ?? '');
  });
  afterAll(() => browser.close());

  it('logs in', async () => {
    await page.locator('input[name=name]').fill(name);
    await page.locator('input[name=password]').fill(password);
    await page.locator('button[type=submit]').click();
    await page.getByRole('heading', { name: 'Inbox' }).waitFor();
  });

  it('writes to oneself, and sees the letter come in by itself', async () => {
    await page.getByRole('button', { name: 'Write' }).first().click();
    await page.getByRole('combobox', { name: 'To', exact: true }).fill(name);
    await page.keyboard.press('Enter');
    await page.getByRole('textbox', { name: 'Subject' }).fill(subject);
    await page.getByRole('textbox', { name: 'Text of the letter' }).click();
    await page.keyboard.type('Along the river at noon?');
    await page.getByText('Draft saved').waitFor();
    await page.keyboard.press('Control+Enter');
    await row(page, new RegExp(subject)).waitFor();
    await page.getByText('Letter sent').waitFor({ state: 'hidden' });
  });

  it('reads and answers it', async () => {
    await row(page, new RegExp(subject)).click();
    await page.frameLocator('article:last-of-type iframe').getByText('Along the river at noon?').waitFor();
    await letter(page).getByRole('button', { name: 'Reply' }).click();
    await page.getByRole('textbox', { name: 'Text of the letter' }).waitFor();
    await page.keyboard.type('With pleasure.');
    await page.keyboard.press('Control+Enter');
    await page.getByText('Letter sent').waitFor();
    await until(
      'the answer is in the conversation',
      async () => (await page.locator('article').count()) >= 3,
    );
  });

  it('finds it, archives it, and takes that back', async () => {
    await page.locator('#search').fill('subject:"walk at" river');
    await page.locator('mark', { hasText: 'river' }).first().waitFor();
    await page.getByRole('button', { name: 'Clear search' }).click();
    await row(page, new RegExp(subject)).click();
    await page.keyboard.press('e');
    await page.getByText('Conversation archived').waitFor();
    await until(
      'it has left the inbox',
      async () => (await page.getByRole('row', { name: new RegExp(subject) }).count()) === 0,
    );
    await page.keyboard.press('z');
    await row(page, new RegExp(subject)).waitFor();
  });

  it('breaks nothing of the policy', () => {
    expect(problems).toEqual([]);
  });
});
