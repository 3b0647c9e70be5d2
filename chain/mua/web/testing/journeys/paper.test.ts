import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { row, tell, until } from './stories';

/** Returns the text of each page of a PDF. */
function pagesOf(pdf: Buffer): string[] {
  const text = execFileSync('pdftotext', ['-layout', '-', '-'], { input: pdf }).toString();
  return text.split('\f').map((page) => page.replace(/\s+/g, ' ').trim());
}

describe.each([700, 1440, 2400])('on paper, from a window of %i pixels', (width) => {
  const story = tell({ letters: 20 }, { width, dark: true });

  it('a letter begins on the first page, with who wrote it, to whom and when, and is whole', async () => {
    const { page, server } = story;
    const words = Array.from({ length: 60 }, (_, n) => `<p>${n} ${'words of a long letter '.repeat(12)}</p>`);
    const html = `<p>FIRSTWORD</p>${words.join('')}<p>LASTWORD</p>`;
    server.deliver({ name: 'Tom', email: 'tom@whitfield.test' }, 'A long one', 'plain', html).cc.push({
      name: 'Jonas',
      email: 'jonas@werkstatt.test',
    });
    await row(page, /A long one/).click();
    await page.frameLocator('iframe').getByText('LASTWORD').waitFor();
    await until(
      'it is measured',
      async () => (await page.locator('iframe').evaluate((frame) => frame.clientHeight)) > 1_500,
    );
    const pages = pagesOf(await page.pdf({ format: 'A4' }));
    const [first = ''] = pages;
    for (const one of [
      'A long one',
      'Tom <tom@whitfield.test>',
      'alice@alpha.test',
      'jonas@werkstatt.test',
      'FIRSTWORD',
    ])
      expect(first).toContain(one);
    expect(first).toMatch(/Date [A-Z][a-z]{2},? \d{1,2} [A-Z][a-z]+ 20\d\d/);
    const all = pages.join(' ');
    expect(all).toContain('LASTWORD');
    for (let n = 0; n < words.length; n += 1) expect(all).toContain(`${n} words of`);
    expect(all).not.toMatch(/Skip to|Reply|Forward/);
  });
});
