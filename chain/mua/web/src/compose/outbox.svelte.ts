import { expectAllSet, type Patch, type Request } from '../jmap';
import type { Connection } from '../store/connection.svelte';
import type { Folders } from '../store/folders.svelte';
import type { Draft } from './draft.svelte';
import type { Drafts } from './drafts.svelte';

/** How long a person can think better of a letter. */
export const secondThoughts = 8_000;

interface Leaving {
  draft: Draft;
  timer: ReturnType<typeof setTimeout>;
}

/**
 * Letters on their way out. Each lies among the drafts, complete, before it goes; it goes after a few seconds in which
 * it can be called back, and at once when the page is closed.
 */
export class Outbox {
  #leaving = new Map<number, Leaving>();
  onsent: (draft: Draft) => void = () => {};
  onfailed: (draft: Draft, error: unknown) => void = () => {};

  constructor(
    private readonly connection: Connection,
    private readonly folders: Folders,
    private readonly drafts: Drafts,
  ) {}

  /** Saves the letter and lets it go in a moment. Gives false where it could not be saved. */
  async send(draft: Draft): Promise<boolean> {
    draft.status = 'unsaved';
    if (!(await this.drafts.save(draft))) return false;
    const timer = setTimeout(() => void this.#submit(draft), secondThoughts);
    this.#leaving.set(draft.key, { draft, timer });
    return true;
  }

  /** Calls a letter back. Gives false where it has already gone. */
  recall(draft: Draft): boolean {
    const leaving = this.#leaving.get(draft.key);
    if (!leaving) return false;
    clearTimeout(leaving.timer);
    this.#leaving.delete(draft.key);
    return true;
  }

  /** The page is closed: what waits goes now, in requests that outlive it. */
  flush(): void {
    for (const { draft } of [...this.#leaving.values()]) void this.#submit(draft, true);
  }

  async #submit(draft: Draft, keepalive = false): Promise<void> {
    if (!this.recall(draft)) return;
    try {
      const { request, set } = this.#request(draft);
      expectAllSet((await this.connection.send(request, { keepalive })).of(set));
      this.onsent(draft);
    } catch (error) {
      this.onfailed(draft, error);
    }
  }

  #request(draft: Draft) {
    const request: Request = this.connection.client.request();
    const sent = this.folders.byRole('sent')?.id;
    const done: Patch = { 'keywords/$draft': null, 'keywords/$seen': true };
    if (sent) done['mailboxIds'] = { [sent]: true };
    const set = request.call('EmailSubmission/set', {
      create: { out: { identityId: this.drafts.identityOf(draft)?.id, emailId: draft.emailId } },
      // RFC 8621 §7.5: by the creation id of the submission, so only once it is accepted.
      onSuccessUpdateEmail: { '#out': done },
    });
    if (draft.answers) {
      request.call('Email/set', {
        update: { [draft.answers.id]: { [`keywords/${draft.answers.keyword}`]: true } },
      });
    }
    return { request, set };
  }
}
