import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { launch, logIn, type Look, open, serve } from '../browser';
import { mailbox, views } from './access-views';
import { atRest } from './stories';

/**
 * Compares the pages as a person hears them: each view, as the tree of roles, names and states that the browser gives
 * to a screen reader, is compared with the file of its name. `npm run snapshots` writes the files anew; read what
 * changed.
 */

const folder = fileURLToPath(new URL('../snapshots', import.meta.url));
const writing = process.env.SNAPSHOTS === 'write';
const now = new Date('2026-11-24T10:30:00Z');

const looks: [string, Look][] = [
  ['en-desk', { height: 760 }],
  ['fr-phone', { width: 390, height: 844, touch: true, french: true }],
];

/** The part of the page that a view is about, if no dialog lies over it; else the list with its head. */
const parts: Record<string, string> = {
  list: 'body',
  reading: '.reading.pane',
  html: '.reading.pane',
  closed: '.reading.pane',
  scheduledRead: '.reading.pane',
  writing: '.composer',
  written: '.composer',
  later: '.send [role=menu]',
  notice: '.notices',
  menu: '.account',
  folderMenu: '.sidebar [role=menu]',
};

async function heard(page: Page, view: string): Promise<string> {
  const dialogs = page.locator('dialog[open]');
  const dialog = (await dialogs.count()) > 0 ? dialogs.last() : undefined;
  const part = parts[view] ? page.locator(parts[view]).last() : undefined;
  const tree = await (part ?? dialog ?? page.locator('.list-pane')).ariaSnapshot();
  return `${tree}\n`;
}

/** Passing notices of the server are no part of a view. */
async function quiet(page: Page, view: string): Promise<void> {
  // Under a dialog nothing can be closed, nor heard.
  if (view === 'notice' || (await page.locator('dialog[open]').count()) > 0) return;
  const closers = page.locator('.notice .icon');
  while (await closers.count()) await closers.first().click();
}

function fileOf(look: string, view: string): string {
  return `${folder}/${look}/${view}.yml`;
}

function compare(look: string, view: string, tree: string): void {
  const file = fileOf(look, view);
  if (writing) writeFileSync(file, tree);
  expect.soft(tree, file).toBe(existsSync(file) ? readFileSync(file, 'utf8') : '');
}

describe.each(looks)('what is heard: %s', (name, look) => {
  const all = ['login', 'welcome', ...Object.keys(views)];

  it('is in each view what was looked at last', { timeout: 240_000 }, async () => {
    mkdirSync(`${folder}/${name}`, { recursive: true });
    const browser: Browser = await launch();
    const { server, url } = await serve({ ...mailbox, now });
    const context = await open(browser, look);
    const blank = await context.newPage();
    await blank.goto(url);
    await blank.locator('input[name=password]').waitFor();
    compare(name, 'login', `${await blank.locator('body').ariaSnapshot()}\n`);
    await blank.close();
    const { page } = await logIn(context, url, now);
    for (const [view, show] of Object.entries(views)) {
      await show(page, url);
      await quiet(page, view);
      await atRest(page);
      compare(name, view, await heard(page, view));
    }
    await context.close();
    const fresh = await serve({ letters: 0, now });
    const newcomer = await open(browser, look);
    const first = await logIn(newcomer, fresh.url, now);
    await first.page.locator('.welcome li').first().waitFor();
    compare(name, 'welcome', await heard(first.page, 'welcome'));
    await browser.close();
    server.close();
    fresh.server.close();
  });

  it('has no file of a view that is no more', () => {
    const files = readdirSync(`${folder}/${name}`).sort();
    expect(files).toEqual(all.map((view) => `${view}.yml`).sort());
  });
});
