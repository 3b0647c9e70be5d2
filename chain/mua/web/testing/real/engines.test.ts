import type { Browser, Page } from 'puppeteer-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../journeys/stories';
import { enter, start } from '../puppeteer';
import { WebKit } from '../webkit';
import { type Demo, door, startDemo } from './demo';
import { deliver } from './smtp';

/** Shows letters by the program itself, in the engines that are not Chromium. */

const subject = 'A picture as tall as a hand';
let demo: Demo;

beforeAll(async () => {
  demo = await startDemo();
  await deliver(door(demo.alpha, 'smtp'), 'eve@evil.test', alice().address, letter(alice().address));
});
afterAll(() => demo?.stop());

function alice() {
  const [who] = demo.alpha.people;
  if (!who) throw new Error('nobody lives there');
  return who;
}

/** Writes a letter with a picture of 200 pixels, which also tries to pass for another file. */
function letter(to: string): Buffer {
  const png =
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
  return Buffer.from(
    [
      'From: Eve <eve@evil.test>',
      `To: ${to}`,
      `Subject: ${subject}`,
      'Message-ID: <tall@evil.test>',
      'Date: Mon, 30 Nov 2026 09:00:00 +0000',
      'MIME-Version: 1.0',
      'Content-Type: multipart/related; boundary=b',
      '',
      '--b',
      'Content-Type: text/html; charset=utf-8',
      '',
      '<p>Look:</p><img src="cid:hand@evil.test" width="200" height="200" alt="A hand">',
      '<script>document.title = "owned"</script>',
      '<img src="x" onerror="parent.document.title = \'owned\'">',
      '--b',
      'Content-Type: image/png',
      'Content-ID: <hand@evil.test>',
      'Content-Transfer-Encoding: base64',
      '',
      png,
      '--b--',
      '',
    ].join('\r\n'),
  );
}

interface Seen {
  picture: number;
  frame: number;
  whole: number;
}

/** Runs in the page: returns the pixels of the picture, of the frame around the letter, and of everything in it. */
function seen(): Seen | null {
  const frame = document.querySelector<HTMLIFrameElement>('article.open iframe');
  const inside = frame?.contentDocument;
  const picture = inside?.querySelector('img[alt="A hand"]');
  if (!frame || !inside || !picture || inside.readyState !== 'complete') return null;
  // Its height is known once it was measured.
  if (inside.documentElement.style.length === 0) return null;
  return {
    picture: picture.getBoundingClientRect().bottom,
    frame: frame.clientHeight,
    whole: inside.documentElement.scrollHeight,
  };
}

function expectWhole({ picture, frame, whole }: Seen): void {
  expect(picture).toBeGreaterThan(200);
  expect(frame).toBeGreaterThanOrEqual(Math.floor(picture));
  expect(whole - frame).toBeLessThanOrEqual(1);
}

describe.each([
  ['at a desk', { french: false, narrow: false }],
  ['in French, on a telephone', { french: true, narrow: true }],
] as const)('Firefox, %s', (_, look) => {
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    browser = await start('firefox', look);
    page = await enter(browser, demo.alpha.web, alice().address, alice().password);
  });
  afterAll(() => browser?.close());
  afterEach(async () => expect(await page.title()).not.toBe('owned'));

  const open = async () => {
    await (await page.waitForSelector(`[role=row][aria-label*="${subject}"]`))?.click();
    await page.waitForSelector('article.open .answer');
  };

  it('a letter is as tall as it is', async () => {
    await open();
    await page.waitForFunction(seen);
    const found = await page.evaluate(seen);
    expect(found && expectWhole(found)).toBeUndefined();
    expect(found).not.toBeNull();
  });
});

it('WebKit: a letter is as tall as it is, and no script in it runs', async () => {
  const browser = await WebKit.start();
  try {
    await browser.open(demo.alpha.web);
    await browser.type('input[name=name]', alice().address);
    await browser.type('input[name=password]', alice().password);
    await browser.click('button[type=submit]');
    await browser.click(`[role=row][aria-label*="${subject}"]`);
    let found: Seen | null = null;
    await until('the letter is laid out', async () => {
      found = await browser.run(seen);
      return found !== null;
    });
    expectWhole(found ?? { picture: 0, frame: 0, whole: 0 });
    const title = () => browser.run(() => document.title);
    expect(await title()).not.toBe('owned');
    const alone = await browser.run(() => document.querySelector('article.open iframe')?.getAttribute('src'));
    await browser.open(new URL(alone ?? '', demo.alpha.web).href);
    await until('it is there by itself', () =>
      browser.run(() => document.querySelector('img[alt="A hand"]') !== null),
    );
    expect(await title()).not.toBe('owned');
  } finally {
    await browser.close();
  }
});
