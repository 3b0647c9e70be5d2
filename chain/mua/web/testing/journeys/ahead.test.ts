import type { Locator, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { slowLine } from '../browser';
import { begin, lettersIn, row, tell, until } from './stories';

/** A quick person on a slow line or machine types before the target of the keys has the focus. */

const story = tell({ letters: 60 });

/** Every one of these keys is a command of the list: archive, delete, junk, flag, read, unread, choose. */
const commands = 'e#!siux';
const slow = 1_200;

/** Returns the folder and the marks of each letter; drafts and sent letters aside. */
function mailbox(): Map<string, string> {
  const { mail } = story.server;
  const own = [mail.folderOf('drafts').id, mail.folderOf('sent').id];
  const letters = [...mail.letters.values()].filter(({ folders }) => !own.some((id) => folders.has(id)));
  return new Map(
    letters.map(({ id, folders, keywords }) => [id, [...folders, ...[...keywords].sort()].join(' ')]),
  );
}

/** Runs `task` on a slow line; none of the typed keys may change a letter. */
async function untouched(task: () => Promise<void>, milliseconds = slow): Promise<void> {
  const before = mailbox();
  const quickAgain = await slowLine(story.page, milliseconds);
  story.server.delay = 300;
  await task();
  await quickAgain();
  expect(mailbox()).toEqual(before);
  expect(await story.page.locator('[role=row].chosen').count()).toBe(0);
}

/** Opens a conversation; opening it changes nothing any more. */
async function read(page: Page, name: RegExp): Promise<void> {
  await row(page, name).click();
  await page.locator('article.open .answer').last().waitFor();
  // Until its height is known, the text below it moves.
  await page.waitForFunction(() =>
    [...document.querySelectorAll('iframe')].every(
      ({ contentDocument }) =>
        contentDocument?.readyState === 'complete' && contentDocument.documentElement.style.length > 0,
    ),
  );
  const letters = () => [...story.server.mail.letters.values()].filter(({ subject }) => name.test(subject));
  await until('the server knows it as read', () => letters().every(({ keywords }) => keywords.has('$seen')));
}

const recipients = (page: Page) => page.getByRole('combobox', { name: 'To', exact: true });
const text = (page: Page) => page.locator('.composer:not(.folded) [contenteditable]');
const inText = (page: Page, wanted: string) =>
  until(`“${wanted}” stands in the text`, async () => (await text(page).innerText()).includes(wanted));

async function typed(field: Locator, wanted: string): Promise<void> {
  await field.waitFor();
  await until(`“${wanted}” stands in it`, async () => (await field.inputValue()) === wanted);
}

describe('what is typed at once arrives in', () => {
  const ways: [string, (page: Page) => Promise<void>][] = [
    ['a letter begun by key', (page) => page.keyboard.press('c')],
    ['a letter begun by click', (page) => page.getByRole('button', { name: 'Write', exact: true }).click()],
    ['a letter that is passed on', (page) => page.keyboard.press('f')],
  ];
  it.each(ways)('%s', async (_, start) => {
    const { page } = story;
    await read(page, /summer house/);
    await untouched(async () => {
      await start(page);
      await page.keyboard.type('ezra@beta.test,');
      // The tabs go over the buttons that add more recipients.
      for (let steps = 0; steps < 3; steps += 1) await page.keyboard.press('Tab');
      await page.keyboard.type(commands);
      await page.getByRole('button', { name: 'Remove ezra@beta.test' }).waitFor();
      const subject = page.getByRole('textbox', { name: 'Subject' });
      await until('the subject has it', async () => (await subject.inputValue()).endsWith(commands));
    });
  });

  const answers: [string, (page: Page) => Promise<void>][] = [
    ['an answer begun by key', (page) => page.keyboard.press('r')],
    [
      'an answer begun by click',
      (page) => page.getByRole('button', { name: 'Reply', exact: true }).last().click(),
    ],
  ];
  it.each(answers)('%s', async (_, start) => {
    const { page } = story;
    await read(page, /botanical/);
    await untouched(async () => {
      await start(page);
      await page.keyboard.type(`Dear ${commands},`);
      await page.keyboard.press('Enter');
      await page.keyboard.type('x');
      await page.keyboard.press('Backspace');
      await page.keyboard.type('second line');
      await inText(page, 'second line');
    });
    expect((await text(page).innerText()).split('\n').slice(0, 2)).toEqual([
      `Dear ${commands},`,
      'second line',
    ]);
    // The keys behind it come in order, too.
    await page.keyboard.type(' goes on');
    await inText(page, 'second line goes on');
  });

  it('an answer to a letter that is not there yet itself', async () => {
    const { page } = story;
    await read(page, /summer house/);
    await page.keyboard.press('Escape');
    await page.reload();
    await row(page, /summer house/).focus();
    await untouched(async () => {
      await page.keyboard.press('Enter');
      await page.keyboard.press('r');
      await page.keyboard.type(`Dear ${commands}`);
      await inText(page, `Dear ${commands}`);
    });
  });

  it('a draft that is gone on with, and one that lies folded up', async () => {
    const { page } = story;
    await begin(page, 'bob@beta.test', 'Half');
    await page.keyboard.type('half of it');
    await page.getByRole('button', { name: 'Close' }).click();
    await page.locator('.composer').waitFor({ state: 'detached' });
    await until('it is among the drafts', () => lettersIn(story, 'drafts', 'Half').length === 1);
    await page.goto(`${story.url}/#/drafts`);
    await page.reload();
    await row(page, /Half/).focus();
    await untouched(async () => {
      await page.keyboard.press('Enter');
      await page.keyboard.type('ezra@beta.test,');
      await page.getByRole('button', { name: 'Remove ezra@beta.test' }).waitFor();
    });
    await page.getByRole('button', { name: 'Minimise' }).click();
    await page.getByRole('row', { name: /Half/ }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.type(commands);
    await inText(page, commands);
  });

  it('a letter that is called back', async () => {
    const { page } = story;
    await begin(page, 'bob@beta.test', 'Too soon');
    await page.keyboard.press('Control+Enter');
    const undo = page.getByRole('button', { name: 'Undo' });
    await undo.waitFor();
    await untouched(async () => {
      await undo.click();
      await page.keyboard.type('ezra@beta.test,');
      await page.getByRole('button', { name: 'Remove ezra@beta.test' }).waitFor();
    });
  });

  it('a letter that a link asks for', async () => {
    const { page } = story;
    const link = `#/compose?mailto=${encodeURIComponent('mailto:?subject=Bread')}`;
    await untouched(async () => {
      // The page follows when it hears of the change, which takes a moment; a busy browser may take keys before.
      await page.evaluate(
        (hash) =>
          new Promise((followed) => {
            window.addEventListener('hashchange', followed, { once: true });
            location.hash = hash;
          }).then(() => undefined),
        link,
      );
      await page.keyboard.type('ezra@beta.test,');
      await page.getByRole('button', { name: 'Remove ezra@beta.test' }).waitFor();
    });
  });

  it('the search, where a letter has the window for itself', async () => {
    const { page } = story;
    await read(page, /botanical/);
    await page.keyboard.press('b');
    await page.locator('#search').waitFor({ state: 'hidden' });
    await untouched(async () => {
      await page.keyboard.press('/');
      await page.keyboard.type(commands);
      await typed(page.locator('#search'), commands);
    });
    await page.waitForURL(/search/);
    await page.keyboard.press('Escape');
    await page.setViewportSize({ width: 600, height: 900 });
    await read(page, /botanical/);
    await untouched(async () => {
      await page.keyboard.press('/');
      await page.keyboard.type(commands);
      await typed(page.locator('#search'), commands);
    });
  });

  it('a field of the search where a suggestion was taken', async () => {
    const { page } = story;
    await page.keyboard.press('/');
    await page.keyboard.type('befor');
    await page.getByRole('option').first().waitFor();
    // Everything before the next frame is drawn.
    await untouched(async () => {
      await page.keyboard.press('ArrowDown');
      await Promise.all(['Enter', '2', '0', '2', '5'].map((key) => page.keyboard.press(key)));
      await typed(page.locator('#search'), 'before:2025');
    });
  });
});

describe('what is typed at once reaches nothing behind', () => {
  it('a file that is opened, which is turned by it', async () => {
    const { page } = story;
    await read(page, /summer house/);
    await page.getByRole('button', { name: 'Unfold this letter' }).first().click();
    const file = page.getByRole('link', { name: /^Summer house – plan/ });
    await file.waitFor();
    await untouched(async () => {
      await file.click();
      await page.keyboard.type(commands);
      await page.keyboard.press('ArrowRight');
      await page.getByRole('dialog').getByText('2 of 2').waitFor();
    });
  });

  it('a dialog that is loaded', async () => {
    const { page } = story;
    await page.locator('[data-position="0"]').focus();
    await untouched(async () => {
      await page.getByRole('button', { name: /Account and settings/ }).click();
      await page.getByRole('menuitem', { name: 'Account' }).click();
      await page.keyboard.type(commands);
      await page.getByRole('dialog', { name: 'Account' }).waitFor();
    });
    await page.keyboard.press('Escape');
    await page.getByRole('dialog', { name: 'Account' }).waitFor({ state: 'detached' });
  });

  it('what cannot be loaded; keys work again as soon as that is said and typing has stopped', async () => {
    const { page } = story;
    const fail = '**/assets/compose*';
    await page.route(fail, async (route) => {
      await new Promise((resolve) => setTimeout(resolve, slow / 4));
      await route.abort();
    });
    await page.locator('[data-position="0"]').focus();
    const before = mailbox();
    await page.keyboard.press('c');
    const failed = page.getByText('The editor could not be loaded');
    // The person goes on typing while it fails.
    for (let keys = 0; keys < 60 && (keys < 5 || (await failed.count()) === 0); keys += 1) {
      await page.keyboard.type(commands);
      await page.waitForTimeout(50);
    }
    await page.keyboard.type(commands);
    expect(mailbox()).toEqual(before);
    await page.waitForTimeout(1_500);
    await page.keyboard.press('j');
    await until(
      'the next row is the one',
      async () =>
        ((await page.locator('[role=row][tabindex="0"]').getAttribute('data-position')) ?? '') === '1',
    );
  });

  it('what somebody no longer wants: Escape gives it up', async () => {
    const { page } = story;
    await page.locator('[data-position="0"]').focus();
    const before = mailbox();
    const quickAgain = await slowLine(page, slow);
    await page.keyboard.press('c');
    await page.keyboard.type(commands);
    await page.getByText('One moment…').waitFor();
    await page.keyboard.press('Escape');
    await page.getByText('One moment…').waitFor({ state: 'detached' });
    await page.keyboard.press('j');
    await until(
      'the next row is the one',
      async () =>
        ((await page.locator('[role=row][tabindex="0"]').getAttribute('data-position')) ?? '') === '1',
    );
    await page.waitForLoadState('networkidle');
    await quickAgain();
    expect(await page.locator('.composer').count()).toBe(0);
    expect(mailbox()).toEqual(before);
    await page.keyboard.press('c');
    await recipients(page).waitFor();
  });
});

describe('what is meant for a row while its list is still on its way', () => {
  /** Returns the subjects of the sent letters, in the order of their rows. */
  async function sent(): Promise<string[]> {
    const { page, url } = story;
    await page.goto(`${url}/#/sent`);
    await page.locator('[role=row] .who').nth(2).waitFor();
    const subjects = await page.locator('[role=row] .subject').allInnerTexts();
    await page.reload();
    await page.goto(`${url}/#/inbox`);
    await row(page, /botanical/).waitFor();
    return subjects;
  }

  const flagged = () =>
    [...story.server.mail.letters.values()]
      .filter(({ keywords }) => keywords.has('$flagged'))
      .map(({ subject }) => subject);

  it('is done to that row once it is there, in the order of the keys', async () => {
    const { page, server } = story;
    for (const letter of server.mail.letters.values()) letter.keywords.delete('$flagged');
    const subjects = await sent();
    const third = subjects[2] ?? '';
    server.delay = 700;
    // Down twice, a flag, and the row is chosen.
    await page.keyboard.type('gsjjsx');
    expect(await page.locator('[role=row] .ghost').count()).toBeGreaterThan(0);
    await page.locator('[role=row].chosen').getByText(third).waitFor();
    await until('the third has the flag', () => flagged().length > 0);
    expect(flagged()).toEqual([third]);
  });

  it('is dropped by Escape, and keys for something else do not wait', async () => {
    const { page, server } = story;
    await sent();
    server.delay = 700;
    await page.keyboard.type('gsjx');
    await page.keyboard.press('Escape');
    await page.locator('[role=row] .who').first().waitFor();
    expect(await page.locator('[role=row].chosen').count()).toBe(0);
    await page.keyboard.type('gt?');
    // The help does not need the list of the trash.
    await page.getByRole('dialog').getByRole('heading', { name: 'Keyboard', exact: true }).waitFor();
  });
});
