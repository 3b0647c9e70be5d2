import { SvelteMap } from 'svelte/reactivity';
import type { Email, EmailBody, Id, Mailbox, Patch, Thread } from '../jmap';
import { applyPatch } from './patch';
import { joined } from './flowed';
import { straight } from './straight';

/** The properties of a letter that a row of a list shows. */
export const rowProperties = [
  'id',
  'blobId',
  'threadId',
  'mailboxIds',
  'keywords',
  'size',
  'receivedAt',
  'from',
  'to',
  'subject',
  'hasAttachment',
  'preview',
];

/**
 * The most letters that are kept beyond those in use; a day of scrolling through a hundred thousand must not keep them
 * all.
 */
export const mostEmails = 2_500;
/** The most bodies that are remembered, and the most characters of their texts. */
export const mostBodies = 200;
export const mostText = 8_000_000;

/**
 * The pages' knowledge of the mailbox, by id. Views read it; only the server's answers and the person's changes write
 * it.
 */
export class Records {
  readonly emails = new SvelteMap<Id, Email>();
  readonly bodies = new SvelteMap<Id, EmailBody>();
  readonly threads = new SvelteMap<Id, Thread>();
  readonly mailboxes = new SvelteMap<Id, Mailbox>();
  /** The server's state each kind was last seen in (RFC 8620 §5.1). */
  readonly states: Partial<Record<'Email' | 'Mailbox' | 'Thread', string>> = {};
  /** Each names the letters it has in use: those stay. */
  readonly users = new Set<() => Iterable<Id>>();
  /** The letters, from the one unused for longest to the one used last. */
  #recent = new Map<Id, true>();
  #text = new Map<Id, number>();
  /** Grows with every change by the person, so that an answer requested before it is recognised as old. */
  epoch = 0;

  putEmails(list: Email[]): void {
    for (const email of list) {
      this.emails.set(email.id, straight(email));
      this.#recent.delete(email.id);
      this.#recent.set(email.id, true);
    }
  }

  putBody(body: EmailBody): void {
    this.#text.delete(body.id);
    this.#text.set(body.id, textIn(body));
    // The text itself may be written in both directions.
    this.bodies.set(body.id, { ...straight({ ...body, bodyValues: {} }), bodyValues: joined(body) });
    let whole = [...this.#text.values()].reduce((sum, text) => sum + text, 0);
    for (const [id, text] of [...this.#text]) {
      if (id === body.id || (this.#text.size <= mostBodies && whole <= mostText)) return;
      whole -= text;
      this.#text.delete(id);
      this.bodies.delete(id);
    }
  }

  /** Releases the letters that were unused for longest, but none in use. */
  trim(): void {
    if (this.emails.size <= mostEmails) return;
    const used = this.#used();
    for (const id of [...this.#recent.keys()]) {
      if (this.emails.size <= mostEmails) return;
      if (!used.has(id)) this.#drop(id);
    }
  }

  /** Forgets a letter that is no longer there. */
  lose(id: Id): void {
    this.emails.delete(id);
    this.bodies.delete(id);
    this.#recent.delete(id);
    this.#text.delete(id);
  }

  putThreads(list: Thread[]): void {
    for (const thread of list) this.threads.set(thread.id, thread);
  }

  putMailboxes(list: Mailbox[]): void {
    const there = new Set(list.map((mailbox) => mailbox.id));
    for (const id of [...this.mailboxes.keys()]) if (!there.has(id)) this.mailboxes.delete(id);
    for (const mailbox of list) this.mailboxes.set(mailbox.id, mailbox);
  }

  /** Changes letters here, before the server has; the counts of the folders follow. */
  patch(patches: ReadonlyMap<Id, Patch>): void {
    this.epoch += 1;
    for (const [id, patch] of patches) {
      const before = this.emails.get(id);
      if (!before) continue;
      const after = applyPatch(before, patch);
      this.emails.set(id, after);
      this.#count(before, -1);
      this.#count(after, 1);
    }
  }

  forget(id: Id): void {
    this.epoch += 1;
    const email = this.emails.get(id);
    if (!email) return;
    this.#count(email, -1);
    this.lose(id);
    const thread = this.threads.get(email.threadId);
    if (thread)
      this.threads.set(thread.id, { ...thread, emailIds: thread.emailIds.filter((other) => other !== id) });
  }

  /** Returns every known letter of a conversation, oldest first (RFC 8621 §3). */
  conversation(threadId: Id): Email[] {
    const ids = this.threads.get(threadId)?.emailIds ?? [];
    return ids.map((id) => this.emails.get(id)).filter((email) => email !== undefined);
  }

  /** Returns the used letters with the conversations that they are part of. */
  #used(): Set<Id> {
    const used = new Set<Id>();
    for (const user of this.users) {
      for (const id of user()) {
        used.add(id);
        const thread = this.threads.get(this.emails.get(id)?.threadId ?? '');
        for (const other of thread?.emailIds ?? []) used.add(other);
      }
    }
    return used;
  }

  #drop(id: Id): void {
    const threadId = this.emails.get(id)?.threadId ?? '';
    this.lose(id);
    const thread = this.threads.get(threadId);
    if (thread && !thread.emailIds.some((other) => this.emails.has(other))) this.threads.delete(threadId);
  }

  #count(email: Email, by: 1 | -1): void {
    const unread = email.keywords['$seen'] || email.keywords['$draft'] ? 0 : by;
    for (const id of Object.keys(email.mailboxIds)) {
      const mailbox = this.mailboxes.get(id);
      if (!mailbox) continue;
      this.mailboxes.set(id, {
        ...mailbox,
        totalEmails: Math.max(0, mailbox.totalEmails + by),
        unreadEmails: Math.max(0, mailbox.unreadEmails + unread),
      });
    }
  }
}

function textIn(body: EmailBody): number {
  return Object.values(body.bodyValues).reduce((sum, { value }) => sum + value.length, 0);
}
