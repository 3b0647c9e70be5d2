/** Guesses the height of a letter in HTML, until it is laid out and can be measured (measure.ts). */

const lineHeight = 23;
/** The width of a letter of the type, on average. */
const letterWidth = 7.4;
const margins = 40;
const shortest = 72;
/** Beyond this height a letter is long, and its exact height no longer matters. */
const longest = 4_000;
/** The most characters that are read for the guess. */
const mostRead = 100_000;

/** Guesses the height of `source` if it is `width` pixels wide, in pixels. */
export function guessHeight(source: string, isHtml: boolean, width: number): number {
  const text = isHtml ? linesOf(source) : source;
  const perLine = Math.max(16, (width - margins) / letterWidth);
  let lines = 0;
  for (const line of text.split('\n')) lines += Math.max(1, Math.ceil(line.length / perLine));
  const pictures = isHtml ? picturesOf(source, width) : 0;
  return Math.round(Math.min(longest, Math.max(shortest, lines * lineHeight + pictures + margins)));
}

const silent = ['style', 'script', 'title', 'template'];
const breaks = /^(?:br|hr|\/p|\/h[1-6])\b/;
const blocks = /^\/(?:div|tr|li|table|ul|ol|blockquote|pre)\b/;

/** Returns the visible text of HTML, a line a block. One pass, whatever the letter does: it comes from a stranger. */
function linesOf(html: string): string {
  let [text, skipped] = ['', ''];
  for (const [index, piece] of html.slice(0, mostRead).split('<').entries()) {
    const end = skipped === '!--' ? piece.indexOf('-->') + 2 : piece.indexOf('>');
    const tag = index === 0 ? '' : piece.slice(0, 24).toLowerCase();
    if (skipped === '!--' ? end < 2 : skipped !== '' && !tag.startsWith(`/${skipped}`)) continue;
    skipped = silent.find((name) => tag.startsWith(name)) ?? '';
    if (tag.startsWith('!--') && !piece.includes('-->')) skipped = '!--';
    const said = (index === 0 ? piece : piece.slice(end + 1)).replace(/\s+/g, ' ');
    if (breaks.test(tag) || (blocks.test(tag) && !text.endsWith('\n'))) text = `${text.trimEnd()}\n`;
    if (skipped === '') text += text.endsWith('\n') ? said.trimStart() : said;
  }
  return text.replace(/&#?\w{1,8};/g, '.').trim();
}

/** Only pictures with a stated height count: the others may be a point. */
function picturesOf(html: string, width: number): number {
  let height = 0;
  for (const [tag] of html.slice(0, mostRead).matchAll(/<img\b[^<>]{0,2000}>/gi)) {
    const [tall, wide] = [sizeIn(tag, 'height'), sizeIn(tag, 'width')];
    height += wide > width ? (tall * width) / wide : tall;
  }
  return height;
}

function sizeIn(tag: string, name: string): number {
  return Number(new RegExp(`\\b${name}\\s*[=:]\\s*["']?(\\d{1,4})(?!\\d*%)`, 'i').exec(tag)?.[1] ?? 0);
}
