import type { Filter } from '../jmap';
import { meaningOf, type World } from './meaning';
import { takenBy } from './operators';
import type { Question } from './question';

/** A search in the server's form. */
export interface Search {
  /** The filter; null if nothing is searched for. */
  filter: Filter | null;
  /** True if the search looks for words, so that the letters with exactly these words come first. */
  byWords: boolean;
}

export function searchOf(question: Question | undefined, world: World): Search {
  const asked = question && conditionOf(question, world);
  if (!question || !asked) return { filter: null, byWords: false };
  const elsewhere = namesFolder(question) ? [] : world.elsewhere;
  const filter: Filter =
    elsewhere.length === 0
      ? asked
      : 'operator' in asked && asked.operator === 'AND'
        ? { ...asked, conditions: [...asked.conditions, { inMailboxOtherThan: elsewhere }] }
        : { operator: 'AND', conditions: [asked, { inMailboxOtherThan: elsewhere }] };
  return { filter, byWords: hasWords(question) };
}

/** Returns the condition of a question; a part that was not understood has none. */
function conditionOf(question: Question, world: World): Filter | undefined {
  switch (question.kind) {
    case 'term':
      return meaningOf(question, world);
    case 'unread':
      return undefined;
    case 'not': {
      const of = conditionOf(question.of, world);
      return of && { operator: 'NOT', conditions: [of] };
    }
    default: {
      const conditions = question.of.flatMap((part) => conditionOf(part, world) ?? []);
      if (conditions.length < 2) return conditions[0];
      return { operator: question.kind === 'all' ? 'AND' : 'OR', conditions };
    }
  }
}

/** Returns true if the question says where to look; "not there" does not. */
function namesFolder(question: Question): boolean {
  if (question.kind === 'term') return question.operator === 'in';
  return (question.kind === 'all' || question.kind === 'any') && question.of.some(namesFolder);
}

function hasWords(question: Question): boolean {
  if (question.kind === 'term') return takenBy(question.operator) === 'words';
  return (question.kind === 'all' || question.kind === 'any') && question.of.some(hasWords);
}
