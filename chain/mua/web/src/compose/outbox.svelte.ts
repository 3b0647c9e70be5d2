import { expectAllSet, type Id, type Patch } from '../jmap';
import type { Connection } from '../store/connection.svelte';
import type { Folders } from '../store/folders.svelte';
import type { Draft } from './draft.svelte';
import type { Drafts } from './drafts.svelte';

/** How a letter left. `held`: the server keeps it for some seconds in which it can be called back. */
export type Leaving = { kind: 'unsaved' } | { kind: 'sent' } | { kind: 'held'; submission: Id };

/**
 * The way out. A letter is complete among the drafts before it goes; then it is the server's, which keeps it as long as
 * its writer wants to be able to think better of it (RFC 8621 §7, RFC 4865 §4), whatever becomes of the page.
 */
export class Outbox {
  /** Letters the server has not yet taken. */
  busy = $state(0);

  constructor(
    private readonly connection: Connection,
    private readonly folders: Folders,
    private readonly drafts: Drafts,
  ) {}

  /** For how many seconds a letter can be held, of those wished for; none where the server does not hold letters. */
  holdOf(wished: number): number {
    return Math.min(wished, this.connection.client.maxDelayedSend);
  }

  /** Hands a letter over, to be held for `hold` seconds. Throws what the server says against it. */
  async send(draft: Draft, hold: number): Promise<Leaving> {
    this.busy += 1;
    try {
      draft.status = 'unsaved';
      if (!(await this.drafts.save(draft))) return { kind: 'unsaved' };
      return await this.#submit(draft, hold);
    } finally {
      this.busy -= 1;
    }
  }

  /** Calls a letter back to the drafts. Throws where it has already gone. */
  async recall(draft: Draft, submission: Id): Promise<void> {
    const request = this.connection.client.request();
    const drafts = this.folders.byRole('drafts')?.id;
    const back: Patch = { 'keywords/$draft': true };
    if (drafts) back['mailboxIds'] = { [drafts]: true };
    const set = request.call('EmailSubmission/set', {
      update: { [submission]: { undoStatus: 'canceled' } },
      onSuccessUpdateEmail: { [submission]: back },
    });
    expectAllSet((await this.connection.send(request)).of(set));
    if (draft.answers && !draft.answers.already) await this.#mark(draft.answers, null).catch(() => undefined);
  }

  async #submit(draft: Draft, hold: number): Promise<Leaving> {
    const request = this.connection.client.request();
    const sent = this.folders.byRole('sent')?.id;
    const done: Patch = { 'keywords/$draft': null, 'keywords/$seen': true };
    if (sent) done['mailboxIds'] = { [sent]: true };
    const identity = this.drafts.identityOf(draft);
    const set = request.call('EmailSubmission/set', {
      create: {
        out: {
          identityId: identity?.id,
          emailId: draft.emailId,
          ...(hold > 0 ? { envelope: envelopeOf(draft, identity?.email ?? '', hold) } : {}),
        },
      },
      // RFC 8621 §7.5: by the creation id of the submission, so only once it is accepted.
      onSuccessUpdateEmail: { '#out': done },
    });
    const answer = expectAllSet((await this.connection.send(request)).of(set));
    if (draft.answers) await this.#mark(draft.answers, true).catch(() => undefined);
    const made = answer.created?.['out'];
    return made && made['undoStatus'] === 'pending'
      ? { kind: 'held', submission: made.id }
      : { kind: 'sent' };
  }

  /** Marks the letter this one answers; a letter that has gone is not called back for want of a mark. */
  async #mark({ id, keyword }: NonNullable<Draft['answers']>, on: true | null): Promise<void> {
    const request = this.connection.client.request();
    request.call('Email/set', { update: { [id]: { [`keywords/${keyword}`]: on } } });
    await this.connection.send(request);
  }
}

/** RFC 8621 §7: without an envelope the server takes it from the letter; only with one can it be asked to wait. */
function envelopeOf(draft: Draft, from: string, hold: number) {
  const to = new Map(draft.recipients.map(({ email }) => [email.toLowerCase(), { email }]));
  return {
    mailFrom: { email: from, parameters: { HOLDFOR: String(hold) } },
    rcptTo: [...to.values()],
  };
}
