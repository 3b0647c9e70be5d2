import type { CDPSession, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { makeWorld } from '../fake/world';
import { row, tell, until } from './stories';

const story = tell({ letters: 100_000 });

// The test counts work, not time: a machine that is busy with other things takes longer, and does no more.
it('a hundred thousand letters: the first page and any other soon, and as little work on the way as with few', async () => {
  const { page, server, context } = story;
  const metrics = await context.newCDPSession(page);
  const large = server.mail;
  server.use(makeWorld({ letters: 2_000 }));
  await comeIn();
  const few = await workOf(metrics, () => scrollOn(page));

  server.use(large);
  await comeIn();
  const before = server.requests;
  const many = await workOf(metrics, () => scrollOn(page));
  console.log(
    `80 steps of scrolling: ${few} s of work with 2,000 letters, ${many} s with 100,000, ${server.requests - before} requests`,
  );
  expect(many).toBeLessThan(3 * few);
  expect(await page.getByRole('row').count()).toBeLessThan(40);
  // Pages that flew by were not requested.
  expect(server.requests - before).toBeLessThan(60);

  for (const part of [0.5, 0.99, 0.2]) {
    await page.evaluate((where) => {
      const scroller = document.querySelector('[role=grid] > div');
      if (scroller) scroller.scrollTop = scroller.scrollHeight * where;
    }, part);
    await until(
      'the rows there are filled',
      async () => (await page.locator('.ghost').count()) === 0 && (await page.locator('.who').count()) > 5,
    );
  }

  async function comeIn(): Promise<void> {
    await page.reload();
    await row(page, /summer house/).waitFor();
  }
});

async function scrollOn(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const scroller = document.querySelector('[role=grid] > div');
    for (let step = 0; step < 80; step += 1) {
      if (scroller) scroller.scrollTop += 900;
      await new Promise(requestAnimationFrame);
    }
  });
}

/** Returns the seconds that the thread of the page really worked, however long it had to wait for a processor. */
async function workOf(metrics: CDPSession, task: () => Promise<void>): Promise<number> {
  await metrics.send('Performance.disable');
  await metrics.send('Performance.enable', { timeDomain: 'threadTicks' });
  const worked = async () => {
    const all = (await metrics.send('Performance.getMetrics')).metrics;
    return all.find(({ name }) => name === 'TaskDuration')?.value ?? 0;
  };
  const before = await worked();
  await task();
  return Number(((await worked()) - before).toFixed(3));
}
