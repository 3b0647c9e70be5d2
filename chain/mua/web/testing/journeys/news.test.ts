import { describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { choose, row, tell, until } from './stories';

const story = tell({ letters: 60 });
const bob = { name: 'Bob Carver', email: 'bob@beta.test' };

interface Told {
  asked: number;
  shown: { title: string; body: string; click: () => void }[];
}

/** Makes a browser that notes its notifications, and a person who looks elsewhere. */
async function lookAway(page: Page, answer: 'granted' | 'denied'): Promise<void> {
  await page.addInitScript((answer) => {
    const told: Told = { asked: 0, shown: [] };
    class Noted {
      static permission = 'default';
      static requestPermission = () => {
        told.asked += 1;
        Noted.permission = answer;
        return Promise.resolve(answer);
      };
      onclick: () => void = () => {};
      close = () => {};
      constructor(title: string, { body }: { body: string }) {
        told.shown.push({ title, body, click: () => this.onclick() });
      }
    }
    Object.assign(window, { Notification: Noted, told });
    document.hasFocus = () => false;
  }, answer);
  await page.reload();
  await row(page, /botanical/).waitFor();
}

const told = (page: Page) =>
  page.evaluate(() => {
    const { asked, shown } = (window as unknown as { told: Told }).told;
    return { asked, shown: shown.map(({ title, body }) => [title, body]) };
  });

describe('new mail is told of outside the pages', () => {
  it('only once it was switched on, all that comes together at once, and leads to the letter', async () => {
    const { page, server } = story;
    await lookAway(page, 'granted');
    server.deliver(bob, 'Not told of', '…');
    await row(page, /Not told of/).waitFor();
    await page.clock.fastForward(2_000);
    expect(await told(page)).toEqual({ asked: 0, shown: [] });

    await choose(page, 'Notifications of new mail', 'Sender and subject');
    await until('the browser was asked', async () => (await told(page)).asked === 1);
    await page.keyboard.press('Escape');
    server.deliver(bob, 'Tea at four', 'Come in by the garden.');
    await row(page, /Tea at four/).waitFor();
    await until('it is told', async () => {
      await page.clock.fastForward(1_000);
      return (await told(page)).shown.length > 0;
    });
    expect((await told(page)).shown).toEqual([['Bob Carver', 'Tea at four']]);
    await page.evaluate(() => (window as unknown as { told: Told }).told.shown[0]?.click());
    await page.getByRole('heading', { name: 'Tea at four' }).waitFor();
  });

  it('not where the browser does not allow it, which is said', async () => {
    const { page } = story;
    await lookAway(page, 'denied');
    await choose(page, 'Notifications of new mail', 'Only that there is some');
    await page.getByText('Your browser does not allow notifications from these pages.').waitFor();
    await until(
      'it is switched off',
      async () => (await page.getByLabel('Notifications of new mail').inputValue()) === 'nothing',
    );
  });
});
