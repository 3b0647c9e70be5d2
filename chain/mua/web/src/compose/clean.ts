import DOMPurify from 'dompurify';
import { declarationsOf } from './styles';

/** The attribute that holds styles until they have been checked: the policy of the pages forbids the real one. */
const aside = 'data-style';

const plain = [
  'align',
  'alt',
  'bgcolor',
  'border',
  'cellpadding',
  'cellspacing',
  'color',
  'colspan',
  'dir',
  'face',
  'height',
  'lang',
  'rowspan',
  'size',
  'title',
  'valign',
  'width',
  aside,
];

/**
 * The HTML that may stand in the editor: everything that a letter needs, and nothing that acts or loads. Quotations
 * come from the octets that others sent, so this is the line of defence there and for pasted text; the policy of the
 * pages is the second.
 */
const allowed = {
  ALLOWED_TAGS: [
    'a',
    'b',
    'blockquote',
    'br',
    'code',
    'del',
    'div',
    'em',
    'font',
    'h1',
    'h2',
    'h3',
    'h4',
    'hr',
    'i',
    'img',
    'li',
    'ol',
    'p',
    'pre',
    's',
    'span',
    'strong',
    'sub',
    'sup',
    'table',
    'tbody',
    'td',
    'tfoot',
    'th',
    'thead',
    'tr',
    'u',
    'ul',
  ],
  ALLOWED_ATTR: ['href', 'src', ...plain],
  // These attributes contain no addresses.
  ADD_URI_SAFE_ATTR: plain,
  // Pictures have further conditions below.
  ALLOWED_URI_REGEXP: /^(?:https?|mailto|tel|cid|blob|data):/i,
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
};

/** The two marks by which the editor remembers a selection while it undoes. */
const marks = new Set(['squire-selection-start', 'squire-selection-end']);

/**
 * Returns the address that a picture of the letter is shown from; of any other picture, only its alternative text
 * stays.
 */
export type ShowPicture = (src: string) => string | undefined;

export function cleanFragment(html: string, show: ShowPicture = () => undefined): DocumentFragment {
  return imported(inert(html, show));
}

/** Cleans HTML that the editor itself wrote, with its marks. */
export function cleanOwn(html: string, show: ShowPicture): DocumentFragment {
  const body = inert(html, show, { tags: ['input'], attributes: ['id', 'type'] });
  for (const input of body.querySelectorAll('input')) if (!marks.has(input.id)) input.remove();
  return imported(body);
}

/** Cleans the body in a document that loads and runs nothing. Pictures that came with the letter keep their names. */
export function cleanBody(html: string): HTMLElement {
  return inert(html, (src) => (/^cid:/i.test(src) ? src : undefined));
}

export function cleanHtml(html: string): string {
  return cleanBody(html).innerHTML;
}

/** Cleans in a document that loads and runs nothing. */
function inert(html: string, show: ShowPicture, more = { tags: [] as string[], attributes: [] as string[] }) {
  const body = DOMPurify.sanitize(quiet(html), {
    ...allowed,
    ALLOWED_TAGS: [...allowed.ALLOWED_TAGS, ...more.tags],
    ALLOWED_ATTR: [...allowed.ALLOWED_ATTR, ...more.attributes],
    RETURN_DOM: true,
  }) as HTMLElement;
  for (const image of body.querySelectorAll('img')) settlePicture(image, show);
  for (const link of body.querySelectorAll('a[href]'))
    if (!/^(?:https?|mailto|tel):/i.test(link.getAttribute('href') ?? '')) link.removeAttribute('href');
  for (const styled of body.querySelectorAll<HTMLElement>(`[${aside}]`)) {
    for (const [name, value] of declarationsOf(styled.getAttribute(aside) ?? ''))
      styled.style.setProperty(name, value);
    styled.removeAttribute(aside);
  }
  return body;
}

function settlePicture(image: HTMLImageElement, show: ShowPicture): void {
  const src = show(image.getAttribute('src') ?? '');
  if (src === undefined) image.replaceWith(image.alt);
  else image.setAttribute('src', src);
}

function imported(body: HTMLElement): DocumentFragment {
  const fragment = document.createDocumentFragment();
  // Styles that were set one by one, not as an attribute, are copied along under any policy.
  fragment.append(...[...body.childNodes].map((child) => document.importNode(child, true)));
  return fragment;
}

/**
 * Removes beforehand the parts that the browser would complain of while it parses under the policy of the pages, and
 * puts styles aside. This is for quiet, not for safety.
 */
function quiet(html: string): string {
  return withoutStyleSheets(html).replace(/<[a-z][^<>]*>/gi, (tag) =>
    tag
      .replace(/\son[a-z]{1,40}\s{0,9}=\s{0,9}(?:"[^"]*"|'[^']*'|[^\s>"']+)/gi, '')
      .replace(/\sstyle(?=\s{0,9}=)/gi, ` ${aside}`),
  );
}

function withoutStyleSheets(html: string): string {
  const [opening, closing] = [/<style\b/gi, /<\/style\b/gi];
  let [kept, at] = ['', 0];
  for (;;) {
    opening.lastIndex = at;
    const start = opening.exec(html)?.index;
    if (start === undefined) return kept + html.slice(at);
    kept += html.slice(at, start);
    closing.lastIndex = start;
    const end = closing.exec(html)?.index;
    if (end === undefined) return kept;
    at = end;
  }
}
