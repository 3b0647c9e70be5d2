import { expect, it } from 'vitest';
import { tell, until } from './stories';

const story = tell({ letters: 40 });

async function begin(subject: string): Promise<void> {
  const { page } = story;
  await page.getByRole('button', { name: 'Write', exact: true }).click();
  await page
    .getByRole('dialog', { name: 'New letter' })
    .getByRole('textbox', { name: 'Subject' })
    .fill(subject);
  await page.getByRole('dialog', { name: subject, exact: true }).waitFor();
}

it('several letters are written at once: one lies open, any other opens where it was left', async () => {
  const { page } = story;
  const letter = (name: string) => page.getByRole('dialog', { name, exact: true });
  await begin('One');
  await letter('One').locator('[contenteditable]').click();
  await page.keyboard.type('The first');
  await begin('Two');
  await letter('One').locator('[contenteditable]').waitFor({ state: 'hidden' });
  await letter('One').getByRole('button', { name: 'One' }).click();
  // The cursor is in the text, and the changes can be undone.
  await page.keyboard.type(' letter');
  await letter('One').getByText('The first letter').waitFor();
  await letter('Two').locator('[contenteditable]').waitFor({ state: 'hidden' });
  await page.keyboard.press('Escape');
  await letter('Two').locator('[contenteditable]').waitFor();
});

it('so many letters that there is no more room: the oldest goes to the drafts, and nothing covers the folders', async () => {
  const { page, server } = story;
  for (let number = 1; number <= 7; number += 1) await begin(`Letter ${number}`);
  await page.getByText('“Letter 1” was put among the drafts').waitFor();
  expect(await page.locator('.composer').count()).toBe(6);
  const drafts = server.mail.folderOf('drafts').id;
  await until('it is saved', () =>
    [...server.mail.letters.values()].some((one) => one.folders.has(drafts) && one.subject === 'Letter 1'),
  );
  for (const [width, left] of [
    [1440, 236],
    [800, 0],
  ] as const) {
    await page.setViewportSize({ width, height: 900 });
    for (const composer of await page.locator('.composer').all()) {
      const box = await composer.boundingBox();
      expect(box && box.x >= left && box.x + box.width <= width).toBe(true);
      expect(box?.width).toBeGreaterThan(60);
    }
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.getByRole('link', { name: /^Archive/ }).click();
  await page.getByRole('heading', { name: 'Archive' }).waitFor();
});

it('an enlarged letter does not lie over the next one', async () => {
  const { page } = story;
  await begin('Large');
  const large = page.getByRole('dialog', { name: 'Large', exact: true });
  await large.getByRole('button', { name: 'Enlarge' }).click();
  await page.keyboard.press('Tab');
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await page.keyboard.press('c');
  await page.getByRole('dialog', { name: 'New letter' }).locator('[contenteditable]').waitFor();
  expect((await large.boundingBox())?.height).toBeLessThan(80);
});
