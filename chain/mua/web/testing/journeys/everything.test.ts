import { expect, it } from 'vitest';
import { row, tell, until } from './stories';

const story = tell({ letters: 4_000 });

it('everything in a folder can be meant, also what was never seen', async () => {
  const { page, server } = story;
  const { mail } = server;
  const [inbox, archive] = [mail.folderOf('inbox').id, mail.folderOf('archive').id];
  const inFolder = (folder: string) =>
    [...mail.letters.values()].filter((one) => one.folder === folder).length;
  const [before, there] = [inFolder(inbox), inFolder(archive)];
  expect(before).toBeGreaterThan(1_000);
  await page.keyboard.press('x');
  await page.getByRole('button', { name: /^Select all/ }).click();
  await page
    .getByRole('status')
    .getByText(/^All \d/)
    .waitFor();
  await page.keyboard.press('e');
  await page
    .getByRole('dialog')
    .getByText(/^Move all [\d,]+ conversations to Archive/)
    .waitFor();
  expect(inFolder(inbox)).toBe(before);
  await page.getByRole('button', { name: 'Go ahead' }).click();
  await page.getByText(`${before} letters done`).waitFor({ timeout: 50_000 });
  expect([inFolder(inbox), inFolder(archive)]).toEqual([0, there + before]);
  await page.getByText('Your inbox is empty. Enjoy the quiet.').waitFor();
});

it('what fits is chosen row by row', async () => {
  const { page, server } = story;
  const { mail } = server;
  const total = async () => Number(await page.getByRole('grid').getAttribute('aria-rowcount'));
  await page.locator('#search').fill('subject:workshop');
  await until('it is found', async () => (await total()) < 1_000);
  await row(page, /workshop/).click({ modifiers: ['ControlOrMeta'] });
  const all = await total();
  await page.getByRole('button', { name: `Select all ${all} conversations` }).click();
  await page.getByRole('status').getByText(`${all} selected`).waitFor();
  await page.keyboard.press('i');
  await until('all are read', () =>
    [...mail.letters.values()].every((one) => !/workshop/.test(one.subject) || one.keywords.has('$seen')),
  );
});
