import { fold } from './fold';
import type { World } from './meaning';
import { type Code, operatorNamed, operators, takenBy } from './operators';
import { spanIn, spansOffered, type State, states, things, valuesIn } from './values';
import { asValue } from './write';

/** A text that the person may mean by what they have typed so far. */
export interface Suggestion {
  /** The text that replaces the typed piece. */
  text: string;
  /** The operator that it is about, so that its meaning can be shown. */
  operator: keyof typeof operators;
  /** True if it is only a beginning: a value follows. */
  open: boolean;
  /** The person or the thing that the value stands for, if the value does not say so itself. */
  note?: string;
}

export interface Typing {
  /** The offset of the piece that ends at the cursor. */
  start: number;
  suggestions: Suggestion[];
}

export interface Known {
  world: World;
  code: Code;
  /** Returns people whose name or address begins like this. */
  people(text: string): { name: string | null; email: string }[];
}

const most = 6;

/** Proposes continuations of the piece before the cursor. */
export function suggest(text: string, cursor: number, known: Known): Typing {
  const [, minus = '', piece = ''] =
    /(?:^|[\s({])(-?)([^\s(){}"“”«»]{0,60})$/.exec(text.slice(0, cursor)) ?? [];
  const start = cursor - piece.length;
  const colon = piece.indexOf(':');
  const suggestions = colon < 0 ? namesLike(piece, minus !== '', known) : valuesLike(piece, colon, known);
  return { start, suggestions: suggestions.filter(({ text: one }) => one !== piece).slice(0, most) };
}

/** Returns operators and states whose name begins like this. */
function namesLike(piece: string, minus: boolean, { code }: Known): Suggestion[] {
  const wanted = fold(piece);
  if (wanted.length < (minus ? 1 : 2)) return [];
  const names = Object.entries(operators) as [keyof typeof operators, (typeof operators)['from']][];
  const other = code === 'en' ? 'fr' : 'en';
  const found = names.flatMap(([operator, names_]): Suggestion[] => {
    const name = [names_[code], names_[other]].find((one) => fold(one).startsWith(wanted));
    return name ? [{ text: `${name}:`, operator, open: true }] : [];
  });
  if (wanted.length < 3) return found;
  const valued = (operator: 'is' | 'has', list: State[]) =>
    list
      .filter((state) => fold(state[code]).startsWith(wanted))
      .map((state): Suggestion => ({
        text: `${operators[operator][code]}:${state[code]}`,
        operator,
        open: false,
      }));
  return [...found, ...valued('has', things), ...valued('is', states)];
}

/** Returns the values that may stand behind the colon. */
function valuesLike(piece: string, colon: number, known: Known): Suggestion[] {
  const [name, begun] = [piece.slice(0, colon), piece.slice(colon + 1)];
  const operator = operatorNamed(name);
  if (!operator || operator === 'text') return [];
  const made = (value: string, note?: string): Suggestion => ({
    text: `${name}:${asValue(value)}`,
    operator,
    open: false,
    ...(note ? { note } : {}),
  });
  if (operator === 'from' || operator === 'to' || operator === 'cc' || operator === 'bcc')
    return begun ? known.people(begun).map(({ name: who, email }) => made(email, who ?? '')) : [];
  const like = valuesFor(operator, known).filter((value) => fold(value).startsWith(fold(begun)));
  return like.map((value) => made(value));
}

function valuesFor(operator: keyof typeof operators, { code, world }: Known): string[] {
  switch (takenBy(operator)) {
    case 'state':
      return valuesIn(states, code);
    case 'thing':
      return valuesIn(things, code);
    case 'folder':
      return world.folderNames;
    case 'span':
      return spansOffered.map((span) => spanIn(span, code));
    case 'date':
      return code === 'fr'
        ? ['aujourd’hui', 'hier', String(world.now.getFullYear())]
        : ['today', 'yesterday', String(world.now.getFullYear())];
    case 'size':
      return code === 'fr' ? ['1Mo', '5Mo', '10Mo'] : ['1M', '5M', '10M'];
    case 'words':
      return [];
  }
}
