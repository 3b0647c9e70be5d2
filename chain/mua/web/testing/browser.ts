import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { fileURLToPath } from 'node:url';
import { FakeServer } from './fake/server';
import { makeWorld, type World } from './fake/world';

/** The beginning of every story in the browser. */

export const pages = fileURLToPath(new URL('../dist', import.meta.url));

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launch(...more: string[]): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: [...flags, ...more],
  });
}

export async function serve(world: World): Promise<{ server: FakeServer; url: string }> {
  const server = new FakeServer(makeWorld(world), pages);
  return { server, url: await server.listen() };
}

export interface Look {
  width?: number;
  height?: number;
  dark?: boolean;
  french?: boolean;
  touch?: boolean;
  calm?: boolean;
  /** True if the person has chosen colours of their own for everything. */
  forced?: boolean;
}

/**
 * `FACTEUR_SLOW=6` runs every page as on a machine that is six times slower, to find code that only works on a quick
 * one.
 */
const slowness = Number(process.env.FACTEUR_SLOW ?? '1');

export async function open(browser: Browser, look: Look = {}): Promise<BrowserContext> {
  const context = await browser.newContext({
    viewport: { width: look.width ?? 1440, height: look.height ?? 900 },
    colorScheme: look.dark ? 'dark' : 'light',
    locale: look.french ? 'fr-FR' : 'en-GB',
    hasTouch: look.touch ?? false,
    isMobile: look.touch ?? false,
    forcedColors: look.forced ? 'active' : 'none',
    reducedMotion: look.calm === false ? 'no-preference' : 'reduce',
    permissions: ['clipboard-write', 'clipboard-read'],
    timezoneId: 'Europe/Paris',
  });
  if (slowness > 1) context.on('page', (page) => void slowDown(context, page));
  return context;
}

async function slowDown(context: BrowserContext, page: Page): Promise<void> {
  // A page that is gone already needs nothing.
  const session = await context.newCDPSession(page).catch(() => undefined);
  await session?.send('Emulation.setCPUThrottlingRate', { rate: slowness }).catch(() => undefined);
}

/** Delays scripts and styles that are not there yet, as a slow line does; returns a function that ends the delay. */
export async function slowLine(page: Page, milliseconds: number): Promise<() => Promise<void>> {
  const address = '**/assets/*';
  await page.route(address, async (route) => {
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    // If the line is quick again, or the page gone, nobody asks any more.
    await route.continue().catch(() => undefined);
  });
  return () => page.unroute(address);
}

/** Collects violations of the policy and errors on a page. */
export function watch(page: Page): string[] {
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (/Content Security Policy|Trusted|TrustedHTML|Refused to/i.test(message.text()))
      problems.push(message.text());
  });
  return problems;
}

/** The chunks that come behind the first letters. A story in which the line breaks begins when they have come. */
const behind = ['Letter', 'Seldom', 'ScheduledList'];

async function isWhole(page: Page): Promise<void> {
  const come = behind.map((name) =>
    page.waitForEvent('requestfinished', (request) => request.url().includes(`/assets/${name}-`)),
  );
  await Promise.all(come);
}

/**
 * Opens the pages as Alice; violations of the policy and errors are collected in `problems`. If a time is given, it
 * stands still, and waiting goes on.
 */
export async function logIn(
  context: BrowserContext,
  url: string,
  now?: Date,
): Promise<{ page: Page; problems: string[] }> {
  // Only a broken page waits so long; a busy machine may need much of it.
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  const problems = watch(page);
  await (now ? page.clock.setFixedTime(now) : page.clock.install());
  await page.goto(url);
  const whole = isWhole(page);
  whole.catch(() => undefined);
  await page.locator('input[name=name]').fill('alice@alpha.test');
  await page.locator('input[name=password]').fill('postcard');
  await page.locator('button[type=submit]').click();
  // The list, or the words for an empty one: the region of the open letter is empty from the start.
  const list = page.getByRole('region').filter({ has: page.getByRole('heading', { level: 1 }) });
  const words = list.getByRole('heading', { level: 2 });
  await page.locator('[role=row] .who').or(words).first().waitFor();
  await whole;
  return { page, problems };
}
