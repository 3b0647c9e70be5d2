import { type Complaint, valueProblem } from './complaints';
import { closerOf, isDash, isLoneMinus, operatorAt, phraseAt, quoted, standsForItself, wordAt } from './scan';
import { meaningOf, type World } from './meaning';
import { nearest } from './nearest';
import { mainNames, type Operator, operatorNamed } from './operators';
import { joined, not, type Question, term } from './question';
import { asValue, write } from './write';

/** The most characters of a text that are read. */
export const longest = 1_000;
/** The most terms of one search, and the deepest parentheses. */
export const mostTerms = 40;
const deepest = 10;

export interface Parsed {
  question: Question | undefined;
  complaints: Complaint[];
}

/**
 * Reads a person's text. Open parts are closed at the end, empty parts are ignored, and complaints report the parts
 * that are not understood.
 */
export function parse(text: string, world: World): Parsed {
  const reader = new Reader(text.slice(0, longest), world);
  const question = reader.read();
  if (text.length > longest) reader.complaints.push({ kind: 'tooLong', at: [longest, text.length] });
  return { question, complaints: reader.complaints };
}

type Group = ')' | '}';

class Reader {
  readonly complaints: Complaint[] = [];
  #at = 0;
  #depth = 0;
  #terms = 0;

  constructor(
    private readonly text: string,
    private readonly world: World,
  ) {}

  read(): Question | undefined {
    return this.#parts('text', undefined);
  }

  /** Reads the parts up to the end of a group, or of the text. */
  #parts(operator: Operator, end: Group | undefined): Question | undefined {
    const parts: Question[] = [];
    let or = false;
    for (;;) {
      this.#skipBlanks();
      const next = this.text[this.#at];
      if (next === undefined) break;
      if (next === ')' || next === '}') {
        this.#at += 1;
        if (next === end) break;
        continue;
      }
      const joint = parts.length > 0 ? this.#joint() : undefined;
      if (joint) {
        or = joint === 'or';
        continue;
      }
      const part = this.#part(operator);
      if (!part) continue;
      const before = or ? parts.pop() : undefined;
      parts.push((before && joined('any', [before, part])) ?? part);
      or = false;
    }
    return joined(end === '}' ? 'any' : 'all', parts);
  }

  /** Reads `OR` or `AND` between two terms; `AND` only says what holds anyway. */
  #joint(): 'or' | 'and' | undefined {
    const [, word = ''] =
      /^(OR|OU|\|\|?|AND|ET)(?=[\s(){}]|$)/.exec(this.text.slice(this.#at, this.#at + 4)) ?? [];
    this.#at += word.length;
    if (word === '') return undefined;
    return word === 'AND' || word === 'ET' ? 'and' : 'or';
  }

  /** Reads one term, with its minus, or a group of them; `undefined` if there is none. */
  #part(operator: Operator): Question | undefined {
    if (isLoneMinus(this.text, this.#at)) {
      this.#at += 1;
      return undefined;
    }
    const next = this.text[this.#at + 1];
    if (this.text[this.#at] !== '-' || next === '-') return this.#positive(operator);
    this.#at += 1;
    const part = this.#positive(operator);
    return part && not(part);
  }

  #positive(operator: Operator): Question | undefined {
    const group = closerOf(this.text, this.#at);
    if (group) return this.#group(operator, group);
    const start = this.#at;
    const phrase = this.#phrase();
    if (phrase !== undefined) return this.#term(operator, '', phrase, start);
    const named = operatorAt(this.text, start);
    if (named && !standsForItself(named, this.text)) return this.#asked(named.name, start, named.end);
    const word = this.#word();
    return isDash(word) ? undefined : this.#term(operator, '', word, start);
  }

  #group(operator: Operator, end: Group): Question | undefined {
    this.#at += 1;
    if (this.#depth === deepest) {
      // The text is read as if the parenthesis were not there.
      if (!this.complaints.some(({ kind }) => kind === 'tooDeep'))
        this.complaints.push({ kind: 'tooDeep', at: [this.#at - 1, this.#at] });
      return undefined;
    }
    this.#depth += 1;
    const question = this.#parts(operator, end);
    this.#depth -= 1;
    return question;
  }

  /** Reads the value behind an operator, known or not. */
  #asked(name: string, start: number, end: number): Question | undefined {
    const operator = operatorNamed(name);
    this.#at = end;
    if (!operator) return this.#unknown(name, start);
    this.#skipBlanks();
    const group = closerOf(this.text, this.#at);
    if (group) return this.#group(operator, group);
    // "from: subject:x", "from: -x" and "from: OR" have no value yet.
    const apart = this.#at > end;
    if (
      apart &&
      (operatorAt(this.text, this.#at) || /^(-|(OR|OU)\b)/.test(this.text.slice(this.#at, this.#at + 3)))
    )
      return undefined;
    const value = this.#phrase() ?? this.#word();
    return this.#term(operator, name, value, start);
  }

  /** Reads an unknown operator: its term is left out, and a complaint reports it. */
  #unknown(name: string, start: number): Question {
    const group = closerOf(this.text, this.#at);
    const inside = this.complaints.length;
    const value = group ? `(${write(this.#group('text', group), 'en')})` : this.#value();
    // The value is not searched for, so its own mistakes need no complaint.
    this.complaints.length = inside;
    const near = nearest(name, mainNames);
    this.complaints.push({
      kind: 'operator',
      at: [start, this.#at],
      name,
      asWords: quoted(this.text.slice(start, this.#at).replace(/["“”«»]/g, '')),
      instead: near === undefined ? undefined : near + this.text.slice(start + name.length, this.#at),
    });
    return { kind: 'unread', written: `${name}:${value}` };
  }

  /** `name` is the operator as it was written. */
  #term(operator: Operator, name: string, value: string, start: number): Question | undefined {
    const trimmed = value.trim();
    if (trimmed === '') return undefined;
    this.#terms += 1;
    if (this.#terms > mostTerms) {
      if (this.#terms === mostTerms + 1)
        this.complaints.push({ kind: 'tooMany', at: [start, this.text.length] });
      return undefined;
    }
    const made = term(operator, trimmed);
    if (meaningOf(made, this.world)) return made;
    const problem = valueProblem(made, name, this.world);
    this.complaints.push({ ...problem, at: [start, this.#at] });
    return { kind: 'unread', written: `${problem.name}:${asValue(trimmed)}` };
  }

  /** Returns the value behind a colon, in the form in which it is written again. */
  #value(): string {
    const phrase = this.#phrase();
    return phrase === '' ? '""' : asValue(phrase ?? this.#word());
  }

  #phrase(): string | undefined {
    const phrase = phraseAt(this.text, this.#at);
    if (!phrase) return undefined;
    this.#at = phrase.end;
    return phrase.value;
  }

  #word(): string {
    const start = this.#at;
    this.#at = wordAt(this.text, start, this.#depth > 0);
    return this.text.slice(start, this.#at);
  }

  #skipBlanks(): void {
    while (/\s/.test(this.text[this.#at] ?? '')) this.#at += 1;
  }
}
