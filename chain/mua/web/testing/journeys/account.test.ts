import { expect, it, describe } from 'vitest';
import { en } from '../../src/i18n/en';
import { faults } from '../axe';
import { begin, lettersIn, tell, until } from './stories';

const story = tell({ letters: 60 });

async function openAccount() {
  const { page } = story;
  await page.getByRole('button', { name: /Account and settings/ }).click();
  await page.getByRole('menuitem', { name: 'Account', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Account' });
  await dialog.getByText('this browser').waitFor();
  return dialog;
}

describe('the account page', () => {
  it('shows where one is logged in, and ends one session or all others', async () => {
    const { page } = story;
    const dialog = await openAccount();
    await dialog.getByText('Safari, iPhone').waitFor();
    await dialog.getByText('A mail program (IMAP)').waitFor();
    expect(await faults(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Log out: Safari, iPhone' }).click();
    await until('it is gone', async () => (await dialog.getByText('Safari, iPhone').count()) === 0);
    await dialog.getByText('Firefox, Windows').waitFor();
    await dialog.getByRole('button', { name: 'Log out everywhere else' }).click();
    await until('all are gone', async () => (await dialog.locator('li').count()) === 1);
  });

  it('changes the password, and says what is wrong with one that is not taken', async () => {
    const { server } = story;
    const dialog = await openAccount();
    await dialog.getByLabel('Current password').fill('wrong');
    await dialog.getByLabel('New password').fill('password1');
    await dialog.getByText('Among the first that are guessed').waitFor();
    await dialog.getByRole('button', { name: 'Change password' }).click();
    await dialog.getByText('This is not your current password.').waitFor();
    await dialog.getByLabel('Current password').fill('postcard');
    await dialog.getByRole('button', { name: 'Change password' }).click();
    await dialog.getByText('This password is among the first').waitFor();
    await dialog.getByLabel('New password').fill('wharf lantern oblique');
    await dialog.getByText('Good.').waitFor();
    await dialog.getByRole('button', { name: 'Change password' }).click();
    await until('it is another', () => server.password === 'wharf lantern oblique');
    server.password = 'postcard';
  });
});

describe('a full mailbox', () => {
  it('is said to be full where it is used, and is emptied from where it is told', async () => {
    const { page, server } = story;
    const { mail } = server;
    const trash = mail.folderOf('trash').id;
    const thrown = server.deliver({ name: 'Bob', email: 'bob@beta.test' }, 'Old film', 'x'.repeat(200_000));
    thrown.folders = new Set([trash]);
    mail.changed(thrown);
    // A letter that another program has left in a second folder stays in that.
    const archive = mail.folderOf('archive').id;
    const kept = server.deliver({ name: 'Bob', email: 'bob@beta.test' }, 'Kept film', 'y');
    kept.folders = new Set([trash, archive]);
    mail.changed(kept);
    const ends = [...mail.letters.values()].filter(({ folders }) => folders.has(trash) && folders.size === 1);
    mail.note('Mailbox', trash, 'updated');
    mail.quota = mail.used;
    server.push();
    await page.getByText('Your mailbox is full: no letter comes in any more.').waitFor();
    await begin(page, 'bob@beta.test', 'At the limit');
    await page.getByRole('textbox', { name: 'Text of the letter' }).press('x');
    await page.locator('.composer').getByText('Not saved: mailbox full').waitFor();
    await page.getByRole('button', { name: 'Make room' }).click();
    const dialog = page.getByRole('dialog', { name: 'Storage' });
    await dialog.getByRole('button', { name: /^Empty the trash \(/ }).click();
    await dialog.getByText(`${en.labels.onlyHere(ends.length)} ${en.labels.stay(1)}`).waitFor();
    await dialog.getByRole('button', { name: 'Empty the trash', exact: true }).click();
    await until('it is empty', () => [...mail.letters.values()].every((one) => !one.folders.has(trash)));
    expect([...kept.folders]).toEqual([archive]);
    await page.keyboard.press('Escape');
    await page.getByRole('textbox', { name: 'Text of the letter' }).press('y');
    await until('it is saved', () => lettersIn(story, 'drafts', 'At the limit').length === 1);
  });
});

describe('a name that no folder can have', () => {
  it('is refused with the reason', async () => {
    const { page } = story;
    await page.route('**/jmap/api', async (route) => {
      if (!route.request().postData()?.includes('Mailbox/set')) return route.continue();
      const refused = {
        type: 'invalidProperties',
        properties: ['name'],
        description: 'in the words of the server',
      };
      const answer = { notCreated: { new: refused }, created: null, updated: null, destroyed: null };
      await route.fulfill({ json: { methodResponses: [['Mailbox/set', answer, '0']] } });
    });
    await page.getByRole('button', { name: 'New folder', exact: true }).click();
    await page.getByLabel('Name').fill('a/b');
    await page.keyboard.press('Enter');
    await page.getByText('“/” cannot stand in the name of a folder.').waitFor();
    expect(await page.getByText('in the words of the server').count()).toBe(0);
  });
});
