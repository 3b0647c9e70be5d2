import type { Email, EmailSubmission, Id } from '../jmap';
import type { Connection } from './connection.svelte';
import type { Folders } from './folders.svelte';
import { type Records, rowProperties } from './records.svelte';
import { Single } from './single';
import { undoSpans } from './settings.svelte';
import { recall, submit } from './submissions';

/** A letter that waits for its time. */
export interface Waiting {
  /** The id of the submission. */
  id: Id;
  emailId: Id;
  threadId: Id;
  identityId: Id;
  /** The time at which it goes. */
  sendAt: string;
  /** The addresses that it goes to. */
  to: string[];
}

/** The most that are shown, the first to go first: more than a person schedules. */
const most = 250;
const longestUndo = Math.max(...undoSpans);

/**
 * The letters that the server holds until a time their writer chose. The pages show the server's list (RFC 8621 §7).
 */
export class Scheduled {
  /** The first to go first. */
  list = $state.raw<Waiting[]>([]);
  readonly #byEmail = $derived(new Map(this.list.map((waiting) => [waiting.emailId, waiting])));
  /** The server's state that `list` shows. */
  #state: string | undefined;
  readonly #asking = new Single(
    () => this.#load(),
    () => this.follow(),
  );

  constructor(
    private readonly connection: Connection,
    private readonly records: Records,
    private readonly folders: Folders,
  ) {
    records.users.add(() => this.list.map((waiting) => waiting.emailId));
  }

  /** Returns the submission a letter waits in, if it does. */
  of(emailId: Id): Waiting | undefined {
    return this.#byEmail.get(emailId);
  }

  email(waiting: Waiting): Email | undefined {
    return this.records.emails.get(waiting.emailId);
  }

  /** Asks again unless the shown list is of `state`; without one, nobody knows. */
  async follow(state?: string): Promise<void> {
    if (this.connection.client.maxDelayedSend === 0 || (state !== undefined && state === this.#state)) return;
    await this.#asking.run();
  }

  /** Takes a letter back to the drafts. Throws `NotSet` if it has already gone. */
  async recall(waiting: Waiting): Promise<void> {
    await recall(this.connection, this.folders, waiting.id);
    await this.follow();
  }

  /**
   * Lets a letter go now. Its time cannot be changed (RFC 8621 §7.5), so it is taken back and handed over anew; if the
   * server refuses the second step, the letter is among the drafts, as the first step left it.
   */
  async sendNow({ id, identityId, emailId }: Waiting): Promise<void> {
    await recall(this.connection, this.folders, id);
    try {
      await submit(this.connection, this.folders, { identityId, emailId });
    } finally {
      await this.follow();
    }
  }

  async #load(): Promise<void> {
    const request = this.connection.client.request();
    // Read before the list, so that a change meanwhile appears as another state.
    const before = request.call('EmailSubmission/get', { ids: [] });
    const query = request.call('EmailSubmission/query', {
      filter: { undoStatus: 'pending' },
      sort: [{ property: 'sentAt' }],
      limit: most,
    });
    const submissions = request.call('EmailSubmission/get', { '#ids': query.at('/ids') });
    const letters = request.call('Email/get', {
      '#ids': submissions.at('/list/*/emailId'),
      properties: rowProperties,
    });
    const { epoch } = this.records;
    const answers = await this.connection.send(request);
    const { list } = answers.of(submissions);
    const found = answers.of(letters).list;
    // The person's changes since the request are newer than the answer.
    this.records.putEmails(
      found.filter(({ id }) => this.records.epoch === epoch || !this.records.emails.has(id)),
    );
    this.#state = answers.of(before).state;
    this.list = list.filter(isScheduled).map(waitingOf).sort(firstToGo);
  }
}

/** A letter that is held for a few seconds only can still be called back where it was sent; it waits for no time. */
function isScheduled({ undoStatus, envelope }: EmailSubmission): boolean {
  const seconds = envelope?.mailFrom.parameters?.['HOLDFOR'];
  return undoStatus === 'pending' && !(seconds && Number(seconds) <= longestUndo);
}

function waitingOf({ id, emailId, threadId, identityId, sendAt, envelope }: EmailSubmission): Waiting {
  const to = (envelope?.rcptTo ?? []).map(({ email }) => email);
  return { id, emailId, threadId, identityId, sendAt, to };
}

function firstToGo(a: Waiting, b: Waiting): number {
  return Date.parse(a.sendAt) - Date.parse(b.sendAt);
}
