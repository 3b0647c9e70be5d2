import { describe, expect, it } from 'vitest';
import { choose, atRest, row, tell, until } from './stories';

const story = tell({ letters: 100 });

describe('when something goes wrong', () => {
  it('a session that ends asks for the password and loses nothing that was written', async () => {
    const { page, server } = story;
    await page.keyboard.press('c');
    await page.getByRole('textbox', { name: 'Subject' }).fill('Long letter');
    await page.getByRole('textbox', { name: 'Text of the letter' }).click();
    await page.keyboard.type('An hour of work');
    server.endSessions();
    // The text may be saved by now, but this last key is not, unless the dialog is there already.
    await page.keyboard.press('.');
    const again = page.getByRole('dialog', { name: 'Log in again' });
    await again.waitFor();
    await again.getByLabel('Password', { exact: true }).fill('wrong');
    await again.getByRole('button', { name: 'Log in' }).click();
    await again.getByText('That name and password do not go together').waitFor();
    await again.getByLabel('Password', { exact: true }).fill('postcard');
    await again.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('textbox', { name: 'Text of the letter' }).getByText('An hour of work').waitFor();
    await until('it was saved after all', () =>
      [...server.mail.letters.values()].some((one) => one.text?.startsWith('An hour of work')),
    );
  });

  it('a server that is away is said to be, and everything goes on when it is back', async () => {
    const { page, server } = story;
    server.setUp(false);
    await page.keyboard.press('e');
    await page.getByText('No connection; everything is as it was.').waitFor();
    await row(page, /summer house/).waitFor();
    await page.getByText('No connection', { exact: true }).waitFor();
    server.setUp(true);
    server.deliver({ name: 'Bob', email: 'bob@beta.test' }, 'Back again', '…');
    await row(page, /Back again/).waitFor({ timeout: 20_000 });
    expect(await page.getByText('No connection', { exact: true }).count()).toBe(0);
  });

  it.each([
    ['at a desk', 1_440, 900],
    ['on a tablet', 900, 1_100],
    ['on a phone', 390, 844],
  ])('what is said of it covers nothing, and nothing covers it, %s', async (_, width, height) => {
    const { page, server } = story;
    await page.setViewportSize({ width, height });
    // A view that was seen once is there without a server.
    await page.keyboard.press('c');
    await page.locator('.composer [contenteditable]').waitFor();
    await page.keyboard.press('Escape');
    await row(page, /summer house/).click();
    await page.getByText('ninety centimetres then').last().waitFor();
    await page.keyboard.press('Escape');
    await row(page, /summer house/).waitFor();
    server.setUp(false);
    await page.keyboard.press('e');
    await page.getByText('No connection; everything is as it was.').waitFor();
    for (const where of ['in the list', 'in the conversation', 'in what is written']) {
      if (where === 'in the conversation') await row(page, /summer house/).click();
      if (where === 'in what is written') await page.keyboard.press('c');
      await atRest(page);
      expect([where, await page.evaluate(crossings)]).toEqual([where, []]);
    }
  });

  it('a folder that is removed elsewhere while one reads in it is said to be gone, and what one read, too', async () => {
    const { page, server, url } = story;
    const { mail } = server;
    const id = mail.newId('m');
    mail.folders.set(id, { ...mail.folderOf('archive'), id, name: 'Passing', role: null });
    const passing = server.deliver({ name: 'Bob Carver', email: 'bob@beta.test' }, 'Seen once', 'Hello');
    passing.folders = new Set([id]);
    mail.changed(passing);
    mail.note('Mailbox', id, 'created');
    await page.goto(`${url}/#/folder/${id}`);
    await page.reload();
    await row(page, /Seen once/).click();
    await page.getByText('Hello').last().waitFor();
    mail.remove(passing);
    mail.folders.delete(id);
    mail.note('Mailbox', id, 'destroyed');
    mail.onchange();
    await page.getByText('This conversation is no longer here').waitFor();
    await page.getByText('It may have been renamed or deleted.').waitFor();
  });

  it('the plain form logs in without script', async () => {
    const { url } = story;
    const answer = await fetch(`${url}/login`, {
      method: 'POST',
      body: new URLSearchParams({ name: 'alice', password: 'postcard' }),
      redirect: 'manual',
    });
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe('/');
    expect(answer.headers.get('set-cookie')).toContain('HttpOnly; SameSite=Strict');
  });

  it('another language is there at once, and stays', async () => {
    const { page } = story;
    await choose(page, 'Language', 'Français');
    await page.getByRole('dialog', { name: 'Réglages' }).waitFor();
    await page.getByRole('heading', { name: 'Boîte de réception' }).waitFor();
    await page.keyboard.press('Escape');
    await page.reload();
    await page.getByRole('heading', { name: 'Boîte de réception' }).waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('fr');
  });
});

/**
 * Runs in the page: returns the elements that lie over the line about the missing connection, or are cut by the button
 * or the bar.
 */
function crossings(): string[] {
  const boxOf = (selector: string) => {
    const found = [...document.querySelectorAll<HTMLElement>(selector)].find(
      (one) => one.offsetParent !== null || getComputedStyle(one).position === 'fixed',
    );
    const box = found?.checkVisibility({ visibilityProperty: true })
      ? found.getBoundingClientRect()
      : undefined;
    return box && box.width > 0 ? box : undefined;
  };
  const pairs = [
    ['.offline', '.notice'],
    ['.offline', '.floating'],
    ['.offline', '.composer'],
    ['.offline', 'section.reading [role=toolbar]'],
    ['.notice', '.floating'],
  ] as const;
  return pairs.flatMap(([one, other]) => {
    const [a, b] = [boxOf(one), boxOf(other)];
    const apart =
      !a || !b || a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
    return apart ? [] : [`${one} and ${other}`];
  });
}
