import { describe, expect, it } from 'vitest';
import { en } from '../../src/i18n/en';
import { fr } from '../../src/i18n/fr';
import type { Id } from '../../src/jmap';
import { faults } from '../axe';
import type { Look } from '../browser';
import type { FakeFolder, FakeLetter } from '../fake/mail';
import { row, tell, until } from './stories';

const looks: [string, Look][] = [
  ['at a desk in English', {}],
  ['on a phone in French', { french: true, width: 390, height: 844, touch: true }],
];

describe.each(looks)('labels, %s', (_, look) => {
  const story = tell({ letters: 60 }, look);
  const words = look.french ? fr : en;
  /** Stories that do not look different on a phone are told once. */
  const atDesk = it.skipIf(look.touch);
  const { labels, act, done } = words;

  function folder(name: string): FakeFolder {
    const found = [...story.server.mail.folders.values()].find((one) => one.name === name);
    if (!found) throw new Error(`no folder ${name}`);
    return found;
  }

  function letter(subject: RegExp): FakeLetter {
    const found = [...story.server.mail.letters.values()].find((one) => subject.test(one.subject));
    if (!found) throw new Error('the made-up mailbox is another');
    return found;
  }

  /** Returns the names of the folders that a letter lies in. */
  function places(subject: RegExp): string {
    const names = [...letter(subject).folders].map((id) => story.server.mail.folders.get(id)?.name ?? id);
    return names.sort().join(' ');
  }

  const lies = (subject: RegExp, names: string) =>
    until(`${subject.source} lies in ${names}`, () => places(subject) === names);

  /** Files letters in more folders, as another program does it. */
  async function also(subject: RegExp, ...names: string[]) {
    const one = letter(subject);
    for (const name of names) one.folders.add(folder(name).id);
    story.server.mail.changed(one);
    story.server.push();
    await row(story.page, new RegExp(names[0] ?? '')).waitFor();
  }

  /** Returns what is said of the letter about the botanical garden with these labels; browsers read a hard space as a blank. */
  const named = (names: string) => new RegExp(`botanical.*${labels.on(names).replace(/\s/g, '\\s')}`);

  /** Opens the chooser on the letter about the botanical garden. */
  async function choose() {
    const { page } = story;
    await row(page, /botanical/).click();
    await page.getByRole('toolbar').getByRole('button', { name: labels.title }).click();
    const dialog = page.getByRole('dialog', { name: labels.title });
    await dialog.getByRole('combobox').waitFor();
    return dialog;
  }

  it('are ticked in the chooser, seen on the row and on the letter, and taken off there; each is undone', async () => {
    const { page } = story;
    const dialog = await choose();
    expect(await faults(page)).toEqual([]);
    await dialog.getByRole('option', { name: 'Family' }).click();
    await dialog.getByRole('option', { name: 'Projects' }).click();
    await dialog.getByRole('option', { name: 'Projects', checked: true }).waitFor();
    await dialog.getByRole('button', { name: labels.apply }).click();
    await page.getByText(labels.added(1, 'Family, Projects')).waitFor();
    await lies(/botanical/, 'Family Inbox Projects');
    const shown = page.getByRole('list', { name: labels.title });
    await shown.getByRole('link', { name: 'Family' }).waitFor();
    await page.getByRole('button', { name: labels.take('Family') }).click();
    await page.getByText(labels.removed(1, 'Family')).waitFor();
    await lies(/botanical/, 'Inbox Projects');
    // The focus stays in the letter.
    await until('the subject has the focus', () =>
      page.evaluate(() => document.activeElement?.id === 'subject'),
    );
    await page.getByRole('button', { name: act.undo }).last().click();
    await lies(/botanical/, 'Family Inbox Projects');
    await shown.getByRole('link', { name: 'Family' }).waitFor();
    if (look.touch) await page.goBack();
    await row(page, named('Family, Projects')).waitFor();
    // On a phone a row has room for one.
    expect(
      await row(page, /botanical/)
        .locator('.chip')
        .count(),
    ).toBe(look.touch ? 1 : 2);
    expect(await faults(page)).toEqual([]);
  });

  it('do not push the subject away', async () => {
    const { page } = story;
    const subject = row(page, /botanical/).locator('.subject');
    const before = await subject.boundingBox();
    await also(/botanical/, 'Family', 'Projects', 'Summer house', 'Translation');
    await row(page, /botanical/)
      .locator('.chip')
      .first()
      .waitFor();
    expect(await subject.boundingBox()).toEqual(before);
    const preview = await row(page, /botanical/)
      .locator('.preview')
      .boundingBox();
    expect(preview?.width).toBeGreaterThan(80);
  });

  atDesk('have the list of a folder, where archiving takes a letter out of the inbox alone', async () => {
    const { page, url } = story;
    await also(/botanical/, 'Family');
    await page.goto(`${url}/#/folder/${folder('Family').id}`);
    // There it is seen that the letter is still in the inbox.
    await row(page, named(words.folders.inbox)).click();
    await page.getByRole('toolbar').getByRole('button', { name: act.archive }).click();
    await page.getByText(done.archived(1)).waitFor();
    await lies(/botanical/, 'Family');
    // It stays in this list, and is still open.
    await page.getByRole('heading', { name: /botanical/ }).waitFor();
    expect(await page.getByRole('toolbar').getByRole('button', { name: act.archive }).isDisabled()).toBe(
      true,
    );
    await page.getByRole('button', { name: act.undo }).click();
    await lies(/botanical/, 'Family Inbox');
  });

  atDesk('are left when a letter is deleted, and come back with it', async () => {
    const { page, url } = story;
    await also(/botanical/, 'Family', 'Projects');
    await row(page, /botanical/).click();
    await page.getByRole('toolbar').getByRole('button', { name: act.remove, exact: true }).click();
    await lies(/botanical/, 'Trash');
    await page.getByRole('button', { name: act.undo }).click();
    await lies(/botanical/, 'Family Inbox Projects');
    expect([...letter(/botanical/).keywords].filter((one) => one.startsWith('facteur-from'))).toEqual([]);
    await row(page, /botanical/).click();
    await page.getByRole('toolbar').getByRole('button', { name: act.remove, exact: true }).click();
    await lies(/botanical/, 'Trash');
    await page.goto(`${url}/#/trash`);
    await row(page, /botanical/).click();
    await page.getByRole('toolbar').getByRole('button', { name: act.putBack }).first().click();
    await page.getByText(done.putBack(1)).waitFor();
    await lies(/botanical/, 'Family Inbox Projects');
  });

  atDesk('are left by junk, and come back when it is none', async () => {
    const { page, url } = story;
    await also(/botanical/, 'Family');
    await row(page, /botanical/).click();
    await page.getByRole('toolbar').getByRole('button', { name: act.junk }).click();
    await lies(/botanical/, 'Junk');
    await page.getByRole('button', { name: act.undo }).click();
    await lies(/botanical/, 'Family Inbox');
    await row(page, /botanical/).click();
    await page.getByRole('toolbar').getByRole('button', { name: act.junk }).click();
    await lies(/botanical/, 'Junk');
    await page.goto(`${url}/#/junk`);
    await row(page, /botanical/).click();
    await page.getByRole('toolbar').getByRole('button', { name: act.notJunk }).click();
    await lies(/botanical/, 'Family Inbox');
  });

  it('keep a letter that the emptied trash had, too, and the question says so', async () => {
    const { page, server, url } = story;
    const trash = server.mail.folderOf('trash').id;
    const [kept, gone] = [letter(/botanical/), letter(/^The garden wall/)];
    kept.folders = new Set([trash, folder('Family').id]);
    gone.folders = new Set([trash]);
    for (const one of [kept, gone]) server.mail.changed(one);
    server.push();
    await page.goto(`${url}/#/trash`);
    await row(page, /botanical.*Family/).waitFor();
    await page.getByRole('button', { name: words.folders.emptyTrash }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(`${labels.onlyHere(1)} ${labels.stay(1)}`).waitFor();
    await dialog.getByRole('button', { name: act.removeForGood }).click();
    await page.getByText(words.folders.emptied).waitFor();
    await lies(/botanical/, 'Family');
    expect(server.mail.letters.has(gone.id)).toBe(false);
  });

  atDesk('that are deleted leave the letters that lie elsewhere, too, and the question says so', async () => {
    const { page, server } = story;
    const family = folder('Family');
    for (const one of server.mail.letters.values()) one.folders.delete(family.id);
    for (const one of [...server.mail.letters.values()]) if (one.folders.size === 0) server.mail.remove(one);
    await also(/botanical/, 'Family');
    if (look.touch) await page.getByRole('button', { name: words.app.menu }).click();
    const list = look.touch
      ? page.getByRole('dialog', { name: words.app.menu })
      : page.getByRole('navigation');
    await list.getByRole('link', { name: /^Family/ }).hover();
    await list.getByRole('button', { name: words.folders.options('Family') }).click();
    await page.getByRole('menuitem', { name: words.folders.remove }).click();
    const dialog = page.getByRole('dialog', { name: words.folders.removeTitle('Family') });
    await dialog.getByText(`${labels.noneEnds} ${labels.stay(1)}`).waitFor();
    await dialog.getByRole('button', { name: words.folders.removeDo }).click();
    await lies(/botanical/, 'Inbox');
  });

  it('get a colour that every window has, and never lose their name', async () => {
    const { page, server } = story;
    await also(/botanical/, 'Family');
    if (look.touch) await page.getByRole('button', { name: words.app.menu }).click();
    const list = look.touch
      ? page.getByRole('dialog', { name: words.app.menu })
      : page.getByRole('navigation');
    await list.getByRole('link', { name: /^Family/ }).hover();
    await list.getByRole('button', { name: words.folders.options('Family') }).click();
    await page.getByRole('menuitem', { name: labels.colour }).click();
    const dialog = page.getByRole('dialog', { name: labels.colourOf('Family') });
    await dialog.getByRole('radio', { name: labels.hues.teal }).click();
    await until('the server has it', () => server.mail.choices?.labelColours[folder('Family').id] === 'teal');
    expect(await faults(page)).toEqual([]);
    await page.reload();
    const chip = row(page, /botanical/).locator('.chip');
    await chip.getByText('Family').waitFor();
    expect(await chip.getAttribute('data-hue')).toBe('teal');
  });
});

describe('labels, by the keyboard alone', () => {
  const story = tell({ letters: 60 });

  function places(subject: RegExp): string[] {
    const { mail } = story.server;
    return [...mail.letters.values()]
      .filter((one) => subject.test(one.subject))
      .map((one) =>
        [...one.folders]
          .map((id) => mail.folders.get(id)?.name)
          .sort()
          .join(' '),
      );
  }

  /** Puts the letter about the botanical garden into these folders, as another program does it, and returns their ids. */
  function file(...names: string[]): Id[] {
    const { mail } = story.server;
    const ids = [...mail.folders.values()].filter(({ name }) => names.includes(name)).map(({ id }) => id);
    const garden = [...mail.letters.values()].find((one) => /botanical/.test(one.subject));
    if (!garden || ids.length !== names.length) throw new Error('the made-up mailbox is another');
    garden.folders = new Set(ids);
    mail.changed(garden);
    return ids;
  }

  it('one is found by its first letters, put on, and the chooser is gone', async () => {
    const { page } = story;
    await row(page, /summer house/).click();
    await page.keyboard.press('l');
    // The chooser is loaded now: what is typed meanwhile is typed into it.
    await page.keyboard.type('fam');
    await page.keyboard.press('Enter');
    await page.getByText(en.labels.added(1, 'Family')).waitFor();
    // The whole conversation has it, the own answer among the sent letters, too.
    await until('each letter has it', () =>
      places(/Plans for the summer house/).every((names) => names.includes('Family')),
    );
    expect(places(/Plans for the summer house/)).toContain('Family Sent');
    await page.keyboard.press('z');
    await until('none has it', () =>
      places(/Plans for the summer house/).every((names) => !names.includes('Family')),
    );
  });

  it('several are ticked in turn, on several conversations, and a screen reader is told', async () => {
    const { page } = story;
    await page.getByRole('row').first().focus();
    await page.keyboard.press('x');
    await page.keyboard.press('Shift+ArrowDown');
    await page.getByRole('status').getByText('2 selected').waitFor();
    await page.keyboard.press('l');
    const field = page.getByRole('combobox', { name: en.labels.filter });
    await field.waitFor();
    await page.keyboard.type('fam');
    await page.getByRole('option', { name: 'Family', selected: true }).waitFor();
    await page.keyboard.press('Shift+Enter');
    await page.getByRole('status').getByText(en.labels.said('Family', en.labels.marks.all)).waitFor();
    expect(await field.inputValue()).toBe('');
    await page.keyboard.type('proj');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.press('Enter');
    await page.getByText(en.labels.added(2, 'Family, Projects')).waitFor();
    await until(
      'both have both',
      () => places(/./).filter((names) => /Family.*Projects/.test(names)).length >= 2,
    );
  });

  it('one that only some have is shown so, and left to those', async () => {
    const { page } = story;
    file('Inbox', 'Family');
    story.server.push();
    await row(page, /botanical.*Family/).waitFor();
    await page.getByRole('row').first().focus();
    await page.keyboard.press('x');
    await page.keyboard.press('Shift+ArrowDown');
    await page.keyboard.press('l');
    const option = page.getByRole('option', { name: 'Family' });
    await option.waitFor();
    expect(await option.getAttribute('aria-checked')).toBe('mixed');
    for (const mark of ['true', 'false', 'mixed']) {
      await option.click();
      expect(await option.getAttribute('aria-checked')).toBe(mark);
    }
    expect(await page.getByRole('button', { name: en.labels.apply }).isDisabled()).toBe(true);
  });

  it('a new one is made by its name, and a name that cannot be is refused in words', async () => {
    const { page, server } = story;
    await row(page, /botanical/).click();
    await page.keyboard.press('l');
    const field = page.getByRole('combobox', { name: en.labels.filter });
    await field.fill('Choir/Altos');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText(en.refusals.folderName.separator).waitFor();
    await field.fill('Choir');
    await page.getByRole('option', { name: en.labels.create('Choir') }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByText(en.labels.added(1, 'Choir')).waitFor();
    await until('it lies in it', () => places(/botanical/)[0] === 'Choir Inbox');
    await page
      .getByRole('navigation')
      .getByRole('link', { name: /^Choir/ })
      .waitFor();
    expect([...server.mail.folders.values()].filter(({ name }) => name === 'Choir').length).toBe(1);
  });

  it('the last one taken away leaves the letter in the archive, and undo brings it back', async () => {
    const { page, url } = story;
    const [family] = file('Family');
    await page.goto(`${url}/#/folder/${family ?? ''}`);
    await row(page, /botanical/).click();
    await page.keyboard.press('l');
    await page.getByRole('option', { name: 'Family', checked: true }).waitFor();
    await page.keyboard.type('fam');
    await page.keyboard.press('Enter');
    await until('it is in the archive', () => places(/botanical/)[0] === 'Archive');
    // It is not in this list any more.
    await until(
      'its row is gone',
      async () => (await page.getByRole('row', { name: /botanical/ }).count()) === 0,
    );
    await page.keyboard.press('z');
    await until('it has its label', () => places(/botanical/)[0] === 'Family');
    await row(page, /botanical/).waitFor();
  });

  it('all of a list, seen or not, get one', async () => {
    const { page, server } = story;
    const { mail } = server;
    const inbox = mail.folderOf('inbox').id;
    await page.getByRole('row').first().focus();
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.press('l');
    await page.getByRole('combobox', { name: en.labels.filter }).waitFor();
    await page.keyboard.type('translation');
    await page.keyboard.press('Enter');
    await page.getByText(/letters done/).waitFor();
    const inInbox = () => [...mail.letters.values()].filter((one) => one.folders.has(inbox));
    expect(inInbox().length).toBeGreaterThan(20);
    expect(inInbox().every((one) => one.folders.size === 2)).toBe(true);
    await page.getByRole('button', { name: 'Undo' }).click();
    await until('none has it', () => inInbox().every((one) => one.folders.size === 1));
  });

  it('none are offered for letters that were thrown away, and a move leaves the others', async () => {
    const { page, server, url } = story;
    file('Inbox', 'Family');
    server.push();
    await row(page, /botanical.*Family/).click();
    await page.keyboard.press('m');
    await page.getByRole('combobox', { name: 'Find a folder' }).fill('proj');
    await page.keyboard.press('Enter');
    await until('it is moved', () => places(/botanical/)[0] === 'Family Projects');
    await page.keyboard.press('z');
    await until('it is back', () => places(/botanical/)[0] === 'Family Inbox');
    file('Trash');
    await page.goto(`${url}/#/trash`);
    await row(page, /botanical/).click();
    await page.keyboard.press('l');
    await page.getByText(en.labels.notHere).waitFor();
  });
});

describe('a server where a letter lies in one folder', () => {
  const story = tell({ letters: 30 });

  it('offers no labels, and moves as before', async () => {
    const { page, server } = story;
    server.mail.mostFolders = 1;
    await page.reload();
    await row(page, /botanical/).click();
    await page.getByRole('article').waitFor();
    expect(await page.getByRole('button', { name: en.labels.title }).count()).toBe(0);
    await page.keyboard.press('l');
    await page.keyboard.press('e');
    await page.getByText('Conversation archived').waitFor();
    const archive = server.mail.folderOf('archive').id;
    const garden = [...server.mail.letters.values()].find((one) => /botanical/.test(one.subject));
    await until('it is in the archive', () => [...(garden?.folders ?? [])].join() === archive);
  });
});
