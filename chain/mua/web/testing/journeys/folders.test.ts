import { describe, expect, it } from 'vitest';
import { en } from '../../src/i18n/en';
import { fr } from '../../src/i18n/fr';
import { faults } from '../axe';
import type { Look } from '../browser';
import type { FakeLetter } from '../fake/mail';
import { row, tell, until } from './stories';

const looks: [string, Look][] = [
  ['at a desk in English', {}],
  ['on a phone in French', { french: true, width: 390, height: 844, touch: true }],
];

describe.each(looks)('folders that are taken out of the list, %s', (_, look) => {
  const story = tell({ letters: 60 }, look);
  const { folders, act, app } = look.french ? fr : en;

  /** Returns the list of folders, which on a phone is in the drawer. */
  async function list() {
    const { page } = story;
    if (!look.touch) return page.getByRole('navigation');
    const drawer = page.getByRole('dialog', { name: app.menu });
    if (!(await drawer.isVisible())) await page.getByRole('button', { name: app.menu }).click();
    return drawer.getByRole('navigation');
  }

  /** Returns the folder “Family”, which another mail program or the person takes out of the list. */
  const family = () => {
    const found = [...story.server.mail.folders.values()].find(({ name }) => name === 'Family');
    if (!found) throw new Error('the made-up mailbox is another');
    return found;
  };

  /** Files a letter in it that has been read. */
  function file(): FakeLetter {
    const { mail } = story.server;
    const letter = [...mail.letters.values()].find(({ subject }) => /botanical/.test(subject));
    if (!letter) throw new Error('the made-up mailbox is another');
    letter.folders = new Set([family().id]);
    letter.keywords.add('$seen');
    mail.changed(letter);
    return letter;
  }

  /** Tells the pages of a change, as another mail program makes one. */
  function tellPages() {
    story.server.mail.note('Mailbox', family().id, 'updated');
    story.server.push();
  }

  async function takeOut() {
    const nav = await list();
    await nav.getByRole('link', { name: /^Family/ }).hover();
    await nav.getByRole('button', { name: folders.options('Family') }).click();
    await story.page.getByRole('menuitem', { name: folders.unlist }).click();
    await until('the server knows', () => !family().isSubscribed);
  }

  it('are hidden, are shown with all others when asked, which stays so, and come back by undo', async () => {
    const { page } = story;
    file();
    tellPages();
    await takeOut();
    const link = async () => (await list()).getByRole('link', { name: /^Family/ });
    await page.getByRole('button', { name: act.undo }).click();
    await until('it is in the list again', () => family().isSubscribed);
    await (await link()).waitFor();
    await takeOut();
    await (await link()).waitFor({ state: 'detached' });
    await (await list()).getByRole('button', { name: folders.showMore(1) }).click();
    await (await list()).getByRole('link', { name: folders.aside('Family') }).waitFor();
    expect(await faults(page)).toEqual([]);
    await page.reload();
    const again = await list();
    await again.getByRole('link', { name: folders.aside('Family') }).click();
    await page.getByRole('heading', { name: 'Family', exact: true }).waitFor();
    await (await list()).getByRole('button', { name: folders.showFewer }).click();
    // The open folder stays in sight.
    await (await list()).getByRole('link', { name: folders.aside('Family') }).waitFor();
  });

  it('are in sight while something in them is unread, and are found where a letter is moved to', async () => {
    const { page, server } = story;
    const inside = file();
    family().isSubscribed = false;
    tellPages();
    const link = (await list()).getByRole('link', { name: /^Family/ });
    await link.waitFor({ state: 'detached' });
    inside.keywords.delete('$seen');
    server.mail.changed(inside);
    tellPages();
    await link.waitFor();
    inside.keywords.add('$seen');
    server.mail.changed(inside);
    tellPages();
    await link.waitFor({ state: 'detached' });
    if (look.touch) return;
    await row(page, /summer house/).click();
    await page.keyboard.press('m');
    const option = page.getByRole('option', { name: 'Family' });
    await page.getByRole('option').first().waitFor();
    expect(await option.count()).toBe(0);
    await page.keyboard.type('fam');
    await option.waitFor();
  });
});
