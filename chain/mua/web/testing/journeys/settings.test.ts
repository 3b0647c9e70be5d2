import { describe, expect, it } from 'vitest';
import { logIn, open } from '../browser';
import { choose, row, tell, until } from './stories';

const story = tell({ letters: 60 });

describe('settings', () => {
  it('chosen in one browser show in one that is open and in one that comes later', async () => {
    const { page, server, url, context } = story;
    const browser = context.browser();
    if (!browser) throw new Error('no browser');
    const elsewhere = await open(browser);
    const other = await logIn(elsewhere, url);
    await choose(page, 'Language', 'fr');
    await page.getByRole('dialog', { name: 'Réglages' }).waitFor();
    await until('the server knows', () => server.mail.choices?.language === 'fr');
    await other.page.locator('html[lang=fr]').waitFor();
    const later = await open(browser);
    const third = await logIn(later, url);
    await third.page.locator('html[lang=fr]').waitFor();
    await row(third.page, /summer house/).waitFor();
    expect([...other.problems, ...third.problems]).toEqual([]);
    await later.close();
    await elsewhere.close();
  });

  it('are there at the first paint, and come with the first request', async () => {
    const { page, server } = story;
    await choose(page, 'Appearance', 'dark');
    await until('the server knows', () => server.mail.choices?.theme === 'dark');
    const before = server.asked.length;
    await page.reload({ waitUntil: 'commit' });
    await page.locator('html[data-theme=dark]').waitFor();
    await row(page, /summer house/).waitFor();
    expect(server.asked[before]).toContain('Preferences/get');
  });

  it('chosen while the server is away are kept, and brought to it when it is back', async () => {
    const { page, server } = story;
    server.setUp(false);
    await choose(page, 'Appearance', 'dark');
    await page.keyboard.press('Escape');
    await page.getByText('No connection').first().waitFor();
    expect(server.mail.choices?.theme).toBe(null);
    server.setUp(true);
    await until('the server knows', async () => {
      await page.clock.fastForward(6_000);
      return server.mail.choices?.theme === 'dark';
    });
  });
});
