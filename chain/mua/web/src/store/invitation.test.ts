import { describe, expect, it } from 'vitest';
import { entryOf } from '../../testing/fake/entry';
import { en } from '../i18n/en';
import { fr } from '../i18n/fr';
import type { Email, EmailBody } from '../jmap';
import { purposeOf, repeatsOf, timeOf } from './cards';
import { keywordOf, marking, otherGuestIn, repliedIn, replies, strangerIn, textOf } from './invitation';
import { applyPatch } from './patch';

const claire = [{ name: 'Claire', email: 'Claire@Atelier-Nord.test' }];
const eve = [{ name: 'Claire', email: 'eve@evil.test' }];

describe('answers to invitations', () => {
  it('stand on the letter, one for each event, and a new one takes the place of the one before', () => {
    let letter = { id: 'm1', keywords: { $seen: true } } as unknown as Email;
    for (const number of [1, 2])
      for (const reply of replies) {
        letter = applyPatch(letter, marking(number, reply));
        expect(repliedIn(letter.keywords, number)).toBe(reply);
        expect(Object.keys(letter.keywords)).toHaveLength(1 + number);
      }
    expect(repliedIn(letter.keywords, 3)).toBeUndefined();
    letter = applyPatch(letter, marking(1, undefined));
    expect(Object.keys(letter.keywords)).toEqual(['$seen', keywordOf('declined', 2)]);
  });

  it('that would go to a stranger, or come from one, are told apart', () => {
    const entry = entryOf();
    expect(strangerIn(entry, claire)).toBeUndefined();
    expect(strangerIn(entry, eve)).toBe('claire@atelier-nord.test');
    expect(strangerIn(entryOf({ organizer: null }), eve)).toBeUndefined();
    const reply = entryOf({ method: 'REPLY' });
    expect(strangerIn(reply, eve)).toBeUndefined();
    expect(otherGuestIn(reply, eve)).toBe('alice@alpha.test');
    expect(otherGuestIn(reply, [{ name: null, email: 'alice@alpha.test' }])).toBeUndefined();
    expect(otherGuestIn(entry, eve)).toBeUndefined();
  });

  it('can be read by people', () => {
    const answer = { email: {} as Email, body: {} as EmailBody, entry: entryOf(), comment: ' Gladly.\n' };
    expect(textOf(en, 'Alice', { ...answer, reply: 'accepted' })).toMatch(
      /^Alice accepts the invitation: Choir\n.*2026.*\nSalle des fêtes\n\nGladly\.\n$/u,
    );
    expect(textOf(fr, 'Alice', { ...answer, comment: '', reply: 'declined' })).toMatch(
      /^Alice décline l’invitation\u00A0: Choir\n.*\nSalle des fêtes\n$/u,
    );
  });

  it('and what is invited to are called what they are', () => {
    const { cards } = en.read;
    expect(purposeOf(en, entryOf())).toBe(cards.request);
    expect(purposeOf(en, entryOf({ sequence: 2 }))).toBe(cards.changed);
    expect(purposeOf(en, entryOf({ method: 'CANCEL', sequence: 3 }))).toBe(cards.cancelled);
    const bob = { name: 'Bob', email: 'bob@beta.test', answer: 'DECLINED' };
    expect(purposeOf(en, entryOf({ method: 'REPLY', attendees: [bob] }))).toBe('Bob does not come');
    expect(purposeOf(fr, entryOf({ method: 'REPLY', attendees: [bob] }))).toBe('Bob ne vient pas');
    expect(purposeOf(en, entryOf({ method: 'REPLY', attendees: [] }))).toBe(cards.reply);
  });
});

describe('when an invitation is for', () => {
  const day = (start: string, end: string | null) =>
    timeOf(en, { start: { day: start }, end: end ? { day: end } : null }, 'America/New_York');

  it('whole days are the same everywhere, and the end is the day after', () => {
    expect(day('2026-12-01', '2026-12-02')).toBe('Tuesday, 1 December 2026');
    expect(day('2026-12-01', null)).toBe('Tuesday, 1 December 2026');
    expect(day('2026-12-30', '2027-01-02')).toMatch(/30 December 2026\s–\s.*1 January 2027/);
  });

  it('moments are told by the clock of the reader, over several days too', () => {
    const at = (from: string, to: string, zone: string) => {
      const seconds = (text: string) => ({ at: Date.parse(text) / 1_000 });
      return timeOf(en, { start: seconds(from), end: seconds(to) }, zone);
    };
    expect(at('2026-12-01T13:00:00Z', '2026-12-01T14:30:00Z', 'Europe/Paris')).toMatch(/14:00–15:30/u);
    expect(at('2026-12-01T23:30:00Z', '2026-12-02T00:30:00Z', 'Europe/Paris')).toMatch(/2 December 2026/u);
    expect(at('2026-12-01T23:30:00Z', '2026-12-03T00:30:00Z', 'UTC')).toMatch(/1 December.*3 December/u);
  });

  it('what is left out of a series is told', () => {
    const weekly = { every: 'weekly' as const, interval: 1, days: [], count: null, until: null };
    const except = [{ day: '2026-12-25' }, { wall: ['2027-01-01T10:00', null] as [string, null] }];
    expect(repeatsOf(en, weekly, except)).toBe(
      'every week but not on Friday, 25 December 2026 and Friday, 1 January 2027',
    );
    expect(repeatsOf(fr, weekly, except)).toMatch(/^chaque semaine sauf le vendredi 25 décembre 2026 et/u);
  });
});
