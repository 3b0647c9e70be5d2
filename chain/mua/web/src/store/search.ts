import type { Filter, FilterCondition, Id } from '../jmap';

/**
 * The language of the search field: words, "phrases in quotes", operators such as `from:ann`, and `-` for "not".
 * French operators mean the same and are understood whatever the language of the pages.
 */

/** What a person may ask `in:` for. Gives the folder's id, or nothing where there is none of that name. */
export type FindFolder = (name: string) => Id | undefined;

export interface Search {
  filter: Filter | null;
  /** Words of `in:` that no folder bears. */
  unknownFolders: string[];
}

interface Term {
  operator: string | undefined;
  value: string;
  negated: boolean;
}

const operators: Record<string, string> = {
  from: 'from',
  de: 'from',
  to: 'to',
  à: 'to',
  a: 'to',
  cc: 'cc',
  bcc: 'bcc',
  cci: 'bcc',
  subject: 'subject',
  objet: 'subject',
  sujet: 'subject',
  body: 'body',
  corps: 'body',
  has: 'has',
  avec: 'has',
  before: 'before',
  avant: 'before',
  after: 'after',
  après: 'after',
  apres: 'after',
  in: 'in',
  dans: 'in',
  is: 'is',
  est: 'is',
  larger: 'larger',
  plus: 'larger',
  smaller: 'smaller',
  moins: 'smaller',
};

const attachmentWords = new Set([
  'attachment',
  'attachments',
  'file',
  'pj',
  'pièce',
  'piece',
  'pièce-jointe',
  'fichier',
]);

const states: Record<string, FilterCondition> = {
  unread: { notKeyword: '$seen' },
  'non-lu': { notKeyword: '$seen' },
  nonlu: { notKeyword: '$seen' },
  read: { hasKeyword: '$seen' },
  lu: { hasKeyword: '$seen' },
  flagged: { hasKeyword: '$flagged' },
  starred: { hasKeyword: '$flagged' },
  suivi: { hasKeyword: '$flagged' },
  answered: { hasKeyword: '$answered' },
  répondu: { hasKeyword: '$answered' },
  draft: { hasKeyword: '$draft' },
  brouillon: { hasKeyword: '$draft' },
};

/** Reads what a person typed. `elsewhere` are the folders a search leaves out unless it names one (junk, trash). */
export function parseSearch(text: string, findFolder: FindFolder, elsewhere: Id[]): Search {
  const unknownFolders: string[] = [];
  const conditions: Filter[] = [];
  let named = false;
  for (const term of terms(text)) {
    if (term.operator === 'in') named = true;
    const condition = conditionOf(term, findFolder);
    if (condition) conditions.push(term.negated ? { operator: 'NOT', conditions: [condition] } : condition);
    else if (term.operator === 'in') unknownFolders.push(term.value);
  }
  if (conditions.length > 0 && !named && elsewhere.length > 0)
    conditions.push({ inMailboxOtherThan: elsewhere });
  return { filter: all(conditions), unknownFolders };
}

function all(conditions: Filter[]): Filter | null {
  if (conditions.length === 0) return null;
  const [only] = conditions;
  return conditions.length === 1 && only ? only : { operator: 'AND', conditions };
}

function terms(text: string): Term[] {
  const found: Term[] = [];
  for (const match of text.matchAll(/(-)?(?:([\p{L}]+):)?(?:"([^"]*)"?|(\S+))/gu)) {
    const [whole, minus, name, quoted, word] = match;
    const operator = name === undefined ? undefined : operators[name.toLowerCase()];
    const value = quoted ?? word ?? '';
    // "http://…" or "re:" is no operator of ours: the whole is what is looked for.
    const plain = name !== undefined && operator === undefined ? whole.slice(minus ? 1 : 0) : value;
    if (plain.trim()) found.push({ operator, value: plain.trim(), negated: minus !== undefined });
  }
  return found;
}

function conditionOf({ operator, value }: Term, findFolder: FindFolder): FilterCondition | undefined {
  switch (operator) {
    case undefined:
      return { text: value };
    case 'has':
      return attachmentWords.has(value.toLowerCase()) ? { hasAttachment: true } : { text: value };
    case 'is':
      return states[value.toLowerCase()];
    case 'in': {
      const folder = findFolder(value);
      return folder ? { inMailbox: folder } : undefined;
    }
    case 'before':
    case 'after': {
      const date = dateOf(value);
      return date ? { [operator]: date } : undefined;
    }
    case 'larger':
    case 'smaller': {
      const size = sizeOf(value);
      return size === undefined ? undefined : { [operator === 'larger' ? 'minSize' : 'maxSize']: size };
    }
    default:
      return { [operator]: value };
  }
}

/** `2026`, `2026-11`, `2026-11-24` or `24/11/2026`, as the first moment of it where the person is. */
function dateOf(value: string): string | undefined {
  const iso = /^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?$/.exec(value);
  const french = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(value);
  const [year, month, day] = iso ? [iso[1], iso[2], iso[3]] : french ? [french[3], french[2], french[1]] : [];
  if (year === undefined) return undefined;
  const date = new Date(Number(year), Number(month ?? 1) - 1, Number(day ?? 1));
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString().replace(/\.\d+Z$/, 'Z');
}

function sizeOf(value: string): number | undefined {
  const match = /^(\d+)\s*([kmg])?[bo]?$/i.exec(value);
  if (!match) return undefined;
  const unit = { k: 1_000, m: 1_000_000, g: 1_000_000_000 }[match[2]?.toLowerCase() ?? ''] ?? 1;
  return Number(match[1]) * unit;
}
