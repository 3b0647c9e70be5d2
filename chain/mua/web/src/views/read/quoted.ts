/**
 * Folds away the quotation of an earlier letter in HTML, as mailers mark it. Text written below or between quotes is no
 * history, and nothing of it is hidden.
 */

/** The marks that mailers put around an earlier letter, with its author and date. */
const histories = [
  '.gmail_quote',
  '.gmail_quote_container',
  '.yahoo_quoted',
  '.protonmail_quote',
  '.moz-cite-prefix',
  '.tutanota_quote',
  '.zmail_extra',
  '[id$="divRplyFwdMsg"]',
  '[id$="appendonsend"]',
  'blockquote[type=cite]',
  'blockquote.gmail_quote',
].join(',');

/**
 * The header that Outlook and similar programs put over an earlier letter: author, date and subject, in the languages
 * of Europe.
 */
const header =
  /^\s*(?:-{2,}[^\n]{0,60}-{2,}\s*)?\*?(?:From|De|Von|Da|Van|Fra|Från|Od|От)\s?:.{1,300}?(?:Sent|Date|Envoyé|Gesendet|Datum|Inviato|Data|Enviad[oa](?: el)?|Fecha|Verzonden|Sendt|Skickat|Wysłano|Отправлено)\s?:.{1,500}?(?:Subject|Objet|Betreff|Oggetto|Asunto|Assunto|Onderwerp|Emne|Ämne|Temat|Тема)\s?:/su;
/** The line that Apple Mail and others write over a quote: "On … wrote:", "Le … a écrit :". */
const introduction = /^[^\n]{4,300}:\s*$/;
/** Elements that may begin with such a header, and the most of them that are checked. */
const holders = 'div,p,td,font,span';
const mostLookedAt = 5_000;
/** The most characters of a header, and the most pieces of text. */
const headerLength = 1_200;
const headerPieces = 80;
/** The most quotes that are checked, the last first: a quote with text below it is no history. */
const mostQuotes = 40;

/** Folds the history of `letter` away, behind a button called `name`, unless there is nothing else in it. */
export function foldHistory(letter: Document, name: string): void {
  const begin = beginning(letter);
  if (!begin || !saysSomethingBefore(letter, begin)) return;
  const [fold, summary] = [letter.createElement('details'), letter.createElement('summary')];
  summary.textContent = '•••';
  summary.setAttribute('aria-label', name);
  summary.title = name;
  const parts = restFrom(begin);
  begin.before(fold);
  fold.append(summary, ...parts);
}

/** Returns the element that the history begins with, which goes to the end of the letter. */
function beginning(letter: Document): Element | undefined {
  const marks = [...letter.body.querySelectorAll(histories)].slice(-mostQuotes);
  const outer = marks.filter((mark) => !mark.parentElement?.closest(histories));
  const found = outer.find((mark) => !saysSomethingBehind(letter, lastOf(mark)));
  if (found) return whole(letter, introducing(found) ?? found);
  const headed = underHeader(letter);
  return headed && whole(letter, headed);
}

/**
 * Returns the last element of an earlier letter that begins with `mark`: the mark itself, or the quote below a mark
 * that is only its head.
 */
function lastOf(mark: Element): Element {
  const quote = mark.nextElementSibling;
  if (mark.matches('.moz-cite-prefix')) return quote?.matches('blockquote') ? quote : mark;
  const isHead = mark.matches('[id$="divRplyFwdMsg"],[id$="appendonsend"]');
  return isHead ? (mark.parentElement?.lastElementChild ?? mark) : mark;
}

/** Returns the line "On … wrote:" above a quote, if it stands for itself. */
function introducing(mark: Element): Element | undefined {
  const before = mark.previousElementSibling;
  const isLine = before !== null && before.childNodes.length < 8 && before.nextSibling !== null;
  return isLine && introduction.test(before.textContent?.trim() ?? '') ? before : undefined;
}

/** Returns the element that begins with a header as Outlook writes it, or with the line above that. */
function underHeader(letter: Document): Element | undefined {
  for (const one of [...letter.body.querySelectorAll(holders)].slice(0, mostLookedAt)) {
    if (!header.test(beginningOf(one))) continue;
    const outer = whole(letter, one);
    const rule = outer.previousElementSibling;
    return rule?.matches('hr') ? rule : outer;
  }
  return undefined;
}

/** Returns the first words of an element. */
function beginningOf(element: Element): string {
  const walker = element.ownerDocument.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  let text = '';
  for (let n = 0; n < headerPieces && text.length < headerLength && walker.nextNode(); n += 1)
    text += walker.currentNode.nodeValue ?? '';
  return text.slice(0, headerLength);
}

/**
 * Returns the largest element that begins with `element`: it belongs to the history as a whole, unless it is all of the
 * letter.
 */
function whole(letter: Document, element: Element): Element {
  let outer = element;
  while (outer.parentElement && outer.parentElement !== letter.body && isFirst(outer))
    outer = outer.parentElement;
  return saysSomethingBefore(letter, outer) ? outer : element;
}

function isFirst(element: Element): boolean {
  for (let one = element.previousSibling; one; one = one.previousSibling)
    if (one.nodeName !== 'HR' && (one.textContent ?? '').trim() !== '') return false;
  return true;
}

/** Returns an element and the siblings behind it. */
function restFrom(begin: Element): Node[] {
  const parts: Node[] = [];
  for (let one: Node | null = begin; one; one = one.nextSibling) parts.push(one);
  return parts;
}

function saysSomethingBefore(letter: Document, element: Element): boolean {
  const walker = letter.createTreeWalker(letter.body, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
  for (let node = walker.nextNode(); node && node !== element; node = walker.nextNode())
    if (says(node)) return true;
  return false;
}

function saysSomethingBehind(letter: Document, element: Element): boolean {
  const walker = letter.createTreeWalker(letter.body, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
  walker.currentNode = element;
  while (!walker.nextSibling()) if (!walker.parentNode()) return false;
  for (let node: Node | null = walker.currentNode; node; node = walker.nextNode())
    if (says(node)) return true;
  return false;
}

/** Returns true if a node is words, or a picture that is more than a point. */
function says(node: Node): boolean {
  if (node.nodeType === 3) return /[^\s\u00A0\u200B-\u200D\uFEFF]/u.test(node.nodeValue ?? '');
  if (node.nodeName !== 'IMG') return false;
  const { width, height } = node as HTMLImageElement;
  return width > 2 && height > 2;
}
