import type { Operator } from './operators';

/**
 * What is looked for, as a tree. It is kept in one form: no list in a list of the same kind, none with fewer than two
 * parts, so that what is written and read again is the same.
 */
export type Question =
  | Term
  /** What could not be understood, as it is to be written again. It is told of, and leaves the answer as it is. */
  | { kind: 'unread'; written: string }
  | { kind: 'not'; of: Question }
  | { kind: 'all' | 'any'; of: Question[] };

/** One thing that is asked of a letter. A value with blanks is a phrase. */
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

/** All of them, or one of them at least; nothing where there are none. */
export function joined(kind: 'all' | 'any', parts: Question[]): Question | undefined {
  const of = parts.flatMap((part) => (part.kind === kind ? part.of : [part]));
  return of.length > 1 ? { kind, of } : of[0];
}

/** The parts of which each must hold. */
export function partsOf(question: Question | undefined): Question[] {
  if (!question) return [];
  return question.kind === 'all' ? question.of : [question];
}
