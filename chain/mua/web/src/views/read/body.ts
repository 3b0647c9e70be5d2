import type { EmailBody, Item } from '../../jmap';
import { shownParts } from '../../store/parts';

/** A stretch of a plain letter: text, or a picture in its place. */
export type Piece = { kind: 'text'; text: string } | { kind: 'picture'; part: Item };

/**
 * Returns the pieces of a plain letter, one below the other: its texts, those next to each other as one, and the
 * pictures between.
 */
export function piecesOf(body: EmailBody): Piece[] {
  const pieces: Piece[] = [];
  for (const part of shownParts(body)) {
    const last = pieces.at(-1);
    if (part.is === 'picture') pieces.push({ kind: 'picture', part });
    else if (last?.kind === 'text') last.text += `\n${valueOf(body, part)}`;
    else pieces.push({ kind: 'text', text: valueOf(body, part) });
  }
  return pieces.filter((piece) => piece.kind === 'picture' || piece.text.trim() !== '');
}

/**
 * A browser lays out a plain text of this length, with as many lines, links and changes of script, in some tenths of a
 * second.
 */
const longest = { characters: 150_000, lines: 5_000, links: 2_000, changes: 4_000 };

/**
 * Returns true if the pages cannot show a plain letter immediately: it was not loaded whole, or would keep the browser
 * busy for long. The server shows it part by part.
 */
export function isHeavy(body: EmailBody): boolean {
  const values = shownParts(body).map((part) => (part.partId ? body.bodyValues[part.partId] : undefined));
  if (values.some((value) => value?.isTruncated)) return true;
  const text = values.map((value) => value?.value ?? '').join('\n');
  if (text.length > longest.characters) return true;
  const links = countOf(text, /https?:|@/g);
  return countOf(text, /\n/g) > longest.lines || links > longest.links || changesIn(text) > longest.changes;
}

function countOf(text: string, what: RegExp): number {
  return text.match(what)?.length ?? 0;
}

/** Returns the number of changes of script in a text: each may make the browser look for another font. */
function changesIn(text: string): number {
  let [before, changes] = [0, 0];
  for (let at = 0; at < text.length; at += 1) {
    const block = text.charCodeAt(at) >> 8;
    // Blanks and signs belong to the script around them.
    if (block === 0x20 || (block === 0 && !/[0-9A-Za-z\u00A1-\u00FF]/.test(text.charAt(at)))) continue;
    // Chinese, Japanese and Korean have very many blocks, and few fonts.
    const script = block >= 0x30 && block < 0xd8 ? 0x30 : block;
    if (script !== before) changes += 1;
    before = script;
  }
  return changes;
}

/** Returns its plain text, in all parts of it: for a letter in HTML, the other form of it. */
export function textOf(body: EmailBody): string {
  return body.consistsOf
    .filter(({ is, type }) => is === 'text' || (is === 'otherForm' && type === 'text/plain'))
    .map((part) => valueOf(body, part))
    .join('\n')
    .trimEnd();
}

function valueOf(body: EmailBody, part: Item): string {
  return (part.partId ? (body.bodyValues[part.partId]?.value ?? '') : '').replace(/\r\n?/g, '\n');
}

/** Returns its HTML, if it has some and that was loaded whole. */
export function htmlOf(body: EmailBody): string | undefined {
  const parts = body.consistsOf.filter(({ is }) => is === 'html');
  const values = parts.map((part) => (part.partId ? body.bodyValues[part.partId] : undefined));
  if (values.length === 0 || values.some((value) => value === undefined || value.isTruncated))
    return undefined;
  return values.map((value) => value?.value ?? '').join('\n');
}

export interface Block {
  kind: 'text' | 'quote' | 'signature';
  text: string;
}

/** Takes a plain letter apart into its own text, its quotations and the signature (RFC 3676 §4.3, §4.5). */
export function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  let signature = false;
  for (const line of text.split('\n')) {
    const quoted = line.startsWith('>');
    if (line === '-- ' || line === '--') signature = true;
    const kind = quoted ? 'quote' : signature ? 'signature' : 'text';
    const last = blocks.at(-1);
    if (last?.kind === kind) last.text += `\n${line}`;
    else blocks.push({ kind, text: line });
  }
  return foldIntroductions(blocks).filter((block) => block.text.trim() !== '');
}

/** "On … wrote:" belongs to the quote it introduces. */
function foldIntroductions(blocks: Block[]): Block[] {
  return blocks.map((block, index) => {
    const next = blocks[index + 1];
    if (block.kind !== 'text' || next?.kind !== 'quote') return block;
    const match = /(?:^|\n)([^\n]{4,200}:)\s*$/.exec(block.text);
    if (!match?.[1]) return block;
    next.text = `${match[1]}\n${next.text}`;
    return { kind: 'text', text: block.text.slice(0, match.index) };
  });
}

export interface Run {
  text: string;
  href?: string;
  /** True if the line may be broken before it, wherever that is. */
  cut?: boolean;
}

/**
 * Matches no name longer than RFC 5321 §4.5.3.1.1 allows: otherwise a long word would be searched once for each letter
 * of it.
 */
const links = /https?:\/\/[^\s<>"]+|(?<![\w.+-])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+/g;

/** Finds the links in a text. */
export function runsOf(text: string): Run[] {
  const runs: Run[] = [];
  let end = 0;
  for (const match of text.matchAll(links)) {
    // The end of a sentence does not belong to the address; a closing bracket does only if one was opened.
    let found = withoutStop(match[0]);
    if (found.endsWith(')') && !found.includes('(')) found = found.slice(0, -1);
    runs.push(...stretches(text.slice(end, match.index)));
    runs.push({ text: found, href: /^https?:/.test(found) ? found : `mailto:${found}` });
    end = match.index + found.length;
  }
  runs.push(...stretches(text.slice(end)));
  return runs.filter((run) => run.text !== '');
}

function withoutStop(address: string): string {
  let end = address.length;
  while (end > 0 && ".,;:!?'’»".includes(address.charAt(end - 1))) end -= 1;
  return address.slice(0, end);
}

const stretch = 500;

/**
 * Cuts a long text into pieces: a browser that lays out one piece in many fonts looks through all of it for each line,
 * and is busy with a hundred kilobytes for minutes.
 */
function stretches(text: string): Run[] {
  const runs: Run[] = [];
  let begin = 0;
  while (text.length - begin > 2 * stretch) {
    const gap = text.slice(begin + stretch, begin + 2 * stretch).search(/\s/);
    let end = begin + (gap < 0 ? 2 * stretch : stretch + gap + 1);
    // The cut must not fall in the middle of a character.
    if (/[\uDC00-\uDFFF]/.test(text[end] ?? '')) end += 1;
    runs.push({ text: text.slice(begin, end), cut: begin > 0 || undefined });
    begin = end;
  }
  runs.push({ text: text.slice(begin), cut: begin > 0 || undefined });
  return runs;
}
