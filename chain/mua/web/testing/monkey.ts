import type { Locator, Page } from 'playwright-core';
import { launch, logIn, open, serve, watch } from './browser';
import type { FakeServer } from './fake/server';
import { makeWorld } from './fake/world';
import { door, type Office, startDemo } from './real/demo';
import { deliver } from './real/smtp';

// npx tsx testing/monkey.ts fake|real [SEED] [ROUNDS]: presses keys and clicks at random while letters come in, another
// client changes things and the server is slow or away. Then the page must show the same as a page opened anew. `real`
// does it to `facteur demo`; a failure there cannot be replayed by its seed, since times differ.

const [house = 'fake', ...numbers] = process.argv.slice(2);
const [seed = Date.now() % 100_000, rounds = 10] = numbers.map(Number);
const steps = 120;

/** The place that the pages come from, and the events there behind their back. */
interface House {
  enter(): Promise<{ page: Page; problems: string[]; url: string }>;
  deliver(): Promise<unknown>;
  elsewhere(): Promise<unknown>;
  close(): Promise<unknown>;
}

let state = seed;
/** Returns a number from 0 up to `below`, the same for the same seed (mulberry32). */
function random(below: number): number {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
}

const one = <T>(of: readonly T[]): T => of[random(of.length)] as T;

const browser = await launch();

async function fake(): Promise<House> {
  const world = { letters: 120 };
  const { server, url } = await serve(world);
  return {
    async enter() {
      server.use(makeWorld(world));
      return { ...(await logIn(await open(browser), url)), url };
    },
    deliver: async () =>
      server.deliver({ name: 'Bob', email: 'bob@beta.test' }, `News ${random(100)}`, 'Hello'),
    elsewhere: async () => disturb(server),
    close: async () => server.close(),
  };
}

/** Acts as another client of the same person, at the fake. */
function disturb({ mail }: FakeServer): void {
  const letter = one([...mail.letters.values()]);
  const kind = random(3);
  if (kind === 0) {
    if (!letter.keywords.delete('$seen')) letter.keywords.add('$seen');
    mail.changed(letter);
  } else if (kind === 1) {
    for (const id of letter.folders) mail.note('Mailbox', id, 'updated');
    letter.folders = new Set([mail.folderOf(one(['archive', 'trash', 'inbox'] as const)).id]);
    mail.changed(letter);
  } else mail.remove(letter);
  mail.onchange();
}

async function real(): Promise<House> {
  const demo = await startDemo();
  const office = demo.alpha;
  const [alice] = office.people;
  if (!alice) throw new Error('nobody lives there');
  const bring = async () => {
    const subject = `News ${random(40)}`;
    const kin = random(3) === 0 ? `In-Reply-To: <${random(40)}@beta.test>\r\n` : '';
    const text =
      `From: Bob <bob@beta.test>\r\nTo: ${alice.address}\r\nSubject: ${kin ? 'Re: ' : ''}${subject}\r\n` +
      `Message-ID: <${random(40)}@beta.test>\r\n${kin}\r\nHello\r\n`;
    await deliver(door(office, 'smtp'), 'bob@elsewhere.test', alice.address, Buffer.from(text));
  };
  for (let letter = 0; letter < 60; letter += 1) await bring();
  return {
    async enter() {
      const context = await open(browser);
      context.setDefaultTimeout(12_000);
      const page = await context.newPage();
      const problems = watch(page);
      await page.goto(office.web);
      await page.locator('input[name=name]').fill(alice.address);
      await page.locator('input[name=password]').fill(alice.password);
      await page.locator('button[type=submit]').click();
      await page.getByRole('navigation').first().waitFor();
      return { page, problems, url: new URL(office.web).origin };
    },
    deliver: bring,
    elsewhere: () => change(office, alice),
    close: () => demo.stop(),
  };
}

/** Acts as another client of the same person, at the program. */
async function change(office: Office, alice: { address: string; password: string }): Promise<void> {
  const Authorization = `Basic ${Buffer.from(`${alice.address}:${alice.password}`).toString('base64')}`;
  const headers = { Authorization, 'Content-Type': 'application/json' };
  const base = new URL(office.web).origin;
  const { primaryAccounts } = (await (await fetch(`${base}/jmap/session`, { headers })).json()) as {
    primaryAccounts: Record<string, string>;
  };
  const accountId = primaryAccounts['urn:ietf:params:jmap:mail'];
  const ask = async (method: string, more: object): Promise<Record<string, never>> => {
    const using = ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail'];
    const body = JSON.stringify({ using, methodCalls: [[method, { accountId, ...more }, '0']] });
    const answer = await fetch(`${base}/jmap/api`, { method: 'POST', headers, body });
    return ((await answer.json()) as { methodResponses: [string, never][] }).methodResponses[0]?.[1] ?? {};
  };
  const ids = (await ask('Email/query', { limit: 200 }))['ids'] as unknown as string[];
  const folders = (await ask('Mailbox/get', {}))['list'] as unknown as { id: string; role: string | null }[];
  if (ids.length === 0) return;
  const [id, kind] = [one(ids), random(5)];
  if (kind === 0) await ask('Email/set', { destroy: [id] });
  else if (kind === 1) {
    const name = `Folder ${random(1000)}`;
    await ask('Mailbox/set', { create: { k: { name } } });
  } else if (kind === 2) {
    const mine = folders.filter(({ role }) => role === null);
    if (mine.length > 0) await ask('Mailbox/set', { destroy: [one(mine).id], onDestroyRemoveEmails: true });
  } else if (kind === 3)
    await ask('Email/set', { update: { [id]: { mailboxIds: { [one(folders).id]: true } } } });
  else await ask('Email/set', { update: { [id]: { 'keywords/$seen': one([true, null]) } } });
}

const keys = [
  ...'jkxeuszcrafpnlvmwi#!?/*g.,'.split(''),
  ...[
    'Enter',
    'Escape',
    'Escape',
    'Tab',
    'Shift+Tab',
    'ArrowDown',
    'ArrowUp',
    'Home',
    'End',
    'PageDown',
    'Space',
  ],
  ...['Shift+ArrowDown', 'Control+a', 'Control+z', 'Control+Enter', 'Delete', 'Backspace'],
];
const typed = ['claire', 'summer ', 'from:tom', 'is:unread', 'bob@beta.test,', 'news '];
const sizes = [
  { width: 390, height: 844 },
  { width: 900, height: 1100 },
  { width: 1440, height: 900 },
];
const things = 'button:visible, a:visible, input:visible, [role=row]:visible';

let log: string[] = [];
function noted<T>(what: T): T {
  log.push(String(what));
  return what;
}

const acts: [number, string, (page: Page, at: House) => Promise<unknown>][] = [
  [40, 'key', (page) => page.keyboard.press(noted(one(keys)))],
  [30, 'click', (page) => click(page.locator(things))],
  [6, 'type', (page) => page.keyboard.type(noted(one(typed)))],
  [3, 'back', (page) => page.goBack({ timeout: 2_000 })],
  [3, 'forward', (page) => page.goForward({ timeout: 2_000 })],
  [3, 'resize', (page) => page.setViewportSize(one(sizes))],
  [4, 'deliver', (_, at) => at.deliver()],
  [4, 'elsewhere', (_, at) => at.elsewhere()],
  [2, 'slow', (page) => slow(page, one([50, 400]))],
  [1, 'quick', (page) => page.unroute('**/jmap/api')],
  [1, 'away', (page) => away(page)],
  [2, 'wait', (page) => page.waitForTimeout(random(800))],
];

async function slow(page: Page, milliseconds: number): Promise<void> {
  await page.unroute('**/jmap/api');
  await page.route('**/jmap/api', async (route) => {
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    await route.continue().catch(() => undefined);
  });
}

async function away(page: Page): Promise<void> {
  await page.context().setOffline(true);
  await page.waitForTimeout(random(1_500));
  await page.context().setOffline(false);
}

async function click(all: Locator): Promise<void> {
  const count = await all.count();
  if (count === 0) return;
  const chosen = all.nth(random(count));
  const patience = { timeout: 500 };
  const label = await chosen.getAttribute('aria-label', patience);
  const name = (label ?? (await chosen.textContent(patience)) ?? '').trim().replace(/\s+/g, ' ').slice(0, 40);
  if (/log out|log off|source|print|download|file|picture|eml/i.test(name)) return;
  if ((await chosen.getAttribute('target', patience)) === '_blank') return;
  log.push(`[${name}]`);
  const modifiers = random(8) === 0 ? [one(['Shift', 'ControlOrMeta'] as const)] : [];
  await chosen.click({ timeout: 800, modifiers });
}

function act(): (typeof acts)[number] {
  let at = random(acts.reduce((sum, [weight]) => sum + weight, 0));
  return acts.find(([weight]) => (at -= weight) < 0) ?? (acts[0] as (typeof acts)[number]);
}

/** Returns a person's view of the inbox: counts of the folders, and the first rows. */
async function seen(page: Page): Promise<string> {
  await page.waitForTimeout(1_500);
  const top = page.locator('[role=grid] > div').first();
  if ((await top.count()) > 0) await top.evaluate((scroller) => (scroller.scrollTop = 0));
  await page.waitForTimeout(500);
  const texts = async (selector: string): Promise<string[]> =>
    (await page.locator(selector).allTextContents()).map((text) =>
      text.replace(/\s+/g, ' ').trim().slice(0, 90),
    );
  const [folders, rows] = [await texts('nav li'), await texts('[role=row]')];
  return JSON.stringify({ title: await page.title(), folders, rows: rows.slice(0, 9) }, null, 1);
}

/** Settles the page: everything closed, everything arrived, the inbox on the screen. */
async function settle(page: Page, url: string): Promise<void> {
  await page.context().setOffline(false);
  await page.unroute('**/jmap/api');
  if (!page.url().startsWith(url)) await page.goto(url);
  await page.setViewportSize({ width: 1440, height: 900 });
  for (let press = 0; press < 6; press += 1) await page.keyboard.press('Escape');
  // The wait is longer than the server holds a letter for undo, and than a lost connection waits before it tries again.
  await page.waitForTimeout(house === 'real' ? 14_000 : 3_000);
  const inbox = page.getByRole('link', { name: /^(Inbox|Boîte de réception)/ }).first();
  await inbox.click({ timeout: 5_000 });
}

async function round(at: House, number: number): Promise<boolean> {
  log = [];
  const { page, problems, url } = await at.enter();
  page.on('dialog', (dialog) => void dialog.dismiss().catch(() => undefined));
  page.setDefaultTimeout(5_000);
  for (let step = 0; step < steps; step += 1) {
    const [, name, run] = act();
    log.push(name);
    await run(page, at).catch((error: unknown) =>
      log.push(`(${String(error).split('\n')[0]?.slice(0, 60)})`),
    );
  }
  await settle(page, url).catch((error: unknown) => problems.push(`stuck: ${String(error).slice(0, 800)}`));
  const here = await seen(page);
  const anew = await page.context().newPage();
  await anew.goto(url);
  await anew.getByRole('navigation').first().waitFor({ timeout: 8_000 });
  const there = await seen(anew);
  if (here !== there) problems.push(`shown: ${here}\nanew: ${there}`);
  if (problems.length > 0) {
    await page.screenshot({ path: `screenshots/monkey-${seed}-${number}.png` });
    console.log(`== seed ${seed} round ${number}\n${log.join(' ')}\n${problems.join('\n')}`);
  }
  await page.context().close();
  return problems.length === 0;
}

const at = await (house === 'real' ? real() : fake());
let wrong = 0;
for (let number = 0; number < rounds; number += 1) wrong += (await round(at, number)) ? 0 : 1;
console.log(`seed ${seed}: ${rounds} rounds, ${wrong} wrong`);
await at.close();
await browser.close();
