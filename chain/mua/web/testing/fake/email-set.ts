import type { EmailAddress, Id } from '../../src/jmap/types';
import { sizeOf as octetsOf } from './filter';
import type { FakeAttachment, FakeLetter, FakeMail } from './mail';

type Args = Record<string, unknown>;

/** Answers Email/set (RFC 8621 §4.6), for a server where a letter lies in one mailbox or more. */
export function emailSet(mail: FakeMail, args: Args, createdIds: Map<string, Id>): Args {
  const oldState = mail.state;
  const answer = { created: {} as Args, notCreated: {} as Args, updated: {} as Args, notUpdated: {} as Args };
  const gone = { destroyed: [] as Id[], notDestroyed: {} as Args };
  // A letter that goes in the same call makes room for a new one.
  const room = ((args['destroy'] ?? []) as Id[])
    .map((id) => mail.letters.get(id))
    .reduce((sum, letter) => sum + (letter ? octetsOf(letter) : 0), 0);
  for (const [key, wanted] of Object.entries((args['create'] ?? {}) as Record<string, Args>)) {
    const letter = create(mail, wanted);
    if (!letter) answer.notCreated[key] = { type: 'invalidProperties', properties: ['mailboxIds'] };
    else if (sizeOf(letter) > mail.mostKept) {
      mail.remove(letter);
      answer.notCreated[key] = { type: 'tooLarge', maxSize: mail.mostKept };
    } else if (mail.used > mail.quota + room) {
      mail.remove(letter);
      answer.notCreated[key] = { type: 'overQuota', description: 'the mailbox is full' };
    } else {
      createdIds.set(key, letter.id);
      answer.created[key] = { id: letter.id, blobId: `${letter.id}.raw`, threadId: letter.threadId, size: 1 };
    }
  }
  for (const [id, patch] of Object.entries((args['update'] ?? {}) as Record<Id, Args>)) {
    const problem = update(mail, id, patch);
    if (problem) answer.notUpdated[id] = { type: problem };
    else answer.updated[id] = null;
  }
  for (const id of (args['destroy'] ?? []) as Id[]) {
    const letter = mail.letters.get(id);
    if (letter) {
      mail.remove(letter);
      gone.destroyed.push(id);
    } else gone.notDestroyed[id] = { type: 'notFound' };
  }
  if (mail.state !== oldState) mail.onchange();
  return { oldState, newState: mail.state, ...answer, ...gone };
}

/** Returns the size of the attachments, in octets. */
export function sizeOf(letter: FakeLetter): number {
  return letter.attachments.reduce((sum, one) => sum + one.size, 0);
}

function update(mail: FakeMail, id: Id, patch: Args): string | undefined {
  const letter = mail.letters.get(id);
  if (!letter) return 'notFound';
  const folders = foldersAfter(letter, patch);
  const problem = problemOf(mail, folders);
  if (problem) return problem;
  for (const id of letter.folders) mail.note('Mailbox', id, 'updated');
  letter.folders = folders;
  for (const [path, value] of Object.entries(patch)) {
    if (!path.startsWith('keywords/')) continue;
    const keyword = path.slice('keywords/'.length);
    if (value) letter.keywords.add(keyword);
    else letter.keywords.delete(keyword);
  }
  mail.changed(letter);
  return undefined;
}

/** Returns the folders of a letter once `mailboxIds` is replaced, or patched by `mailboxIds/ID` (RFC 8620 §5.3). */
function foldersAfter(letter: FakeLetter, patch: Args): Set<Id> {
  const whole = patch['mailboxIds'] as Record<Id, true> | undefined;
  const folders = whole ? new Set(Object.keys(whole)) : new Set(letter.folders);
  for (const [path, value] of Object.entries(patch)) {
    if (!path.startsWith('mailboxIds/')) continue;
    const id = path.slice('mailboxIds/'.length);
    if (value) folders.add(id);
    else folders.delete(id);
  }
  return folders;
}

function problemOf(mail: FakeMail, folders: Set<Id>): string | undefined {
  if (folders.size === 0 || [...folders].some((id) => !mail.folders.has(id))) return 'invalidProperties';
  return folders.size > (mail.mostFolders ?? Infinity) ? 'tooManyMailboxes' : undefined;
}

function create(mail: FakeMail, wanted: Args): FakeLetter | undefined {
  const folders = new Set(Object.keys((wanted['mailboxIds'] ?? {}) as Record<Id, true>));
  if (problemOf(mail, folders)) return undefined;
  const id = mail.newId('e');
  const people = (name: string) => (wanted[name] ?? []) as EmailAddress[];
  const ids = (name: string) => (wanted[name] as string[] | undefined) ?? null;
  const letter: FakeLetter = {
    id,
    threadId: threadFor(mail, ids('references')) ?? mail.newId('t'),
    folders,
    keywords: new Set(Object.keys((wanted['keywords'] ?? {}) as Record<string, true>)),
    receivedAt: new Date(mail.clock()).toISOString().replace(/\.\d+Z$/, 'Z'),
    from: people('from'),
    to: people('to'),
    cc: people('cc'),
    bcc: people('bcc'),
    replyTo: null,
    subject: String(wanted['subject'] ?? ''),
    messageId: [`${id}@alpha.test`],
    inReplyTo: ids('inReplyTo'),
    references: ids('references'),
    text: valueOf(wanted, 'textBody') ?? formOf(wanted, 'text/plain'),
    html: valueOf(wanted, 'htmlBody'),
    calendar: formOf(wanted, 'text/calendar; method=REPLY'),
    attachments: ((wanted['attachments'] ?? []) as FakeAttachment[]).map((one) => ({
      ...one,
      size: mail.blobs.get(one.blobId)?.data.length ?? 0,
    })),
  };
  mail.add(letter);
  return letter;
}

function valueOf(wanted: Args, body: 'textBody' | 'htmlBody'): string | null {
  const part = (wanted[body] as { partId: string }[] | undefined)?.[0];
  const values = (wanted['bodyValues'] ?? {}) as Record<string, { value: string }>;
  return part ? (values[part.partId]?.value ?? null) : null;
}

/** Returns the form of a letter that has this type, if the client says how all of it is put together. */
function formOf(wanted: Args, type: string): string | null {
  const { subParts = [] } = (wanted['bodyStructure'] ?? {}) as {
    subParts?: { partId: string; type: string }[];
  };
  const values = (wanted['bodyValues'] ?? {}) as Record<string, { value: string }>;
  return values[subParts.find((part) => part.type === type)?.partId ?? '']?.value ?? null;
}

function threadFor(mail: FakeMail, references: string[] | null): Id | undefined {
  const last = references?.at(-1);
  if (!last) return undefined;
  for (const letter of mail.letters.values()) if (letter.messageId.includes(last)) return letter.threadId;
  return undefined;
}
