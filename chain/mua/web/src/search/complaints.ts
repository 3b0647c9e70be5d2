import type { World } from './meaning';
import { nearest } from './nearest';
import { nameOf, takenBy } from './operators';
import type { Term } from './question';
import { monthFirst, type State, states, things, valuesIn } from './values';
import { asValue } from './write';

/**
 * The part of a search that could not be understood. The person is told of it instead of getting an answer to something
 * else.
 */
export type Complaint = Unknown | Unreadable | { kind: 'tooLong' | 'tooDeep' | 'tooMany'; at: Span };

/** The beginning and the end of a piece of the typed text. */
export type Span = [start: number, end: number];

/** An unknown operator. */
interface Unknown {
  kind: 'operator';
  at: Span;
  name: string;
  /** The same text as words, which the person may have meant. */
  asWords: string;
  /** The text that was probably meant, to replace it. */
  instead: string | undefined;
}

/** A value that its operator does not know. */
export interface Unreadable {
  kind: 'thing' | 'state' | 'folder' | 'date' | 'span' | 'size';
  at: Span;
  /** The operator as it was written. */
  name: string;
  value: string;
  instead: string | undefined;
}

export function valueProblem(
  { operator, value }: Term,
  written: string,
  world: World,
): Omit<Unreadable, 'at'> {
  const kind = takenBy(operator) as Unreadable['kind'];
  const name = written || nameOf(operator, 'en');
  const near = nearValue(kind, value, world);
  return { kind, name, value, instead: near === undefined ? undefined : `${name}:${asValue(near)}` };
}

function nearValue(kind: Unreadable['kind'], value: string, world: World): string | undefined {
  switch (kind) {
    case 'state':
      return nearest(value, both(states));
    case 'thing':
      return nearest(value, both(things));
    case 'folder':
      return nearest(value, world.folderNames);
    case 'date':
      return monthFirst(value);
    default:
      return undefined;
  }
}

function both(list: State[]): string[] {
  return [...valuesIn(list, 'en'), ...valuesIn(list, 'fr')];
}

/** Returns the typed text with `instead` in the place of the part that was not understood. */
export function mended(text: string, { at }: Complaint, instead: string): string {
  return text.slice(0, at[0]) + instead + text.slice(at[1]);
}
