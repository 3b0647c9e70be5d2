import { describe, expect, it } from 'vitest';
import { faults } from '../axe';
import { fr } from '../../src/i18n/fr';
import { makeWorld } from '../fake/world';
import { atRest, lettersIn, tell, until } from './stories';

const nobody = { letters: 0 };

describe('an account without any letter', () => {
  const story = tell(nobody);
  const thing = (name: string) => story.page.getByRole('list', { name: 'To begin with' }).getByText(name);

  it('greets by name, says where letters arrive, and shows three things to do', async () => {
    const { page } = story;
    await page.getByRole('heading', { name: 'Welcome, Alice Martin' }).waitFor();
    await page.locator('.welcome').getByText('alice@alpha.test').waitFor();
    expect(await page.getByRole('list', { name: 'To begin with' }).getByRole('button').count()).toBe(3);
    await atRest(page);
    expect(await faults(page)).toEqual([]);
  });

  it('says what a mail program is told, and copies each of it', async () => {
    const { page } = story;
    await thing('Read on your telephone, too').click();
    const dialog = page.getByRole('dialog', { name: 'Set up a telephone or mail program' });
    await dialog.getByRole('heading', { name: 'To read: incoming mail (IMAP)' }).waitFor();
    await dialog.getByText('993').waitFor();
    await dialog.getByText('465').waitFor();
    // The dialog shows the best door of each kind, and no more: a person has nothing to choose.
    expect(await dialog.getByText(/^(143|587|995)$/).count()).toBe(0);
    expect(await faults(page)).toEqual([]);
    for (const [what, text] of [
      ['Server, IMAP', 'mail.alpha.test'],
      ['Port, SMTP', '465'],
      ['User name, IMAP', 'alice@alpha.test'],
    ]) {
      await dialog.getByRole('button', { name: `Copy: ${what}` }).click();
      await page.getByText(`Copied: ${what}`).waitFor();
      expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(text);
    }
  });

  it('says so where no mail program may come in, or where only the server’s own machine may', async () => {
    const { page, server } = story;
    const { doors } = server;
    server.doors = doors.map((door) => ({ ...door, host: '127.0.0.1', nearOnly: true }));
    await thing('Read on your telephone, too').click();
    await page.getByText('only from the computer it runs on').waitFor();
    await page.keyboard.press('Escape');
    server.doors = [];
    await thing('Read on your telephone, too').click();
    await page.getByText('lets no mail programs in').waitFor();
    server.doors = doors;
  });

  it('leads by the keyboard to the first letter; what is being written leaves the greeting where it is', async () => {
    const { page } = story;
    await page.getByRole('button', { name: /^Write your first letter/ }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('combobox', { name: 'To', exact: true }).fill('bob@beta.test,');
    await page.getByRole('textbox', { name: 'Subject' }).fill('The first');
    await page.clock.fastForward(5_000);
    await until('it is saved', () => lettersIn(story, 'drafts', 'The first').length === 1);
    await page.getByRole('link', { name: /^Drafts, 1/ }).waitFor();
    await page.getByRole('heading', { name: 'Welcome, Alice Martin' }).waitFor();
  });

  it('says how older letters come in, with commands that name this mailbox', async () => {
    const { page } = story;
    await thing('Bring the letters you have').click();
    const dialog = page.getByRole('dialog', { name: 'Bring the letters you have' });
    await dialog
      .getByText('facteur fetch add old.address@provider.example --to alice@alpha.test', { exact: true })
      .waitFor();
    await dialog.getByText('facteur import alice@alpha.test export.zip', { exact: true }).waitFor();
    expect(await faults(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Set up a telephone or mail program' }).click();
    await page.getByRole('dialog', { name: 'Set up a telephone or mail program' }).waitFor();
  });

  it('greets no more once a letter has come, wherever it lies', async () => {
    const { page, server } = story;
    await page.getByRole('heading', { name: 'Welcome, Alice Martin' }).waitFor();
    const letter = server.deliver({ name: 'Bob', email: 'bob@beta.test' }, 'Hello', 'Hello, Alice.');
    await page.getByRole('row', { name: /Bob/ }).click();
    await page.getByRole('article').getByText('Hello, Alice.').waitFor();
    letter.folders = new Set([server.mail.folderOf('archive').id]);
    server.mail.changed(letter);
    server.mail.note('Mailbox', server.mail.folderOf('inbox').id, 'updated');
    server.push();
    await page.getByRole('heading', { name: 'All done' }).waitFor();
    expect(await page.getByText('Welcome').count()).toBe(0);
  });
});

describe.each([
  ['on a phone, dark, in French', { width: 390, height: 844, touch: true, dark: true, french: true }],
  ['enlarged twice, in French', { width: 640, height: 360, french: true }],
])('%s', (_, look) => {
  const story = tell(nobody, look);

  it('all of it can be read and reached', async () => {
    const { page, server } = story;
    const say = fr.welcome;
    await page.getByRole('heading', { name: say.hello('Alice Martin') }).waitFor();
    await atRest(page);
    expect(await faults(page)).toEqual([]);
    await page.getByRole('button', { name: new RegExp(`^${say.bring}`) }).click();
    await page.getByRole('dialog', { name: say.bringTitle }).waitFor();
    await atRest(page);
    expect(await faults(page)).toEqual([]);
    await page.getByRole('button', { name: say.programsTitle }).click();
    const dialog = page.getByRole('dialog', { name: say.programsTitle });
    await dialog.getByText(say.protocols.smtp).waitFor();
    expect(await faults(page)).toEqual([]);
    const wider = await dialog.evaluate((one) => one.scrollWidth - one.clientWidth);
    expect(wider).toBeLessThanOrEqual(0);
    server.use(makeWorld(nobody));
  });
});
