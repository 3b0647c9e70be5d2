import type { BrowserContext, Page, Request } from 'playwright-core';
import { launch } from './browser';

// npx tsx testing/speed.ts URL NAME PASSWORD: measures the weight of the pages on the wire, and the time until letters
// are seen, as JSON. `cargo xtask bench pages` runs it against a folder of a hundred thousand letters.

const [url = 'http://127.0.0.1:8080', name = '', password = ''] = process.argv.slice(2);
const rounds = 5;

const browser = await launch();
const first = await browser.newContext({ ignoreHTTPSErrors: true });
const visit = await logIn(first);
const cold = await best(async () => timeOf(await fresh()));
const warm = await best(async () => {
  const page = await first.newPage();
  const time = await timeOf(page);
  await page.close();
  return time;
});
const opening = await openOne(await first.newPage());
await browser.close();
console.log(JSON.stringify({ ...visit, cold, warm, ...opening }));

/** Logs in, and weighs everything that comes until letters are seen, and then until one can be written. */
async function logIn(context: BrowserContext): Promise<{ weight: number; scripts: number; editor: number }> {
  const page = await context.newPage();
  const loaded: Request[] = [];
  const asked: Request[] = [];
  page.on('requestfinished', (request) => loaded.push(request));
  page.on('request', (request) => asked.push(request));
  await page.goto(url);
  await page.locator('input[name=name]').fill(name);
  await page.locator('input[name=password]').fill(password);
  await page.locator('button[type=submit]').click();
  await seen(page);
  const pages = loaded.filter((request) => !request.url().includes('/jmap/'));
  const weight = await octets(pages);
  const scripts = await octets(pages.filter((request) => request.resourceType() === 'script'));
  // The chunks behind the letters are on their way already.
  const before = asked.length;
  await page.keyboard.press('c');
  await page.locator('.composer [contenteditable]').waitFor();
  const editor = await octets(asked.slice(before).filter((request) => request.url().includes('/assets/')));
  await page.close();
  return { weight, scripts, editor };
}

/** Opens a browser that has the session and nothing else. */
async function fresh(): Promise<Page> {
  const empty = await browser.newContext({
    ignoreHTTPSErrors: true,
    storageState: { cookies: await first.cookies(), origins: [] },
  });
  return empty.newPage();
}

/** Returns the milliseconds until the first letters are on the screen. */
async function timeOf(page: Page): Promise<number> {
  const start = performance.now();
  await page.goto(url, { waitUntil: 'commit' });
  await seen(page);
  return performance.now() - start;
}

/** Returns the milliseconds until a letter is there, and until a part of the list is there that was never loaded. */
async function openOne(page: Page): Promise<{ letter: number; far: number }> {
  await page.goto(url);
  await seen(page);
  const start = performance.now();
  await page.locator('[data-position="3"]').click();
  await page.locator('article.open .answer').waitFor();
  const letter = performance.now() - start;
  const jump = performance.now();
  await page.evaluate(() => {
    const scroller = document.querySelector('[role=grid] > div');
    if (scroller) scroller.scrollTop = scroller.scrollHeight * 0.9;
  });
  await page.waitForFunction(
    () =>
      Number(document.querySelector('[data-position]')?.getAttribute('data-position')) > 1_000 &&
      document.querySelectorAll('.ghost').length === 0,
  );
  return { letter, far: performance.now() - jump };
}

async function seen(page: Page): Promise<void> {
  await page.locator('[role=row] .who').first().waitFor();
}

async function octets(requests: Request[]): Promise<number> {
  const sizes = await Promise.all(requests.map((request) => request.sizes()));
  return sizes.reduce((sum, size) => sum + size.responseHeadersSize + size.responseBodySize, 0);
}

async function best(measure: () => Promise<number>): Promise<number> {
  let least = Infinity;
  for (let round = 0; round < rounds; round += 1) least = Math.min(least, await measure());
  return least;
}
