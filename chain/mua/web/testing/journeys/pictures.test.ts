import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { begin, gone, letter, lettersIn, row, tell, until } from './stories';

const story = tell({ letters: 100 });

const dot =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';

/** Pastes a picture, or drops it on the text, with the events of a browser. */
async function give(page: Page, how: 'paste' | 'drop', name = 'shot.png'): Promise<void> {
  await page.evaluate(
    ([how, name, dot]) => {
      const bytes = Uint8Array.from(atob(dot ?? ''), (one) => one.charCodeAt(0));
      const data = new DataTransfer();
      data.items.add(new File([bytes], name ?? '', { type: 'image/png' }));
      const text = document.querySelector('.composer [contenteditable]');
      const options = { bubbles: true, cancelable: true };
      text?.dispatchEvent(
        how === 'paste'
          ? new ClipboardEvent('paste', { clipboardData: data, ...options })
          : new DragEvent('drop', { dataTransfer: data, ...options }),
      );
    },
    [how, name, dot],
  );
}

/** Returns the pictures in the text that are really seen. */
async function seen(page: Page): Promise<string[]> {
  return page
    .locator('.composer [contenteditable] img')
    .evaluateAll((all) =>
      (all as HTMLImageElement[]).filter((one) => one.naturalWidth > 0).map((one) => one.alt),
    );
}

describe('pictures in what one writes', () => {
  it('are seen where they are pasted, kept with the draft, there again later, and sent with the letter', async () => {
    const { page, url } = story;
    await begin(page, 'bob@beta.test', 'The wall');
    await page.keyboard.type('Before');
    await give(page, 'paste');
    await page.keyboard.type('after');
    await until('it is seen', async () => (await seen(page)).includes('shot.png'));
    await until(
      'the draft has it',
      () => lettersIn(story, 'drafts', 'The wall')[0]?.attachments.length === 1,
    );
    await page.getByText('Draft saved').waitFor();
    await page.keyboard.press('Escape');
    await page.goto(`${url}/#/drafts`);
    await row(page, /The wall/).click();
    await until('it is seen again', async () => (await seen(page)).includes('shot.png'));
    await page.getByRole('textbox', { name: 'Text of the letter' }).press('Control+End');
    await page.keyboard.type('!');
    await page.keyboard.press('Control+Enter');
    await gone(page);

    const [sent] = lettersIn(story, 'sent', 'The wall');
    const [part] = sent?.attachments ?? [];
    expect(part).toMatchObject({ name: 'shot.png', type: 'image/png', disposition: 'inline' });
    expect(sent?.html).toMatch(new RegExp(`Before<img src="cid:${part?.cid}"[^>]*>after`));
    expect(sent?.text).toContain('Before[shot.png]after');

    await page.goto(`${url}/#/sent`);
    await row(page, /The wall/).click();
    const picture = page.frameLocator('iframe').locator('img');
    await until('the reader sees it', () =>
      picture.evaluate((one) => (one as HTMLImageElement).naturalWidth === 1),
    );
    expect(await letter(page).getByText('shot.png').count()).toBe(0);
  });

  it('are dropped into the text; other files are attached', async () => {
    const { page } = story;
    await begin(page, 'bob@beta.test', 'Dropped');
    await give(page, 'drop', 'garden.png');
    await until('it is seen', async () => (await seen(page)).includes('garden.png'));
    expect(await page.locator('.composer').getByText('garden.png').count()).toBe(0);
    const asked = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Put in a picture' }).click();
    await (
      await asked
    ).setFiles({ name: 'door.png', mimeType: 'image/png', buffer: Buffer.from(dot, 'base64') });
    await until('both are seen', async () => (await seen(page)).length === 2);
    await page.keyboard.press('ControlOrMeta+z');
    await page.keyboard.press('ControlOrMeta+Shift+z');
    await until('undone and done again, too', async () => (await seen(page)).length === 2);
  });

  it('leave no hole where the server does not take them', async () => {
    const { page } = story;
    await page.route('**/jmap/upload/**', (route) => route.fulfill({ status: 413 }));
    await begin(page, 'bob@beta.test', 'Too much');
    await give(page, 'paste');
    await page.getByText('shot.png could not be attached').waitFor();
    await until(
      'it is gone from the text',
      async () => (await page.locator('.composer [contenteditable] img').count()) === 0,
    );
  });
});

describe('what is quoted', () => {
  it('keeps its colours, its tables and its own pictures, and fetches nothing from elsewhere', async () => {
    const { page, server } = story;
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    const blobId = server.mail.newId('b');
    server.mail.blobs.set(blobId, { type: 'image/png', data: Buffer.from(dot, 'base64') });
    const from = { name: 'Bob Carver', email: 'bob@beta.test' };
    const arrived = server.deliver(from, 'Offer', 'An offer');
    arrived.html =
      '<style>td{color:red}</style><table style="border-collapse:collapse;position:fixed"><tr>' +
      '<td bgcolor="#eeeeee" style="color:#a03020;background:url(https://t.test/b)">Oak</td></tr></table>' +
      '<p><font color="#2040a0">blue</font><img src="cid:plan@beta.test" alt="plan">' +
      '<img src="https://t.test/p.gif" alt="elsewhere" onerror="x()"></p><script>x()</script>';
    arrived.attachments.push({
      blobId,
      name: 'plan.png',
      type: 'image/png',
      size: 70,
      disposition: 'inline',
      cid: 'plan@beta.test',
    });
    server.push();
    await row(page, /Offer/).click();
    await letter(page).getByRole('button', { name: 'Reply' }).click();
    const text = page.getByRole('textbox', { name: 'Text of the letter' });
    await text.getByText('Oak').waitFor();
    await until('its picture is seen', async () => (await seen(page)).includes('plan'));
    expect(await text.getByText('Oak').evaluate((cell) => getComputedStyle(cell).color)).toBe(
      'rgb(160, 48, 32)',
    );
    expect(await text.getByText('blue').evaluate((word) => getComputedStyle(word).color)).toBe(
      'rgb(32, 64, 160)',
    );
    expect(await text.locator('table').evaluate((table) => getComputedStyle(table).position)).toBe('static');
    await text.getByText('elsewhere').waitFor();
    await page.keyboard.type('Yes.');
    await page.keyboard.press('Control+Enter');
    await gone(page);

    const [sent] = lettersIn(story, 'sent', 'Re: Offer');
    expect(sent?.html).toContain('color: rgb(160, 48, 32)');
    expect(sent?.html).toContain('<img src="cid:plan@beta.test"');
    expect(sent?.html).not.toMatch(/t\.test|onerror|script|position/);
    expect(sent?.attachments).toMatchObject([{ blobId, cid: 'plan@beta.test', disposition: 'inline' }]);
    expect(asked.filter((one) => one.includes('t.test'))).toEqual([]);
  });

  it('are given a width, by a click or by keyboard alone, and keep it', async () => {
    const { page, url } = story;
    await begin(page, 'bob@beta.test', 'Not so wide');
    await page.keyboard.type('Look: ');
    await give(page, 'paste');
    await until('it is seen', async () => (await seen(page)).length === 1);
    const widths = page.getByRole('group', { name: 'Width of the picture' });
    expect(await widths.count()).toBe(0);
    await page.locator('.composer [contenteditable] img').click();
    await widths.getByRole('button', { name: 'Medium' }).click();
    const image = page.locator('.composer [contenteditable] img');
    expect(await image.getAttribute('width')).toBe('480');
    expect(await widths.getByRole('button', { name: 'Medium' }).getAttribute('aria-pressed')).toBe('true');

    await page.keyboard.press('End');
    await widths.waitFor({ state: 'detached' });
    await page.keyboard.press('Shift+ArrowLeft');
    await widths.getByRole('button', { name: 'Small' }).focus();
    await page.keyboard.press('Enter');
    expect(await image.getAttribute('width')).toBe('240');
    await until('it is kept', () =>
      /width="240"/.test(lettersIn(story, 'drafts', 'Not so wide')[0]?.html ?? ''),
    );

    await page.getByRole('textbox', { name: 'Subject' }).press('Escape');
    await page.goto(`${url}/#/drafts`);
    await row(page, /Not so wide/).click();
    await until('it is there again', async () => (await image.getAttribute('width')) === '240');
    await image.click();
    await widths.getByRole('button', { name: 'Original size' }).click();
    expect(await image.getAttribute('width')).toBeNull();
  });
});
