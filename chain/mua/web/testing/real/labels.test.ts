import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { faults } from '../axe';
import type { Look } from '../browser';
import { until } from '../journeys/stories';
import { door } from './demo';
import { MailProgram } from './imap';
import { Person } from './person';
import { deliver } from './smtp';
import { desk, phone, stage } from './stage';

// A person labels letters in the program itself, and a mail program sees each label as a folder with the same letter.

const on = stage();

const settings: [string, 'alpha' | 'beta', Look][] = [
  ['at a desk in English', 'alpha', desk],
  ['on a phone in French', 'beta', { ...phone, french: true }],
];

describe.each(settings)('labels, %s', (_, where, look) => {
  let person: Person;
  let program: MailProgram;
  const subject = `Harbour ${where}`;
  const label = 'Harvest';

  beforeAll(async () => {
    person = await Person.sitDown(on.browser, on.demo[where], look);
    await person.logIn();
    await person.page.getByRole('heading', { name: person.words.folders.inbox }).waitFor();
    const letter = `From: eve@evil.test\r\nTo: ${person.address}\r\nSubject: ${subject}\r\n\r\nIn the port.\r\n`;
    await deliver(door(person.office, 'smtp'), 'eve@evil.test', person.address, Buffer.from(letter));
    program = await MailProgram.logIn(person.office);
  });
  afterAll(async () => {
    program?.end();
    await person?.context.close();
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await person.picture();
    expect(person.problems).toEqual([]);
  });

  const lies = (folder: string, there: boolean) =>
    until(`the letter is ${there ? '' : 'not '}in ${folder}`, async () => {
      return (await program.holds(folder, subject)) === there;
    });

  it('a new one is put on with the key l, and is a folder that holds the same letter', async () => {
    const { page, words } = person;
    await person.openLetter(subject);
    await page.keyboard.press('l');
    const dialog = page.getByRole('dialog', { name: words.labels.title });
    await dialog.getByRole('combobox').fill(label);
    await dialog.getByRole('option', { name: words.labels.create(label) }).waitFor();
    expect(await faults(page)).toEqual([]);
    await page.keyboard.press('Enter');
    await page.getByText(words.labels.added(1, label)).waitFor();
    await lies(label, true);
    await lies('INBOX', true);
    expect(await program.emailId(label, subject)).toBe(await program.emailId('INBOX', subject));
  });

  it('it is taken off the letter, and undo puts it on again', async () => {
    const { page, words } = person;
    await page.getByRole('button', { name: words.labels.take(label) }).click();
    await page.getByText(words.labels.removed(1, label)).waitFor();
    await lies(label, false);
    await lies('INBOX', true);
    await page.getByRole('button', { name: words.act.undo, exact: true }).last().click();
    await page.getByRole('list', { name: words.labels.title }).getByRole('link', { name: label }).waitFor();
    await lies(label, true);
    expect(await program.emailId(label, subject)).toBe(await program.emailId('INBOX', subject));
  });

  it('one that the mail program puts on is shown, and has its list', async () => {
    const { page, words } = person;
    await program.ask('CREATE Quay');
    await program.ask('SUBSCRIBE Quay');
    await program.ask('SELECT INBOX');
    const [found] = await program.ask(`SEARCH SUBJECT "${subject}"`);
    await program.ask(`COPY ${found?.split(' ')[2] ?? ''} Quay`);
    const shown = page.getByRole('list', { name: words.labels.title });
    await shown.getByRole('link', { name: 'Quay' }).waitFor();
    await person.back();
    await person.openFolder('Quay');
    await person.row(subject).waitFor();
    expect(await faults(page)).toEqual([]);
  });
});
