import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { faults } from '../axe';
import type { Look } from '../browser';
import { until } from '../journeys/stories';
import { door, type Office } from './demo';
import { Person } from './person';
import { deliver } from './smtp';
import { desk, phone, stage } from './stage';

// A person puts a mailbox in order, through the program itself: a whole folder at once, letters that come back out of
// the trash, and folders that leave the list and return.

/** More than the list shows, and more than it has loaded at first. */
const many = 130;

const on = stage();

async function receive(office: Office, to: string, subject: string): Promise<void> {
  const letter = [
    'From: Ève <eve@evil.test>',
    `To: ${to}`,
    `Subject: ${subject}`,
    `Message-ID: <${subject.replace(/\W/g, '-')}@evil.test>`,
    '',
    'In order.',
    '',
  ].join('\r\n');
  await deliver(door(office, 'smtp'), 'eve@evil.test', to, Buffer.from(letter));
}

/** Returns the number of conversations in the open list, also of those that are not loaded. */
async function total(person: Person): Promise<number> {
  const grid = person.page.getByRole('grid');
  return (await grid.count()) === 0 ? 0 : Number(await grid.getAttribute('aria-rowcount'));
}

const settings: [string, 'alpha' | 'beta', Look, Look][] = [
  ['in English, at a desk', 'alpha', desk, desk],
  ['in French, at a desk and on a phone', 'beta', { ...desk, french: true }, { ...phone, french: true }],
];

describe.each(settings)('%s', (_, where, atDesk, later) => {
  let person: Person;

  const enter = async (look: Look) => {
    await person?.context.close();
    person = await Person.sitDown(on.browser, on.demo[where], look);
    await person.logIn();
    await person.page.getByRole('heading', { name: person.words.folders.inbox }).waitFor();
  };
  beforeAll(() => enter(atDesk));
  afterAll(() => person?.context.close());
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await person.picture();
    expect(person.problems).toEqual([]);
  });

  it('all letters of a folder go elsewhere, also those that were never loaded, and come back by undo', async () => {
    const { page, office, address } = person;
    const { words } = person;
    for (let n = 1; n <= many; n += 1) await receive(office, address, `Note ${n}`);
    await person.row(`Note ${many}`).waitFor();
    await until('all are counted', async () => (await total(person)) >= many);
    const all = await total(person);
    expect(await page.locator('[role=row] .who').count(), 'not all are loaded').toBeLessThan(all);
    await person.row(`Note ${many}`).click({ modifiers: ['ControlOrMeta'] });
    await page.getByRole('button', { name: words.list.selectAll(String(all)) }).click();
    await page
      .getByRole('status')
      .getByText(words.list.everything(String(all)))
      .waitFor();
    await page.keyboard.press('e');
    await page.getByText(words.done.swept(all)).waitFor({ timeout: 60_000 });
    await page.getByText(words.list.emptyInboxText).waitFor();
    await person.openFolder(words.folders.archive);
    await until('all are there', async () => (await total(person)) === all);
    await page.keyboard.press('z');
    await page.getByText(words.done.undone).waitFor({ timeout: 60_000 });
    await person.openFolder(words.folders.inbox);
    await until('all are back', async () => (await total(person)) === all);
    expect(await faults(page)).toEqual([]);
  });

  const folder = 'Été à la mer';
  const thrown = 'Thrown away too soon';

  it('a letter comes out of the trash into the folder it lay in', async () => {
    await enter(later);
    const { page, office, address, words } = person;
    await receive(office, address, thrown);
    await person.createFolder(folder);
    await person.openLetter(thrown);
    await person.press(words.act.move);
    const dialog = page.getByRole('dialog', { name: words.act.moveTitle });
    await dialog.getByRole('option', { name: folder }).waitFor();
    await page.keyboard.type('mer');
    await page.keyboard.press('Enter');
    await page.getByText(words.done.moved(1, folder)).waitFor();
    await person.openFolder(folder);
    await person.openLetter(thrown);
    await person.press(words.act.remove);
    await page.getByText(words.done.removed(1)).waitFor();
    await person.vanishes(thrown);
    await person.openFolder(words.folders.trash);
    await person.openLetter(thrown);
    await person.press(words.act.putBack);
    await page.getByText(words.done.putBack(1)).waitFor();
    await person.vanishes(thrown);
    await person.openFolder(folder);
    await person.row(thrown).waitFor();
    expect(await faults(page)).toEqual([]);
  });

  it('a folder leaves the list and comes into it again, here and in another window', async () => {
    const { page, words } = person;
    const { folders } = words;
    await person.openFolder(words.folders.inbox);
    const link = async (name: string) => (await person.folderList()).getByRole('link', { name });
    await person.folderOption(folder, folders.unlist);
    await page.getByText(folders.unlisted(folder)).waitFor();
    await (await link(folder)).waitFor({ state: 'detached' });
    await page.reload();
    const more = (await person.folderList()).getByRole('button', { name: folders.showMore(1) });
    await more.waitFor();
    expect(await (await link(folder)).count()).toBe(0);
    await more.click();
    await (await link(folders.aside(folder))).waitFor();
    await person.folderOption(folder, folders.list);
    await page.getByText(folders.listed(folder)).waitFor();
    await page.reload();
    await (await link(folder)).waitFor();
    expect(await (await person.folderList()).getByRole('button', { name: folders.showMore(1) }).count()).toBe(
      0,
    );
  });
});
