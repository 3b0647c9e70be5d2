import { describe, expect, it } from 'vitest';
import { letter, row, tell, until } from './stories';

const story = tell({ letters: 100 }, { width: 390, height: 844, touch: true });

describe('on a phone', () => {
  it('a letter slides over the list, and "back" slides it away', async () => {
    const { page } = story;
    await row(page, /summer house/).tap();
    await letter(page).getByText('ninety centimetres then').waitFor();
    await until('the list is gone', async () => !(await page.getByRole('grid').isVisible()));
    await page.goBack();
    await until('the list is back', () => page.getByRole('grid').isVisible());
  });

  it('what is done most is within reach of the thumb, and the list comes back after it', async () => {
    const { page } = story;
    await row(page, /botanical/).tap();
    const archive = page.getByRole('toolbar').getByRole('button', { name: 'Archive' });
    const box = await archive.boundingBox();
    expect(box?.y).toBeGreaterThan(780);
    expect(box?.height).toBeGreaterThanOrEqual(44);
    await archive.tap();
    await until('the list is back', () => page.getByRole('grid').isVisible());
    await page.getByText('Conversation archived').waitFor();
  });

  it('the folders are in a drawer', async () => {
    const { page } = story;
    await page.getByRole('button', { name: 'Folders' }).tap();
    await page.getByRole('dialog', { name: 'Folders' }).getByRole('button', { name: /^Sent/ }).tap();
    await page.getByRole('heading', { name: 'Sent' }).waitFor();
    expect(await page.getByRole('dialog').count()).toBe(0);
  });

  it('nothing is wider than the screen', async () => {
    const { page, url } = story;
    for (const place of ['#/inbox', '#/search/drawing', '#/search/']) {
      await page.goto(`${url}/${place}`);
      await page.waitForTimeout(200);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    }
  });
});
