import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { row, type Story, tell, until } from './stories';

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

/** Returns the place of each numbered line: its page, and the tops and feet of its words, in points from above. */
function linesOf(pdf: Buffer): Map<string, { page: number; top: number; foot: number }[]> {
  const text = execFileSync('pdftotext', ['-bbox', '-', '-'], { input: pdf, maxBuffer: 1 << 26 }).toString();
  const found = new Map<string, { page: number; top: number; foot: number }[]>();
  for (const [page, words] of text.split('<page ').entries())
    for (const [, top, foot, name = ''] of words.matchAll(/yMin="([\d.]+)".*yMax="([\d.]+)">(line\d+)</g))
      found.set(name, [...(found.get(name) ?? []), { page, top: Number(top), foot: Number(foot) }]);
  return found;
}

interface Paper {
  html: string;
  /** The letters, each with its styles. */
  letters: { style: string; html: string; colour: string }[];
}

/** Runs in the page: keeps the document that would go to the printer. */
function listen(): void {
  const kept = window as unknown as { paper?: Paper };
  new MutationObserver(() => {
    const view = document.querySelector<HTMLIFrameElement>('iframe.paper')?.contentWindow;
    if (view) view.print = () => (kept.paper = read(view.document));
  }).observe(document.body, { childList: true });

  function read(paper: Document): Paper {
    const trees = [...paper.querySelectorAll<HTMLElement>('div')].flatMap((one) => one.shadowRoot ?? []);
    trees.forEach(({ host }, index) => host.setAttribute('data-letter-tree', String(index)));
    const letters = trees.map((tree) => ({
      style: tree.adoptedStyleSheets
        .flatMap((one) => [...one.cssRules].map((rule) => rule.cssText))
        .join('\n'),
      html: tree.innerHTML,
      colour: getComputedStyle(tree.querySelector('[style]') ?? tree.host).color,
    }));
    return { html: paper.documentElement.outerHTML, letters };
  }
}

/** Returns the document that the pages hand to the printer, as a PDF. */
async function printed(
  { page, context, url }: Story,
  tell: () => Promise<void>,
): Promise<{ pdf: Buffer; paper: Paper }> {
  await page.evaluate(listen);
  await tell();
  const paper = await (
    await page.waitForFunction(() => (window as unknown as { paper?: Paper }).paper)
  ).jsonValue();
  if (!paper) throw new Error('nothing was printed');
  const alone = await context.newPage();
  const base = `<head><base href="${url}/">`;
  await alone.setContent(paper.html.replace('<head>', base).replaceAll('crossorigin', 'data-was'));
  await alone.evaluate((letters) => {
    for (const [index, { style, html }] of letters.entries()) {
      const tree = document.querySelector(`[data-letter-tree="${index}"]`)?.attachShadow({ mode: 'open' });
      if (tree) tree.innerHTML = `<style>${style}</style>${html}`;
    }
  }, paper.letters);
  await alone.waitForFunction(() => document.styleSheets.length > 0);
  const margin = { top: '10mm', bottom: '10mm' };
  return { paper, pdf: await alone.pdf({ format: 'A4', margin }) };
}

describe.each([
  ['by its key', 'Control+p'],
  ['from the menu', 'menu'],
])('a long letter printed %s', (_, way) => {
  const story = tell({ letters: 20 });

  it('is cut through no line, and has the styles and pictures of its own', async () => {
    const { page, server } = story;
    const rows = Array.from({ length: 400 }, (_, n) => `line${n}${n % 9 ? '' : ' and more'}<br>`).join('');
    const dot =
      '<img alt="" width="20" height="20" src="data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==">';
    const html = `<style>.big { font: 27px/31px monospace }</style><div class="big" style="color: #804020">${rows}</div>${dot}<p>line400</p>`;
    server.deliver({ name: 'Tom', email: 'tom@whitfield.test' }, 'All lines', 'plain', html);
    await row(page, /All lines/).click();
    await page.frameLocator('iframe').getByText('line400').waitFor();
    const { pdf, paper } = await printed(story, async () => {
      if (way !== 'menu') return page.keyboard.press(way);
      await page.getByRole('toolbar').getByRole('button', { name: 'More' }).last().click();
      await page.getByRole('menuitem', { name: 'Print' }).click();
    });
    expect(paper.letters.map(({ colour }) => colour)).toEqual(['rgb(128, 64, 32)']);
    const [first = ''] = pagesOf(pdf);
    for (const one of ['All lines', 'Tom <tom@whitfield.test>', 'line0']) expect(first).toContain(one);
    expect(first).not.toMatch(/Reply|Skip to/);
    const lines = linesOf(pdf);
    const height = 842;
    for (let n = 0; n <= 400; n += 1) {
      const places = lines.get(`line${n}`) ?? [];
      expect([n, places.length]).toEqual([n, 1]);
      for (const { top, foot } of places) {
        expect(top).toBeGreaterThan(0);
        expect(foot).toBeLessThan(height - 20);
      }
    }
    // The style of the letter counts: its lines have the distance that it sets.
    const [one, two] = [lines.get('line1')?.[0]?.top ?? 0, lines.get('line2')?.[0]?.top ?? 0];
    expect(two - one).toBeGreaterThan(20);
    await page.evaluate(() =>
      document
        .querySelector<HTMLIFrameElement>('iframe.paper')
        ?.contentWindow?.dispatchEvent(new Event('afterprint')),
    );
    expect(await page.locator('iframe.paper').count()).toBe(0);
  });
});
