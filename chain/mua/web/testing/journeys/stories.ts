import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { launch, logIn, type Look, open, serve } from '../browser';
import type { FakeLetter } from '../fake/mail';
import type { FakeServer } from '../fake/server';
import { makeWorld, type World } from '../fake/world';

export interface Story {
  page: Page;
  server: FakeServer;
  url: string;
  context: BrowserContext;
  problems: string[];
}

/** Each test of a file gets a mailbox and a page of its own; whatever the policy forbids fails it. */
export function tell(world: World, look: Look = {}, ...flags: string[]): Story {
  const story = {} as Story;
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch(...flags);
    Object.assign(story, await serve(world));
  });
  beforeEach(async () => {
    story.server.use(makeWorld(world));
    story.server.setUp(true);
    story.server.delay = 0;
    story.context = await open(browser, look);
    Object.assign(story, await logIn(story.context, story.url));
  });
  afterEach(async () => {
    await story.context.close();
    expect(story.problems).toEqual([]);
  });
  afterAll(async () => {
    await browser.close();
    story.server.close();
  });
  return story;
}

/** Returns the letters of this subject among the drafts, or among the sent ones. */
export function lettersIn({ server }: Story, role: 'drafts' | 'sent', subject: string): FakeLetter[] {
  const folder = server.mail.folderOf(role).id;
  return [...server.mail.letters.values()].filter(
    (one) => one.folders.has(folder) && one.subject === subject,
  );
}

export function row(page: Page, name: RegExp) {
  return page.getByRole('row', { name }).first();
}

/** Returns the letter that is unfolded last. */
export function letter(page: Page) {
  return page.getByRole('article').last();
}

/** Begins a letter; the cursor is in its text. */
export async function begin(page: Page, to: string, subject: string): Promise<void> {
  await page.keyboard.press('c');
  await page.getByRole('combobox', { name: 'To', exact: true }).fill(to);
  await page.keyboard.press('Enter');
  await page.getByRole('textbox', { name: 'Subject' }).fill(subject);
  await page.getByRole('textbox', { name: 'Text of the letter' }).click();
}

/** Chooses something in the settings, which stay open. */
export async function choose(page: Page, setting: string | RegExp, choice: string): Promise<void> {
  await page.getByRole('button', { name: /Account and settings/ }).click();
  await page.getByRole('menuitem', { name: 'Settings' }).click();
  const dialog = page.getByRole('dialog', { name: 'Settings' });
  await dialog.getByLabel(setting).selectOption(choice);
}

/** Lets the seconds pass in which a letter can be called back, and waits for the notice that follows. */
export async function gone(page: Page, words = 'Letter sent'): Promise<void> {
  await page.getByText('Sending…').waitFor();
  // The seconds begin when the server's answer is there, which takes its time on a busy machine.
  await until(`“${words}” is said`, async () => {
    await page.clock.fastForward(11_000);
    return (await page.getByText(words).count()) > 0;
  });
}

/** Waits until nothing moves any more. */
export async function atRest(page: Page): Promise<void> {
  await page.waitForFunction(() => document.getAnimations().every((one) => one.playState !== 'running'));
}

/** Waits until a condition holds; the error names the condition. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  milliseconds = 30_000,
): Promise<void> {
  const end = Date.now() + milliseconds;
  while (Date.now() < end) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`it never came true that ${what}`);
}
