import { type Hostile, html } from './hostile';

/**
 * Letters that keep a careless browser busy for long, one for each kind of work: text, fonts, elements, tables, styles,
 * selectors, drawing, pictures. Each is many times as large as one that holds a page for a second.
 */

const times = (text: string, count: number): string => text.repeat(count);
const each = (count: number, one: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => one(n)).join('');
const styled = (css: string, body: string): string => `<style>${css}</style>${body}`;
const paragraphs = times('<p>x</p>', 12_000);
const gif = 'data:image/gif;base64,R0lGODlhAQABAAAAACw=';

const text: Record<string, string> = {
  'a word without end': times('a', 3 << 20),
  'a text without end': times('word ', 700_000),
  'breaks without end': times('a<wbr>', 150_000),
  'lines without end': `<pre>${times('a\n', 600_000)}</pre>`,
  'empty lines': times('<br>', 150_000),
  'directions that take turns': times('a\u05d0', 300_000),
  'directions in directions': times('\u202e\u2067a\u2069', 200_000),
  'scripts that take turns': times('a\u4e2d\u0378 ', 100_000),
  'signs that no font has': each(40_000, (n) => String.fromCodePoint(0xf0000 + n)),
  'entities of many kinds': times('&amp;&lt;&#x10FFFF;&NotAnEntity;', 80_000),
  'accents on accents': times(`Z${times('\u0489\u0301', 25)}`, 15_000),
  'blanks that do not break': times('\u00a0', 600_000),
  'hyphens that are not seen': times('a\u00ad', 500_000),
  'words of many parts': styled(
    'p{text-align:justify;hyphens:auto}',
    `<p lang=de>${times('Donaudampfschiff ', 60_000)}`,
  ),
};

const elements: Record<string, string> = {
  'rows without end': `<table>${times('<tr><td style="color:red">row', 50_000)}</table>`,
  'a wide table': `<table>${times(`<tr>${times('<td>x', 300)}`, 100)}</table>`,
  'cells over many rows': `<table>${times('<tr><td colspan=1000>x<td rowspan=65534>y', 4_000)}</table>`,
  'tables in tables': `${times('<table width=100%><tr><td>a b<td width=50%>', 90)}seen`,
  'elements in elements': `${times('<div>', 390)}seen`,
  'lists in lists': times('<ol><li>x', 190),
  'lines across': times('<hr>', 50_000),
  'pieces of a line': times('<span>a</span>', 150_000),
  'links without end': times('<a href="https://a.test/x">https://a.test/x</a> ', 50_000),
  'attributes without end': times(`<p ${each(1_900, (n) => `a${n}=b `)}>seen</p>`, 40),
  'a choice without end': `<select>${times('<option>x', 80_000)}</select>seen`,
  'a drawing without end': `<svg>${times('<g><path d="M0 0L1 1"/>', 15_000)}</svg><p>seen`,
  'a formula without end': `<math>${times('<mfrac><mi>x</mi>', 5_000)}</math><p>seen`,
};

const styles: Record<string, string> = {
  'rules for everything': styled(times('p{color:red}\n', 30_000), times('<p>x</p>', 30_000)),
  'rules for nothing': styled(
    each(15_000, (n) => `.c${n} .d${n} p{color:red}`),
    paragraphs,
  ),
  'selectors of many steps': styled(
    times('* > * * > * * > .no * > p {color:red}\n', 60),
    times(times('<div>', 90) + 'x' + times('</div>', 90), 60),
  ),
  'selectors that count': styled(
    each(300, (n) => `:nth-last-of-type(${n}n+3):nth-child(${n}n+1){color:red}:nth-child(2 of p){top:0}`),
    paragraphs,
  ),
  'selectors of neighbours': styled(
    times('*+*+*+*+*+p{color:red}p:has(~ * p){color:red}* ~ p{top:0}', 200),
    paragraphs,
  ),
  'boxes before and behind': styled('*::before{content:"x"}*::after{content:"y"}', paragraphs),
  'text from a style': styled(`p::before{content:"${times('word ', 2_000)}"}`, paragraphs),
  'variables that double': styled(
    `p{--a:x x x x x x x x;${each(9, (n) => `--${'bcdefghij'.charAt(n)}:${times(`var(--${'abcdefghi'.charAt(n)}) `, 8)};`)}font-family:var(--j)}`,
    paragraphs,
  ),
  'styles of each its own': each(
    12_000,
    (n) => `<p style="color:#${(n + 100_000).toString(16)};margin:${n % 7}px;border:1px solid red">x</p>`,
  ),
  'a style without end': `<p style="${times('color:red;', 250_000)}">seen</p>`,
  'fonts without end': each(12_000, (n) => `<p style="font-family:'x${n}'">x</p>`),
  'sizes without end': each(12_000, (n) => `<span style="font-size:${5 + n / 100}px">x</span> `),
};

const drawing: Record<string, string> = {
  'blur and blends': styled(
    'p{filter:blur(50px);backdrop-filter:blur(9px);mix-blend-mode:difference}',
    paragraphs,
  ),
  'shadows of shadows': styled(
    `p{box-shadow:${times('0 0 90px red,', 500)}0 0 1px red;text-shadow:0 0 90px blue}`,
    paragraphs,
  ),
  'gradients on gradients': styled(
    `p{background:${each(300, (n) => `linear-gradient(${n}deg,red,transparent),`)}red}`,
    paragraphs,
  ),
  'what turns and grows': styled('p{transform:rotate3d(1,1,1,45deg) scale(1000)}', paragraphs),
  'windows in windows': styled('p{overflow:scroll;height:20px;width:50px}', paragraphs),
  'what stands still': styled('p{position:fixed;top:0;opacity:.9}', paragraphs),
  'what floats': styled(
    'div{float:left;width:33px}',
    each(20_000, (n) => `<div style="height:${n % 77}px">x</div>`),
  ),
  'columns in columns': styled('div{columns:2;writing-mode:vertical-rl}', `${times('<div>a b ', 40)}seen`),
  'grids in grids': styled(
    'div{display:grid;grid-template-columns:auto 1fr}',
    `${times('<div>a b<div>', 45)}seen`,
  ),
  'larger and larger': times('<div style="font-size:9em">x', 90),
  'an edge without end': '<div style="border:1px dashed red;width:9999999px;height:9999999px">seen</div>',
  'pictures in addresses': each(15_000, (n) => `<img src="${gif.slice(0, -1)}${n}=" width=10>`),
  'a picture of megabytes': `<img src="data:image/png;base64,${times('A', 3_000_000)}">seen`,
};

/** Returns all of them. */
export function heavy(): Hostile[] {
  return Object.entries({ ...text, ...elements, ...styles, ...drawing }).map(([name, markup]) =>
    html(name, markup),
  );
}

/** Returns plain texts, and HTML that hides a text. */
export function heavyTexts(): Hostile[] {
  const plain = (name: string, body: string, more: string[] = []): Hostile => ({
    name,
    header: ['Content-Type: text/plain; charset=utf-8', ...more],
    body: Buffer.from(body),
  });
  const encoded = (how: string) => [`Content-Transfer-Encoding: ${how}`];
  return [
    plain('plain lines without end', times('a word and another\r\n', 150_000)),
    plain('a plain line without end', times('word ', 600_000)),
    plain('plain links without end', times('https://a.test/x ', 100_000)),
    plain('nothing but padding', times('=', 3_000_000), encoded('base64')),
    plain('nothing but ends of lines', times('=', 3_000_000), encoded('quoted-printable')),
    plain('a file in a text', `begin 644 x\r\n${'M'.repeat(60)}${times('\r\n', 100_000)}`),
    plain(
      'quotes in quotes',
      each(30_000, (n) => `${times('>', n % 40)} x\r\n`),
    ),
  ];
}
