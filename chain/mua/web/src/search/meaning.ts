import type { Filter, FilterCondition, Id } from '../jmap';
import { fold } from './fold';
import { takenBy } from './operators';
import type { Term } from './question';
import { momentBefore, octetsOf, periodOf, states, stateNamed, things, utc } from './values';

/** The context in which a question is understood. */
export interface World {
  now: Date;
  /** Returns the folders of a name, of which there may be several at different places. */
  foldersNamed(name: string): Id[];
  /** The names that may stand behind `in:`, for proposing one. */
  folderNames: string[];
  /** The folders that are left out unless one is named: junk and trash. */
  elsewhere: Id[];
}

const anywhere = new Set(['anywhere', 'everywhere', 'all', 'partout', 'tout', 'tous']);

/** Returns true if it asks for letters of all folders, even of junk and trash. */
export function isAnywhere({ operator, value }: Term, world: World): boolean {
  return operator === 'in' && anywhere.has(fold(value)) && world.foldersNamed(value).length === 0;
}

/** Returns the condition for one term (RFC 8621 §4.4.1); `undefined` if its value cannot be read. */
export function meaningOf(term: Term, world: World): Filter | undefined {
  const { operator, value } = term;
  switch (takenBy(operator)) {
    case 'words':
      return wordsOf(term);
    case 'thing':
      return stateNamed(things, value)?.condition;
    case 'state':
      return stateNamed(states, value)?.condition;
    case 'folder':
      return isAnywhere(term, world) ? {} : inFolders(world.foldersNamed(value));
    case 'date':
      return onDate(term, world.now);
    case 'span': {
      const moment = momentBefore(value, world.now);
      return moment && { [operator === 'older' ? 'before' : 'after']: utc(moment) };
    }
    case 'size': {
      const octets = octetsOf(value);
      return octets === undefined ? undefined : { [operator === 'larger' ? 'minSize' : 'maxSize']: octets };
    }
  }
}

function wordsOf({ operator, value }: Term): FilterCondition {
  const text = asPhrase(value);
  if (operator === 'filename') return { attachmentName: text };
  // RFC 2919: the name of a mailing list.
  if (operator === 'list') return { header: ['List-Id', value] };
  return { [operator]: text };
}

/** Quotes a value if needed: the server takes a text apart into words, except inside quotes (RFC 8621 §4.4.1). */
function asPhrase(value: string): string {
  return /\s|^["']/.test(value) ? `"${value.replace(/["\\]/g, '\\$&')}"` : value;
}

function inFolders(ids: Id[]): Filter | undefined {
  const conditions = ids.map((inMailbox) => ({ inMailbox }));
  return conditions.length > 1 ? { operator: 'OR', conditions } : conditions[0];
}

function onDate({ operator, value }: Term, now: Date): FilterCondition | undefined {
  const period = periodOf(value, now);
  if (!period) return undefined;
  const [after, before] = [utc(period.from), utc(period.until)];
  if (operator === 'date') return { after, before };
  // "Before 2026" ends where 2026 begins; "after the 3rd" begins with that day.
  return operator === 'before' ? { before: after } : { after };
}
