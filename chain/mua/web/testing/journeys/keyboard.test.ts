import { expect, it } from 'vitest';
import { begin, gone, letter, tell, until } from './stories';

const story = tell({ letters: 100 });

it('a day at the desk without a mouse', async () => {
  const { page, server } = story;
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '');
  const rowNow = (position: number) => page.locator(`[data-position="${position}"]`);

  // The keys lead into the list, and through it.
  await rowNow(0).focus();
  await page.keyboard.press('ArrowDown');
  await until('the focus is one further', async () => (await focused()).includes('botanical'));
  await page.keyboard.press('End');
  await until(
    'the focus is at the end',
    async () =>
      (await page.locator('[role=row]:focus').getAttribute('aria-rowindex')) ===
      (await page.getByRole('grid').getAttribute('aria-rowcount')),
  );
  await page.keyboard.press('Home');
  await until('the focus is at the top', async () => (await focused()).includes('summer house'));

  // The person reads, goes on and goes back: the focus is where it was.
  await page.keyboard.press('Enter');
  await letter(page).getByText('ninety centimetres then').waitFor();
  await page.keyboard.press('j');
  await page.getByRole('heading', { level: 1, name: /botanical/ }).waitFor();
  await page.keyboard.press('Escape');
  await until(
    'the list has the focus',
    async () => (await focused()).includes('botanical') || (await focused()).includes('summer'),
  );

  // Choose three, archive them, think better of it.
  await page.keyboard.press('Home');
  await page.keyboard.press('x');
  await page.keyboard.press('Shift+ArrowDown');
  await page.keyboard.press('Shift+ArrowDown');
  await page.keyboard.press('e');
  await page.getByText('3 conversations archived').waitFor();
  await page.keyboard.press('z');
  await page.getByText('Undone').waitFor();

  // The keys open the search, and leave it.
  await page.keyboard.press('/');
  await page.keyboard.type('subject:botanical');
  await until('one is found', async () => (await page.getByRole('row').count()) === 1);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await page.locator('iframe').waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('g');
  await page.keyboard.press('i');
  await page.getByRole('heading', { name: 'Inbox' }).waitFor();

  // The keys write and send a letter.
  await page.keyboard.press('c');
  await page.getByRole('dialog', { name: 'New letter' }).waitFor();
  await page.keyboard.type('bob@beta.test,');
  await page.keyboard.press('Tab');
  // The tabs go from the recipients to the subject, over the buttons that add more recipients.
  for (
    let steps = 0;
    steps < 6 && !(await page.evaluate(() => document.activeElement?.id.endsWith('-subject')));
    steps += 1
  ) {
    await page.keyboard.press('Tab');
  }
  await page.keyboard.type('By hand');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.type('All of it typed.');
  await page.keyboard.press('Control+Enter');
  await gone(page);
  console.log();
  expect(
    [...server.mail.letters.values()].some(
      (one) => one.subject === 'By hand' && one.text === 'All of it typed.',
    ),
  ).toBe(true);

  // The help opens and closes again.
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
  await page.keyboard.press('Escape');
  await until('it is closed', async () => (await page.getByRole('dialog').count()) === 0);
});

it('what is typed while a dialog is open reaches nothing behind it, wherever the focus is', async () => {
  const { page, server } = story;
  await page.locator('[data-position="0"]').focus();
  await page.keyboard.press('x');
  await page.keyboard.press('m');
  const dialog = page.getByRole('dialog', { name: 'Move to' });
  // The focus is nowhere, as after the last tab stop, or when the element that had it has gone.
  await dialog.getByRole('combobox').waitFor();
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await page.keyboard.press('#');
  await page.keyboard.press('c');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  expect(await page.locator('.composer').count()).toBe(0);
  const trash = server.mail.folderOf('trash').id;
  expect([...server.mail.letters.values()].filter(({ folders }) => folders.has(trash))).toEqual([]);
});

it('a key that asks the next question while a dialog is still being closed is heard', async () => {
  const { page } = story;
  const both = (...keys: string[]) => Promise.all(keys.map((key) => page.keyboard.press(key)));
  const help = page.getByRole('dialog', { name: 'Keyboard' });
  await page.locator('[data-position="0"]').focus();
  await page.keyboard.press('?');
  await help.waitFor();
  await both('Escape', '?');
  await help.waitFor();
  await both('Escape', 'm');
  await page.getByRole('dialog', { name: 'Move to' }).waitFor();
  await both('Escape', '?');
  await help.waitFor();
  await page.keyboard.press('Escape');
  await help.waitFor({ state: 'detached' });

  await begin(page, 'bob@beta.test', '');
  const subject = page.getByRole('dialog', { name: /subject/i });
  await page.keyboard.press('Control+Enter');
  await subject.waitFor();
  await both('Escape', 'Control+Enter');
  await subject.waitFor();
});
