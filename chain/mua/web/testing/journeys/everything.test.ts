import { expect, it } from 'vitest';
import { row, tell, until } from './stories';

const story = tell({ letters: 4_000 });

it('everything in a folder can be meant, also what was never seen', async () => {
  const { page, server } = story;
  const { mail } = server;
  const [inbox, archive] = [mail.folderOf('inbox').id, mail.folderOf('archive').id];
  const inFolder = (folder: string) =>
    [...mail.letters.values()].filter((one) => one.folders.has(folder)).length;
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
  await page.keyboard.press('z');
  await page.getByText('Undone').waitFor({ timeout: 50_000 });
  expect([inFolder(inbox), inFolder(archive)]).toEqual([before, there]);
});

it('a row taken out of everything stays, and what came in meanwhile does, too', async () => {
  const { page, server } = story;
  const { mail } = server;
  const inbox = mail.folderOf('inbox').id;
  const inInbox = () => [...mail.letters.values()].filter((one) => one.folders.has(inbox));
  const like = inInbox()[0];
  if (!like) throw new Error('no letter');
  await page.keyboard.press('x');
  await page.getByRole('button', { name: /^Select all/ }).click();
  await row(page, /botanical/).click({ modifiers: ['ControlOrMeta'] });
  await page.keyboard.press('#');
  // The letter comes in while the dialog still asks.
  const late = new Date(Date.now() + 86_400_000).toISOString();
  await page.getByRole('button', { name: 'Go ahead' }).waitFor();
  let came = false;
  await page.route('**/jmap/api', async (route) => {
    if (!came && /"Email\/set"/.test(route.request().postData() ?? '')) {
      came = true;
      mail.add({ ...like, id: 'late', threadId: 'late', receivedAt: late, subject: 'Late' });
    }
    await route.continue();
  });
  await page.getByRole('button', { name: 'Go ahead' }).click();
  await page.getByText(/\d letters done/).waitFor({ timeout: 50_000 });
  expect(
    inInbox()
      .map(({ subject }) => subject)
      .sort(),
  ).toEqual(['Autumn at the botanical garden', 'Late']);
});

it('everything that was found is changed at once where it can be overlooked', async () => {
  const { page, server } = story;
  const { mail } = server;
  const total = async () => Number(await page.getByRole('grid').getAttribute('aria-rowcount'));
  await page.locator('#search').fill('subject:workshop');
  await until('it is found and counted', async () => (await total()) > 0 && (await total()) < 1_000);
  await row(page, /workshop/).click({ modifiers: ['ControlOrMeta'] });
  const all = await total();
  await page.getByRole('button', { name: `Select all ${all} conversations` }).click();
  await page.getByRole('status').getByText(`All ${all}`).waitFor();
  await page.keyboard.press('i');
  await until('all are read', () =>
    [...mail.letters.values()].every((one) => !/workshop/.test(one.subject) || one.keywords.has('$seen')),
  );
});
