import { describe, expect, it } from 'vitest';
import type { FakeLetter } from '../fake/mail';
import { faults } from '../axe';
import { hostilePdf, japanesePdf, lockedPdf, pdfOf } from '../pdf';
import { row, tell, until } from './stories';

const story = tell({ letters: 30 });

type File = [name: string, type: string, data: Buffer | string];

/** Opens the letter about the summer house with these files instead of its own. */
async function read(files: File[]): Promise<FakeLetter> {
  const { page, server } = story;
  const offer = [...server.mail.letters.values()].find((one) => one.attachments.length === 2);
  if (!offer) throw new Error('there is no such letter');
  offer.attachments = files.map(([name, type, data]) => {
    const blobId = server.mail.newId('b');
    server.mail.blobs.set(blobId, { type, data: Buffer.from(data) });
    return { blobId, name, type, size: data.length, disposition: 'attachment' };
  });
  await row(page, /summer house/).click();
  await page.getByRole('button', { name: 'Unfold this letter' }).first().click();
  return offer;
}

async function look(name: string) {
  const link = story.page.getByRole('link', { name: new RegExp(`^${name}`) });
  await link.click();
  const dialog = story.page.getByRole('dialog', { name });
  await dialog.waitFor();
  return { link, dialog };
}

const canvases = () => story.page.locator('dialog canvas').count();

describe('what is attached opens', () => {
  it('a PDF: its pages are drawn as they come into view, with their text, and larger when asked', async () => {
    const { page } = story;
    const pages = Array.from({ length: 40 }, (_, index) => `Page number ${index + 1}`);
    await read([['plan.pdf', 'application/octet-stream', pdfOf(pages)]]);
    const { link, dialog } = await look('plan.pdf');
    await dialog.getByText('Page number 1', { exact: true }).waitFor();
    await dialog.getByText('Page 1 of 40').waitFor();
    expect(await canvases()).toBeLessThan(6);
    const dark = await dialog
      .locator('canvas')
      .first()
      .evaluate((canvas) => {
        const { width, height } = canvas as HTMLCanvasElement;
        const octets = (canvas as HTMLCanvasElement).getContext('2d')?.getImageData(0, 0, width, height).data;
        return octets?.some((octet, place) => place % 4 === 0 && octet < 120) ?? false;
      });
    expect(dark, 'something is drawn').toBe(true);
    await dialog
      .getByRole('group', { name: 'plan.pdf' })
      .evaluate((one) => one.scrollTo(0, one.scrollHeight));
    await dialog.getByText('Page number 40', { exact: true }).waitFor();
    await dialog.getByText('Page 40 of 40').waitFor();
    await until('pages that are far are forgotten', async () => (await canvases()) < 6);
    const before = (await dialog.locator('.page').first().boundingBox())?.width ?? 0;
    await page.keyboard.press('+');
    await until('it is larger', async () => {
      const now = (await dialog.locator('.page').first().boundingBox())?.width ?? 0;
      return now > before * 1.2;
    });
    await dialog.getByText('125%').waitFor();
    await page.keyboard.press('Escape');
    await until('the focus is where it was', () => link.evaluate((one) => one === document.activeElement));
  });

  it('a hostile PDF is only a picture of itself: it asks for nothing', async () => {
    const { page, url } = story;
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await read([['bill.pdf', 'application/pdf', hostilePdf('https://evil.test')]]);
    const { dialog } = await look('bill.pdf');
    await dialog.getByText('Hostile', { exact: true }).waitFor();
    await dialog.locator('.page').click({ position: { x: 40, y: 200 } });
    expect(await dialog.locator('.page a, .page input, iframe').count()).toBe(0);
    await page.keyboard.press('Escape');
    expect(asked.filter((one) => !one.startsWith(url) && !one.startsWith('blob:'))).toEqual([]);
    expect(page.context().pages()).toHaveLength(1);
  });

  it('a locked PDF asks for its password, says that one is wrong, and opens with the right one', async () => {
    const { page } = story;
    await read([
      ['payslip.pdf', 'application/pdf', lockedPdf('What I earn', 'facteur')],
      ['plan.pdf', 'application/pdf', pdfOf(['The plan'])],
    ]);
    const { dialog } = await look('payslip.pdf');
    await dialog.getByText('This PDF is locked with a password.').waitFor();
    expect(await faults(page)).toEqual([]);
    const field = dialog.getByLabel('Password of the PDF');
    await until('the field has the focus', () => field.evaluate((one) => one === document.activeElement));
    await field.fill('guess-0');
    // Its own keys are the field's.
    await field.press('ArrowLeft');
    await field.press('-');
    expect(await field.inputValue()).toBe('guess--0');
    await field.press('Enter');
    await dialog.getByText('That is not the password of this PDF.').waitFor();
    await field.fill('facteur');
    await field.press('Enter');
    await dialog.getByText('What I earn').waitFor();
    // A person who looks on without opening it is not asked there, and is asked anew when coming back.
    await page.keyboard.press('ArrowRight');
    await page.getByRole('dialog', { name: 'plan.pdf' }).getByText('The plan').waitFor();
    await page.keyboard.press('ArrowLeft');
    await dialog.getByLabel('Password of the PDF').waitFor();
    await page.getByRole('button', { name: 'Next file' }).click();
    await page.getByRole('dialog', { name: 'plan.pdf' }).getByText('The plan').waitFor();
  });

  it('a PDF in Japanese is read with the maps of letters of our own', async () => {
    const { page } = story;
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    // The page does not hear of the requests of its worker.
    page.context().on('request', (request) => asked.push(request.url()));
    await read([['手紙.pdf', 'application/pdf', japanesePdf('夏の家')]]);
    const { dialog } = await look('手紙.pdf');
    await dialog.getByText('夏の家').waitFor();
    const own = new URL(page.url()).origin;
    expect(asked.filter((url) => !url.startsWith(own) && !/^(?:blob|data):/.test(url))).toEqual([]);
  });

  it('a damaged PDF says so and can be saved', async () => {
    await read([['plan.pdf', 'application/pdf', 'x'.repeat(64)]]);
    const { dialog } = await look('plan.pdf');
    await dialog.getByText('This PDF is damaged').waitFor();
    const save = dialog.getByRole('link', { name: 'Save', exact: true });
    expect(await save.getAttribute('download')).toBe('plan.pdf');
  });

  it('texts are read in their charset, and what could act is never shown', async () => {
    const { page } = story;
    await read([
      ['note.txt', 'text/plain', Buffer.from([0xe9, 0x74, 0xe9])],
      ['page.html', 'text/html', '<h1>Shown</h1><script>document.title = "run"</script>'],
      [
        'drawing.svg',
        'image/svg+xml',
        '<svg xmlns="http://www.w3.org/2000/svg" onload="document.title=\'run\'"/>',
      ],
      ['offer.docx', 'application/octet-stream', 'PK'],
      ['IMG_1.HEIC', 'image/heic', 'x'],
    ]);
    await look('note.txt');
    await page.getByText('été', { exact: true }).waitFor();
    for (const [name, kind] of [
      ['page.html', 'Web page'],
      ['drawing.svg', 'Drawing (SVG)'],
      ['offer.docx', 'Word document'],
      ['IMG_1.HEIC', 'Photo in the HEIC format'],
    ] as const) {
      await page.keyboard.press('ArrowRight');
      const dialog = page.getByRole('dialog', { name });
      await dialog.getByText(kind).first().waitFor();
      expect(await dialog.getByRole('link', { name: 'Save', exact: true }).getAttribute('download')).toBe(
        name,
      );
      expect(await dialog.locator('iframe, object, embed, img, svg[onload]').count()).toBe(0);
    }
    await page.keyboard.press('ArrowRight');
    await page.getByRole('dialog', { name: 'note.txt' }).getByText('1 of 5').waitFor();
    expect(await page.title()).not.toBe('run');
  });

  it('sound is played by the browser, or said not to be', async () => {
    const { page } = story;
    const head = Buffer.from(
      '524946462c00000057415645666d74201000000001000100401f0000401f0000010008006461746108000000',
      'hex',
    );
    await read([
      ['call.wav', 'audio/wav', Buffer.concat([head, Buffer.alloc(8, 128)])],
      ['broken.mp4', 'video/mp4', 'x'],
    ]);
    await look('call.wav');
    const audio = page.locator('audio');
    await until('it is loaded', () => audio.evaluate((one) => (one as HTMLAudioElement).readyState > 0));
    await page.getByRole('button', { name: 'Next file' }).click();
    await page.getByText('Your browser cannot play this').waitFor();
  });

  it('all are saved as one, under the names that are shown', async () => {
    const { page } = story;
    const letter = await read([
      ['a & b.txt', 'text/plain', 'a'],
      ['été.pdf', 'application/pdf', 'b'],
    ]);
    const link = page.getByRole('link', { name: 'Save all (2, 2 B)' });
    const url = new URL((await link.getAttribute('href')) ?? '', page.url());
    expect(url.pathname).toBe(`/letter/${letter.attachments[0]?.blobId}/files.zip`);
    expect([...url.searchParams.values()]).toEqual(['a & b.txt', 'été.pdf']);
    expect([...url.searchParams.keys()]).toEqual(letter.attachments.map((one) => one.blobId));
    const saved = page.waitForEvent('download');
    await link.click();
    expect((await saved).suggestedFilename()).toBe('Plans for the summer house.zip');
  });
});
