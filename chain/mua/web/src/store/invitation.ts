import type { Words } from '../i18n/en';
import { language } from '../i18n/language.svelte';
import { whyRefused } from '../i18n/refusals';
import {
  type Email,
  type EmailAddress,
  type EmailBody,
  expectAllSet,
  type Id,
  NotSet,
  ownHeader,
  type Patch,
  reach,
} from '../jmap';
import { type Entry, partyOf, timeOf } from './cards';
import type { Post } from './post.svelte';

/** Answers to invitations (RFC 5546 §3.2.3, RFC 6047): a letter of its own to the organizer, sent as any letter is. */

export const replies = ['accepted', 'tentative', 'declined'] as const;
export type Reply = (typeof replies)[number];

/** An answer, and the letter that it answers. */
export interface Answer {
  email: Email;
  body: EmailBody;
  entry: Entry;
  reply: Reply;
  comment: string;
}

/**
 * Returns the keyword that records the answer on the letter, so that every window and program of the reader's knows it.
 * The event has its number in the letter, which never changes.
 */
export function keywordOf(reply: Reply, number: number): string {
  return number === 1 ? `invitation-${reply}` : `invitation-${number}-${reply}`;
}

/** Returns the answer that was given to an event of a letter. */
export function repliedIn(keywords: Email['keywords'], number: number): Reply | undefined {
  return replies.find((reply) => keywords[keywordOf(reply, number)]);
}

/** Records the answer on a letter, and nothing else. */
export function marking(number: number, reply: Reply | undefined): Patch {
  return Object.fromEntries(
    replies.map((one) => [`keywords/${keywordOf(one, number)}`, one === reply ? true : null]),
  );
}

/** Returns the address that the answer would go to, if that is not the letter's sender. */
export function strangerIn({ organizer, method }: Entry, from: EmailAddress[] | null): string | undefined {
  const email = method === 'REQUEST' ? organizer?.email : undefined;
  return email && !isAmong(from, email) ? email : undefined;
}

/** Returns the guest for whom somebody else answers. */
export function otherGuestIn({ attendees, method }: Entry, from: EmailAddress[] | null): string | undefined {
  const email = method === 'REPLY' ? attendees[0]?.email : undefined;
  return email && !isAmong(from, email) ? email : undefined;
}

function isAmong(people: EmailAddress[] | null, email: string): boolean {
  return (people ?? []).some((one) => one.email.toLowerCase() === email.toLowerCase());
}

/** Returns the text of an answer that people read, whatever their program knows of calendars. */
export function textOf(words: Words, who: string, { entry, reply, comment }: Answer): string {
  const { invitation, cards } = words.read;
  const lines = [
    invitation.text[reply](who, entry.summary ?? cards.noTitle),
    timeOf(words, entry),
    entry.location ?? '',
  ];
  const note = comment.trim();
  return `${lines.filter(Boolean).join('\n')}\n${note ? `\n${note}\n` : ''}`;
}

/** Sends an answer and offers to call it back as long as the server holds it. Shows the outcome. */
export async function sendAnswer(post: Post, answer: Answer): Promise<void> {
  const { answering } = answer.entry;
  if (!answering || !('as' in answering)) return;
  const { number } = answering.as;
  const { notices, actions, connection, settings, sync } = post;
  const words = language.words.read.invitation;
  const before = repliedIn(answer.email.keywords, number);
  const seconds = Math.min(settings.undoSend, connection.client.maxDelayedSend);
  const telling = notices.say('done', words.answering, undefined, 60_000);
  try {
    const submission = await submitAnswer(post, answer, answering.as.email, seconds);
    // An answer that has gone is not called back because it could not be marked.
    await actions.mark(answer.email.id, marking(number, answer.reply)).catch(() => undefined);
    const undo = { label: language.words.act.undo, run: () => void recall(post, answer, submission, before) };
    notices.dismiss(telling);
    notices.say('done', words.sent, seconds > 0 ? undo : undefined, Math.max(seconds, 8) * 1_000);
    sync.soon();
  } catch (error) {
    notices.dismiss(telling);
    notices.say('failed', words.failed(whyRefused(language.words, error) ?? ''));
  }
}

/** Returns the submission. A refused answer leaves no draft behind. */
async function submitAnswer(post: Post, answer: Answer, as: string, seconds: number): Promise<Id> {
  const { connection, folders, identities } = post;
  const [calendar] = await Promise.all([
    calendarOf(post, answer, as),
    identities.list.length > 0 ? undefined : identities.load(),
  ]);
  const identity =
    identities.list.find(({ email }) => email.toLowerCase() === as.toLowerCase()) ?? identities.list[0];
  const to = answer.entry.organizer?.email ?? '';
  const from = { name: identity?.name || null, email: as };
  const drafts = folders.byRole('drafts')?.id ?? '';
  const sent = folders.byRole('sent')?.id;
  const done: Patch = { 'keywords/$draft': null };
  if (sent) done['mailboxIds'] = { [sent]: true };
  const request = connection.client.request();
  const create = { answer: letterOf(answer, from, drafts, calendar) };
  const made = request.call('Email/set', { create });
  const parameters = seconds > 0 ? { HOLDFOR: String(seconds) } : undefined;
  const envelope = { mailFrom: { email: as, ...(parameters && { parameters }) }, rcptTo: [{ email: to }] };
  const out = request.call('EmailSubmission/set', {
    create: { out: { identityId: identity?.id, emailId: '#answer', envelope } },
    onSuccessUpdateEmail: { '#out': done },
  });
  const answers = await connection.send(request);
  const letter = expectAllSet(answers.of(made)).created?.['answer']?.id;
  try {
    return expectAllSet(answers.of(out)).created?.['out']?.id ?? '';
  } catch (error) {
    if (letter) await destroy(post, letter).catch(() => undefined);
    throw error;
  }
}

/** Returns the answer as calendars read it, by the server, which has the whole invitation. */
async function calendarOf({ connection }: Post, answer: Answer, email: string): Promise<string> {
  const { reply, comment, entry } = answer;
  const body = new URLSearchParams({ uid: entry.uid ?? '', email, answer: reply, comment });
  const url = `/letter/${encodeURIComponent(answer.email.id)}/reply`;
  const init = { method: 'POST', body, headers: ownHeader };
  return (await connection.run(() => reach(fetch, url, init))).text();
}

/** RFC 6047 §2.4: the text for people and the data for calendars are two forms of the same answer. */
function letterOf(answer: Answer, from: EmailAddress, drafts: Id, calendar: string): Record<string, unknown> {
  const { words } = language;
  const { entry, body, reply, email } = answer;
  const { organizer } = entry;
  // A letter without a Message-ID cannot be named by its answer.
  const answered = body.messageId?.length ? body.messageId : undefined;
  const about = entry.summary || email.subject || words.read.cards.noTitle;
  return {
    mailboxIds: { [drafts]: true },
    keywords: { $draft: true, $seen: true },
    from: [from],
    to: [{ name: oneLine(organizer?.name ?? '') || null, email: organizer?.email ?? '' }],
    subject: words.read.invitation.subject[reply](oneLine(about)),
    ...(answered && { inReplyTo: answered, references: [...(body.references ?? []), ...answered] }),
    bodyStructure: {
      type: 'multipart/alternative',
      subParts: [
        { partId: 'text', type: 'text/plain' },
        { partId: 'calendar', type: 'text/calendar; method=REPLY' },
      ],
    },
    bodyValues: {
      text: { value: textOf(words, from.name || from.email, answer) },
      calendar: { value: calendar },
    },
  };
}

/** Returns a stranger's text of several lines in a form that can stand in the header of a letter. */
function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
}

async function destroy({ connection }: Post, letter: Id): Promise<void> {
  const request = connection.client.request();
  request.call('Email/set', { destroy: [letter] });
  await connection.send(request);
}

/** Calls back an answer that has not gone: it disappears, and the letter has its earlier mark again. */
async function recall(
  post: Post,
  { email, entry }: Answer,
  submission: Id,
  before: Reply | undefined,
): Promise<void> {
  const { notices, actions, connection, sync } = post;
  const words = language.words.read.invitation;
  try {
    const request = connection.client.request();
    const set = request.call('EmailSubmission/set', {
      update: { [submission]: { undoStatus: 'canceled' } },
      onSuccessDestroyEmail: [submission],
    });
    expectAllSet((await connection.send(request)).of(set));
    if (entry.answering && 'as' in entry.answering)
      await actions.mark(email.id, marking(entry.answering.as.number, before)).catch(() => undefined);
    notices.say('done', words.recalled);
    sync.soon();
  } catch (error) {
    const why = whyRefused(language.words, error) ?? '';
    notices.say('failed', error instanceof NotSet ? words.tooLate : why);
  }
}

/** Returns the name of the person who invites, as the notice of an answer shows it. */
export function organizerOf({ organizer }: Entry): string {
  if (!organizer) return '';
  const name = partyOf(organizer);
  return organizer.email && name !== organizer.email ? `${name} <${organizer.email}>` : name;
}
