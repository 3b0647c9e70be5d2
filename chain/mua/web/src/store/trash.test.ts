import { describe, expect, it } from 'vitest';
import type { Email, Mailbox } from '../jmap';
import { applyPatch } from './patch';
import { isHomeless, junked, putBack, throwAway } from './trash';

const folders = [
  { id: 'F1', role: 'inbox' },
  { id: 'F2', role: null },
  { id: 'F8', role: 'junk' },
  { id: 'F9', role: 'trash' },
] as Mailbox[];

const letter = (mailbox: string, keywords = {}) =>
  ({ id: 'e1', mailboxIds: { [mailbox]: true }, keywords }) as unknown as Email;

function through(email: Email, patches: Map<string, Record<string, unknown>>): Email {
  return applyPatch(email, patches.get(email.id) ?? {});
}

describe('what was thrown away', () => {
  it('goes back where it was, and nothing stays written on it', () => {
    const gone = through(letter('F2', { $seen: true }), throwAway([letter('F2')], 'F9'));
    expect(gone).toMatchObject({ mailboxIds: { F9: true }, keywords: { 'facteur-from-f2': true } });
    const back = through(gone, putBack([gone], folders, 'trash'));
    expect(back).toEqual(letter('F2', { $seen: true }));
  });

  it('goes to the inbox where another program threw it away, or its folder is gone', () => {
    for (const keywords of [{}, { 'facteur-from-f7': true }, { 'facteur-from-f9': true }]) {
      const email = letter('F9', keywords);
      expect(through(email, putBack([email], folders, 'trash'))).toEqual(letter('F1'));
    }
  });

  it('is said to have lost its folder only where one is written on it that is gone', () => {
    const lost = (keywords: Record<string, boolean>) => isHomeless([letter('F9', keywords)], folders);
    expect(lost({ 'facteur-from-f7': true })).toBe(true);
    expect(lost({ 'facteur-from-f2': true })).toBe(false);
    expect(lost({ $seen: true })).toBe(false);
  });

  it('leaves every folder, and goes back into all of them that are still there', () => {
    const email = {
      id: 'e1',
      mailboxIds: { F1: true, F2: true, F7: true },
      keywords: {},
    } as unknown as Email;
    const gone = through(email, throwAway([email], 'F9'));
    expect(gone.mailboxIds).toEqual({ F9: true });
    expect(isHomeless([gone], folders)).toBe(false);
    const back = through(gone, putBack([gone], folders, 'trash'));
    expect(back).toEqual({ id: 'e1', mailboxIds: { F1: true, F2: true }, keywords: {} });
  });

  it('stays in the folders that it was filed into meanwhile', () => {
    const email = { id: 'e1', mailboxIds: { F9: true, F2: true }, keywords: {} } as unknown as Email;
    expect(through(email, putBack([email], folders, 'trash')).mailboxIds).toEqual({ F2: true });
  });

  it('comes back to the inbox with its labels where it was junk', () => {
    const email = letter('F2');
    const junk = through(email, junked([email], 'F8'));
    expect(junk.mailboxIds).toEqual({ F8: true });
    const back = through(junk, putBack([junk], folders, 'junk'));
    expect(back).toEqual({ id: 'e1', mailboxIds: { F1: true, F2: true }, keywords: {} });
  });

  it('remembers only the last folder', () => {
    const twice = letter('F1', { 'facteur-from-f2': true });
    expect(through(twice, throwAway([twice], 'F9')).keywords).toEqual({ 'facteur-from-f1': true });
  });
});
