import { describe, expect, it } from 'vitest';
import type { Mailbox } from '../jmap';
import { randomFrom } from '../../testing/fake/world';
import { file, type Filed, type Filing } from './filing';
import { applyPatch, inverse } from './patch';

const folders = [
  { id: 'in', role: 'inbox' },
  { id: 'arc', role: 'archive' },
  { id: 'junk', role: 'junk' },
  { id: 'trash', role: 'trash' },
  { id: 'sent', role: 'sent' },
  { id: 'fam', role: null },
  { id: 'work', role: null },
] as Mailbox[];

const letter = (...places: string[]): Filed => ({
  id: 'e1',
  mailboxIds: Object.fromEntries(places.map((id) => [id, true])),
  keywords: {},
});

/** Returns the folders that a letter lies in once it is filed. */
function filed(filing: Filing, email: Filed, here?: string): string[] {
  const patch = file(filing, [email], { here, folders })?.get(email.id) ?? {};
  return Object.keys(applyPatch(email, patch).mailboxIds).sort();
}

describe('a letter in many folders', () => {
  it.each<[string, Filing, string[], string | undefined, string[]]>([
    ['archived leaves the inbox alone', { kind: 'archive' }, ['in', 'fam'], 'in', ['fam']],
    ['archived goes to the archive only from nowhere else', { kind: 'archive' }, ['in'], 'in', ['arc']],
    ['archived from a label stays in it', { kind: 'archive' }, ['fam', 'in'], 'fam', ['fam']],
    ['archived although it is not in the inbox stays', { kind: 'archive' }, ['fam'], 'fam', ['fam']],
    ['deleted leaves every folder', { kind: 'trash' }, ['in', 'fam', 'sent'], 'fam', ['trash']],
    ['junk leaves every folder', { kind: 'junk' }, ['in', 'fam'], 'in', ['junk']],
    [
      'moved leaves the shown folder alone',
      { kind: 'move', to: 'work' },
      ['in', 'fam'],
      'fam',
      ['in', 'work'],
    ],
    [
      'moved from a search leaves the inbox',
      { kind: 'move', to: 'work' },
      ['in', 'fam'],
      undefined,
      ['fam', 'work'],
    ],
    [
      'moved from a search leaves its only folder',
      { kind: 'move', to: 'work' },
      ['fam'],
      undefined,
      ['work'],
    ],
    ['moved to where it is leaves the other', { kind: 'move', to: 'work' }, ['fam', 'work'], 'fam', ['work']],
    ['gets a label', { kind: 'labels', add: ['work'], remove: [] }, ['in'], 'in', ['in', 'work']],
    ['changes its labels', { kind: 'labels', add: ['work'], remove: ['fam'] }, ['fam'], 'fam', ['work']],
    [
      'without its last label is in the archive',
      { kind: 'labels', add: [], remove: ['fam'] },
      ['fam'],
      'fam',
      ['arc'],
    ],
  ])('%s', (_, filing, before, here, after) => {
    expect(filed(filing, letter(...before), here)).toEqual(after);
  });

  it('without an archive keeps its last label', () => {
    const without = folders.filter(({ role }) => role !== 'archive');
    const email = letter('fam');
    const patches = file({ kind: 'labels', add: [], remove: ['fam'] }, [email], {
      here: 'fam',
      folders: without,
    });
    expect(patches?.size).toBe(0);
    expect(file({ kind: 'archive' }, [letter('in')], { here: 'in', folders: without })).toBeUndefined();
  });

  it('always lies somewhere, and undo restores all its folders and keywords exactly', () => {
    const random = randomFrom(15);
    const some = () => folders.map(({ id }) => id).filter(() => random() < 0.4);
    const kinds = ['move', 'archive', 'trash', 'junk', 'putBack', 'notJunk', 'labels'] as const;
    for (let round = 0; round < 3_000; round += 1) {
      const [first = 'in', ...more] = [...some(), 'in'];
      const email = letter(first, ...more);
      if (random() < 0.4)
        email.keywords = { $seen: true, 'facteur-from-fam': true, 'facteur-from-gone': true };
      const kind = kinds[Math.floor(random() * kinds.length)] ?? 'archive';
      const [to] = [...some(), 'fam'];
      const filing = {
        kind,
        to,
        add: some(),
        remove: some().filter((id) => id !== 'arc'),
      } as unknown as Filing;
      const here = random() < 0.5 ? first : undefined;
      const patches = file(filing, [email], { here, folders }) ?? new Map();
      const after = applyPatch(email, patches.get('e1') ?? {});
      expect([filing, here, email, Object.keys(after.mailboxIds).length > 0]).toEqual([
        filing,
        here,
        email,
        true,
      ]);
      const back = inverse(patches, new Map([['e1', email]]));
      expect(applyPatch(after, back.get('e1') ?? {})).toEqual(email);
    }
  });
});
