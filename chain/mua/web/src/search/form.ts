import type { World } from './meaning';
import { type Code, type Operator } from './operators';
import { parse } from './parse';
import { joined, not, partsOf, type Question, term } from './question';
import {
  momentBefore,
  octetsOf,
  periodOf,
  spanIn,
  spansOffered,
  type State,
  stateNamed,
  states,
  things,
} from './values';
import { write } from './write';

/**
 * A search in a form's fields, each with the text that would be typed for it. A part without a field of its own is in
 * `words`.
 */
export interface Fields {
  from: string;
  to: string;
  subject: string;
  words: string;
  /** Words that the letter must not contain. */
  without: string;
  filename: string;
  /** The name of a folder. */
  folder: string;
  /** A span such as `1w`; or the days that follow count. */
  within: string;
  /** `2026-11-24`, as fields of a form write a day. */
  since: string;
  before: string;
  size: '' | 'larger' | 'smaller';
  /** The size in millions of octets. */
  megabytes: string;
  attachment: boolean;
  unread: boolean;
  flagged: boolean;
}

export const noFields: Readonly<Fields> = {
  from: '',
  to: '',
  subject: '',
  words: '',
  without: '',
  filename: '',
  folder: '',
  within: '',
  since: '',
  before: '',
  size: '',
  megabytes: '',
  attachment: false,
  unread: false,
  flagged: false,
};

const wordFields = ['from', 'to', 'subject', 'filename'] as const;

/** Writes the contents of the fields as they would be typed. */
export function textOf(fields: Fields, code: Code, world: World): string {
  return write(joined('all', [...partsFrom(fields, code, world)]), code);
}

function* partsFrom(fields: Fields, code: Code, world: World): Generator<Question> {
  const read = (text: string) => partsOf(parse(text, world).question);
  for (const field of wordFields) for (const part of read(fields[field])) yield moved(part, 'text', field);
  yield* read(fields.words);
  for (const part of read(fields.without)) yield not(part);
  const folder = fields.folder.trim();
  if (folder) yield term('in', folder);
  if (spansOffered.includes(fields.within)) yield term('newer', spanIn(fields.within, code));
  for (const [operator, day] of [
    ['after', fields.since],
    ['before', fields.before],
  ] as const)
    if (periodOf(day, world.now)) yield term(operator, day);
  const size = octetsOf(`${fields.megabytes.trim()}M`);
  if (fields.size && size) yield term(fields.size, `${fields.megabytes.trim()}M`);
  if (fields.attachment) yield term('has', named(things, 'attachment', code));
  if (fields.unread) yield term('is', named(states, 'unread', code));
  if (fields.flagged) yield term('is', named(states, 'flagged', code));
}

function named(list: State[], name: string, code: Code): string {
  return stateNamed(list, name)?.[code] ?? name;
}

/** Reads a typed text into the fields. Written again, it asks for the same. */
export function fieldsOf(text: string, code: Code, world: World): Fields {
  const filling = new Filling(code, world);
  for (const part of partsOf(parse(text, world).question)) filling.take(part);
  return filling.done();
}

class Filling {
  readonly #fields: Fields = { ...noFields };
  readonly #words: Question[] = [];
  readonly #without: Question[] = [];
  readonly #of = new Map<Operator, Question[]>();

  constructor(
    private readonly code: Code,
    private readonly world: World,
  ) {}

  take(part: Question): void {
    const operator = onlyOperator(part);
    const field = wordFields.find((name) => name === operator);
    if (field) this.#of.set(field, [...(this.#of.get(field) ?? []), moved(part, field, 'text')]);
    else if (part.kind === 'not' && this.#leavesOut(part.of)) this.#without.push(...listed(part.of));
    else if (part.kind !== 'term' || !this.#fits(part.operator, part.value)) this.#words.push(part);
  }

  done(): Fields {
    const written = (parts: Question[]) => write(joined('all', parts), this.code);
    for (const field of wordFields) this.#fields[field] = written(this.#of.get(field) ?? []);
    this.#fields.words = written(this.#words);
    this.#fields.without = written(this.#without);
    return this.#fields;
  }

  /** Reads words, or several of which none may occur. */
  #leavesOut(of: Question): boolean {
    return of.kind === 'term'
      ? of.operator === 'text'
      : of.kind === 'any' && of.of.every((one) => this.#leavesOut(one));
  }

  /** Puts it in its field, if that is still free and can express it. */
  #fits(operator: Operator, value: string): boolean {
    const fields = this.#fields;
    const period = periodOf(value, this.world.now);
    switch (operator) {
      case 'in':
        return this.#set('folder', value);
      case 'newer':
        return this.#set('within', this.#offered(value));
      case 'after':
        return this.#set('since', period && dayOf(period.from));
      case 'before':
        return this.#set('before', period && dayOf(period.from));
      case 'date':
        if (!period || fields.since || fields.before) return false;
        return this.#set('since', dayOf(period.from)) && this.#set('before', dayOf(period.until));
      case 'larger':
      case 'smaller':
        if (!this.#set('megabytes', megabytesIn(value))) return false;
        fields.size = operator;
        return true;
      default:
        return this.#ticks(operator, value);
    }
  }

  #ticks(operator: Operator, value: string): boolean {
    const list = operator === 'has' ? things : operator === 'is' ? states : [];
    const name = stateNamed(list, value)?.en;
    if (name === 'attachment') this.#fields.attachment = true;
    else if (name === 'unread') this.#fields.unread = true;
    else if (name === 'flagged' || name === 'flag') this.#fields.flagged = true;
    else return false;
    return true;
  }

  #set(field: 'folder' | 'within' | 'since' | 'before' | 'megabytes', value: string | undefined): boolean {
    if (!value || this.#fields[field]) return false;
    this.#fields[field] = value;
    return true;
  }

  /** Returns the offered span that goes back as far. */
  #offered(value: string): string | undefined {
    const { now } = this.world;
    const moment = momentBefore(value, now)?.getTime();
    return spansOffered.find((span) => momentBefore(span, now)?.getTime() === moment);
  }
}

/** Returns the operator of the whole question, if there is only one. */
function onlyOperator(question: Question): Operator | undefined {
  if (question.kind === 'term') return question.operator;
  if (question.kind === 'unread') return undefined;
  const inside = question.kind === 'not' ? [question.of] : question.of;
  const operators = new Set(inside.map(onlyOperator));
  return operators.size === 1 ? [...operators][0] : undefined;
}

/** Returns the same question about another place. */
function moved(question: Question, from: Operator, to: Operator): Question {
  switch (question.kind) {
    case 'term':
      return question.operator === from ? term(to, question.value) : question;
    case 'unread':
      return question;
    case 'not':
      return not(moved(question.of, from, to));
    default:
      return { ...question, of: question.of.map((one) => moved(one, from, to)) };
  }
}

function listed(question: Question): Question[] {
  return question.kind === 'any' ? question.of : [question];
}

function dayOf(date: Date): string {
  const two = (number: number) => String(number).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function megabytesIn(value: string): string | undefined {
  const megabytes = (octetsOf(value) ?? 0) / 1_000_000;
  // A size below a thousand octets has no place in the field.
  return megabytes > 0 && Number.isInteger(megabytes * 1_000) ? String(megabytes) : undefined;
}
