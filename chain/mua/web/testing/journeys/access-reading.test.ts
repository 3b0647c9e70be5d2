import { describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { letter, row, tell, until } from './stories';

describe('a letter is come to by the keyboard', () => {
  const story = tell({ letters: 100 });
  const focused = () =>
    story.page.evaluate(() => {
      const now = document.activeElement;
      const about = document.getElementById(now?.getAttribute('aria-describedby') ?? '');
      return { id: now?.id ?? '', says: now?.textContent?.trim() ?? '', about: about?.textContent ?? '' };
    });

  it('Enter leads to its subject, which says from whom and when it is, and back leads to the row', async () => {
    const { page } = story;
    await page.locator('[data-position="0"]').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await until('the subject has the focus', async () => (await focused()).id === 'subject');
    const first = await focused();
    expect(first.says).toBe('Autumn at the botanical garden');
    expect(first.about).toMatch(/^Jardin des Sources, .*\d{4}/);
    await page.keyboard.press('k');
    await until('the next subject has it', async () => /summer house/.test((await focused()).says));
    expect((await focused()).about).toMatch(/^Claire Fontaine/);
    await page.keyboard.press('Escape');
    await until('the row has the focus again', () =>
      page.evaluate(() => document.activeElement?.getAttribute('data-position') === '0'),
    );
  });

  it('a click leaves the focus where it is, so that the arrows go on through the list', async () => {
    const { page } = story;
    await row(page, /summer house/).click();
    await letter(page).getByText('ninety centimetres then').waitFor();
    expect(await page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('row');
  });

  it('a folder is a link: a plain click stays here, a new tab is the browser’s', async () => {
    const { page, context } = story;
    const archive = page.getByRole('link', { name: /^Archive/ });
    expect(await archive.getAttribute('href')).toBe('#/archive');
    const [tab] = await Promise.all([
      context.waitForEvent('page'),
      archive.click({ modifiers: ['ControlOrMeta'] }),
    ]);
    await tab.getByRole('heading', { level: 1, name: 'Archive' }).waitFor();
    await tab.close();
    await page.getByRole('heading', { level: 1, name: 'Inbox' }).waitFor();
    await archive.click();
    await page.getByRole('heading', { level: 1, name: 'Archive' }).waitFor();
    expect(await archive.getAttribute('aria-current')).toBe('page');
  });
});

describe.each([
  ['enlarged twice', { width: 640, height: 360 }],
  ['on a low laptop', { width: 1366, height: 600 }],
])('%s', (_, look) => {
  const story = tell({ letters: 100 }, look);

  it('what stays in its place takes no more than a quarter of the height', async () => {
    const { page } = story;
    expect(await taken(page, '[role=grid] > div')).toBeLessThanOrEqual(0.25);
    await row(page, /summer house/).click();
    await letter(page).getByText('ninety centimetres then').waitFor();
    expect(await taken(page, '.reading .scroll')).toBeLessThanOrEqual(0.25);
  });
});

/** Returns the part of the window's height that is not the scroller, or does not scroll along inside it. */
function taken(page: Page, scroller: string): Promise<number> {
  return page.evaluate((selector) => {
    const box = document.querySelector<HTMLElement>(selector);
    if (!box) return 1;
    const { top, bottom } = box.getBoundingClientRect();
    const stuck = [...document.querySelectorAll<HTMLElement>('.reading *, .panes *')].filter(
      (one) =>
        /sticky|fixed/.test(getComputedStyle(one).position) &&
        one.checkVisibility() &&
        one.getBoundingClientRect().width > box.clientWidth / 2 &&
        (box.contains(one) || one.getBoundingClientRect().top > top),
    );
    const lost = stuck.reduce((sum, one) => sum + one.getBoundingClientRect().height, 0);
    return (innerHeight - (Math.min(bottom, innerHeight) - top) + lost) / innerHeight;
  }, scroller);
}
