import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launch, logIn, open, serve } from '../browser';
import type { FakeServer } from '../fake/server';
import { makeWorld } from '../fake/world';
import { mailbox, views } from './access-views';
import { atRest, row } from './stories';

/**
 * If a person has chosen colours for everything (forced colours), the browser takes our own away, with shadows and
 * tints. Lines, system colours or another shape must then replace them.
 */

/** Returns the faults in the visible colours, one line a finding. Runs in the page. */
function faults(): string[] {
  const found = new Set<string>();
  const name = (one: Element) =>
    `${one.tagName.toLowerCase()}.${[...one.classList].filter((word) => !word.startsWith('svelte')).join('.')} ` +
    `“${(one.getAttribute('aria-label') ?? one.textContent ?? '').trim().slice(0, 40)}”`;
  const isClear = (colour: string) => colour === 'transparent' || /^rgba\(.*, 0\)$|\/ 0\)$/.test(colour);
  /** Returns the colour behind an element. */
  const ground = (one: Element | null): string => {
    for (let at = one; at; at = at.parentElement) {
      const { backgroundColor } = getComputedStyle(at);
      if (!isClear(backgroundColor)) return backgroundColor;
    }
    return getComputedStyle(document.documentElement).backgroundColor;
  };
  const open = [...document.querySelectorAll('dialog[open]')].at(-1);
  // An element over another one must show its edge, which no shadow does.
  for (const over of document.querySelectorAll(
    'dialog[open], [role=menu], [role=listbox], .composer, .notice',
  )) {
    const { borderTopWidth, borderTopColor, borderTopStyle, backgroundColor } = getComputedStyle(over);
    const isLine = borderTopStyle !== 'none' && parseFloat(borderTopWidth) > 0 && !isClear(borderTopColor);
    if (over.checkVisibility() && !(isLine && borderTopColor !== backgroundColor))
      found.add(`no line around what lies over something else: ${name(over)}`);
  }
  const all = [...(open ?? document.body).querySelectorAll<Element>('*')].filter(
    (one) =>
      one.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
      one.getClientRects().length > 0,
  );
  for (const one of all) {
    const style = getComputedStyle(one);
    const text = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim());
    if (text && !isClear(style.color) && style.color === ground(one))
      found.add(`text in the colour of its ground: ${name(one)}`);
    if (one instanceof SVGGeometryElement && !one.closest('img')) {
      const lines = [style.stroke, style.fill].filter((colour) => colour !== 'none' && !isClear(colour));
      // A shape that lies on a ground of its own drawing is another shape.
      const drawing = one.closest('svg');
      const seen = [...(drawing?.querySelectorAll('*') ?? [])].some((shape) => {
        const drawn = getComputedStyle(shape);
        return [drawn.stroke, drawn.fill].some(
          (colour) => colour !== 'none' && !isClear(colour) && colour !== ground(drawing),
        );
      });
      if (lines.length > 0 && !seen)
        found.add(`a picture in the colour of its ground: ${name(one.closest('button, a, li, div') ?? one)}`);
    }
    if (
      one instanceof HTMLInputElement ||
      one instanceof HTMLSelectElement ||
      one instanceof HTMLTextAreaElement
    ) {
      const boxed = one.closest('.box, .field, .search, search, [class*=field]') ?? one;
      const line = (box: Element) => {
        const { borderBottomWidth, borderBottomColor, borderBottomStyle } = getComputedStyle(box);
        return (
          borderBottomStyle !== 'none' &&
          parseFloat(borderBottomWidth) > 0 &&
          !isClear(borderBottomColor) &&
          borderBottomColor !== ground(box.parentElement)
        );
      };
      if (
        !/checkbox|radio|hidden|file/.test(one.type) &&
        ![one, boxed, one.parentElement].some((box) => box && line(box))
      )
        found.add(`a field without a line: ${name(one)} ${one.getAttribute('aria-label') ?? one.id}`);
    }
  }
  return [...found];
}

/**
 * Returns the look of an element for a person who does not see tints: its colours, lines and weight. Runs in the page.
 */
function look(one: Element): string {
  const style = getComputedStyle(one);
  const shapes = [...one.querySelectorAll('*')].filter((part) =>
    part.checkVisibility({ opacityProperty: true }),
  ).length;
  const { color, backgroundColor, fontWeight, outlineStyle, outlineColor, outlineWidth, textDecorationLine } =
    style;
  const border = ['Top', 'Right', 'Bottom', 'Left'].map((side) => [
    style.getPropertyValue(`border-${side.toLowerCase()}-width`),
    style.getPropertyValue(`border-${side.toLowerCase()}-color`),
  ]);
  const outline = outlineStyle === 'none' ? 'none' : [outlineStyle, outlineColor, outlineWidth];
  return JSON.stringify({ color, backgroundColor, fontWeight, outline, border, textDecorationLine, shapes });
}

/** Returns the elements that can have the focus and do not show it. Runs in the page. */
function unfocused(): string[] {
  const open = [...document.querySelectorAll('dialog[open]')].at(-1);
  const all = [
    ...(open ?? document.body).querySelectorAll<HTMLElement>(
      'button, a[href], input, select, textarea, [tabindex="0"], [contenteditable]',
    ),
  ].filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.hasAttribute('disabled'));
  const before = document.activeElement;
  const outlined = (one: Element, pseudo?: string) => {
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(one, pseudo);
    return (
      outlineStyle !== 'none' &&
      parseFloat(outlineWidth) >= 2 &&
      !/^rgba\(.*, 0\)$|\/ 0\)$/.test(outlineColor)
    );
  };
  const bad = all.filter((one) => {
    one.focus({ preventScroll: true, focusVisible: true } as FocusOptions);
    if (document.activeElement !== one) return false;
    const around: (Element | null)[] = [one, one.parentElement, one.parentElement?.parentElement ?? null];
    return !outlined(one, '::after') && !around.some((box) => box && outlined(box));
  });
  (before as HTMLElement | null)?.focus?.({ preventScroll: true });
  return bad.map(
    (one) =>
      `${one.tagName.toLowerCase()}.${one.className} ${one.getAttribute('aria-label') ?? one.textContent?.trim().slice(0, 40)}`,
  );
}

async function focusless(page: Page): Promise<string[]> {
  // Browsers show the focus to a person who used a key last.
  await page.keyboard.press('F8');
  return page.evaluate(unfocused);
}

/** Checks that two states look different from each other. */
async function differ(page: Page, what: string, one: string, other: string): Promise<void> {
  const [a, b] = await Promise.all(
    [one, other].map((selector) => page.locator(selector).first().evaluate(look)),
  );
  expect(a, `${what} looks like what is not`).not.toBe(b);
}

describe.each([
  ['light', false],
  ['dark', true],
])('with forced colours, %s', (_, dark) => {
  let browser: Browser;
  let server: FakeServer;
  let url: string;
  let context: BrowserContext;
  beforeEach(async () => {
    server.use(makeWorld(mailbox));
    context = await open(browser, { dark, forced: true });
  });
  afterEach(() => context.close());
  beforeAll(async () => {
    browser = await launch();
    ({ server, url } = await serve(mailbox));
  });
  afterAll(async () => {
    await browser.close();
    server.close();
  });

  it('everything is seen in every view, and the focus wherever it comes', { timeout: 240_000 }, async () => {
    const { page } = await logIn(context, url);
    for (const [view, show] of Object.entries(views)) {
      await show(page, url);
      await atRest(page);
      expect.soft([view, await page.evaluate(faults)]).toEqual([view, []]);
      // In an open list of choices the focus is the list's own.
      if (!/menu|later$|writing|notice/i.test(view))
        expect.soft([view, await focusless(page)]).toEqual([view, []]);
    }
  });

  it('what is chosen, open, unread, flagged, pressed or current looks different from what is not', async () => {
    const { page } = await logIn(context, url);
    await differ(page, 'an unread row', '.row.unread .who', '.row:not(.unread) .who');
    await differ(page, 'the folder one is in', 'nav a[aria-current]', 'nav a:not([aria-current])');
    await page.keyboard.press('x');
    await row(page, /botanical/).hover();
    await page.mouse.move(0, 0);
    await differ(page, 'a chosen row', '.row.chosen', '.row:not(.chosen)');
    expect(await page.locator('.row.chosen .avatar').first().isVisible(), 'letters under its mark').toBe(
      false,
    );
    await differ(page, 'its mark', '.row.chosen .choose button', '.row:not(.chosen) .choose button');
    await page.keyboard.press('Escape');
    await row(page, /summer house/).click();
    await page.locator('.row.open').waitFor();
    await differ(page, 'the open row', '.row.open', '.row:not(.open)');
    await page.keyboard.press('c');
    await page.locator('.composer [contenteditable]').click();
    await page.getByRole('button', { name: 'Bold' }).click();
    await differ(page, 'a pressed button', '.composer [aria-pressed=true]', '.composer [aria-pressed=false]');
  });
});
