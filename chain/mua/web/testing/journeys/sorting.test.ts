import { describe, expect, it } from 'vitest';
import { faults } from '../axe';
import { letter, row, tell, until } from './stories';

const story = tell({ letters: 300 });

function inFolder(role: 'inbox' | 'archive' | 'trash' | 'junk', subject: RegExp): number {
  const { mail } = story.server;
  const folder = mail.folderOf(role).id;
  return [...mail.letters.values()].filter((one) => one.folders.has(folder) && subject.test(one.subject))
    .length;
}

describe('sorting', () => {
  it('archives what lies in the inbox, leaves the own answer among the sent letters, and takes it back', async () => {
    const { page } = story;
    await row(page, /summer house/).click();
    await letter(page).getByText('ninety centimetres then').waitFor();
    await page.keyboard.press('e');
    await page.getByText('Conversation archived').waitFor();
    await until(
      'it is in the archive',
      () => inFolder('archive', /^(Re: )?Plans for the summer house/) === 2,
    );
    // The next one is open.
    await page.getByRole('heading', { name: /botanical/ }).waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await until('it is back', () => inFolder('inbox', /^(Re: )?Plans for the summer house/) === 2);
    await row(page, /summer house/).waitFor();
  });

  it('puts back what the server refuses to move, and says why not', async () => {
    const { page, server } = story;
    await row(page, /botanical/).waitFor();
    for (const letter of [...server.mail.letters.values()])
      if (/botanical/.test(letter.subject)) server.mail.letters.delete(letter.id);
    await row(page, /botanical/).click();
    await page.keyboard.press('#');
    await page.getByText(/That did not work/).waitFor();
  });

  it('chooses several with shift and moves them together', async () => {
    const { page } = story;
    await row(page, /summer house/).click({ modifiers: ['ControlOrMeta'] });
    await page
      .getByRole('row')
      .nth(3)
      .click({ modifiers: ['Shift'] });
    await page.getByRole('status').getByText('4 selected').waitFor();
    await page.keyboard.press('m');
    await page.getByRole('combobox', { name: 'Find a folder' }).fill('fam');
    await page.keyboard.press('Enter');
    await page.getByText('4 conversations moved to Family').waitFor();
    await page.getByRole('link', { name: /^Family/ }).click();
    await row(page, /botanical/).waitFor();
  });

  it('flags, and marks as unread', async () => {
    const { page, server } = story;
    await page.keyboard.press('s');
    await page.getByText('Flagged', { exact: true }).waitFor();
    await until('the server has the flag', () =>
      [...server.mail.letters.values()].some(
        (one) => /summer house/.test(one.subject) && one.keywords.has('$flagged'),
      ),
    );
    await page.keyboard.press('i');
    await page.getByText('Marked as read').waitFor();
    await page.keyboard.press('u');
    await page.getByText('Marked as unread').waitFor();
    expect(await row(page, /summer house/).getAttribute('aria-label')).toContain('unread');
  });

  it('asks before it deletes for good', async () => {
    const { page, url } = story;
    await row(page, /botanical/).hover();
    await row(page, /botanical/)
      .getByRole('button', { name: 'Delete' })
      .click();
    await until('it is in the trash', () => inFolder('trash', /botanical/) === 1);
    await page.goto(`${url}/#/trash`);
    await row(page, /botanical/).waitFor();
    await page.keyboard.press('#');
    await page.getByRole('dialog').getByText('They cannot be brought back.').waitFor();
    await page.getByRole('button', { name: 'Delete for good' }).click();
    await until('it is gone', () => inFolder('trash', /botanical/) === 0);
    await page.getByText('Letters you delete wait here.').waitFor();
  });

  it('no longer shows in a conversation what was thrown away from it', async () => {
    const { page, server } = story;
    const { mail } = server;
    const last = [...mail.letters.values()].find((one) => /ninety centimetres/.test(one.text ?? ''));
    if (!last) throw new Error('no letter');
    last.folders = new Set([mail.folderOf('trash').id]);
    mail.changed(last);
    server.push();
    // When its newest letter is gone, the conversation stands further down: the test clicks only then.
    await page.locator('[aria-rowindex="1"]').getByText('botanical').waitFor();
    await page
      .getByRole('row', { name: /summer house.*2 letters/ })
      .first()
      .click();
    await until('two are shown', async () => (await page.locator('article').count()) === 2);
    await page.getByRole('link', { name: 'Trash' }).click();
    await page
      .getByRole('row', { name: /summer house/ })
      .first()
      .click();
    await until('there, all are', async () => (await page.locator('article').count()) === 3);
  });

  it('files a letter that is dragged onto a folder', async () => {
    const { page } = story;
    await row(page, /botanical/).dragTo(page.getByRole('link', { name: /^Family/ }));
    await page.getByText('Conversation moved to Family').waitFor();
    await page.getByRole('link', { name: /^Family/ }).click();
    await row(page, /botanical/).waitFor();
  });

  it('chooses everything at one stroke, throws it away, and empties the trash', async () => {
    const { page, url } = story;
    await page.locator('[data-position="0"]').focus();
    const count = Number(await page.getByRole('grid').getAttribute('aria-rowcount'));
    await page.keyboard.press('ControlOrMeta+a');
    await page.getByRole('status').getByText(`All ${count}`).waitFor();
    await page.keyboard.press('#');
    await page.getByText('Your inbox is empty. Enjoy the quiet.').waitFor();
    await page.goto(`${url}/#/trash`);
    await page.getByRole('button', { name: 'Empty the trash' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete for good' }).click();
    await page.getByText('Letters you delete wait here.').waitFor();
    expect(inFolder('trash', /./)).toBe(0);
  });

  it('takes each change back by its own notice', async () => {
    const { page } = story;
    await row(page, /botanical/).hover();
    await row(page, /botanical/)
      .getByRole('button', { name: 'Archive' })
      .click();
    await page.getByText('Conversation archived').waitFor();
    await page.keyboard.press('s');
    await page.getByText('Flagged', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Undo' }).first().click();
    await row(page, /botanical/).waitFor();
    await until('it is back', () => inFolder('inbox', /botanical/) === 1);
  });

  it('makes, renames and removes a folder', async () => {
    const { page } = story;
    await page.getByRole('button', { name: 'New folder' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('Choir');
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: /^Choir/ }).waitFor();
    await page.getByRole('button', { name: 'Options for Choir' }).click();
    await page.getByRole('menuitem', { name: 'Rename' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('Singing');
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: /^Singing/ }).waitFor();
    // A name that is taken is reported where it can be mended.
    await page.getByRole('button', { name: 'New folder' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('singing');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('“Singing”').waitFor();
    expect(await faults(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Options for Singing' }).click();
    await page.getByRole('menuitem', { name: 'Delete folder' }).click();
    await page.getByRole('button', { name: 'Delete for good' }).click();
    await until('it is gone', async () => (await page.getByRole('link', { name: /^Singing/ }).count()) === 0);
  });

  it('finds as one types, with operators, and shows what matched', async () => {
    const { page } = story;
    await page.keyboard.press('/');
    await page.keyboard.type('from:claire drawing');
    await page.locator('mark', { hasText: 'drawing' }).waitFor();
    expect(await page.getByRole('row').count()).toBe(1);
    await page.getByRole('button', { name: 'Clear search' }).click();
    await row(page, /botanical/).waitFor();
  });
});
