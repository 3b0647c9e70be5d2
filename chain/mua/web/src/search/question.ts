import type { Operator } from './operators';

/**
 * A search, as a tree. The tree has one form only: no list contains a list of the same kind, and none has fewer than
 * two parts, so that a question survives being written and read again.
 */
export type Question =
  | Term
  /**
   * A part that could not be understood, as it is written again. A complaint tells of it, and it does not change the
   * answer.
   */
  | { kind: 'unread'; written: string }
  | { kind: 'not'; of: Question }
  | { kind: 'all' | 'any'; of: Question[] };

/** One condition on a letter. A value with blanks is a phrase. */
export interface Term {
  kind: 'term';
  operator: Operator;
  value: string;
}

export function term(operator: Operator, value: string): Term {
  return { kind: 'term', operator, value };
}

export function not(of: Question): Question {
  return { kind: 'not', of };
}

/** Joins the parts, so that all hold, or at least one; `undefined` if there are none. */
export function joined(kind: 'all' | 'any', parts: Question[]): Question | undefined {
  const of = parts.flatMap((part) => (part.kind === kind ? part.of : [part]));
  return of.length > 1 ? { kind, of } : of[0];
}

/** Returns the parts that must all hold. */
export function partsOf(question: Question | undefined): Question[] {
  if (!question) return [];
  return question.kind === 'all' ? question.of : [question];
}
