import type { Browser, CDPSession, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../journeys/stories';
import { enter, type Kind, start } from '../puppeteer';
import { type Demo, door, startDemo } from './demo';
import { type Found, isLaidOut, letterIds } from './found';
import { heavy, heavyTexts } from './heavy';
import { written } from './hostile';
import { deliver } from './smtp';

/**
 * No letter holds the pages for long, whatever it contains: a browser lays it out in the thread in which they answer to
 * keys and clicks. The limit is the same for each kind. On an idle machine all stay below a second; on a busy one, a
 * letter of the usual size gives the measure.
 */

const patience = 120_000;
/** Milliseconds of the thread's own time, in Chromium, which tells it. */
const mostOwn = 4_000;
/**
 * The milliseconds between two answers of the page, and the factor against the usual letter, unless a letter states
 * others.
 */
const [quick, slower] = [8_000, 12];
/** The test takes some minutes, and so is for `cargo xtask soak pages`. */
const long = process.env.FACTEUR_LONG === '1';
const usual = 'a letter of the usual size';
const letters = [
  { name: usual, header: ['Content-Type: text/html'], body: Buffer.from('<p>Hello</p>\r\n'.repeat(200)) },
  ...heavy(),
  ...heavyTexts(),
];

describe.runIf(long).each<Kind>(['chrome', 'firefox'])('a letter holds no page for long, in %s', (kind) => {
  let demo: Demo;
  let browser: Browser;
  let page: Page;
  let session: CDPSession | undefined;
  let found: Map<string, Found>;
  let usualGap = 0;

  beforeAll(async () => {
    demo = await startDemo();
    const [alice] = demo.alpha.people;
    if (!alice) throw new Error('nobody lives there');
    for (const letter of letters)
      await deliver(door(demo.alpha, 'smtp'), 'eve@evil.test', alice.address, written(letter, alice.address));
    browser = await start(kind);
    page = await enter(browser, demo.alpha.web, alice.address, alice.password);
    await page.evaluate(listen);
    if (kind === 'chrome') {
      session = await page.createCDPSession();
      await session.send('Performance.enable', { timeDomain: 'threadTicks' });
    }
    await until('all letters are there', async () => {
      found = await letterIds(page);
      return letters.every(({ name }) => found.has(name));
    });
  });
  afterAll(async () => {
    await browser?.close();
    await demo?.stop();
  });

  it.each(letters.map(({ name }) => name))('%s', { timeout: 2 * patience }, async (name) => {
    const own = await ownTime(session);
    await page.evaluate(() => ((window as unknown as Gaps).longestGap = 0));
    await page.evaluate((thread) => (location.hash = `/inbox/${thread}`), found.get(name)?.threadId ?? '');
    await page.waitForFunction(isOpen, { timeout: patience }, found.get(name)?.id ?? '');
    if ((await page.$('article.open iframe')) !== null)
      await page.waitForFunction(isLaidOut, { timeout: patience });
    await page.evaluate(
      () => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))),
    );
    const gap = await page.evaluate(() => (window as unknown as Gaps).longestGap);
    if (name === usual) usualGap = gap;
    const spent = (await ownTime(session)) - own;
    console.log(
      `${kind}: ${name}: ${Math.round(gap)} ms between two answers, ${Math.round(spent)} ms of its own`,
    );
    if (session) expect(spent).toBeLessThan(mostOwn);
    else expect(gap).toBeLessThan(Math.max(quick, slower * usualGap));
  });

  it('and all parts of a long one can be reached', async () => {
    const { id } = found.get('a word without end') ?? {};
    const part = async (n: number) => {
      const answer = await fetchText(page, `/letter/${id}/view?images=0&language=en&part=${n}`);
      return { text: answer.replace(/<[^>]*>/g, ''), said: /This is part (\d+) of (\d+)/.exec(answer) };
    };
    const first = await part(1);
    const of = Number(first.said?.[2]);
    expect(of).toBeGreaterThan(1);
    let letter = 0;
    for (let n = 1; n <= of; n += 1) letter += (await part(n)).text.match(/a{20,}/g)?.join('').length ?? 0;
    expect(letter).toBe(3 << 20);
  });
});

interface Gaps {
  longestGap: number;
}

/** Runs in the page: notes how long the page does not answer. */
function listen(): void {
  const gaps = window as unknown as Gaps;
  gaps.longestGap = 0;
  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    gaps.longestGap = Math.max(gaps.longestGap, now - last);
    last = now;
  }, 10);
}

/** Runs in the page: returns true if this letter is open and can be answered. */
function isOpen(id: string): boolean {
  return document.querySelector(`article.open[data-letter="${id}"] .answer`) !== null;
}

/** Returns the milliseconds that the thread of the page has worked. */
async function ownTime(session: CDPSession | undefined): Promise<number> {
  const { metrics = [] } = (await session?.send('Performance.getMetrics')) ?? {};
  return 1_000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0);
}

function fetchText(page: Page, address: string): Promise<string> {
  return page.evaluate(async (at) => (await fetch(at)).text(), address);
}
