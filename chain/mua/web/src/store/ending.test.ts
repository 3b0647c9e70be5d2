import { describe, expect, it } from 'vitest';
import { state } from '../../testing/state';
import { countEnding } from './ending';

/** Makes a mailbox with three letters in the trash, of which one lies in another folder, too. */
async function withTrash() {
  const all = await state(60);
  const [trash, archive] = [all.mail.folderOf('trash').id, all.mail.folderOf('archive').id];
  const [first, second, third] = [...all.mail.letters.values()].filter((one) => one.folders.has(all.inbox));
  if (!first || !second || !third) throw new Error('the made-up mailbox is another');
  for (const letter of [first, second, third]) letter.folders = new Set([trash]);
  second.folders.add(archive);
  return { ...all, trash, archive, first, second, third };
}

describe('letters that are deleted for good', () => {
  it('end only where they lie nowhere else', async () => {
    const { connection, actions, mail, trash, archive, first, second } = await withTrash();
    expect(await countEnding(connection, trash)).toEqual({ all: 3, elsewhere: 1 });
    await actions.empty(trash);
    expect([...mail.letters.values()].some((one) => one.folders.has(trash))).toBe(false);
    expect(mail.letters.has(first.id)).toBe(false);
    expect([...(mail.letters.get(second.id)?.folders ?? [])]).toEqual([archive]);
  });

  it('do not end where another program files one elsewhere on the way', async () => {
    const { actions, mail, server, trash, archive, first } = await withTrash();
    let asked = 0;
    server.before = () => {
      asked += 1;
      // Between the look at where they lie and the order to destroy them.
      if (asked === 2) {
        first.folders.add(archive);
        mail.changed(first);
      }
      return undefined;
    };
    await actions.destroyMany([first.id], trash, () => {});
    expect([...(mail.letters.get(first.id)?.folders ?? [])]).toEqual([archive]);
  });
});
