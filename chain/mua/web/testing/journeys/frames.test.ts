import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { row, tell, until } from './stories';

/** Opens the conversation in HTML: a long letter, and two of a few words. */
async function openWall(page: Page): Promise<void> {
  await row(page, /Tom, Me, Re: The garden wall/).click();
  await page.locator('article .fold').first().waitFor();
  for (const index of [1, 0]) await page.locator('article .fold').nth(index).click();
  await until('three frames are there', async () => (await page.locator('iframe').count()) === 3);
}

async function heights(page: Page): Promise<number[]> {
  return page.locator('iframe').evaluateAll((frames) => frames.map((frame) => frame.clientHeight));
}

describe('letters in HTML', () => {
  const story = tell({ letters: 100 });

  it('are as tall as what they say, so that a conversation is one page', async () => {
    const { page } = story;
    await openWall(page);
    await until('each has its height', async () => {
      const [first = 0, second = 0, third = 0] = await heights(page);
      return first > 600 && second < 90 && third < 130;
    });
    const scroll = page.locator('section.reading .scroll');
    await page.locator('iframe').first().hover();
    await page.mouse.wheel(0, 400);
    await until(
      'the wheel over a letter moves the conversation',
      async () => (await scroll.evaluate((all) => all.scrollTop)) > 300,
    );
    const [header, pane] = [
      await page.locator('article.open header').first().boundingBox(),
      await scroll.boundingBox(),
    ];
    expect(Math.abs((header?.y ?? 0) - (pane?.y ?? 99))).toBeLessThan(2);
    const reply = page.getByRole('article').first().getByRole('button', { name: 'Reply' });
    const box = await reply.boundingBox();
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThan(900);
  });

  it('are measured anew in another width', async () => {
    const { page } = story;
    await openWall(page);
    await until('it is measured', async () => ((await heights(page))[0] ?? 0) > 600);
    const [before = 0] = await heights(page);
    await page.setViewportSize({ width: 720, height: 900 });
    await page.clock.runFor(1_000);
    await until('it is taller', async () => ((await heights(page))[0] ?? 0) > before + 40);
  });

  it('say nothing of pictures where there are none', async () => {
    const { page } = story;
    await openWall(page);
    expect(await page.getByRole('button', { name: 'Show pictures' }).count()).toBe(0);
  });

  it('can have the whole window, and give it back', async () => {
    const { page } = story;
    await row(page, /botanical/).click();
    await page.frameLocator('iframe').getByText('Plan your visit').waitFor();
    await page.keyboard.press('l');
    await until('the list is gone', async () => !(await page.getByRole('grid').isVisible()));
    await page.keyboard.press('Escape');
    await until('it is back, and the letter still open', () => page.getByRole('grid').isVisible());
    await page.getByRole('heading', { name: /botanical/ }).waitFor();
    await page.getByRole('button', { name: 'Read in the whole window' }).click();
    await page.getByRole('button', { name: 'Read beside the list' }).click();
    await until('it is back', () => page.getByRole('grid').isVisible());
  });
});

describe('on paper', () => {
  const story = tell({ letters: 100 }, { dark: true });

  it('there is the conversation alone, in ink on white', async () => {
    const { page } = story;
    await row(page, /botanical/).click();
    await until('the letter is there', async () => ((await heights(page))[0] ?? 0) > 300);
    await page.emulateMedia({ media: 'print' });
    await page.getByRole('heading', { name: /botanical/ }).waitFor();
    await page.frameLocator('iframe').getByText('Plan your visit').waitFor();
    for (const gone of ['[role=grid]', '.sidebar', 'section.reading [role=toolbar]', 'article .answer'])
      expect([gone, await page.locator(gone).first().isVisible()]).toEqual([gone, false]);
    const ink = await page.locator('h1#subject').evaluate((title) => getComputedStyle(title).color);
    expect(ink).toBe('rgb(30, 29, 26)');
  });
});

describe('in a browser that does not ask letters how tall they are', () => {
  const story = tell({ letters: 100 }, {}, '--disable-features=ResponsiveIframes');

  it('the height is guessed: no tall empty frame for a few words', async () => {
    const { page } = story;
    expect(await page.evaluate(() => CSS.supports('frame-sizing', 'content-height'))).toBe(false);
    await openWall(page);
    const [first = 0, second = 0, third = 0] = await heights(page);
    expect(first).toBeGreaterThan(400);
    expect(second).toBeLessThan(110);
    expect(third).toBeLessThan(150);
  });

  it('a long letter alone fills the pane and scrolls inside', async () => {
    const { page } = story;
    await row(page, /botanical/).click();
    await page.frameLocator('iframe').getByText('Plan your visit').waitFor();
    const pane = await page.locator('section.reading').boundingBox();
    const frame = await page.locator('iframe').boundingBox();
    expect(frame?.height).toBeGreaterThan(380);
    expect((frame?.y ?? 0) + (frame?.height ?? 0)).toBeLessThan((pane?.y ?? 0) + (pane?.height ?? 0));
  });
});
