import { describe, expect, it } from 'vitest';
import { row, tell, until } from './stories';

const story = tell({ letters: 60 });

/** Throws the letter about the botanical garden away from the folder “Family”. */
async function thrownFromFamily() {
  const { page, server, url } = story;
  const { mail } = server;
  const family = [...mail.folders.values()].find(({ name }) => name === 'Family');
  const letter = [...mail.letters.values()].find(({ subject }) => /botanical/.test(subject));
  if (!family || !letter) throw new Error('the made-up mailbox is another');
  letter.folders = new Set([family.id]);
  mail.changed(letter);
  await page.goto(`${url}/#/folder/${family.id}`);
  await row(page, /botanical/).click();
  await page.keyboard.press('#');
  await page.getByText('Conversation moved to the trash').waitFor();
  await until('it is in the trash', () => letter.folders.has(mail.folderOf('trash').id));
  return { family, letter };
}

async function putBack() {
  const { page, url } = story;
  await page.goto(`${url}/#/trash`);
  await row(page, /botanical/).click();
  await page.getByRole('toolbar').getByRole('button', { name: 'Put back' }).first().click();
}

describe('what was thrown away', () => {
  it('is put back into the folder it lay in, and thrown away again by undo', async () => {
    const { page, server } = story;
    const { family, letter } = await thrownFromFamily();
    await putBack();
    await page.getByText('Conversation put back').waitFor();
    await until('it is in its folder', () => letter.folders.has(family.id));
    expect([...letter.keywords].filter((keyword) => keyword.startsWith('facteur-from'))).toEqual([]);
    await page.keyboard.press('z');
    await until('it is in the trash', () => letter.folders.has(server.mail.folderOf('trash').id));
  });

  it('goes to the inbox where its folder is gone meanwhile, and that is said', async () => {
    const { page, server } = story;
    const { family, letter } = await thrownFromFamily();
    for (const inside of [...server.mail.letters.values()])
      if (inside.folders.has(family.id)) server.mail.remove(inside);
    server.mail.folders.delete(family.id);
    server.mail.note('Mailbox', family.id, 'destroyed');
    server.push();
    await page.getByRole('link', { name: /^Family/ }).waitFor({ state: 'detached' });
    await putBack();
    await page.getByText('put into the inbox: the folder it lay in is no longer there').waitFor();
    await until('it is in the inbox', () => letter.folders.has(server.mail.folderOf('inbox').id));
  });
});
