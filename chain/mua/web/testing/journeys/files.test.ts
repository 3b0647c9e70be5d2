import type { Locator } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { begin, gone, lettersIn, tell, until } from './stories';

const story = tell({ letters: 50 });

/** Drops files of 60 kB. */
async function drop(composer: Locator, ...names: string[]): Promise<void> {
  const dataTransfer = await story.page.evaluateHandle((names) => {
    const data = new DataTransfer();
    for (const name of names) {
      const type = name.startsWith('odd') ? 'text/x-odd' : 'text/plain';
      data.items.add(new File([new Uint8Array(60_000)], name, { type }));
    }
    return data;
  }, names);
  await composer.dispatchEvent('drop', { dataTransfer });
}

describe('files', () => {
  it('takes files that are dropped and files that are pasted, and shows them going', async () => {
    const { page } = story;
    await begin(page, 'bob@beta.test', 'Files');
    const transfer = await page.evaluateHandle(() => {
      const data = new DataTransfer();
      data.items.add(new File(['hello'], 'notes.txt', { type: 'text/plain' }));
      return data;
    });
    await page.locator('.composer').dispatchEvent('drop', { dataTransfer: transfer });
    await page.locator('.composer').getByText('notes.txt').waitFor();
    await page.evaluate(() => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(2_000)], 'scan.pdf', { type: 'application/pdf' }));
      const event = new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true });
      document.querySelector('.composer [contenteditable]')?.dispatchEvent(event);
    });
    await page.locator('.composer').getByText('scan.pdf').waitFor();
    await until(
      'both are kept with the draft',
      () => lettersIn(story, 'drafts', 'Files')[0]?.attachments.length === 2,
    );
  });

  it('takes many files at once, and one that was not attached once more', async () => {
    const { page } = story;
    await begin(page, 'bob@beta.test', 'Many');
    let refused = 0;
    await page.route('**/jmap/upload/**', async (route) => {
      const odd = route.request().headers()['content-type'] === 'text/x-odd';
      if (odd && (refused += 1) <= 1) await route.fulfill({ status: 500 });
      else await route.continue();
    });
    const composer = page.locator('.composer');
    await drop(
      composer,
      'page-1.txt',
      'page-2.txt',
      'page-3.txt',
      'odd.txt',
      'page-5.txt',
      'page-6.txt',
      'page-7.txt',
    );
    await page.getByText('odd.txt could not be attached').waitFor();
    expect(await composer.locator('li').count()).toBe(7);
    await page.keyboard.press('Control+Enter');
    await page.getByText('odd.txt is not attached yet').waitFor();
    await composer.getByRole('button', { name: 'Attach odd.txt again' }).click();
    await until('all are kept', () => lettersIn(story, 'drafts', 'Many')[0]?.attachments.length === 7);
    await page.unroute('**/jmap/upload/**');
  });

  it('that are too much together are said to be, where they are to be sent and where they are kept', async () => {
    const { page, server } = story;
    server.mail.mostSent = 100_000;
    await begin(page, 'bob@beta.test', 'Heavy');
    const composer = page.locator('.composer');
    await drop(composer, 'film.bin', 'sound.bin');
    await until('both are kept', () => lettersIn(story, 'drafts', 'Heavy')[0]?.attachments.length === 2);
    await page.keyboard.press('Control+Enter');
    await page.getByText('too large to be sent').waitFor();
    await composer.getByText('film.bin').waitFor();
    server.mail.mostKept = 100_000;
    await page.getByRole('textbox', { name: 'Text of the letter' }).press('x');
    await composer.getByText('Not saved: too large').waitFor();
    await composer.getByRole('button', { name: 'Remove film.bin' }).click();
    await composer.getByText('Draft saved').waitFor();
    await page.keyboard.press('Control+Enter');
    await gone(page);
    expect(lettersIn(story, 'sent', 'Heavy')[0]?.attachments.map((one) => one.name)).toEqual(['sound.bin']);
  });
});
