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

/** Delivers a letter in HTML, and opens it. */
async function shown(page: Page, html: string, subject = 'Shown whole'): Promise<void> {
  const { server } = story;
  server.deliver({ name: 'Tom', email: 'tom@whitfield.test' }, subject, 'plain', html);
  await row(page, new RegExp(subject)).click();
  await page.locator('iframe').waitFor();
}

/** Returns the size of the part of a letter that the edges of its frame hide, in pixels. */
function overflow(frame: SVGElement | HTMLElement): { below: number; beside: number } {
  const root = (frame as HTMLIFrameElement).contentDocument?.documentElement;
  if (!root) throw new Error('the letter cannot be looked at');
  return { below: root.scrollHeight - root.clientHeight, beside: root.scrollWidth - root.clientWidth };
}

async function heights(page: Page): Promise<number[]> {
  return page.locator('iframe').evaluateAll((frames) => frames.map((frame) => frame.clientHeight));
}

const story = tell({ letters: 100 });

describe('letters in HTML', () => {
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

  it('have room for each picture when it comes, and a bar only to go sideways', async () => {
    const { page } = story;
    await shown(page, `<p>Look:</p><img alt="the wall" src="https://pictures.test/wall.png" height="200">`);
    await until('its words have their height', async () => ((await heights(page))[0] ?? 999) < 120);
    expect(await page.frameLocator('iframe').locator('img').getAttribute('alt')).toBe('the wall');
    await page.getByRole('button', { name: 'Show once' }).click();
    await until('and the picture', async () => ((await heights(page))[0] ?? 0) > 220);
    expect(await page.getByRole('button', { name: 'Show once' }).count()).toBe(0);
    expect(await page.locator('iframe').evaluate(overflow)).toEqual({ below: 0, beside: 0 });
  });

  it('scroll sideways where a table is wide, and break no word', async () => {
    const { page } = story;
    const cells = Array.from({ length: 30 }, (_, n) => `<td>Department${n}</td>`).join('');
    await shown(page, `<p>The figures:</p><table border="1"><tr>${cells}</tr></table>`);
    await until('it is there', async () => (await page.locator('iframe').evaluate(overflow)).beside > 500);
    expect((await page.locator('iframe').evaluate(overflow)).below).toBe(0);
    const cell = await page.frameLocator('iframe').getByText('Department7', { exact: true }).boundingBox();
    expect(cell?.height).toBeLessThan(40);
  });

  it('do not grow with the frame that grows with them', async () => {
    const { page } = story;
    const style = 'html,body{height:100%!important;min-height:100%}body{padding:30px!important}';
    const media = '@media (min-height:300px){.a{display:none}}@media (orientation:portrait){.b{height:9px}}';
    await shown(page, `<style>${style}${media}</style><p class="a">One</p><p class="b">Two</p>`);
    await until('it is measured', async () => ((await heights(page))[0] ?? 999) < 250);
    await page.clock.runFor(2_000);
    const [once] = await heights(page);
    await page.clock.runFor(2_000);
    expect(once).toBeLessThan(250);
    expect((await heights(page))[0]).toBe(once);
  });

  it('say nothing of pictures where there are none', async () => {
    const { page } = story;
    await openWall(page);
    expect(await page.getByRole('button', { name: 'Show once' }).count()).toBe(0);
  });

  it('can have the whole window, and give it back', async () => {
    const { page } = story;
    await row(page, /botanical/).click();
    await page.frameLocator('iframe').getByText('Plan your visit').waitFor();
    await page.keyboard.press('b');
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
