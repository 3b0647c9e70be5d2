import { expect, it } from 'vitest';
import { faults } from '../axe';
import { row, tell, until } from './stories';

const story = tell({ letters: 300 });

const field = () => story.page.locator('#search');

it('tells what it does not know, and mends it where asked', async () => {
  const { page } = story;
  await page.keyboard.press('/');
  await page.keyboard.type('frm:claire drawing');
  const told = page.getByRole('status').filter({ hasText: '“frm:” is not known here' });
  await told.waitFor();
  expect(await faults(page)).toEqual([]);
  await told.getByRole('button', { name: 'from:claire' }).click();
  await told.waitFor({ state: 'detached' });
  expect(await field().inputValue()).toBe('from:claire drawing');
  await row(page, /summer house/).waitFor();

  // A value is judged once it is typed to its end, and an unknown one has no effect on the result.
  await field().fill('drawing is:unred');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'is:unread' }).waitFor();
  await row(page, /summer house/).waitFor();

  // The person can mean it as words, too.
  await field().fill('frm:claire');
  await page.getByRole('button', { name: '"frm:claire"' }).click();
  await page.getByText('No letter found').waitFor();
  expect(await field().inputValue()).toBe('"frm:claire"');
});

it('proposes how to go on, by keyboard', async () => {
  const { page } = story;
  await page.keyboard.press('/');
  await page.keyboard.type('drawing bef');
  const options = page.getByRole('listbox', { name: 'Ways to go on' }).getByRole('option');
  await options.getByText('before:').waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  expect(await field().inputValue()).toBe('drawing before:');
  await field().fill('');
  await page.keyboard.type('from:cla');
  await options.getByText('claire').first().waitFor();
  expect(await faults(page)).toEqual([]);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Tab');
  await until('an address stands there', async () => /^from:claire\S+ $/.test(await field().inputValue()));
  // The first Escape closes the suggestions, the next leaves the search.
  await page.keyboard.type('is:');
  await options.first().waitFor();
  await page.keyboard.press('Escape');
  await until('nothing is proposed', async () => (await options.count()) === 0);
  await page.keyboard.press('Escape');
  await page.getByRole('heading', { name: 'Inbox' }).waitFor();
});

it('has a form that writes the same, and reads it back', async () => {
  const { page } = story;
  await page.keyboard.press('/');
  await page.keyboard.type('from:claire');
  await page.keyboard.press('Alt+ArrowDown');
  const form = page.getByRole('dialog', { name: 'Search' });
  expect(await form.getByLabel('From').inputValue()).toBe('claire');
  await form.getByLabel('Has the words').fill('drawing OR plan');
  await form.getByLabel('Does not have').fill('invoice');
  await form.getByLabel('When').selectOption('In the last year');
  await form.getByLabel('With an attachment').check();
  const typed = 'from:claire (drawing OR plan) -invoice newer_than:1y has:attachment';
  await form.getByText(typed).waitFor();
  expect(await faults(page)).toEqual([]);
  await form.getByLabel('From').focus();
  await page.keyboard.press('Enter');
  await form.waitFor({ state: 'detached' });
  await until('it is typed', async () => (await field().inputValue()) === typed);
  await row(page, /summer house/).waitFor();

  // The key works from anywhere, and the field keeps its search.
  await page.locator('[role=row][tabindex="0"]').focus();
  await page.keyboard.press('g');
  await page.keyboard.press('/');
  expect(await form.getByLabel('Has the words').inputValue()).toBe('drawing OR plan');
  expect(await form.getByLabel('With an attachment').isChecked()).toBe(true);
  await form.getByRole('button', { name: 'Clear all' }).click();
  await form.getByLabel('Name of a file').fill('south-front');
  await form.getByRole('button', { name: 'Search', exact: true }).click();
  await until('it is typed', async () => (await field().inputValue()) === 'filename:south-front');
  await row(page, /summer house/).waitFor();
});

it('shows first what has the words exactly, and chooses rows in that order', async () => {
  const { page } = story;
  await field().fill('plan');
  await page.locator('mark').first().waitFor();
  await field().press('Enter');
  const first = page.locator('[data-position="0"]');
  await first.waitFor();
  await page.keyboard.press('Home');
  await page.keyboard.press('x');
  await page.keyboard.press('Shift+ArrowDown');
  await page.getByRole('status').getByText('2 selected').waitFor();
  expect(await page.locator('[role=row][aria-selected=true]').count()).toBe(2);
  expect(await page.locator('[data-position="1"]').getAttribute('aria-selected')).toBe('true');
});
