import { nearest } from './nearest';
import { mainNames, operatorNamed } from './operators';

/** Finds the beginnings and ends of words, phrases, operators and groups in the typed text. */

/** The quotes that a phrase may begin with, and those that end it: keyboards and phones insert quotes of their own. */
const quotes: Record<string, string> = { '"': '"', '“': '”', '”': '”', '«': '»', '„': '“”' };

const joints = new Set(['OR', 'OU', '|', '||', 'AND', 'ET']);

/** The marks that people put before a subject. */
const replyMarks = new Set('re rép rep ref fw fwd tr aw wg sv vs vb antw rif enc'.split(' '));

/** Schemes of addresses that have no `//`. */
const schemes = new Set(
  'mailto tel sms urn cid mid data news geo sip sips xmpp magnet callto javascript'.split(' '),
);

export interface Named {
  name: string;
  /** The offset behind the colon. */
  end: number;
}

/** Returns the name and the colon that stand here, whether the name is known or not. */
export function operatorAt(text: string, at: number): Named | undefined {
  const name = /\p{L}[\p{L}\p{M}_-]{0,23}:/uy;
  name.lastIndex = at;
  const [found] = name.exec(text) ?? [];
  return found === undefined ? undefined : { name: found.slice(0, -1), end: at + found.length };
}

/**
 * Returns true if a word with a colon in it is just a word: the address of a page, a file, a subject that was answered.
 * An unknown operator's name is none of these: `frm:ann` must not be answered as if it were a word.
 */
export function standsForItself({ name, end }: Named, text: string): boolean {
  const next = text[end] ?? '';
  // https://…, C:\letters, std::string
  if (text.startsWith('//', end) || next === '\\' || next === ':') return true;
  if (operatorNamed(name)) return false;
  const lower = name.toLowerCase();
  // The letter of a drive, of a list, of a chapter.
  if ([...name].length === 1 || replyMarks.has(lower) || schemes.has(lower) || next === '/') return true;
  if (lower === 'localhost' && /\d/.test(next)) return true;
  // "Note: buy milk" is plain text; "frm: ann" is a slip.
  return (next === '' || /[\s)}]/.test(next)) && nearest(name, mainNames) === undefined;
}

/** Returns the character that closes the group that begins here. */
export function closerOf(text: string, at: number): ')' | '}' | undefined {
  const next = text[at];
  return next === '(' ? ')' : next === '{' ? '}' : undefined;
}

/**
 * Returns the phrase that begins here; one without an end goes to the end of the text. `""` within `"…"` is one
 * quotation mark of it.
 */
export function phraseAt(text: string, at: number): { value: string; end: number } | undefined {
  const opener = text[at] ?? '';
  const closers = quotes[opener];
  if (closers === undefined) return undefined;
  const isDoubled = (place: number) => opener === '"' && text.startsWith('""', place);
  let end = at + 1;
  while (end < text.length && (!closers.includes(text[end] ?? '') || isDoubled(end)))
    end += isDoubled(end) ? 2 : 1;
  const inside = text.slice(at + 1, end);
  return {
    value: opener === '"' ? inside.replaceAll('""', '"') : inside,
    end: Math.min(end + 1, text.length),
  };
}

/** Returns the end of the word that begins here. Parentheses that are opened in it belong to it, as in `f(x)`. */
export function wordAt(text: string, at: number, inGroup: boolean): number {
  let end = at;
  let open = 0;
  for (; end < text.length; end += 1) {
    const next = text[end] ?? '';
    if (/\s/.test(next)) break;
    if (next === '(' || next === '{') open += 1;
    else if (next === ')' || next === '}') {
      if (open === 0 && (inGroup || end === at)) break;
      open = Math.max(0, open - 1);
    }
  }
  return end;
}

/** Returns true for a minus that belongs to nothing. */
export function isLoneMinus(text: string, at: number): boolean {
  return text[at] === '-' && /^[\s)}]?$/.test(text[at + 1] ?? '');
}

/** Tells whether this is a dash between words. */
export function isDash(word: string): boolean {
  return /^[-–—−]+$/.test(word);
}

/** Returns true if a value without quotes is read as that one word, also behind the colon of an operator. */
export function readsAsWord(value: string): boolean {
  if (
    /[\s(){}]|^(-|:|\\|\/\/)/.test(value) ||
    (value[0] ?? '') in quotes ||
    joints.has(value) ||
    isDash(value)
  )
    return false;
  const named = operatorAt(value, 0);
  return named === undefined || standsForItself(named, value);
}

/** Writes a value as a phrase. */
export function quoted(value: string): string {
  return `"${value.replaceAll('"', '""')}"`;
}
