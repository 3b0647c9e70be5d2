import { describe, expect, it } from 'vitest';
import { parseSearch } from './search';

const folders = (name: string) => ({ archive: 'a', 'Old things': 'o' })[name];
const filterOf = (text: string) => parseSearch(text, folders, []).filter;

describe('the search field', () => {
  it('looks for words and phrases anywhere', () => {
    expect(filterOf('invoice')).toEqual({ text: 'invoice' });
    expect(filterOf('"the red house" march')).toEqual({
      operator: 'AND',
      conditions: [{ text: 'the red house' }, { text: 'march' }],
    });
  });

  it('asks for nothing where nothing is typed', () => {
    expect(filterOf('   ')).toBeNull();
  });

  it('knows operators in English and in French', () => {
    expect(filterOf('from:ann')).toEqual(filterOf('de:ann'));
    expect(filterOf('objet:"bon de commande"')).toEqual({ subject: 'bon de commande' });
    expect(filterOf('has:attachment')).toEqual({ hasAttachment: true });
    expect(filterOf('avec:pj')).toEqual({ hasAttachment: true });
    expect(filterOf('is:unread')).toEqual({ notKeyword: '$seen' });
    expect(filterOf('est:non-lu')).toEqual({ notKeyword: '$seen' });
    expect(filterOf('à:bob')).toEqual({ to: 'bob' });
  });

  it('leaves out what bears a minus', () => {
    expect(filterOf('-from:bot')).toEqual({ operator: 'NOT', conditions: [{ from: 'bot' }] });
  });

  it('does not take an address of a page for an operator', () => {
    expect(filterOf('https://example.org')).toEqual({ text: 'https://example.org' });
  });

  it('searches in a folder by its name, and says when there is none', () => {
    expect(filterOf('in:archive')).toEqual({ inMailbox: 'a' });
    expect(filterOf('in:"Old things"')).toEqual({ inMailbox: 'o' });
    expect(parseSearch('in:nowhere x', folders, []).unknownFolders).toEqual(['nowhere']);
  });

  it('leaves junk and trash out unless a folder is named', () => {
    expect(parseSearch('x', folders, ['trash']).filter).toEqual({
      operator: 'AND',
      conditions: [{ text: 'x' }, { inMailboxOtherThan: ['trash'] }],
    });
    expect(parseSearch('in:archive', folders, ['trash']).filter).toEqual({ inMailbox: 'a' });
  });

  it('reads dates as people write them', () => {
    const date = new Date(2026, 10, 24).toISOString().replace('.000', '');
    expect(filterOf('after:2026-11-24')).toEqual({ after: date });
    expect(filterOf('après:24/11/2026')).toEqual({ after: date });
    expect(filterOf('before:someday')).toBeNull();
  });

  it('reads sizes', () => {
    expect(filterOf('larger:5M')).toEqual({ minSize: 5_000_000 });
  });
});
