import { describe, expect, it } from 'vitest';
import type { World } from './meaning';
import { searchOf } from './filter';
import { type Operator } from './operators';
import { parse } from './parse';
import { joined, not, type Question, term } from './question';
import { write } from './write';

const world: World = {
  now: new Date(2026, 10, 30, 12),
  foldersNamed: (name) => (name === 'Old (and new)' ? ['o'] : name === 'archive' ? ['a'] : []),
  folderNames: ['archive'],
  elsewhere: ['t'],
};

const read = (text: string) => parse(text, world).question;

describe('a search is written as a person would', () => {
  it.each([
    ['  red   house ', 'red house'],
    ['de:anne objet:"fête d’été"', 'from:anne subject:"fête d’été"'],
    ['from:ann OR from:bob', 'from:(ann OR bob)'],
    ['from:{ann bob} x', 'from:(ann OR bob) x'],
    ['x (a1 OR b1)', 'x (a1 OR b1)'],
    ['a1 OR b1', 'a1 OR b1'],
    ['(a1 b1) OR c1', '(a1 b1) OR c1'],
    ['-(a1 b1)', '-(a1 b1)'],
    ['"from:ann"', '"from:ann"'],
    ['frm:(ann "b c', 'frm:(ann "b c")'],
    ['is:purple', 'is:purple'],
    ['“say "hi" now', '"say ""hi"" now"'],
    ['in:"Old (and new)"', 'in:"Old (and new)"'],
  ])('%s', (typed, written) => {
    expect(write(read(typed), 'en')).toBe(written);
  });

  it('in the language of the pages', () => {
    expect(write(read('from:(ann OR bob) is:unread older_than:1y'), 'fr')).toBe(
      'de:(ann OU bob) est:unread plus_ancien:1y',
    );
  });
});

/** Returns the same numbers in each run, so that a fault found once is found again. */
function numbers(seed: number) {
  let state = seed;
  return (below: number): number => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const values: Partial<Record<Operator, string[]>> = {
  is: ['unread', 'suivi'],
  has: ['pj'],
  in: ['archive', 'Old (and new)'],
  before: ['2026', '24/11/2026'],
  older: ['2w'],
  larger: ['5M'],
};
const words = [
  'ann',
  'a b',
  'OR',
  'ET',
  '-x',
  '--x',
  'frm:ann',
  'from:ann',
  're:x',
  'https://a.test/(x)',
  'f(x',
  '}',
  'say "hi"',
  '"',
  '“x',
  'it’s',
  'l\'été "x" ”',
  'é',
  '!!!',
  '日本語',
  'C:\\x',
  'x:',
];

function someQuestion(pick: (below: number) => number, deep: number): Question {
  const kind = deep > 0 ? pick(6) : 0;
  const some = () => Array.from({ length: 2 + pick(3) }, () => someQuestion(pick, deep - 1));
  if (kind === 1) return not(someQuestion(pick, deep - 1));
  if (kind === 2 || kind === 3) return joined('all', some()) ?? term('text', 'x');
  if (kind === 4) return joined('any', some()) ?? term('text', 'x');
  if (kind === 5)
    return { kind: 'unread', written: ['frm:ann', 'is:purple', 'frm:(a b)', 'in:"no such"'][pick(4)] ?? '' };
  const all: Operator[] = [
    'text',
    'text',
    'from',
    'subject',
    'filename',
    'list',
    'is',
    'has',
    'in',
    'before',
    'older',
    'larger',
  ];
  const operator = all[pick(all.length)] ?? 'text';
  const list = values[operator] ?? words;
  return term(operator, list[pick(list.length)] ?? '');
}

function count(question: Question): number {
  if (question.kind === 'not') return count(question.of);
  return 'of' in question ? question.of.reduce((sum, one) => sum + count(one), 0) : 1;
}

// A busy machine may need much of it.
describe('whatever is written', { timeout: 60_000 }, () => {
  it('is read again as the same', () => {
    const pick = numbers(7);
    let tried = 0;
    while (tried < 800) {
      const question = someQuestion(pick, 4);
      if (count(question) > 30) continue;
      tried += 1;
      for (const code of ['en', 'fr'] as const) {
        const text = write(question, code);
        const again = parse(text, world).question;
        if (JSON.stringify(again) !== JSON.stringify(question))
          expect([text, again]).toEqual([text, question]);
      }
    }
  });

  it('and whatever is typed is read without a fault, and means the same written again', () => {
    const pick = numbers(11);
    const pieces = [
      ...'()({}"“”«»-:| \t\\/\'',
      'from:',
      'de:',
      'frm:',
      'is:',
      'in:',
      'before:',
      'OR',
      ' OU ',
      'AND ',
      'ann',
      '2026',
      'archive',
      'unread',
      '日',
      '😀',
      '\ud83d',
      'é',
      'x',
    ];
    for (let round = 0; round < 2_000; round += 1) {
      const text = Array.from({ length: pick(14) }, () => pieces[pick(pieces.length)]).join('');
      const { question, complaints } = parse(text, world);
      expect([text, read(write(question, 'en'))]).toEqual([text, question]);
      for (const { at } of complaints)
        expect(at[0] >= 0 && at[0] <= at[1] && at[1] <= text.length).toBe(true);
      // A part with a complaint is not searched for, and an empty question has no condition.
      if (!question) expect(searchOf(question, world).filter).toBeNull();
    }
  });

  it('is bounded, and takes as long as it is long', () => {
    const kinds = (text: string) => new Set(parse(text, world).complaints.map(({ kind }) => kind));
    expect(kinds('('.repeat(50) + 'x')).toEqual(new Set(['tooDeep']));
    expect(kinds('x '.repeat(60))).toEqual(new Set(['tooMany']));
    expect(kinds('x'.repeat(5_000))).toEqual(new Set(['tooLong']));
    const deep = searchOf(read('-('.repeat(60) + 'x OR y z'), world).filter;
    expect(JSON.stringify(deep).match(/operator/g)?.length).toBeLessThan(32);
    const began = performance.now();
    for (const piece of [
      '(',
      '"',
      'a:',
      '-',
      '-(',
      'from:(',
      'OR ',
      ' ',
      '“',
      'frm:(',
      '{-',
      'x'.repeat(40) + ':',
    ])
      parse(piece.repeat(100_000), world);
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});
