import { expect, it } from 'vitest';
import { tell } from './stories';

const story = tell({ letters: 100_000 });

it('a list that is scrolled steadily is never blank, and shows letters on the way', async () => {
  const { page } = story;
  const counted = page.evaluate(async () => {
    const scroller = document.querySelector<HTMLElement>('[role=grid] > div');
    const seen = { frames: 0, undrawn: 0, blank: 0, moved: 0 };
    const end = performance.now() + 5_000;
    while (scroller && performance.now() < end) {
      await new Promise(requestAnimationFrame);
      const { top, bottom, left } = scroller.getBoundingClientRect();
      const at = [top + 2, (top + bottom) / 2, bottom - 2].map((y) =>
        document.elementFromPoint(left + 100, y)?.closest('[role=row]'),
      );
      seen.frames += 1;
      if (at.some((row) => !row)) seen.undrawn += 1;
      if (at.every((row) => !row?.querySelector('.who'))) seen.blank += 1;
      seen.moved = scroller.scrollTop;
    }
    return seen;
  });
  const box = await page.locator('[role=grid]').boundingBox();
  if (!box) throw new Error('no list');
  await page.mouse.move(box.x + 100, box.y + 200);
  for (let turn = 0; turn < 120; turn += 1) {
    await page.mouse.wheel(0, 240);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  const { frames, undrawn, blank, moved } = await counted;
  console.log(
    `${frames} frames over ${moved} px: ${undrawn} with an undrawn row, ${blank} without any letter`,
  );
  expect(moved).toBeGreaterThan(4_000);
  expect(undrawn).toBeLessThan(frames / 20);
  expect(blank).toBeLessThan(frames / 20);
});
