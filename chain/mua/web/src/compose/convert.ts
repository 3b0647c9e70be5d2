import { cleanBody } from './clean';
import { emptyLine, isExact, mark, needsExact, styleFor, unmark } from './exact';

/** Converts between the two ways of writing a letter. */

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (letter) => escapes[letter] ?? letter);
}

/** Returns each line as a block, as the editor writes them. Runs of blanks and of empty lines stay as they are. */
export function htmlOf(text: string): string {
  return text
    .split('\n')
    .map((line, at, lines) => {
      const emptyToo = lines.length > 1 && line === '' && !lines[at - 1];
      return `<div${styleFor(emptyToo || needsExact(line))}>${escapeHtml(line) || '<br>'}</div>`;
    })
    .join('');
}

/** Converts a letter of others: lines that it quotes with ">" become a quote inside the quote. */
export function quotedHtmlOf(text: string): string {
  const parts: { quoted: boolean; lines: string[] }[] = [];
  for (const line of text.split('\n')) {
    const quoted = line.startsWith('>');
    const last = parts.at(-1);
    const bare = quoted ? line.replace(/^> ?/, '') : line;
    if (last?.quoted === quoted) last.lines.push(bare);
    else parts.push({ quoted, lines: [bare] });
  }
  return parts
    .map(({ quoted, lines }) => {
      const inside = lines.join('\n');
      return quoted ? `<blockquote${styleFor(true)}>${quotedHtmlOf(inside)}</blockquote>` : htmlOf(inside);
    })
    .join('');
}

/**
 * Returns HTML as a person would have typed it: quotes with ">", lists with "-" or numbers, links with their address.
 */
export function textOf(html: string): string {
  const text = childrenOf(cleanBody(html), false);
  const tidy = text
    // The line before a signature is "-- ", with its blank (RFC 3676 §4.3).
    .replace(/(?<!^--)[ \t]+\n/gm, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
  return unmark(tidy);
}

const blocks = new Set([
  'DIV',
  'P',
  'H1',
  'H2',
  'H3',
  'H4',
  'PRE',
  'TR',
  'TABLE',
  'UL',
  'OL',
  'LI',
  'BLOCKQUOTE',
  'HR',
]);
const paragraphs = new Set(['P', 'H1', 'H2', 'H3', 'H4', 'UL', 'OL', 'BLOCKQUOTE', 'TABLE']);

/** Returns the text of an element's children. `exact` is true if each blank counts. */
function childrenOf(node: Node, exact: boolean): string {
  let text = '';
  for (const child of node.childNodes) {
    const part = nodeText(child, exact);
    const name = child.nodeName;
    if (!blocks.has(name)) {
      text += part;
      continue;
    }
    const gap = paragraphs.has(name) && !exactIn(child, exact) ? '\n\n' : '\n';
    if (text && !text.endsWith('\n')) text += '\n';
    if (text && gap === '\n\n' && !text.endsWith('\n\n')) text += '\n';
    text += part.endsWith('\n') && gap === '\n' ? part : part + gap;
  }
  return text;
}

function exactIn(node: Node, around: boolean): boolean {
  return node instanceof HTMLElement ? isExact(node, around) : around;
}

function nodeText(node: Node, around: boolean): string {
  if (node.nodeType === Node.TEXT_NODE) return blanksOf(node.textContent ?? '', around);
  if (!(node instanceof HTMLElement)) return '';
  const exact = isExact(node, around);
  switch (node.nodeName) {
    case 'BR':
      return node.nextSibling ? '\n' : '';
    case 'IMG':
      return node.getAttribute('alt') ? `[${node.getAttribute('alt')}]` : '';
    case 'HR':
      return '----------';
    case 'A':
      return linkText(node, exact);
    case 'BLOCKQUOTE':
      return quote(childrenOf(node, exact).trim());
    case 'LI':
      return `${markOf(node)}${childrenOf(node, exact).trim()}`;
    case 'TD':
    case 'TH':
      return `${childrenOf(node, exact).trim()}  `;
    case 'DIV':
      return childrenOf(node, exact) || (exact ? emptyLine : '');
    default:
      return childrenOf(node, exact);
  }
}

/** Editors write runs of blanks as blanks that do not break; before French punctuation such blanks are meant. */
function blanksOf(text: string, exact: boolean): string {
  const visible = text.replace(/\u200B/g, '');
  if (exact) return mark(visible);
  return visible.replace(/[ \t\r\n\f]+/g, ' ').replace(/(?<!«)\u00A0(?![:;?!»%])/g, ' ');
}

function quote(text: string): string {
  const lines = text.split('\n').map((line) => {
    if (line === '' || line === emptyLine) return '>';
    return line.startsWith('>') ? `>${line}` : `> ${line}`;
  });
  return lines.join('\n');
}

function linkText(link: HTMLElement, exact: boolean): string {
  const address = (link.getAttribute('href') ?? '').replace(/^mailto:/, '');
  const text = childrenOf(link, exact);
  return !address || text.includes(address) || address === `${text}/` ? text : `${text} <${address}>`;
}

function markOf(item: HTMLElement): string {
  const list = item.parentElement;
  if (list?.nodeName !== 'OL') return '- ';
  return `${[...list.children].indexOf(item) + 1}. `;
}
