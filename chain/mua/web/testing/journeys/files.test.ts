import { describe, expect, it } from 'vitest';
import { begin, lettersIn, tell, until } from './stories';

const story = tell({ letters: 50 });

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
    const transfer = await page.evaluateHandle(() => {
      const data = new DataTransfer();
      for (let n = 1; n <= 7; n += 1) {
        const type = n === 4 ? 'text/x-odd' : 'text/plain';
        data.items.add(new File([new Uint8Array(200_000)], `page-${n}.txt`, { type }));
      }
      return data;
    });
    await composer.dispatchEvent('drop', { dataTransfer: transfer });
    await page.getByText('page-4.txt could not be attached').waitFor();
    expect(await composer.locator('li').count()).toBe(7);
    await page.keyboard.press('Control+Enter');
    await page.getByText('page-4.txt is not attached yet').waitFor();
    await composer.getByRole('button', { name: 'Attach page-4.txt again' }).click();
    await until('all are kept', () => lettersIn(story, 'drafts', 'Many')[0]?.attachments.length === 7);
    await page.unroute('**/jmap/upload/**');
  });
});
