import type { Id } from '../../src/jmap/types';
import { emailSet } from './email-set';
import type { FakeLetter, FakeMail } from './mail';

type Args = Record<string, unknown>;

/** EmailSubmission/set (RFC 8621 §7.5): letters go at once, or wait as long as HOLDFOR says and can be called back. */
export function submit(mail: FakeMail, args: Args, createdIds: Map<string, Id>): [string, Args][] {
  const answer = { created: {} as Args, notCreated: {} as Args, updated: {} as Args, notUpdated: {} as Args };
  const { created, notCreated, updated, notUpdated } = answer;
  /** The letter of each submission that succeeded, by how the client calls it. */
  const letters = new Map<string, Id>();
  for (const [key, wanted] of Object.entries((args['create'] ?? {}) as Record<string, Args>)) {
    const named = String(wanted['emailId']);
    const letter = mail.letters.get((named.startsWith('#') ? createdIds.get(named.slice(1)) : named) ?? '');
    const problem = problemOf(mail, letter, wanted);
    if (problem || !letter) {
      notCreated[key] = problem ?? {};
      continue;
    }
    const held = holdOf(wanted);
    const id = mail.newId('s');
    mail.submissions.set(id, { letter: letter.id, goes: Date.now() + held * 1_000, canceled: false });
    created[key] = { id, undoStatus: held > 0 ? 'pending' : 'final' };
    letters.set(`#${key}`, letter.id);
  }
  for (const [id, patch] of Object.entries((args['update'] ?? {}) as Record<Id, Args>)) {
    const submission = mail.submissions.get(id);
    if (!submission) notUpdated[id] = { type: 'notFound' };
    else if (patch['undoStatus'] !== 'canceled') notUpdated[id] = { type: 'invalidProperties' };
    else if (submission.goes <= Date.now()) notUpdated[id] = { type: 'cannotUnsend' };
    else {
      submission.canceled = true;
      updated[id] = null;
      letters.set(id, submission.letter);
    }
  }
  const own: Args = {
    oldState: null,
    newState: '1',
    created,
    notCreated,
    updated,
    notUpdated,
    destroyed: null,
  };
  const patches = Object.entries((args['onSuccessUpdateEmail'] ?? {}) as Record<string, Args>).flatMap(
    ([key, patch]) => {
      const id = letters.get(key);
      return id ? [[id, patch] as const] : [];
    },
  );
  if (patches.length === 0) return [['EmailSubmission/set', own]];
  return [
    ['EmailSubmission/set', own],
    ['Email/set', emailSet(mail, { update: Object.fromEntries(patches) }, createdIds)],
  ];
}

function problemOf(mail: FakeMail, letter: FakeLetter | undefined, wanted: Args): Args | undefined {
  if (!letter) return { type: 'invalidProperties', properties: ['emailId'] };
  if ([...letter.to, ...letter.cc, ...letter.bcc].length === 0) return { type: 'noRecipients' };
  if ([...letter.to, ...letter.cc].some((one) => one.email.endsWith('@refused.test')))
    return { type: 'forbiddenToSend', description: '550 5.7.1 Not to this address' };
  const envelope = wanted['envelope'] as { rcptTo: { email: string }[] } | undefined;
  if (envelope && envelope.rcptTo.length === 0) return { type: 'noRecipients' };
  if (holdOf(wanted) > mail.maxDelayedSend) return { type: 'invalidProperties', properties: ['envelope'] };
  return undefined;
}

/** RFC 4865 §4: the seconds a letter waits. */
function holdOf(wanted: Args): number {
  const envelope = wanted['envelope'] as { mailFrom?: { parameters?: Record<string, string> } } | undefined;
  return Number(envelope?.mailFrom?.parameters?.['HOLDFOR'] ?? 0);
}
