import { SvelteMap } from 'svelte/reactivity';
import type { Email, EmailBody, Id, Mailbox, Patch, Thread } from '../jmap';
import { applyPatch } from './patch';

/** What a row of a list shows of a letter. */
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

/** What the pages know of the mailbox, by id. Views read it; only the server's answers and own changes write it. */
export class Records {
  readonly emails = new SvelteMap<Id, Email>();
  readonly bodies = new SvelteMap<Id, EmailBody>();
  readonly threads = new SvelteMap<Id, Thread>();
  readonly mailboxes = new SvelteMap<Id, Mailbox>();
  /** The server's state each kind was last seen in (RFC 8620 §5.1). */
  readonly states: Partial<Record<'Email' | 'Mailbox' | 'Thread', string>> = {};
  /** Grows with every own change, so that an answer asked for before it is recognised as old. */
  epoch = 0;

  putEmails(list: Email[]): void {
    for (const email of list) this.emails.set(email.id, email);
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
    this.emails.delete(id);
    this.bodies.delete(id);
    const thread = this.threads.get(email.threadId);
    if (thread)
      this.threads.set(thread.id, { ...thread, emailIds: thread.emailIds.filter((other) => other !== id) });
  }

  /** Every letter of a conversation that is known, oldest first (RFC 8621 §3). */
  conversation(threadId: Id): Email[] {
    const ids = this.threads.get(threadId)?.emailIds ?? [];
    return ids.map((id) => this.emails.get(id)).filter((email) => email !== undefined);
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
