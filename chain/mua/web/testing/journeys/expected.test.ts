import { describe, expect, it } from 'vitest';
import { row, tell, until } from './stories';

const story = tell({ letters: 100 });

describe('what people expect', () => {
  it('a mail link, of ours or handed over by the browser, begins a letter', async () => {
    const { page, url } = story;
    const wanted = 'mailto:bob@beta.test?subject=Bread%20%26%20butter&body=Two%0D%0Aloaves';
    await page.goto(`${url}/#/compose?mailto=${encodeURIComponent(wanted)}`);
    await page.locator('.composer').getByText('bob@beta.test').waitFor();
    expect(await page.getByRole('textbox', { name: 'Subject' }).inputValue()).toBe('Bread & butter');
    const text = page.getByRole('textbox', { name: 'Text of the letter' });
    expect(await text.locator('div').allInnerTexts()).toEqual(['Two', 'loaves']);
    expect(new URL(page.url()).hash).toBe('#/inbox');
    await page.reload();
    await row(page, /botanical/).waitFor();
    expect(await page.locator('.composer').count()).toBe(0);
  });

  it('files are looked at one after the other', async () => {
    const { page, server } = story;
    const offer = [...server.mail.letters.values()].find((one) => one.attachments.length === 2);
    const south = offer?.attachments.find((one) => one.type === 'image/png');
    if (south) offer?.attachments.push({ ...south, name: 'north-front.png' });
    await row(page, /summer house/).click();
    await page.getByRole('button', { name: 'Unfold this letter' }).first().click();
    await page.getByRole('link', { name: /^south-front.png/ }).click();
    const shown = page.getByRole('dialog', { name: 'south-front.png' });
    await shown.getByText('2 of 3').waitFor();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('dialog', { name: 'north-front.png' }).getByText('3 of 3').waitFor();
    await until('it is really seen', () =>
      page.locator('dialog img').evaluate((one) => (one as HTMLImageElement).naturalWidth === 1),
    );
    await page.keyboard.press('Escape');
    await until('it is closed', async () => (await page.getByRole('dialog').count()) === 0);
  });

  it('a person signs as they like, from the next letter on', async () => {
    const { page, server } = story;
    await page.getByRole('button', { name: /Account and settings/ }).click();
    await page.getByRole('menuitem', { name: 'Name and signature' }).click();
    await page.getByRole('textbox', { name: /^Name/ }).fill('Alice M.');
    await page.getByRole('textbox', { name: /^Signature/ }).fill('Alice\nAtelier <Nord>');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved', { exact: true }).waitFor();
    expect(server.mail.identities[0]).toMatchObject({
      name: 'Alice M.',
      textSignature: 'Alice\nAtelier <Nord>',
    });
    await page.keyboard.press('c');
    const text = page.getByRole('textbox', { name: 'Text of the letter' });
    await text.getByText('Atelier <Nord>').waitFor();
    await page.locator('.composer header').getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: /Account and settings/ }).click();
    await page.getByRole('menuitem', { name: 'Name and signature' }).click();
    await until(
      'it is there again',
      async () => (await page.getByRole('textbox', { name: /^Name/ }).inputValue()) === 'Alice M.',
    );
  });

  it('the tab shows that letters are unread', async () => {
    const { page, server } = story;
    const icon = page.locator('link[rel=icon]');
    expect(await icon.getAttribute('href')).toBe('/icon-unread.svg');
    expect((await page.request.get(`${story.url}/icon-unread.svg`)).status()).toBe(200);
    for (const letter of server.mail.letters.values()) {
      letter.keywords.add('$seen');
      server.mail.changed(letter);
    }
    server.push();
    await until('and that none is', async () => (await icon.getAttribute('href')) === '/icon.svg');
    expect(await page.title()).not.toMatch(/ \(\d+\) – /);
  });
});
