import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Frame } from 'playwright-core';
import { door } from './demo';
import { collection, type Hostile, written } from './hostile';
import { Person } from './person';
import { deliver } from './smtp';
import { stage } from './stage';

/** The milliseconds until a letter is on the screen, on a busy machine. */
const patience = 60_000;
/** The factor by which such a letter may slow the pages down, against a letter that means no harm. */
const slower = 8;
/** The milliseconds that count as no delay, however quick the other letter was. */
const quick = 3_000;

// The addresses are only known while it runs, the names before.
const names = collection('').map((letter) => letter.name);

describe('letters that mean harm', () => {
  const on = stage();
  let alice: Person;
  let home: Server;
  let letters: Hostile[];
  /** The milliseconds that removing a letter without harm takes. */
  let usual: number;
  const asked: string[] = [];
  const opened: string[] = [];

  beforeAll(async () => {
    home = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end('owned');
    });
    await new Promise<void>((done) => home.listen(0, '127.0.0.1', done));
    letters = collection(`http://127.0.0.1:${(home.address() as AddressInfo).port}`);
    alice = await Person.sitDown(on.browser, on.demo.alpha, {});
    alice.page.on('dialog', (dialog) => {
      opened.push(dialog.message());
      void dialog.dismiss();
    });
    alice.context.on('page', (page) => opened.push(page.url()));
    await alice.logIn();
    await alice.page.getByRole('heading', { name: alice.words.folders.inbox }).waitFor();
    const harmless = 'Nothing but words';
    const octets = `From: eve@evil.test\r\nTo: ${alice.address}\r\nSubject: ${harmless}\r\n\r\nHello.\r\n`;
    await deliver(door(on.demo.alpha, 'smtp'), 'eve@evil.test', alice.address, Buffer.from(octets));
    await alice.openLetter(harmless);
    usual = await timeToRemove(harmless);
  });
  afterAll(() => void home?.close());

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await alice.picture();
  });

  it.each(names)('%s', async (name) => {
    const letter = letters.find((one) => one.name === name);
    if (!letter) throw new Error('no such letter');
    const { page } = alice;
    await deliver(
      door(on.demo.alpha, 'smtp'),
      'eve@evil.test',
      alice.address,
      written(letter, alice.address),
    );
    await alice.row(name).waitFor({ timeout: patience });
    await alice.row(name).click();
    let frame = await shown(letter);
    // The letter is shown with the pictures that lie elsewhere: the server fetches them, and not from itself.
    const pictures = page.getByRole('button', { name: alice.words.read.showPictures, exact: true });
    if (await pictures.isVisible()) {
      const again = page.waitForResponse((response) => response.url().includes('images=1'));
      await pictures.click();
      await again;
      frame = await shown(letter);
    }
    if (frame) {
      expect(await remains(frame)).toEqual([]);
      await provoke(frame);
    }
    expect(await timeToRemove(name)).toBeLessThan(Math.max(quick, slower * usual));
    expect(await page.title()).not.toContain('owned');
    expect(new URL(page.url()).origin).toBe(new URL(on.demo.alpha.web).origin);
    expect({ asked, opened, problems: alice.problems }).toEqual({ asked: [], opened: [], problems: [] });
  });

  async function timeToRemove(name: string): Promise<number> {
    const before = Date.now();
    await alice.page
      .getByRole('toolbar')
      .getByRole('button', { name: alice.words.act.remove, exact: true })
      .click();
    await alice.vanishes(name);
    return Date.now() - before;
  }

  /** Waits until the letter is on the screen, and returns its frame; `undefined` if it is plain text. */
  async function shown({ name, shows }: Hostile): Promise<Frame | undefined> {
    await alice.page.getByRole('heading', { name: new RegExp(`^${name}`) }).waitFor({ timeout: patience });
    const letter = alice.page.getByRole('article').last();
    // These buttons come with the body.
    const reply = letter.getByRole('button', { name: alice.words.act.reply, exact: true });
    await reply.waitFor({ timeout: patience });
    const framed = (await letter.locator('iframe').count()) > 0;
    const body = framed ? letter.frameLocator('iframe').locator('body') : letter;
    await body.filter({ hasText: shows ?? '' }).waitFor({ state: 'attached', timeout: patience });
    if (!framed) return undefined;
    const frame = await (await letter.locator('iframe').elementHandle())?.contentFrame();
    await frame?.waitForLoadState('load', { timeout: patience });
    return frame ?? undefined;
  }
});

/** Returns the elements of a letter's page that could do something. */
async function remains(frame: Frame): Promise<string[]> {
  return frame.evaluate(() => {
    const bad =
      'script,iframe,frame,object,embed,applet,form,input,button,select,textarea,svg,math,link,audio,video,template,dialog';
    const ours = 'meta[charset],meta[name],base[target="_blank"]:not([href])';
    const found = [...document.querySelectorAll(bad)].map((one) => one.outerHTML.slice(0, 120));
    for (const one of document.querySelectorAll('meta,base'))
      if (!one.matches(ours)) found.push(one.outerHTML);
    for (const one of document.querySelectorAll('*'))
      for (const { name, value } of one.attributes)
        if (name.startsWith('on') || /^\s*(javascript|vbscript|data:text)/i.test(value))
          found.push(`${name}=${value.slice(0, 60)}`);
    return found.slice(0, 5);
  });
}

/** Performs the actions that the letter hopes for, short of following a link to another site. */
async function provoke(frame: Frame): Promise<void> {
  const trap = frame.locator('#press, #letter-press, .trap').first();
  if ((await trap.count()) > 0)
    await trap.click({ timeout: 5_000, noWaitAfter: true }).catch(() => undefined);
  await frame
    .locator('body')
    .hover({ position: { x: 5, y: 5 }, timeout: 5_000 })
    .catch(() => undefined);
}
