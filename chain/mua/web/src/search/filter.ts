import type { Filter } from '../jmap';
import { meaningOf, type World } from './meaning';
import { takenBy } from './operators';
import type { Question } from './question';

/** A search as the server is asked it. */
export interface Search {
  /** Nothing where nothing is looked for. */
  filter: Filter | null;
  /** Whether it looks for words, so that the letters that have them exactly come first. */
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

/** What was not understood is left out, and asks for nothing. */
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

/** Whether it says where to look; "not there" does not. */
function namesFolder(question: Question): boolean {
  if (question.kind === 'term') return question.operator === 'in';
  return (question.kind === 'all' || question.kind === 'any') && question.of.some(namesFolder);
}

function hasWords(question: Question): boolean {
  if (question.kind === 'term') return takenBy(question.operator) === 'words';
  return (question.kind === 'all' || question.kind === 'any') && question.of.some(hasWords);
}
