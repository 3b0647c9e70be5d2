import { describe, expect, it } from 'vitest';
import { en } from '../i18n/en';
import { fr } from '../i18n/fr';
import type { Filter } from '../jmap';
import type { Complaint } from './complaints';
import { searchOf } from './filter';
import type { World } from './meaning';
import { parse } from './parse';

const folders: Record<string, string[]> = { archive: ['a'], 'old things': ['o'], invoices: ['i', 'j'] };
const world: World = {
  now: new Date(2026, 10, 30, 12),
  foldersNamed: (name) => folders[name.toLowerCase()] ?? [],
  folderNames: ['Archive', 'Old things', 'Invoices'],
  elsewhere: [],
};

function filterOf(text: string, where: World = world): Filter | null {
  return searchOf(parse(text, where).question, where).filter;
}

function told(text: string): Complaint[] {
  return parse(text, world).complaints;
}

const all = (...conditions: Filter[]): Filter => ({ operator: 'AND', conditions });
const any = (...conditions: Filter[]): Filter => ({ operator: 'OR', conditions });
const not = (condition: Filter): Filter => ({ operator: 'NOT', conditions: [condition] });
const day = (...date: [number, number, number]) => new Date(...date).toISOString().replace('.000', '');

function understood(cases: [text: string, filter: Filter | null][]) {
  for (const [text, filter] of cases) {
    expect([text, filterOf(text)]).toEqual([text, filter]);
    expect([text, told(text)]).toEqual([text, []]);
  }
}

describe('the search field', () => {
  it('looks for words and phrases anywhere', () => {
    understood([
      ['', null],
      ['   ', null],
      ['invoice', { text: 'invoice' }],
      ['red house', all({ text: 'red' }, { text: 'house' })],
      ['"the red house" march', all({ text: '"the red house"' }, { text: 'march' })],
      ['“the red house”', { text: '"the red house"' }],
      ['« la maison rouge »', { text: '"la maison rouge"' }],
      ['"say “hi” now"', { text: '"say “hi” now"' }],
      ['“say "hi" now”', { text: '"say \\"hi\\" now"' }],
      ['l’été aujourd’hui', all({ text: 'l’été' }, { text: 'aujourd’hui' })],
      ['"unclosed phrase', { text: '"unclosed phrase"' }],
      ['""', null],
      ['5" disk', all({ text: '5"' }, { text: 'disk' })],
    ]);
  });

  it('leaves out what bears a minus', () => {
    understood([
      ['-newsletter', not({ text: 'newsletter' })],
      ['-"summer party"', not({ text: '"summer party"' })],
      ['-from:bot', not({ from: 'bot' })],
      ['-(red house)', not(all({ text: 'red' }, { text: 'house' }))],
      ['-{red blue}', not(any({ text: 'red' }, { text: 'blue' }))],
      ['-from:(ann OR bob)', not(any({ from: 'ann' }, { from: 'bob' }))],
      ['from:(ann -bob)', all({ from: 'ann' }, not({ from: 'bob' }))],
      ['-is:unread', not({ notKeyword: '$seen' })],
      ['e-mail', { text: 'e-mail' }],
      ['red - house', all({ text: 'red' }, { text: 'house' })],
      ['red – house', all({ text: 'red' }, { text: 'house' })],
      ['--verbose', { text: '--verbose' }],
      ['-', null],
    ]);
  });

  it('looks for one or the other, which binds more than "and"', () => {
    understood([
      ['red OR blue', any({ text: 'red' }, { text: 'blue' })],
      ['rouge OU bleu', any({ text: 'rouge' }, { text: 'bleu' })],
      ['red | blue', any({ text: 'red' }, { text: 'blue' })],
      ['house red OR blue', all({ text: 'house' }, any({ text: 'red' }, { text: 'blue' }))],
      ['a1 OR b1 OR c1', any({ text: 'a1' }, { text: 'b1' }, { text: 'c1' })],
      ['red AND blue', all({ text: 'red' }, { text: 'blue' })],
      ['(red house) OR blue', any(all({ text: 'red' }, { text: 'house' }), { text: 'blue' })],
      ['{red blue} house', all(any({ text: 'red' }, { text: 'blue' }), { text: 'house' })],
      ['red or blue', all({ text: 'red' }, { text: 'or' }, { text: 'blue' })],
      // The person is still typing, or there is nothing to join.
      ['red OR', { text: 'red' }],
      ['red OR OR blue', any({ text: 'red' }, { text: 'blue' })],
      ['OR', { text: 'OR' }],
      ['"OR"', { text: 'OR' }],
      ['ORANGE', { text: 'ORANGE' }],
    ]);
  });

  it('takes parentheses as they are meant', () => {
    understood([
      ['((red))', { text: 'red' }],
      ['(red', { text: 'red' }],
      ['red)', { text: 'red)' }],
      ['red )', { text: 'red' }],
      ['()', null],
      ['f(x)', { text: 'f(x)' }],
      ['(see f(x))', all({ text: 'see' }, { text: 'f(x)' })],
      [':-)', { text: ':-)' }],
      ['from:()', null],
      ['-()', null],
    ]);
  });

  it('knows operators, in English and in French alike', () => {
    understood([
      ['from:ann', { from: 'ann' }],
      ['FROM:ann', { from: 'ann' }],
      ['from: ann', { from: 'ann' }],
      ['from:"Ann Lee"', { from: '"Ann Lee"' }],
      ['from:(ann OR bob)', any({ from: 'ann' }, { from: 'bob' })],
      ['from:{ann bob} party', all(any({ from: 'ann' }, { from: 'bob' }), { text: 'party' })],
      ['from:(ann lee)', all({ from: 'ann' }, { from: 'lee' })],
      ['from:(ann subject:party)', all({ from: 'ann' }, { subject: 'party' })],
      ['to:bob cc:eve bcc:mo', all({ to: 'bob' }, { cc: 'eve' }, { bcc: 'mo' })],
      ['subject:"a b"', { subject: '"a b"' }],
      ['body:wall', { body: 'wall' }],
      ['filename:offer.pdf', { attachmentName: 'offer.pdf' }],
      ['list:choir', { header: ['List-Id', 'choir'] }],
      ['has:attachment', { hasAttachment: true }],
      ['is:unread', { notKeyword: '$seen' }],
      ['is:read', { hasKeyword: '$seen' }],
      ['is:starred', { hasKeyword: '$flagged' }],
      ['is:answered', { hasKeyword: '$answered' }],
      ['is:forwarded', { hasKeyword: '$forwarded' }],
      ['is:draft', { hasKeyword: '$draft' }],
      ['larger:5M smaller:1.5GB', all({ minSize: 5_000_000 }, { maxSize: 1_500_000_000 })],
      // The person is still typing.
      ['from:', null],
      ['from: subject:party', { subject: 'party' }],
      ['from: OR', { text: 'OR' }],
    ]);
    for (const [english, french] of [
      ['from:ann', 'de:ann'],
      ['to:bob', 'à:bob'],
      ['to:bob', 'a:bob'],
      ['bcc:mo', 'cci:mo'],
      ['subject:"purchase order"', 'objet:"purchase order"'],
      ['body:wall', 'corps:wall'],
      ['filename:offer.pdf', 'fichier:offer.pdf'],
      ['list:choir', 'liste:choir'],
      ['has:attachment', 'avec:pj'],
      ['has:attachment', 'avec:pièces-jointes'],
      ['is:unread', 'est:non-lu'],
      ['is:unread', 'est:nonlus'],
      ['is:flagged', 'est:suivi'],
      ['is:answered', 'est:répondu'],
      ['in:archive', 'dans:archive'],
      ['after:2026-11-24', 'après:24/11/2026'],
      ['after:2026-11-24', 'apres:2026/11/24'],
      ['before:2026-11', 'avant:11/2026'],
      ['older_than:2w', 'plus_ancien:2sem'],
      ['newer_than:3m', 'moins_ancien:3mois'],
      ['newer_than:4y', 'moins-ancien-que:4ans'],
      ['older-than:1d', 'plusancien:1j'],
      ['larger:5M', 'plus:5Mo'],
      ['smaller:200k', 'moins:200ko'],
    ] as const) {
      expect([french, filterOf(french)]).toEqual([french, filterOf(english)]);
      expect(filterOf(french)).not.toBeNull();
    }
  });

  it('reads dates, spans of time and sizes as people write them', () => {
    understood([
      ['after:2026-11-24', { after: day(2026, 10, 24) }],
      ['before:2026', { before: day(2026, 0, 1) }],
      ['after:1/2/2026', { after: day(2026, 1, 1) }],
      ['date:2026-11', { after: day(2026, 10, 1), before: day(2026, 11, 1) }],
      ['on:today', { after: day(2026, 10, 30), before: day(2026, 11, 1) }],
      ['le:hier', { after: day(2026, 10, 29), before: day(2026, 10, 30) }],
      ['older_than:1d', { before: new Date(2026, 10, 29, 12).toISOString().replace('.000', '') }],
      ['older_than:1y', { before: new Date(2025, 10, 30, 12).toISOString().replace('.000', '') }],
      // There is no 30th of February.
      ['older_than:9m', { before: new Date(2026, 1, 28, 12).toISOString().replace('.000', '') }],
      ['newer_than:12h', { after: new Date(2026, 10, 30, 0).toISOString().replace('.000', '') }],
      ['larger:20000', { minSize: 20_000 }],
      ['larger:1MiB', { minSize: 1_048_576 }],
      ['plus:1,5Mo', { minSize: 1_500_000 }],
    ]);
  });

  it('searches in a folder by its name', () => {
    understood([
      ['in:Archive', { inMailbox: 'a' }],
      ['in:"Old things"', { inMailbox: 'o' }],
      ['in:invoices', any({ inMailbox: 'i' }, { inMailbox: 'j' })],
      ['in:(archive OR invoices)', any({ inMailbox: 'a' }, any({ inMailbox: 'i' }, { inMailbox: 'j' }))],
    ]);
  });

  it('leaves junk and trash out unless a folder is named', () => {
    const home = { ...world, elsewhere: ['trash'] };
    const but = { inMailboxOtherThan: ['trash'] };
    expect(filterOf('x', home)).toEqual(all({ text: 'x' }, but));
    expect(filterOf('x y', home)).toEqual(all({ text: 'x' }, { text: 'y' }, but));
    expect(filterOf('x OR y', home)).toEqual(all(any({ text: 'x' }, { text: 'y' }), but));
    expect(filterOf('in:archive', home)).toEqual({ inMailbox: 'a' });
    expect(filterOf('-in:archive', home)).toEqual(all(not({ inMailbox: 'a' }), but));
    expect(filterOf('x in:anywhere', home)).toEqual(all({ text: 'x' }, {}));
    expect(filterOf('frm:x', home)).toBeNull();
  });

  it('knows whether it looks for words', () => {
    const byWords = (text: string) => searchOf(parse(text, world).question, world).byWords;
    for (const text of ['x', 'from:ann is:unread', 'is:unread OR x', 'filename:x'])
      expect(byWords(text)).toBe(true);
    for (const text of ['is:unread', 'in:archive has:pj', '-x is:read', ''])
      expect(byWords(text)).toBe(false);
  });
});

describe('what has a colon and is no operator', () => {
  it.each([
    'https://example.org/a?b=c',
    'in://x',
    're:',
    'Re:invoice',
    'tr:devis',
    '12:30',
    'C:\\letters',
    'a:\\b',
    'std::string',
    'mailto:ann@x.test',
    'localhost:8080',
    '10.0.0.1:80',
    'ann@x.test:',
    'note:',
    '::1',
    ':shrug:',
  ])('%s is a word', (text) => {
    expect(filterOf(text)).toEqual({ text });
    expect(told(text)).toEqual([]);
  });

  it('is a word in quotes, whatever it is', () => {
    understood([
      ['"a:b"', { text: 'a:b' }],
      ['"frm:ann"', { text: 'frm:ann' }],
      ['-"from:ann"', not({ text: 'from:ann' })],
    ]);
  });
});

describe('what is not understood is told, and never becomes a word', () => {
  it.each([
    ['frm:ann', 'from:ann'],
    ['form:"Ann Lee"', 'from:"Ann Lee"'],
    ['form:(ann OR bob)', 'from:(ann OR bob)'],
    ['frm: ann', 'from:'],
    ['subjet:x', 'subject:x'],
    ['befor:2026', 'before:2026'],
    ['filname:x', 'filename:x'],
    ['obejt:x', 'objet:x'],
    ['ticket:42', undefined],
    ['weight:5', undefined],
  ])('%s: an operator', (text, instead) => {
    const [complaint, ...more] = told(text);
    expect(more).toEqual([]);
    expect(complaint).toMatchObject({ kind: 'operator', instead });
    expect(JSON.stringify(filterOf(text))).not.toContain(text.split(':')[0]);
    if (complaint?.kind === 'operator') expect(told(complaint.asWords)).toEqual([]);
  });

  it.each([
    ['is:unred', 'state', 'is:unread'],
    ['is:purple', 'state', undefined],
    ['has:atachment', 'thing', 'has:attachment'],
    ['in:nowhere', 'folder', undefined],
    ['in:invoces', 'folder', 'in:Invoices'],
    ['in:"old thing"', 'folder', 'in:"Old things"'],
    ['before:someday', 'date', undefined],
    ['before:2026-13', 'date', undefined],
    ['before:2026-02-30', 'date', undefined],
    ['after:11/24/2026', 'date', 'after:2026-11-24'],
    ['older_than:old', 'span', undefined],
    ['older_than:3x', 'span', undefined],
    ['larger:big', 'size', undefined],
    ['larger:99999999999999', 'size', undefined],
  ])('%s: a value', (text, kind, instead) => {
    expect(told(text)).toMatchObject([{ kind, instead }]);
    expect(filterOf(`x ${text}`)).toEqual({ text: 'x' });
  });

  it('says where it stands, so that it can be mended', () => {
    expect(told('x frm:ann y')[0]?.at).toEqual([2, 9]);
    expect(told('x -frm:"ann lee" y')[0]?.at).toEqual([3, 16]);
    expect(told('(x is:foo)')[0]?.at).toEqual([3, 9]);
  });
});

it('what is shown as examples is understood', () => {
  const everywhere = { ...world, foldersNamed: () => ['a'] };
  for (const words of [en, fr])
    for (const [hint] of words.search.hints) {
      const { question, complaints } = parse(hint, everywhere);
      expect([hint, complaints]).toEqual([hint, []]);
      expect(searchOf(question, everywhere).filter).not.toBeNull();
    }
});
