import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../journeys/stories';
import { enter, type Kind, start } from '../puppeteer';
import { type Demo, door, startDemo } from './demo';
import { type Found, isLaidOut, letterIds } from './found';
import { collection, type Hostile, written } from './hostile';
import { deliver } from './smtp';

/**
 * Opens each letter in the pages and as a page of its own, with pictures, in each engine: none may run or call home.
 */

const patience = 60_000;
/** Letters that cost a browser much and have no other way out are for `cargo xtask soak`. */
const all = process.env.FACTEUR_LONG === '1';
const isLong = (letter: Hostile) => letter.body.length > 4_000_000;
const chosen = (letters: Hostile[]) => letters.filter((letter) => all || !isLong(letter));

describe.each<Kind>(['chrome', 'firefox'])('letters that mean harm, in %s', (kind) => {
  let demo: Demo;
  let browser: Browser;
  let page: Page;
  let home: Server;
  let letters: Hostile[];
  let found: Map<string, Found>;
  const asked: string[] = [];

  beforeAll(async () => {
    home = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end('owned');
    });
    await new Promise<void>((done) => home.listen(0, '127.0.0.1', done));
    letters = chosen(collection(`http://127.0.0.1:${(home.address() as AddressInfo).port}`));
    demo = await startDemo();
    const [alice] = demo.alpha.people;
    if (!alice) throw new Error('nobody lives there');
    for (const letter of letters)
      await deliver(door(demo.alpha, 'smtp'), 'eve@evil.test', alice.address, written(letter, alice.address));
    browser = await start(kind);
    page = await enter(browser, demo.alpha.web, alice.address, alice.password);
    await until('all letters are there', async () => {
      found = await letterIds(page);
      return letters.every(({ name }) => [...found.keys()].some((subject) => subject.startsWith(name)));
    });
  });
  afterAll(async () => {
    await browser?.close();
    await demo?.stop();
    home?.close();
  });

  const names = chosen(collection('')).map((letter) => letter.name);
  it.each(names)('%s', async (name) => {
    const [, { id, threadId } = { id: '', threadId: '' }] =
      [...found].find(([subject]) => subject.startsWith(name)) ?? [];
    await page.goto(new URL(`/#/inbox/${threadId}`, demo.alpha.web).href);
    await page.waitForSelector('article.open .answer', { timeout: patience });
    const isFramed = (await page.$('article.open iframe')) !== null;
    if (isFramed) {
      await page.waitForFunction(isLaidOut, { timeout: patience });
      expect(await page.evaluate(remainsInFrame)).toEqual([]);
      expect(await page.evaluate(hiddenBelow)).toBeLessThanOrEqual(1);
    }
    // The title may hold the subject, which may hold the word.
    expect(await page.title()).not.toBe('owned');

    const alone = await browser.newPage();
    const answer = await alone.goto(new URL(`/letter/${id}/view?images=1`, demo.alpha.web).href, {
      timeout: patience,
    });
    expect(answer?.status()).toBe(200);
    expect(await alone.title()).not.toBe('owned');
    expect(new URL(alone.url()).origin).toBe(new URL(demo.alpha.web).origin);
    await alone.close();
    expect(asked).toEqual([]);
  });
});

/** Runs in the page: returns the parts of the letter that could do something. */
function remainsInFrame(): string[] {
  const letter = document.querySelector<HTMLIFrameElement>('article.open iframe')?.contentDocument;
  if (!letter) return ['it cannot be looked at'];
  const bad =
    'script,iframe,frame,object,embed,applet,form,input,button,select,textarea,svg,math,link,audio,video,template,dialog,meta[http-equiv],base[href]';
  const left = [...letter.querySelectorAll(bad)].map((one) => one.outerHTML.slice(0, 120));
  for (const one of letter.querySelectorAll('*'))
    for (const { name, value } of one.attributes)
      if (name.startsWith('on') || /^\s*(javascript|vbscript|data:text)/i.test(value))
        left.push(`${name}=${value}`);
  return left.slice(0, 5);
}

/** Runs in the page: pixels of the letter that its frame hides below its edge. */
function hiddenBelow(): number {
  const frame = document.querySelector<HTMLIFrameElement>('article.open iframe');
  const root = frame?.contentDocument?.documentElement;
  // A letter that is taller than any frame scrolls in it.
  if (!frame || !root || root.style.getPropertyValue('overflow-y') === 'auto') return 0;
  return root.scrollHeight - root.clientHeight;
}
