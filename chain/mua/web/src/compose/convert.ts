import { cleanBody } from './clean';

/** Between the two ways of writing a letter. */

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (letter) => escapes[letter] ?? letter);
}

/** Each line a block, as the editor writes them. */
export function htmlOf(text: string): string {
  return text
    .split('\n')
    .map((line) => `<div>${escapeHtml(line) || '<br>'}</div>`)
    .join('');
}

/** The same for a letter of others: what it quotes with ">" becomes a quote inside the quote. */
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
      return quoted ? `<blockquote>${quotedHtmlOf(inside)}</blockquote>` : htmlOf(inside);
    })
    .join('');
}

/** HTML as a person would have typed it: quotes with ">", lists with "-" or numbers, links with their address. */
export function textOf(html: string): string {
  const text = childrenOf(cleanBody(html));
  return (
    text
      // The line before a signature is "-- ", with its blank (RFC 3676 §4.3).
      .replace(/(?<!^--)[ \t]+\n/gm, '\n')
      .replace(/\n{3,}/g, '\n\n')
      .trim()
  );
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

function childrenOf(node: Node): string {
  let text = '';
  for (const child of node.childNodes) {
    const part = nodeText(child);
    const name = child.nodeName;
    if (!blocks.has(name)) {
      text += part;
      continue;
    }
    const gap = paragraphs.has(name) ? '\n\n' : '\n';
    if (text && !text.endsWith('\n')) text += '\n';
    if (text && gap === '\n\n' && !text.endsWith('\n\n')) text += '\n';
    text += part.endsWith('\n') && gap === '\n' ? part : part + gap;
  }
  return text;
}

function nodeText(node: Node): string {
  if (node.nodeType === Node.TEXT_NODE)
    return (node.textContent ?? '').replace(/[\u200B]/g, '').replace(/[\s\u00A0]+/g, ' ');
  if (!(node instanceof HTMLElement)) return '';
  switch (node.nodeName) {
    case 'BR':
      return node.nextSibling ? '\n' : '';
    case 'IMG':
      return node.getAttribute('alt') ? `[${node.getAttribute('alt')}]` : '';
    case 'HR':
      return '----------';
    case 'PRE':
      return node.textContent ?? '';
    case 'A':
      return linkText(node);
    case 'BLOCKQUOTE':
      return childrenOf(node).trim().replace(/^/gm, '> ').replace(/^> >/gm, '>>').replace(/^> $/gm, '>');
    case 'LI':
      return `${markOf(node)}${childrenOf(node).trim()}`;
    case 'TD':
    case 'TH':
      return `${childrenOf(node).trim()}  `;
    default:
      return childrenOf(node);
  }
}

function linkText(link: HTMLElement): string {
  const address = (link.getAttribute('href') ?? '').replace(/^mailto:/, '');
  const text = childrenOf(link);
  return !address || text.includes(address) || address === `${text}/` ? text : `${text} <${address}>`;
}

function markOf(item: HTMLElement): string {
  const list = item.parentElement;
  if (list?.nodeName !== 'OL') return '- ';
  return `${[...list.children].indexOf(item) + 1}. `;
}
