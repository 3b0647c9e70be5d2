/**
 * Keeps blanks that count: in a table, a patch or a program in plain text, each blank survives the way through HTML.
 * Lines that need it have `white-space: pre-wrap`. While a text is put together, noncharacters of Unicode, which no
 * letter contains, mark the blanks that count and tell them from those of HTML.
 */

const style = 'white-space: pre-wrap';
const marks: Record<string, string> = { ' ': '\uFDD0', '\t': '\uFDD1', '\u00A0': '\uFDD2' };
const blanks: Record<string, string> = { '\uFDD0': ' ', '\uFDD1': '\t', '\uFDD2': '\u00A0', '\uFDD3': '' };

/** Stands for an empty line that counts. */
export const emptyLine = '\uFDD3';

/** Returns the attribute for an element in which each blank counts, if `needed`. */
export function styleFor(needed: boolean): string {
  return needed ? ` style="${style}"` : '';
}

/** Returns true if HTML would change the blanks of a line. */
export function needsExact(line: string): boolean {
  return /^ | {2}|[\t\u00A0]| $/.test(line);
}

/** Returns true if blanks count in an element; `around` is true if they count around it. */
export function isExact(node: HTMLElement, around: boolean): boolean {
  const { whiteSpace } = node.style;
  if (node.nodeName === 'PRE') return true;
  return whiteSpace === '' ? around : /^(?:pre|pre-wrap|break-spaces)$/.test(whiteSpace);
}

export function mark(text: string): string {
  return text.replace(/[ \t\u00A0]/g, (blank) => marks[blank] ?? blank);
}

export function unmark(text: string): string {
  return text.replace(/[\uFDD0-\uFDD3]/g, (one) => blanks[one] ?? one);
}

/** Marks the blanks that count below `node`, so that no code tidies them up. */
export function markBelow(node: Node, around = false): void {
  for (const child of node.childNodes) {
    if (child instanceof Text && around) child.data = mark(child.data);
    else if (child instanceof HTMLElement) markBelow(child, isExact(child, around));
  }
}

export function unmarkBelow(node: Node): void {
  for (const child of node.childNodes) {
    if (!(child instanceof Text)) unmarkBelow(child);
    else if (/[\uFDD0-\uFDD3]/.test(child.data)) child.data = unmark(child.data);
  }
}
