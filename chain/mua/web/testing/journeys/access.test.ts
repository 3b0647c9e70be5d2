import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Browser } from 'playwright-core';
import { faults } from '../axe';
import { launch, logIn, type Look, open, serve } from '../browser';
import type { FakeServer } from '../fake/server';
import { makeWorld } from '../fake/world';
import { mailbox as world, views } from './access-views';
import { atRest } from './stories';

const looks: [string, Look][] = [
  ['on a desk, light', {}],
  ['on a desk, dark, in French', { dark: true, french: true }],
  ['on a phone', { width: 390, height: 844, touch: true }],
];

describe('everybody can use every view', () => {
  let browser: Browser;
  let server: FakeServer;
  let url: string;
  beforeAll(async () => {
    browser = await launch();
    ({ server, url } = await serve(world));
  });
  afterAll(async () => {
    await browser.close();
    server.close();
  });

  it.each(looks)('%s', { timeout: 240_000 }, async (_, look) => {
    server.use(makeWorld(world));
    const context = await open(browser, look);
    const blank = await context.newPage();
    await blank.goto(url);
    await blank.locator('input[name=password]').waitFor();
    expect(await faults(blank)).toEqual([]);
    await blank.close();
    const { page, problems } = await logIn(context, url);
    for (const [view, show] of Object.entries(views)) {
      await show(page, url);
      // A view is judged once it has come to rest.
      await atRest(page);
      expect([view, await faults(page)]).toEqual([view, []]);
    }
    expect(problems).toEqual([]);
    await context.close();
  });
});
