import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launch, open, serve, watch } from '../browser';

/**
 * The time until the first letters are seen depends on the number of questions that the pages ask one after the other,
 * and on the size of the answers: a round trip to the other side of the world takes 300 ms, whatever the machine.
 */

let browser: Browser;
beforeAll(async () => void (browser = await launch()));
afterAll(() => browser.close());

/**
 * Does `begin` while the server answers only so many of the requests for data that the pages make; returns the octets
 * of the last answer once letters are seen.
 */
async function answering(rounds: number, page: Page, begin: () => Promise<unknown>): Promise<number> {
  let [left, octets] = [rounds, Promise.resolve(0)];
  const isAnswered = (path: string) =>
    path === '/jmap/api' ? left-- > 0 : !/^\/jmap\/(?!session)|^\/(?:account|letter|trace)\//.test(path);
  await page.route('**', (route) =>
    isAnswered(new URL(route.request().url()).pathname) ? route.continue() : undefined,
  );
  page.on('response', (response) => {
    if (response.url().endsWith('/jmap/api')) octets = response.body().then((body) => body.length);
  });
  await begin();
  await page.locator('[role=row] .who').first().waitFor();
  // The pages used every request that was allowed.
  expect(left).toBeLessThanOrEqual(0);
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  return octets;
}

/** Logs in, and comes back once more; returns the octets that the first list weighs each time. */
async function visits(letters: number): Promise<[number, number]> {
  const { server, url } = await serve({ letters });
  const context = await open(browser);
  try {
    const page = await context.newPage();
    const problems = watch(page);
    await page.goto(url);
    await page.locator('input[name=name]').fill('alice@alpha.test');
    await page.locator('input[name=password]').fill('postcard');
    // A browser that has never been here learns first which folder is the inbox.
    const first = await answering(2, page, () => page.locator('button[type=submit]').click());
    const again = await context.newPage();
    problems.push(...watch(again));
    const second = await answering(1, again, () => again.goto(url));
    expect(problems).toEqual([]);
    return [first, second];
  } finally {
    await context.close();
    server.close();
  }
}

it('the first letters come by two questions for data, later by one, which weigh the same for any mailbox', async () => {
  const [few, many] = [await visits(300), await visits(6_000)];
  for (const [visit, octets] of many.entries()) {
    expect(octets).toBeLessThan(60_000);
    expect(octets).toBeLessThan(1.2 * (few[visit] ?? 0));
  }
});
