import { type Code, nameOf, type Operator, takenBy } from './operators';
import type { Question, Term } from './question';
import { quoted, readsAsWord } from './scan';

/** Writes a question as a person would type it; read again, it is the same. */
export function write(question: Question | undefined, code: Code): string {
  if (!question) return '';
  if (question.kind !== 'all') return part(question, code, question.kind === 'any');
  return runs(question.of)
    .map((run) => shared(run, ' ', code) ?? run.map((one) => part(one, code)).join(' '))
    .join(' ');
}

/** Writes a value as a word, or as a phrase in quotes. */
export function asValue(value: string): string {
  return value === '' || readsAsWord(value) ? value : quoted(value);
}

function part(question: Question, code: Code, alone = false): string {
  switch (question.kind) {
    case 'term':
      return termOf(question, code);
    case 'unread':
      return question.written;
    case 'not':
      return `-${question.of.kind === 'not' ? `(${part(question.of, code)})` : part(question.of, code)}`;
    case 'all':
      return `(${write(question, code)})`;
    case 'any': {
      const together = shared(question.of, ' OR ', code);
      if (together !== undefined) return together;
      const all = question.of.map((one) => part(one, code)).join(code === 'fr' ? ' OU ' : ' OR ');
      return alone ? all : `(${all})`;
    }
  }
}

function termOf({ operator, value }: Term, code: Code): string {
  const name = nameOf(operator, code);
  return name === '' ? asValue(value) : `${name}:${asValue(value)}`;
}

/**
 * Writes several terms of one operator in one parenthesis, as in `from:(ann OR bob)`; `undefined` if they do not go
 * together.
 */
function shared(parts: Question[], joint: string, code: Code): string | undefined {
  const operator = operatorOf(parts[0]);
  if (parts.length < 2 || !operator || operator === 'text') return undefined;
  if (!parts.every((one) => operatorOf(one) === operator)) return undefined;
  const values = parts.map((one) => (one.kind === 'term' ? asValue(one.value) : ''));
  const between = joint === ' OR ' && code === 'fr' ? ' OU ' : joint;
  return `${nameOf(operator, code)}:(${values.join(between)})`;
}

/** Neighbours that ask for words in the same place. */
function runs(parts: Question[]): Question[][] {
  const found: Question[][] = [];
  let last: Operator | undefined;
  for (const one of parts) {
    const operator = operatorOf(one);
    const goesOn = operator !== undefined && operator === last && takenBy(operator) === 'words';
    if (goesOn) found.at(-1)?.push(one);
    else found.push([one]);
    last = operator;
  }
  return found;
}

function operatorOf(question: Question | undefined): Operator | undefined {
  return question?.kind === 'term' ? question.operator : undefined;
}
