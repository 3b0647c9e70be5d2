import type { Envelope, Id } from '../jmap';
import type { Connection } from '../store/connection.svelte';
import type { Folders } from '../store/folders.svelte';
import { recall, submit } from '../store/submissions';
import type { Draft } from './draft.svelte';
import type { Drafts, Fate } from './drafts.svelte';

/** The time that a letter is held: some seconds, in which it can be called back, or until a chosen moment. */
export type Hold = number | Date;

/**
 * The result of sending. `gone`: the letter was sent before, or its last saved version is gone; `changed` is true if
 * the person has changed it since. `held`: the server keeps it, and it can be called back.
 */
export type Leaving =
  | { kind: 'unsaved' }
  | { kind: 'gone'; changed: boolean }
  | { kind: 'sent' }
  | { kind: 'held'; submission: Id };

/**
 * The way out. A letter is complete among the drafts before it goes; then the server has it, and keeps it as long as
 * its writer wants to be able to change their mind (RFC 8621 §7, RFC 4865 §4), whatever happens to the page.
 */
export class Outbox {
  /** The number of letters that the server has not accepted yet. */
  busy = $state(0);

  constructor(
    private readonly connection: Connection,
    private readonly folders: Folders,
    private readonly drafts: Drafts,
  ) {}

  /**
   * Returns the number of seconds that a letter can be held, up to the wished number; zero if the server does not hold
   * letters.
   */
  holdOf(wished: number): number {
    return Math.min(wished, this.connection.client.maxDelayedSend);
  }

  /** Hands a letter over, to be held; not a second time unless the person asks again. Throws the server's refusal. */
  async send(draft: Draft, hold: Hold): Promise<Leaving> {
    this.busy += 1;
    try {
      const fate = await this.drafts.fateOf(draft);
      if (draft.gone || fate !== 'kept') return await this.#gone(draft, fate);
      draft.status = 'unsaved';
      if (!(await this.drafts.save(draft))) return { kind: 'unsaved' };
      return await this.#submit(draft, hold);
    } finally {
      this.busy -= 1;
    }
  }

  /** Calls a letter back to the drafts. Throws if it has already gone. */
  async recall(draft: Draft, submission: Id): Promise<void> {
    await recall(this.connection, this.folders, submission);
    if (draft.answers && !draft.answers.already) await this.#mark(draft.answers, null).catch(() => undefined);
  }

  /** Keeps the later changes as a letter of its own. It goes if the person sends it again. */
  async #gone(draft: Draft, fate: Fate): Promise<Leaving> {
    if (fate === 'sent' && !draft.gone && draft.status === 'saved') return { kind: 'gone', changed: false };
    draft.status = 'unsaved';
    await this.drafts.save(draft);
    draft.gone = false;
    return { kind: 'gone', changed: true };
  }

  async #submit(draft: Draft, hold: Hold): Promise<Leaving> {
    const identity = this.drafts.identityOf(draft);
    const made = await submit(this.connection, this.folders, {
      identityId: identity?.id,
      emailId: draft.emailId,
      ...(hold === 0 ? {} : { envelope: envelopeOf(draft, identity?.email ?? '', hold) }),
    });
    if (draft.answers) await this.#mark(draft.answers, true).catch(() => undefined);
    return made.held ? { kind: 'held', submission: made.id } : { kind: 'sent' };
  }

  /** Marks the letter that this one answers; a letter that has gone is not called back because a mark failed. */
  async #mark({ id, keyword }: NonNullable<Draft['answers']>, on: true | null): Promise<void> {
    const request = this.connection.client.request();
    request.call('Email/set', { update: { [id]: { [`keywords/${keyword}`]: on } } });
    await this.connection.send(request);
  }
}

/**
 * RFC 8621 §7: without an envelope the server makes one from the letter; only an envelope can ask the server to wait.
 */
function envelopeOf(draft: Draft, from: string, hold: Hold): Envelope {
  const to = new Map(draft.recipients.map(({ email }) => [email.toLowerCase(), { email }]));
  return { mailFrom: { email: from, parameters: parametersOf(hold) }, rcptTo: [...to.values()] };
}

/** RFC 4865 §4. */
function parametersOf(hold: Hold): Record<string, string> {
  if (typeof hold === 'number') return { HOLDFOR: String(hold) };
  return { HOLDUNTIL: hold.toISOString().replace(/\.\d+Z$/, 'Z') };
}
