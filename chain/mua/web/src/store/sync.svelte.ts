import { type Email, listen, MethodFailed, type StateChange } from '../jmap';
import type { Actions } from './actions.svelte';
import type { Connection } from './connection.svelte';
import type { Folders } from './folders.svelte';
import { type Records, rowProperties } from './records.svelte';
import { Single } from './single';

/** Several letters that arrive together cost one round. */
const gather = 250;
/** With more changes than this it is cheaper to fetch the visible list again. */
const mostChanges = 256;

export interface Followers {
  /** Letters changed, came or went: the visible list must be fetched again. */
  mailChanged(created: Email[]): void;
  /** Called when the submissions are in another state; without a state, nobody knows. */
  submissionsChanged(state?: string): void;
  /** Called when the preferences are in another state; without a state, nobody knows. */
  preferencesChanged(state?: string): void;
  /** Letters new in the inbox. */
  arrived(emails: Email[]): void;
}

/** Keeps the pages' knowledge in step with the server: it listens, and asks for changes (RFC 8620 §5.2, §7.3). */
export class Sync {
  live = $state(false);
  #stop: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #asking = new Single(
    () => this.#round(),
    () => this.soon(),
  );

  constructor(
    private readonly connection: Connection,
    private readonly records: Records,
    private readonly folders: Folders,
    private readonly actions: Actions,
    private readonly followers: Followers,
  ) {}

  start(): void {
    this.#stop?.();
    this.actions.onidle = () => this.soon();
    this.live = true;
    this.#stop = listen(this.connection.client.eventSourceUrl, {
      changed: (change) => this.#changed(change),
      opened: () => {
        this.live = true;
        this.connection.reachable();
        this.soon();
        this.followers.submissionsChanged();
        this.followers.preferencesChanged();
      },
      interrupted: () => {
        this.live = false;
        this.soon();
      },
    });
  }

  stop(): void {
    this.#stop?.();
    clearTimeout(this.#timer);
  }

  /** Looks for changes in a moment. */
  soon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.now(), gather);
  }

  async now(): Promise<void> {
    if (this.actions.pending > 0) return; // onidle calls again
    await this.#asking.run();
  }

  #changed(change: StateChange): void {
    const states = change.changed[this.connection.client.accountId] ?? {};
    const news = (['Email', 'Mailbox', 'Thread'] as const).some(
      (kind) => states[kind] !== undefined && states[kind] !== this.records.states[kind],
    );
    if (news) this.soon();
    if (states['Preferences'] !== undefined) this.followers.preferencesChanged(states['Preferences']);
    if (states['EmailSubmission'] !== undefined) this.followers.submissionsChanged(states['EmailSubmission']);
  }

  async #round(): Promise<void> {
    const since = this.records.states.Email;
    const epoch = this.records.epoch;
    const request = this.connection.client.request();
    const mailboxes = request.call('Mailbox/get', { ids: null });
    const changes = since
      ? request.call('Email/changes', { sinceState: since, maxChanges: mostChanges })
      : undefined;
    const created =
      changes && request.call('Email/get', { '#ids': changes.at('/created'), properties: rowProperties });
    const updated =
      changes && request.call('Email/get', { '#ids': changes.at('/updated'), properties: rowProperties });
    const threads = created && request.call('Thread/get', { '#ids': created.at('/list/*/threadId') });

    const answers = await this.connection.send(request);
    // The person changed something during the request: the answer shows the mailbox as it was before.
    if (this.records.epoch !== epoch) return this.soon();
    const folders = answers.of(mailboxes);
    this.records.putMailboxes(folders.list);
    this.records.states.Mailbox = folders.state;
    if (!changes || !created || !updated || !threads) return this.followers.mailChanged([]);

    const changed = answers.try(changes);
    const news = answers.try(created);
    const again = answers.try(updated);
    if (changed instanceof MethodFailed || news instanceof MethodFailed || again instanceof MethodFailed) {
      delete this.records.states.Email; // cannotCalculateChanges: the next answer sets it anew
      return this.followers.mailChanged([]);
    }
    const known = again.list.filter((email) => this.records.emails.has(email.id));
    this.records.putEmails([...known, ...news.list]);
    const conversations = answers.try(threads);
    if (!(conversations instanceof MethodFailed)) this.records.putThreads(conversations.list);
    for (const id of changed.destroyed) this.records.lose(id);
    this.records.states.Email = changed.newState;
    if (changed.hasMoreChanges) this.soon();
    if (changed.oldState === changed.newState) return;
    this.followers.mailChanged(news.list);
    this.#announce(news.list);
  }

  #announce(created: Email[]): void {
    const inbox = this.folders.byRole('inbox')?.id;
    const arrived = created.filter((email) => inbox && email.mailboxIds[inbox] && !email.keywords['$seen']);
    if (arrived.length > 0) this.followers.arrived(arrived);
  }
}
