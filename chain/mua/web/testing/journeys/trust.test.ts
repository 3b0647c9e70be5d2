import { mkdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { FakeLetter } from '../fake/mail';
import type { FakeServer } from '../fake/server';
import { choose, letter, row, tell, until } from './stories';

const story = tell({ letters: 60 });
const french = tell({ letters: 60 }, { french: true, touch: true, width: 390, height: 844 });
/** The folder for screenshots that a person looks at; none unless it is set. */
const pictures = process.env['FACTEUR_SCREENSHOTS'];
if (pictures) mkdirSync(pictures, { recursive: true });

function lettersAbout(server: FakeServer, subject: RegExp): FakeLetter {
  const found = [...server.mail.letters.values()].find((one) => subject.test(one.subject));
  if (!found) throw new Error(`no letter about ${subject}`);
  return found;
}

const suspicious: FakeLetter['told'] = {
  findings: [
    { code: 'name', claims: 'service@paypal.com', address: 'x@evil.net' },
    {
      code: 'lookAlike',
      place: 'from',
      shown: 'еxample.com',
      ascii: 'xn--xample-2of.com',
      like: 'example.com',
    },
    { code: 'link', shown: 'www.paypal.com', host: 'evil.net' },
    { code: 'program', file: 'Summer house – plan.pdf' },
  ],
};

describe('what speaks against a letter', () => {
  it('is said in words, and a file that can run a program is saved after a word', async () => {
    const { page, server } = story;
    for (const one of server.mail.letters.values())
      if (/Plans for the summer house/.test(one.subject)) one.told = suspicious;
    await row(page, /summer house/).click();
    await page.getByRole('button', { name: 'Unfold this letter' }).first().click();
    const warnings = page.getByRole('region', { name: 'Be careful with this letter' }).first();
    await warnings.getByText('“service@paypal.com”, but the letter comes from x@evil.net').waitFor();
    expect(await warnings.getByRole('listitem').count()).toBe(4);
    expect(await warnings.textContent()).toContain('xn--xample-2of.com');
    if (pictures) await page.screenshot({ path: `${pictures}/warnings-wide.png` });
    await page
      .getByRole('link', { name: /^Save Summer house/ })
      .first()
      .click();
    const dialog = page.getByRole('dialog', { name: /Save “Summer house/ });
    await dialog.getByText('can run a program').waitFor();
    const download = page.waitForEvent('download');
    await dialog.getByRole('button', { name: 'Save it all the same' }).click();
    expect((await download).suggestedFilename()).toContain('Summer house');
  });

  it('is said in French on a phone', async () => {
    const { page, server } = french;
    lettersAbout(server, /botanical/).told = {
      ...suspicious,
      unsubscribe: { way: 'post', host: 'liste.example.org' },
    };
    await row(page, /botanical/).click();
    await page.getByRole('region', { name: 'Prudence avec ce message' }).waitFor();
    if (pictures) await page.screenshot({ path: `${pictures}/warnings-phone-fr.png` });
    await page.getByRole('button', { name: 'Se désabonner' }).click();
    await page.getByRole('dialog').getByText('liste.example.org').waitFor();
    if (pictures) await page.screenshot({ path: `${pictures}/unsubscribe-phone-fr.png` });
  });
});

describe('pictures of a sender', () => {
  it('are always shown once the person has said so, in every letter of theirs, until they take it back', async () => {
    const { page, server } = story;
    await row(page, /botanical/).click();
    await page.getByRole('button', { name: 'Always from lettre@jardin-des-sources.test' }).waitFor();
    if (pictures) await page.screenshot({ path: `${pictures}/pictures-wide.png` });
    await page.getByRole('button', { name: 'Always from lettre@jardin-des-sources.test' }).click();
    await until('the picture is asked for', () => server.pictures.length > 0);
    const address = 'lettre@jardin-des-sources.test';
    await until('the server keeps it', () => server.mail.choices?.picturesFrom[address] !== undefined);
    await page.reload();
    await row(page, /botanical/).click();
    await page.locator('iframe[src*="images=1"]').waitFor();
    await page.keyboard.press('Escape');
    await choose(page, 'Appearance', 'light');
    if (pictures) await page.screenshot({ path: `${pictures}/settings-wide.png` });
    await page.getByRole('button', { name: `Do not always show pictures from ${address}` }).click();
    await until('the server forgets it', () => server.mail.choices?.picturesFrom[address] === undefined);
  });

  it('are not shown by themselves where the sender may be another', async () => {
    const { page, server } = story;
    lettersAbout(server, /botanical/).told = suspicious;
    if (server.mail.choices)
      server.mail.choices.picturesFrom = { 'lettre@jardin-des-sources.test': '2026-11-30T06:00:00Z' };
    await page.reload();
    await row(page, /botanical/).click();
    await page.locator('iframe[src*="images=0"]').waitFor();
    await page.getByRole('button', { name: 'Show once' }).waitFor();
    expect(await page.getByRole('button', { name: /^Always from/ }).count()).toBe(0);
  });
});

describe('a list', () => {
  it('is left with one click, after a question that names the host', async () => {
    const { page, server } = story;
    const news = lettersAbout(server, /botanical/);
    news.told = { unsubscribe: { way: 'post', host: 'lists.example.org' } };
    await row(page, /botanical/).click();
    await page.getByRole('button', { name: 'Unsubscribe' }).click();
    const dialog = page.getByRole('dialog', { name: 'Unsubscribe from these letters?' });
    await dialog.getByText('Facteur tells lists.example.org').waitFor();
    expect(server.mail.unsubscribed).toEqual([]);
    await dialog.getByRole('button', { name: 'Unsubscribe' }).click();
    await page.getByText('You have unsubscribed.').waitFor();
    expect(server.mail.unsubscribed).toEqual([news.id]);
  });

  it('that refuses says so, and can be asked again', async () => {
    const { page, server } = story;
    lettersAbout(server, /botanical/).told = { unsubscribe: { way: 'post', host: 'lists.example.org' } };
    server.mail.unsubscribing = 'refused';
    await row(page, /botanical/).click();
    await page.getByRole('button', { name: 'Unsubscribe' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Unsubscribe' }).click();
    await page.getByText('lists.example.org did not accept it').waitFor();
    await page.getByRole('button', { name: 'Unsubscribe' }).waitFor();
  });

  it('is left by a letter that is seen before it goes, or at its page', async () => {
    const { page, server } = story;
    const news = lettersAbout(server, /botanical/);
    news.told = { unsubscribe: { way: 'mail', address: 'mailto:leave@lists.test?subject=leave%20me' } };
    await row(page, /botanical/).click();
    await page.getByRole('button', { name: 'Unsubscribe' }).click();
    await page.locator('.composer').getByText('leave@lists.test').waitFor();
    expect(await page.getByRole('textbox', { name: 'Subject' }).inputValue()).toBe('leave me');
    await letter(page).waitFor();
  });
});
