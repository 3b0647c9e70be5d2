import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { pages } from '../browser';
import { choose, row, tell } from './stories';

/** The most octets that a browser with an empty cache loads until letters are seen. */
const most = 100_000;

const packed = (name: string) => gzipSync(readFileSync(join(pages, name)), { level: 9 }).length;
const assets = readdirSync(join(pages, 'assets')).map((name) => `assets/${name}`);

describe('until the first letters are seen', () => {
  it('no more than 100 kB come', () => {
    const page = readFileSync(join(pages, 'index.html'), 'utf8');
    const named = [...page.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].flatMap(([, name]) => name ?? []);
    const scripts = named.filter((name) => name.endsWith('.js'));
    const styles = named.filter((name) => name.endsWith('.css'));
    expect([scripts.length > 1, styles.length > 0]).toEqual([true, true]);
    const texts = assets.filter((name) => /^assets\/(en|fr)-.+\.js$/.test(name));
    expect(texts.length).toBe(2);
    const weight = ['index.html', ...named].reduce((sum, name) => sum + packed(name), 0);
    expect(weight + Math.max(...texts.map(packed))).toBeLessThanOrEqual(most);
  });
});

describe('what comes behind them, where it does not come, is said and asked for again', () => {
  const story = tell({ letters: 30 });

  /** Opens the pages anew on a line on which these files do not come; returns a function that mends it. */
  async function without(...names: string[]): Promise<() => Promise<void>> {
    const { page } = story;
    const addresses = names.map((name) => `**/assets/${name}-*.js`);
    for (const address of addresses) await page.route(address, (route) => route.abort());
    await page.reload();
    return async () => {
      for (const address of addresses) await page.unroute(address);
    };
  }

  it('a language, where the one before stays', async () => {
    const { page } = story;
    const mend = await without('fr');
    await choose(page, 'Language', 'Français');
    await page.getByText('This language could not be loaded').waitFor();
    const settings = page.getByRole('dialog', { name: 'Settings' });
    expect(await settings.getByLabel('Language').inputValue()).toBe('en');
    expect(await page.locator('html').getAttribute('lang')).toBe('en');
    await mend();
    await settings.getByLabel('Language').selectOption('Français');
    await page.getByRole('dialog', { name: 'Réglages' }).waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('fr');
    await page.reload();
    await page.getByRole('button', { name: 'Écrire', exact: true }).waitFor();
  });

  it('the language that is wanted first, where the other is shown', async () => {
    const { page } = story;
    await without('en');
    await page.getByRole('button', { name: 'Écrire', exact: true }).waitFor();
  });

  it('a letter', async () => {
    const { page } = story;
    const mend = await without('Letter');
    await row(page, /botanical/).click();
    await page.getByRole('heading', { name: 'This cannot be shown now' }).waitFor();
    await mend();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('article').last().waitFor();
    expect(await page.getByRole('heading', { name: 'This cannot be shown now' }).count()).toBe(0);
  });

  it('a dialog', async () => {
    const { page } = story;
    const mend = await without('Seldom');
    await row(page, /botanical/).waitFor();
    await page.keyboard.press('?');
    const failed = page.getByRole('dialog', { name: 'This cannot be shown now' });
    await failed.waitFor();
    await page.keyboard.press('Escape');
    await failed.waitFor({ state: 'detached' });
    await mend();
    await page.keyboard.press('?');
    await page.getByRole('dialog').getByRole('heading').first().waitFor();
    expect(await failed.count()).toBe(0);
  });

  it.each([[['begin']], [['en', 'fr']]])('the pages: %s', async (names) => {
    const { page } = story;
    await without(...names);
    await page.getByText('The pages could not be loaded.').waitFor();
    await page.getByText('Les pages n’ont pas pu être chargées.').waitFor();
  });
});
