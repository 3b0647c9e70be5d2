import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fr } from '../../src/i18n/fr';
import { serve } from '../browser';
import type { FakeServer } from '../fake/server';
import { pdfOf } from '../pdf';
import { enter, start } from '../puppeteer';
import { until } from './stories';

/** People open files, in Firefox, in French, in a window as narrow as a telephone. */

let browser: Browser;
let server: FakeServer;
let page: Page;

beforeAll(async () => {
  const served = await serve({ letters: 30 });
  server = served.server;
  give([
    ['plan.pdf', 'application/pdf', pdfOf(['Page number 1', 'Page number 2', 'Page number 3'])],
    ['mot.txt', 'text/plain', 'Un mot, et rien de plus.'],
    ['lettre.docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document', 'PK'],
  ]);
  browser = await start('firefox', { french: true, narrow: true });
  page = await enter(browser, served.url, 'alice@alpha.test', 'postcard');
});
afterAll(async () => {
  await browser.close();
  server.close();
});

/** Attaches these files to the letter about the summer house, instead of its own. */
function give(files: [name: string, type: string, data: Buffer | string][]) {
  const { mail } = server;
  const offer = [...mail.letters.values()].find((one) => one.attachments.length === 2);
  if (!offer) throw new Error('the made-up mailbox is another');
  offer.attachments = files.map(([name, type, data]) => {
    const blobId = mail.newId('b');
    mail.blobs.set(blobId, { type, data: Buffer.from(data) });
    return { blobId, name, type, size: data.length, disposition: 'attachment' };
  });
}

/** Waits until a text is seen within an element. Hard spaces count as blanks. */
async function says(place: string, text: string) {
  const plain = (said: string) => said.replace(/\s+/g, ' ');
  await until(`“${text}” is seen in ${place}`, async () => {
    const all = await page.$$eval(place, (found) => found.map((one) => (one as HTMLElement).innerText));
    return all.some((one) => plain(one).includes(plain(text)));
  });
}

async function click(selector: string) {
  const found = await page.waitForSelector(selector, { visible: true });
  await found?.click();
}

describe('in Firefox, in French, on a narrow window', () => {
  it('files open one after the other, fit the window, and say what they are where they are not shown', async () => {
    await click('[role=row][aria-label*="summer house"]');
    await click('article .fold');
    await click('a[aria-label^="plan.pdf"]');
    await page.waitForSelector('dialog canvas');
    await says('dialog', fr.viewer.page(1, 3));
    const fits = await page.$eval('dialog canvas', (canvas) => {
      const { left, right } = canvas.getBoundingClientRect();
      return left >= 0 && right <= innerWidth;
    });
    expect(fits).toBe(true);
    await page.keyboard.press('ArrowRight');
    await says('dialog', 'Un mot, et rien de plus.');
    await page.keyboard.press('ArrowRight');
    await says('dialog', 'lettre.docx');
    await page.keyboard.press('Escape');
    await until('the letter is there again', async () => (await page.$('dialog[open]')) === null);
  });
});
