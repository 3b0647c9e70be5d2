import { describe, expect, it } from 'vitest';
import { fieldsOf, type Fields, noFields, textOf } from './form';
import { searchOf } from './filter';
import type { World } from './meaning';
import { parse } from './parse';
import { suggest } from './suggest';

const world: World = {
  now: new Date(2026, 10, 30, 12),
  foldersNamed: (name) => (['archive', 'old things'].includes(name.toLowerCase()) ? ['a'] : []),
  folderNames: ['Archive', 'Old things'],
  elsewhere: [],
};

const fields = (some: Partial<Fields>): Fields => ({ ...noFields, ...some });

describe('the form', () => {
  it.each<[string, Partial<Fields>]>([
    ['', {}],
    ['from:ann', { from: 'ann' }],
    ['from:"Ann Lee" to:bob', { from: '"Ann Lee"', to: 'bob' }],
    ['from:(ann OR bob)', { from: 'ann OR bob' }],
    ['from:(ann lee)', { from: 'ann lee' }],
    ['-from:bot', { from: '-bot' }],
    ['subject:party red house', { subject: 'party', words: 'red house' }],
    ['red OR blue house', { words: '(red OR blue) house' }],
    ['-red -"summer party"', { without: 'red "summer party"' }],
    ['red -(blue house)', { words: 'red -(blue house)' }],
    ['filename:offer in:"Old things"', { filename: 'offer', folder: 'Old things' }],
    ['in:archive OR in:"Old things"', { words: 'in:(archive OR "Old things")' }],
    ['newer_than:1w', { within: '1w' }],
    ['newer_than:5d', { words: 'newer_than:5d' }],
    ['after:24/11/2026 before:2027', { since: '2026-11-24', before: '2027-01-01' }],
    ['date:2026-11', { since: '2026-11-01', before: '2026-12-01' }],
    ['larger:5M has:attachment', { size: 'larger', megabytes: '5', attachment: true }],
    ['smaller:200k', { size: 'smaller', megabytes: '0.2' }],
    ['is:unread is:starred is:answered', { unread: true, flagged: true, words: 'is:answered' }],
    ['frm:ann is:purple x', { words: 'frm:ann is:purple x' }],
    ['from:ann OR subject:x', { words: 'from:ann OR subject:x' }],
  ])('reads %s', (text, some) => {
    expect(fieldsOf(text, 'en', world)).toEqual(fields(some));
    // The text that it writes asks for the same, whatever the order.
    const again = textOf(fieldsOf(text, 'en', world), 'en', world);
    expect(conditions(again)).toEqual(conditions(text));
    expect(fieldsOf(again, 'en', world)).toEqual(fields(some));
  });

  it('writes what would be typed, in the language of the pages', () => {
    const some = fields({
      from: 'anne OU bruno',
      without: 'pub infolettre',
      within: '1w',
      attachment: true,
      unread: true,
      folder: 'Archive',
    });
    expect(textOf(some, 'fr', world)).toBe(
      'de:(anne OU bruno) -pub -infolettre dans:Archive moins_ancien:1sem avec:pj est:non-lu',
    );
    expect(textOf(some, 'en', world)).toBe(
      'from:(anne OR bruno) -pub -infolettre in:Archive newer_than:1w has:attachment is:unread',
    );
  });

  it('takes whatever is typed into a field as far as it goes', () => {
    expect(
      textOf(fields({ from: '("ann', to: 'from:x', megabytes: 'big', size: 'larger' }), 'en', world),
    ).toBe('from:(ann x)');
    expect(textOf(fields({ subject: 'frm:ann' }), 'en', world)).toBe('frm:ann');
  });
});

function conditions(text: string): string[] {
  const { filter } = searchOf(parse(text, world).question, world);
  const all = filter && 'operator' in filter && filter.operator === 'AND' ? filter.conditions : [filter];
  // One condition with two properties is the same as two with one each.
  return all
    .flatMap((one) =>
      one && 'operator' in one
        ? [JSON.stringify(one)]
        : Object.entries(one ?? {}).map((part) => JSON.stringify(part)),
    )
    .sort();
}

describe('while one types', () => {
  const people = (text: string) => (text === 'cl' ? [{ name: 'Claire', email: 'claire@x.test' }] : []);
  const texts = (typed: string, code: 'en' | 'fr' = 'en') =>
    suggest(typed, typed.length, { world, code, people }).suggestions.map(({ text }) => text);

  it.each([
    ['fr', ['from:']],
    ['house bef', ['before:']],
    ['-(su', ['subject:']],
    ['h', []],
    ['hello', []],
    ['unr', ['is:unread']],
    ['is:', ['is:unread', 'is:read', 'is:flagged', 'is:unflagged', 'is:answered', 'is:unanswered']],
    ['is:unr', ['is:unread']],
    ['is:unread', []],
    ['in:ol', ['in:"Old things"']],
    ['from:cl', ['from:claire@x.test']],
    ['"is:', []],
    ['12:', []],
  ])('%s', (typed, wanted) => {
    expect(texts(typed)).toEqual(wanted);
  });

  it('in French, too', () => {
    expect(texts('obj', 'fr')).toEqual(['objet:']);
    expect(texts('plus_ancien:1s', 'fr')).toEqual(['plus_ancien:1sem']);
    expect(texts('est:n', 'fr')).toEqual(['est:non-lu', 'est:non-suivi', 'est:non-répondu']);
  });
});
