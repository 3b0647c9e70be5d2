import type { Entry } from '../../src/store/cards';

/** Returns the contents of an invitation, as the server reads it (chain/mua/src/cards.rs). */
export function entryOf(more: Partial<Entry> = {}): Entry {
  return {
    method: 'REQUEST',
    status: null,
    isTask: false,
    sequence: 0,
    uid: 'choir@atelier-nord.test',
    summary: 'Choir',
    description: null,
    location: 'Salle des fêtes',
    start: { at: 1_796_130_000 },
    end: { at: 1_796_135_400 },
    of: null,
    organizer: { name: 'Claire Fontaine', email: 'claire@atelier-nord.test', answer: null },
    attendees: [{ name: 'Alice Martin', email: 'alice@alpha.test', answer: 'NEEDS-ACTION' }],
    guests: 1,
    comment: null,
    repeats: null,
    except: [],
    answering: { as: { email: 'alice@alpha.test', number: 1 } },
    ...more,
  };
}
