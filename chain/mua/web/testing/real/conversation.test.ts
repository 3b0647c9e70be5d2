import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { faults } from '../axe';
import type { Look } from '../browser';
import { until } from '../journeys/stories';
import { Person } from './person';
import { desk, phone, stage } from './stage';

// Each language, on each size, by each of the two.
const settings: [string, Look, Look][] = [
  ['Alice at a desk in English, Bob on a phone in French', desk, { ...phone, french: true, dark: true }],
  ['Alice on a phone in English, Bob at a desk in French', phone, { ...desk, french: true }],
  ['Alice at a desk in French, Bob on a phone in English', { ...desk, french: true, dark: true }, phone],
  ['Alice on a phone in French, Bob at a desk in English', { ...phone, french: true }, desk],
];

const on = stage();

describe.each(settings)('%s', (name, ofAlice, ofBob) => {
  let alice: Person;
  let bob: Person;
  const subject = `Café au bord de l’eau: ${name}`;
  const notes = `notes of the walk\n${'é'.repeat(20_000)}`;

  beforeAll(async () => {
    alice = await Person.sitDown(on.browser, on.demo.alpha, ofAlice);
    bob = await Person.sitDown(on.browser, on.demo.beta, ofBob);
  });
  afterAll(async () => {
    await alice?.context.close();
    await bob?.context.close();
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await Promise.all([alice.picture(), bob.picture()]);
    expect([...alice.problems, ...bob.problems]).toEqual([]);
  });

  it('both log in, in the language of their browser, after a slip of the finger', async () => {
    for (const person of [alice, bob]) {
      await person.logIn('a slip of the finger');
      await person.page.getByText(person.words.login.wrong).waitFor();
      await person.logIn();
      await person.page.getByRole('heading', { name: person.words.folders.inbox }).waitFor();
      expect(await faults(person.page)).toEqual([]);
    }
  });

  it('Alice writes, with bold words and a file, and Bob’s window shows it by itself', async () => {
    await alice.begin(bob.address, subject);
    const { keyboard } = alice.page;
    await keyboard.type('Along the river ');
    await keyboard.press('ControlOrMeta+b');
    await keyboard.type('at noon');
    await keyboard.press('ControlOrMeta+b');
    await keyboard.type('?');
    const file = { name: 'promenade d’été.txt', mimeType: 'text/plain', buffer: Buffer.from(notes) };
    await alice.page.locator('.composer input[type=file]').setInputFiles(file);
    await alice.page.getByText(alice.words.compose.saved).waitFor();
    await alice.send();
    await bob.row(subject).waitFor();
    expect(await bob.row(subject).getAttribute('aria-label')).toContain(bob.words.list.unread);
    await until('the title counts it', async () => / \(\d+\) – /.test(await bob.page.title()));
  });

  it('Bob reads it, saves the file as it was, and sees the way it came', async () => {
    const letter = await bob.openLetter(subject);
    const frame = letter.frameLocator('iframe');
    await frame.locator('b', { hasText: 'at noon' }).waitFor();
    const saving = bob.page.waitForEvent('download');
    await letter.getByRole('link', { name: bob.words.read.download('promenade d’été.txt') }).click();
    const saved = await saving;
    expect(saved.suggestedFilename()).toBe('promenade d’été.txt');
    expect(await readFile(await saved.path(), 'utf8')).toBe(notes);

    await bob.press(bob.words.act.way);
    const panel = bob.page.getByRole('dialog');
    await panel.getByRole('list', { name: bob.words.way.chain }).waitFor();
    await panel.getByText(alice.address).first().waitFor();
    await panel
      .getByText(bob.words.way.what.filed ?? '')
      .first()
      .waitFor();
    expect(await faults(bob.page)).toEqual([]);
    await bob.page.keyboard.press('Escape');
  });

  it('Bob answers, and Alice sees the answer come into the conversation', async () => {
    const letter = bob.page.getByRole('article').last();
    await letter.getByRole('button', { name: bob.words.act.reply, exact: true }).click();
    await bob.page.getByRole('textbox', { name: bob.words.compose.body }).waitFor();
    await bob.page.keyboard.type('With pleasure, naïvely.');
    await bob.send();
    await alice.row(`Re: ${subject}`).waitFor();
    await alice.openLetter(`Re: ${subject}`);
    await until('both letters stand there', async () => (await alice.page.locator('article').count()) === 2);
    const answer = alice.page.getByRole('article').last().frameLocator('iframe');
    await answer.getByText('With pleasure, naïvely.').waitFor();
    await answer.locator('blockquote', { hasText: 'Along the river' }).waitFor();
    expect(await faults(alice.page)).toEqual([]);
  });

  it('Alice sees where her own letter went', async () => {
    await alice.back();
    await alice.openFolder(alice.words.folders.sent);
    await alice.openLetter(subject);
    await alice.page.getByRole('article').first().getByRole('button').first().click();
    await alice.press(alice.words.act.way);
    const panel = alice.page.getByRole('dialog');
    await panel
      .getByText(alice.words.way.what.queued ?? '')
      .first()
      .waitFor();
    await panel
      .getByText(alice.words.way.outcomes.delivered ?? '')
      .first()
      .waitFor();
    await alice.page.keyboard.press('Escape');
    await alice.back();
    await alice.openFolder(alice.words.folders.inbox);
  });

  it('Alice writes a letter that goes later, thinks better of when, and it reaches Bob', async () => {
    const { words, page } = alice;
    const later = `Plus tard: ${name}`;
    await alice.begin(bob.address, later);
    await page.keyboard.type('In good time.');
    await alice.button(words.later.open).click();
    await page.getByRole('menuitem', { name: words.later.tomorrowMorning }).click();
    await page.locator('.composer').waitFor({ state: 'detached' });
    await alice.openFolder(words.scheduled.title);
    await page.getByRole('button', { name: words.scheduled.of(words.scheduled.sendNow, later) }).waitFor();
    expect(await faults(page)).toEqual([]);
    await page.reload();
    await page.getByRole('button', { name: words.scheduled.of(words.scheduled.change, later) }).click();
    await page.getByRole('textbox', { name: words.compose.body }).getByText('In good time.').waitFor();
    await page.getByText(words.scheduled.emptyTitle).first().waitFor();
    await bob.back();
    await alice.sendIn(20);
    await bob.row(later).waitFor({ timeout: 120_000 });
    await page.getByText(words.scheduled.emptyTitle).first().waitFor();
    await page.goto(`${alice.office.web}#/inbox`);
    await page.getByRole('heading', { name: words.folders.inbox, exact: true }).waitFor();
  });

  it('Bob’s name is completed from what Alice has written', async () => {
    await alice.button(alice.words.act.compose).click();
    const to = alice.page.getByRole('combobox', { name: alice.words.compose.to, exact: true });
    await to.pressSequentially('bo');
    await alice.page.getByRole('option', { name: /bob@beta\.test/ }).waitFor();
    await alice.page.keyboard.press('Enter');
    await alice.page.locator('.composer').getByText(/Bob/).first().waitFor();
    await alice.button(alice.words.compose.discard).click();
    await until('the composer is closed', async () => (await alice.page.locator('.composer').count()) === 0);
  });

  it('Alice finds the answer by a word in it', async () => {
    await alice.page.locator('#search').fill('naively from:bob');
    await alice.row(subject).waitFor();
    await alice.button(alice.words.search.clear).click();
    await alice.page.getByRole('heading', { name: alice.words.folders.inbox, exact: true }).waitFor();
  });

  it('what Alice archives, throws away or calls junk leaves the inbox, and comes back when she says so', async () => {
    const { act, done } = alice.words;
    const ways: [string, string][] = [
      [act.archive, done.archived(1)],
      [act.remove, done.removed(1)],
      [act.junk, done.junked(1)],
    ];
    for (const [press, said] of ways) {
      await alice.openLetter(`Re: ${subject}`);
      await alice.press(press);
      await alice.page.getByText(said).waitFor();
      await alice.vanishes(`Re: ${subject}`);
      await alice.page.getByRole('button', { name: act.undo, exact: true }).last().click();
      await alice.row(`Re: ${subject}`).waitFor();
    }
  });

  it('after the log-out nothing is given to this window any more', async () => {
    for (const person of [alice, bob]) {
      await person.page.goto(`${person.office.web}#/inbox`);
      await person.row(subject).waitFor();
      if (person.phone) await person.button(person.words.app.menu).click();
      await person.page.getByRole('button', { name: new RegExp(person.words.app.account) }).click();
      await person.page.getByRole('menuitem', { name: person.words.settings.logout }).click();
      await person.page.locator('input[name=password]').waitFor();
      const status = await person.page.evaluate(async () => (await fetch('/jmap/session')).status);
      expect(status).toBe(401);
    }
  });
});

it('one browser may have both offices open in two windows', async () => {
  const look = { ...desk, height: 700 };
  const alice = await Person.sitDown(on.browser, on.demo.alpha, look);
  const bob = await Person.beside(alice, on.demo.beta, look);
  for (const person of [alice, bob]) {
    await person.logIn();
    await person.page.getByRole('heading', { name: person.words.folders.inbox }).waitFor();
  }
  await alice.page.reload();
  await alice.page.getByRole('heading', { name: alice.words.folders.inbox }).waitFor();
  await alice.begin(bob.address, 'In the next window');
  await alice.page.keyboard.type('Look to your right.');
  await alice.send();
  await bob.row('In the next window').waitFor();
  expect([...alice.problems, ...bob.problems]).toEqual([]);
  await alice.context.close();
});
