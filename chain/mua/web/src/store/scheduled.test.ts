import { describe, expect, it } from 'vitest';
import { state } from '../../testing/state';
import type { Envelope } from '../jmap';
import { Scheduled } from './scheduled.svelte';
import { submit } from './submissions';

const hour = 3_600_000;

async function waitingRoom() {
  const all = await state(60);
  const scheduled = new Scheduled(all.connection, all.records, all.folders);
  const drafts = all.mail.folderOf('drafts').id;
  const [one, other] = [...all.mail.letters.values()].filter((letter) => letter.folders.has(all.inbox));
  if (!one || !other) throw new Error('no letters');
  for (const letter of [one, other]) Object.assign(letter, { folder: drafts, keywords: new Set(['$draft']) });
  /** Hands a letter over, to go in so many milliseconds. */
  const hold = (emailId: string, wait: number) => {
    const until = new Date(Date.now() + wait).toISOString();
    return submit(all.connection, all.folders, {
      identityId: 'i1',
      emailId,
      envelope: held({ HOLDUNTIL: until }),
    });
  };
  const folderOf = (id: string) => [...(all.mail.letters.get(id)?.folders ?? [])][0];
  return { ...all, scheduled, one, other, hold, folderOf, sent: all.mail.folderOf('sent').id, drafts };
}

function held(parameters: Record<string, string>): Envelope {
  return { mailFrom: { email: 'alice@alpha.test', parameters }, rcptTo: [{ email: 'bob@beta.test' }] };
}

describe('letters that wait', () => {
  it('are what the server holds, the first to go first, with their letters', async () => {
    const { scheduled, one, other, hold } = await waitingRoom();
    await hold(one.id, 2 * hour);
    await hold(other.id, hour);
    await scheduled.follow();
    expect(scheduled.list.map((waiting) => waiting.emailId)).toEqual([other.id, one.id]);
    expect(scheduled.list[0]).toMatchObject({ to: ['bob@beta.test'], identityId: 'i1' });
    expect(scheduled.of(one.id)?.emailId).toBe(one.id);
    expect(scheduled.list.map((waiting) => scheduled.email(waiting)?.subject)).toEqual([
      other.subject,
      one.subject,
    ]);
  });

  it('are not those that can be called back for a few seconds', async () => {
    const { scheduled, connection, folders, one } = await waitingRoom();
    const envelope = held({ HOLDFOR: '10' });
    await submit(connection, folders, { identityId: 'i1', emailId: one.id, envelope });
    await scheduled.follow();
    expect(scheduled.list).toEqual([]);
  });

  it('are asked for again when another state is told, and not when it is the same', async () => {
    const { scheduled, mail, server, one, hold } = await waitingRoom();
    await hold(one.id, hour);
    await scheduled.follow(mail.state);
    const asked = server.asked.length;
    await scheduled.follow(mail.state);
    expect(server.asked.length).toBe(asked);
    for (const submission of mail.submissions.values()) submission.canceled = true;
    mail.note('EmailSubmission', 's', 'updated');
    await scheduled.follow(mail.state);
    expect(scheduled.list).toEqual([]);
  });

  it('go back to the drafts when they are taken back', async () => {
    const { scheduled, one, hold, folderOf, sent, drafts } = await waitingRoom();
    await hold(one.id, hour);
    expect(folderOf(one.id)).toBe(sent);
    await scheduled.follow();
    const [waiting] = scheduled.list;
    if (waiting) await scheduled.recall(waiting);
    expect([folderOf(one.id), one.keywords.has('$draft')]).toEqual([drafts, true]);
    expect(scheduled.list).toEqual([]);
  });

  it('go once when they are to go now', async () => {
    const { scheduled, mail, one, hold, folderOf, sent } = await waitingRoom();
    await hold(one.id, hour);
    await scheduled.follow();
    const [waiting] = scheduled.list;
    if (waiting) await scheduled.sendNow(waiting);
    expect([...mail.submissions.values()].map(({ canceled, goes }) => [canceled, goes > Date.now()])).toEqual(
      [
        [true, true],
        [false, false],
      ],
    );
    expect([folderOf(one.id), one.keywords.has('$draft'), scheduled.list.length]).toEqual([sent, false, 0]);
  });

  it('are not handed over twice where they have gone meanwhile', async () => {
    const { scheduled, mail, one, hold, folderOf, sent } = await waitingRoom();
    await hold(one.id, hour);
    await scheduled.follow();
    const [waiting] = scheduled.list;
    for (const submission of mail.submissions.values()) submission.goes = Date.now() - 1;
    await expect(waiting && scheduled.sendNow(waiting)).rejects.toThrow('cannotUnsend');
    expect([mail.submissions.size, folderOf(one.id)]).toEqual([1, sent]);
  });

  it('are among the drafts where they are refused at the second time', async () => {
    const { scheduled, one, hold, folderOf, drafts } = await waitingRoom();
    await hold(one.id, hour);
    await scheduled.follow();
    one.to = [{ name: null, email: 'eve@refused.test' }];
    const [waiting] = scheduled.list;
    await expect(waiting && scheduled.sendNow(waiting)).rejects.toThrow('550 5.7.1');
    expect([folderOf(one.id), scheduled.list.length]).toEqual([drafts, 0]);
  });
});
