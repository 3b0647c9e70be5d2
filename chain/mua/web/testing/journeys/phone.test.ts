import type { Locator, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { atRest, letter, row, tell, until } from './stories';

const story = tell({ letters: 100 }, { width: 390, height: 844, touch: true });

/** Moves a finger over an element, with the events of the browser itself, by `across` and `along` pixels. */
async function swipe(
  page: Page,
  over: Locator,
  across: number,
  halfway: () => Promise<void> = async () => {},
  along = 0,
): Promise<void> {
  const box = await over.boundingBox();
  const [x, y] = [(box?.x ?? 0) + 190, (box?.y ?? 0) + 40];
  const client = await page.context().newCDPSession(page);
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', part: number) =>
    client.send('Input.dispatchTouchEvent', {
      type,
      touchPoints: type === 'touchEnd' ? [] : [{ x: x + across * part, y: y + along * part }],
    });
  await touch('touchStart', 0);
  for (let step = 1; step <= 10; step += 1) await touch('touchMove', step / 10);
  await halfway();
  await touch('touchEnd', 1);
  await client.detach();
}

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
    await page.getByRole('dialog', { name: 'Folders' }).getByRole('link', { name: /^Sent/ }).tap();
    await page.getByRole('heading', { name: 'Sent' }).waitFor();
    expect(await page.getByRole('dialog').count()).toBe(0);
  });

  it('a finger sideways over a row archives it or marks it, shows so on the way, and can be taken back', async () => {
    const { page, server } = story;
    const inbox = server.mail.folderOf('inbox').id;
    const letters = () => [...server.mail.letters.values()].filter((one) => /botanical/.test(one.subject));
    await swipe(page, row(page, /botanical/), 60);
    expect(letters()[0]?.keywords.has('$seen')).toBe(false);

    await swipe(page, row(page, /botanical/), 160, async () => {
      await row(page, /botanical/)
        .getByText('Read', { exact: true })
        .waitFor();
    });
    await page.getByText('Marked as read').waitFor();
    await until('the server knows', () => letters()[0]?.keywords.has('$seen') === true);
    expect(await page.locator('article').count()).toBe(0);

    await swipe(page, row(page, /botanical/), -160, async () => {
      await row(page, /botanical/)
        .getByText('Archive')
        .first()
        .waitFor();
    });
    await page.clock.runFor(400);
    await page.getByText('Conversation archived').waitFor();
    await until('it is archived', () => !letters()[0]?.folders.has(inbox));
    await page.getByRole('button', { name: 'Undo' }).last().click();
    await row(page, /botanical/).waitFor();
    await until('it is back', () => letters()[0]?.folders.has(inbox) === true);
  });

  it('a finger downwards scrolls, and moves no row', async () => {
    const { page } = story;
    const scroller = page.getByRole('grid').locator('> div');
    await swipe(page, page.getByRole('row').nth(5), 20, undefined, -300);
    await until('the list scrolled', async () => (await scroller.evaluate((all) => all.scrollTop)) > 150);
    expect(await page.locator('.notice').count()).toBe(0);
  });

  it('goes on to the next conversation without the list', async () => {
    const { page } = story;
    await row(page, /summer house/).tap();
    await letter(page).getByText('ninety centimetres then').waitFor();
    await page.getByRole('button', { name: 'Older conversation' }).tap();
    await page.getByRole('heading', { name: /botanical/ }).waitFor();
  });

  it('nothing is wider than the screen', async () => {
    const { page, url } = story;
    for (const place of ['#/inbox', '#/search/drawing', '#/search/']) {
      await page.goto(`${url}/${place}`);
      await page.locator('[role=row] .who, .start').first().waitFor();
      await atRest(page);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    }
  });
});
