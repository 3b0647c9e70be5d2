import type { Email, EmailBody, Id } from '../jmap';
import type { Connection } from './connection.svelte';
import { flowProperty } from './flowed';
import { isUnread } from './conversation';
import { type Records, rowProperties } from './records.svelte';

const bodyProperties = [
  'id',
  'cc',
  'bcc',
  'replyTo',
  'sentAt',
  'messageId',
  'inReplyTo',
  'references',
  'consistsOf',
  'protection',
  'bodyValues',
];
/** A text longer than this is cut, and the whole offered. */
const longestText = 262_144;

/** The properties that are requested of a letter that is read or answered. */
export const whole = {
  properties: [...new Set([...rowProperties, ...bodyProperties])],
  bodyProperties: [
    'partId',
    'blobId',
    'size',
    'name',
    'type',
    'charset',
    'disposition',
    'cid',
    'location',
    flowProperty,
  ],
  fetchTextBodyValues: true,
  fetchHTMLBodyValues: true,
  maxBodyValueBytes: longestText,
};

/** The open conversation. */
export class Reading {
  threadId = $state<Id>();
  #status = $state<'nothing' | 'loading' | 'ready' | 'failed'>('nothing');
  /** The reason why the conversation could not be loaded, if it could not. */
  trouble = $state.raw<unknown>();
  /** The letters that are unfolded. */
  open = $state.raw<ReadonlySet<Id>>(new Set());
  /** The letter the keyboard acts on. */
  current = $state<Id>();
  /** Ends when the conversation is there, or cannot be loaded. */
  coming: Promise<unknown> | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly records: Records,
    /** Leaves out the letters of a conversation that are not shown. */
    private readonly visible: (emails: Email[]) => Email[],
  ) {
    records.users.add(() => this.letters.map((email) => email.id));
  }

  readonly letters = $derived.by((): Email[] =>
    this.threadId ? this.visible(this.records.conversation(this.threadId)) : [],
  );

  /** `gone`: it was there, or never was; somebody may throw it away elsewhere while it is read. */
  readonly status = $derived.by(() =>
    this.#status === 'ready' && this.letters.length === 0 ? 'gone' : this.#status,
  );

  /** Loads a conversation and unfolds the new letters in it; returns the letters that were unread. */
  show(threadId: Id): Promise<Email[]> {
    const shown = this.#show(threadId);
    this.coming = shown;
    return shown;
  }

  async #show(threadId: Id): Promise<Email[]> {
    this.threadId = threadId;
    this.open = new Set();
    this.#status = this.#known(threadId) ? 'ready' : 'loading';
    if (this.#status === 'ready') this.#unfold();
    try {
      await this.#load(threadId);
    } catch (error) {
      this.trouble = error;
      if (this.threadId === threadId && this.#status === 'loading') this.#status = 'failed';
      return [];
    }
    if (this.threadId !== threadId) return [];
    this.#status = 'ready';
    const unread = this.letters.filter(isUnread);
    this.#unfold();
    return unread;
  }

  close(): void {
    this.threadId = undefined;
    this.coming = undefined;
    this.#status = 'nothing';
    this.open = new Set();
    this.current = undefined;
  }

  toggle(id: Id): void {
    const open = new Set(this.open);
    if (!open.delete(id)) open.add(id);
    this.open = open;
    this.current = id;
    if (open.has(id) && !this.records.bodies.has(id)) void this.#loadOne(id).catch(() => undefined);
  }

  /** Loads a letter that joined the conversation while it is open. */
  async again(): Promise<void> {
    if (this.threadId) await this.#load(this.threadId).catch(() => undefined);
  }

  body(id: Id): EmailBody | undefined {
    return this.records.bodies.get(id);
  }

  #unfold(): void {
    const last = this.letters.at(-1);
    const open = new Set([...this.open, ...this.letters.filter(isUnread).map((email) => email.id)]);
    if (last && open.size === 0) open.add(last.id);
    this.open = open;
    const first = this.letters.find((email) => open.has(email.id));
    this.current ??= first?.id;
    if (!this.letters.some((email) => email.id === this.current)) this.current = first?.id;
  }

  #known(threadId: Id): boolean {
    const letters = this.records.conversation(threadId);
    return letters.length > 0 && letters.every((email) => this.records.bodies.has(email.id));
  }

  async #load(threadId: Id): Promise<void> {
    const request = this.connection.client.request();
    const thread = request.call('Thread/get', { ids: [threadId] });
    const letters = request.call('Email/get', { '#ids': thread.at('/list/*/emailIds'), ...whole });
    const epoch = this.records.epoch;
    const answers = await this.connection.send(request);
    this.records.putThreads(answers.of(thread).list);
    this.#put(answers.of(letters).list, epoch);
  }

  /** Loads one letter alone, whose body was released. */
  async #loadOne(id: Id): Promise<void> {
    const request = this.connection.client.request();
    const letter = request.call('Email/get', { ids: [id], ...whole });
    const epoch = this.records.epoch;
    this.#put((await this.connection.send(request)).of(letter).list, epoch);
  }

  #put(letters: (Email & EmailBody)[], epoch: number): void {
    for (const email of letters) {
      // The person's changes since the request are newer than the answer.
      if (this.records.epoch === epoch || !this.records.emails.has(email.id))
        this.records.putEmails([rowPart(email)]);
      this.records.putBody(email);
    }
    this.records.trim();
  }
}

function rowPart(email: Email): Email {
  const wanted = new Set(rowProperties);
  return Object.fromEntries(Object.entries(email).filter(([name]) => wanted.has(name))) as unknown as Email;
}
