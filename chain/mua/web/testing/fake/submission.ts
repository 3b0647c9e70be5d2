import type { Envelope, Id } from '../../src/jmap/types';
import { emailSet, sizeOf } from './email-set';
import type { FakeLetter, FakeMail, FakeSubmission } from './mail';

type Args = Record<string, unknown>;

/** The longest wait of a timer in this runtime; no test waits for a later letter. */
const longestTimer = 2 ** 31 - 1;

/** Answers EmailSubmission/get (RFC 8621 §7.1). */
export function submissionGet(mail: FakeMail, ids: Id[] | null | undefined): Args {
  const wanted = ids ?? [...mail.submissions.keys()];
  const list = wanted.flatMap((id) => {
    const submission = mail.submissions.get(id);
    return submission ? [objectOf(mail, id, submission)] : [];
  });
  return { state: mail.state, list, notFound: wanted.filter((id) => !mail.submissions.has(id)) };
}

/** Answers EmailSubmission/query (RFC 8621 §7.3), by undoStatus, the first to go first. */
export function submissionQuery(mail: FakeMail, args: Args): Args {
  const { undoStatus } = (args['filter'] ?? {}) as { undoStatus?: string };
  const ids = [...mail.submissions]
    .filter(([, one]) => undoStatus === undefined || statusOf(mail, one) === undoStatus)
    .sort(([, a], [, b]) => a.goes - b.goes)
    .map(([id]) => id)
    .slice(0, Number(args['limit'] ?? Infinity));
  return { queryState: mail.state, canCalculateChanges: true, position: 0, ids };
}

function objectOf(mail: FakeMail, id: Id, submission: FakeSubmission): Args {
  const { letter, threadId, identityId, envelope, goes } = submission;
  const sendAt = new Date(goes).toISOString().replace(/\.\d+Z$/, 'Z');
  return {
    id,
    emailId: letter,
    threadId,
    identityId,
    envelope,
    sendAt,
    undoStatus: statusOf(mail, submission),
  };
}

function statusOf(mail: FakeMail, { canceled, goes }: FakeSubmission): 'pending' | 'final' | 'canceled' {
  if (canceled) return 'canceled';
  return goes > mail.clock() ? 'pending' : 'final';
}

/** Answers EmailSubmission/set (RFC 8621 §7.5): letters go immediately, or wait and can be called back. */
export function submit(mail: FakeMail, args: Args, createdIds: Map<string, Id>): [string, Args][] {
  const answer = { created: {} as Args, notCreated: {} as Args, updated: {} as Args, notUpdated: {} as Args };
  const { created, notCreated, updated, notUpdated } = answer;
  /** The letter of each submission that succeeded, by the client's name for it. */
  const letters = new Map<string, Id>();
  for (const [key, wanted] of Object.entries((args['create'] ?? {}) as Record<string, Args>)) {
    const named = String(wanted['emailId']);
    const letter = mail.letters.get((named.startsWith('#') ? createdIds.get(named.slice(1)) : named) ?? '');
    const problem = problemOf(mail, letter, wanted);
    if (problem || !letter) {
      notCreated[key] = problem ?? {};
      continue;
    }
    const id = mail.newId('s');
    const made = submissionOf(mail, letter, wanted);
    mail.submissions.set(id, made);
    mail.note('EmailSubmission', id, 'created');
    wait(mail, id, made.goes - mail.clock());
    created[key] = { id, undoStatus: statusOf(mail, made), sendAt: objectOf(mail, id, made)['sendAt'] };
    letters.set(`#${key}`, letter.id);
  }
  for (const [id, patch] of Object.entries((args['update'] ?? {}) as Record<Id, Args>)) {
    const submission = mail.submissions.get(id);
    if (!submission) notUpdated[id] = { type: 'notFound' };
    else if (patch['undoStatus'] !== 'canceled') notUpdated[id] = { type: 'invalidProperties' };
    else if (submission.goes <= mail.clock()) notUpdated[id] = { type: 'cannotUnsend' };
    else {
      submission.canceled = true;
      mail.note('EmailSubmission', id, 'updated');
      updated[id] = null;
      letters.set(id, submission.letter);
    }
  }
  const own: Args = {
    oldState: null,
    newState: mail.state,
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
  const destroy = ((args['onSuccessDestroyEmail'] ?? []) as string[]).flatMap(
    (key) => letters.get(key) ?? [],
  );
  if (patches.length + destroy.length === 0) {
    mail.onchange();
    return [['EmailSubmission/set', own]];
  }
  return [
    ['EmailSubmission/set', own],
    ['Email/set', emailSet(mail, { update: Object.fromEntries(patches), destroy }, createdIds)],
  ];
}

function problemOf(mail: FakeMail, letter: FakeLetter | undefined, wanted: Args): Args | undefined {
  if (!letter) return { type: 'invalidProperties', properties: ['emailId'] };
  if ([...letter.to, ...letter.cc, ...letter.bcc].length === 0) return { type: 'noRecipients' };
  if ([...letter.to, ...letter.cc].some((one) => one.email.endsWith('@refused.test')))
    return { type: 'forbiddenToSend', description: '550 5.7.1 Not to this address' };
  if (sizeOf(letter) > mail.mostSent) return { type: 'tooLarge', maxSize: mail.mostSent };
  const envelope = wanted['envelope'] as { rcptTo: { email: string }[] } | undefined;
  if (envelope && envelope.rcptTo.length === 0) return { type: 'noRecipients' };
  if (!((holdOf(mail, wanted) ?? NaN) <= mail.maxDelayedSend * 1_000))
    return { type: 'invalidProperties', properties: ['envelope'] };
  return undefined;
}

function submissionOf(mail: FakeMail, letter: FakeLetter, wanted: Args): FakeSubmission {
  const plain = {
    mailFrom: { email: letter.from[0]?.email ?? '' },
    rcptTo: [...letter.to, ...letter.cc, ...letter.bcc].map(({ email }) => ({ email })),
  };
  return {
    letter: letter.id,
    threadId: letter.threadId,
    identityId: String(wanted['identityId']),
    envelope: (wanted['envelope'] as Envelope | undefined) ?? plain,
    goes: mail.clock() + Math.max(0, holdOf(mail, wanted) ?? 0),
    canceled: false,
  };
}

/** Its time comes: listeners learn that it has gone. */
function wait(mail: FakeMail, id: Id, milliseconds: number): void {
  if (milliseconds <= 0 || milliseconds > longestTimer) return;
  const timer = setTimeout(() => {
    mail.note('EmailSubmission', id, 'updated');
    mail.onchange();
  }, milliseconds + 1);
  timer.unref();
}

/**
 * RFC 4865 §4: returns the milliseconds that a letter waits; a time in the past means now. `undefined` if the time
 * cannot be read.
 */
function holdOf(mail: FakeMail, wanted: Args): number | undefined {
  const parameters = (wanted['envelope'] as Envelope | undefined)?.mailFrom.parameters ?? {};
  const until = parameters['HOLDUNTIL'];
  if (typeof until === 'string') return Math.max(0, Date.parse(until) - mail.clock());
  const seconds = parameters['HOLDFOR'];
  return seconds === undefined ? 0 : Number(seconds) * 1_000;
}
