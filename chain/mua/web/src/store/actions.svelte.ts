import { type Email, expectAllSet, type Id, MethodFailed, type Patch } from '../jmap';
import type { Connection } from './connection.svelte';
import type { Held } from './everything';
import { ending } from './ending';
import { inverse, setKeyword } from './patch';
import type { Records } from './records.svelte';
import { Turns } from './turns';
import type { QueryWindow } from './window.svelte';

/** An action that can be taken back. */
export interface Done {
  undo(): Promise<void>;
}

export interface Shown {
  /** The list on the screen. */
  window: QueryWindow | undefined;
  /** The rows that leave the list, by the letter that stands for each. */
  rows: Id[];
}

/** The most changes that can be taken back, one after the other. */
const mostUndone = 20;
/** The most times that letters are looked at again because the mailbox changed on the way. */
const mostAttempts = 8;
const nowhere: Shown = { window: undefined, rows: [] };

/**
 * A person's actions on letters. The pages show each immediately, send it behind, and take it back if the server
 * refuses.
 */
export class Actions {
  /**
   * The number of changes on their way: until they arrive, the server's state of the mailbox is not the whole truth.
   */
  pending = $state(0);
  #done: Done[] = $state.raw([]);
  readonly #turns = new Turns();
  /** Called when the last change on the way has arrived. */
  onidle: () => void = () => {};

  constructor(
    private readonly connection: Connection,
    private readonly records: Records,
  ) {}

  /** Changes letters; without a patch, nothing is done, and there is nothing to take back. */
  change(patches: Map<Id, Patch>, shown: Shown = nowhere): Promise<Done | undefined> {
    return this.#do(patches, shown);
  }

  keyword(emails: Email[], keyword: string, on: boolean): Promise<Done | undefined> {
    return this.#do(setKeyword(emails, keyword, on), nowhere);
  }

  /** Marks letters as read; "undo" does not take that back, because nobody asked for it. */
  async markRead(emails: Email[]): Promise<void> {
    const patches = setKeyword(emails, '$seen', true);
    if (patches.size > 0) await this.#carryOut(patches, nowhere);
  }

  /** Changes a letter as part of an action that is taken back in another way. */
  async mark(id: Id, patch: Patch): Promise<void> {
    await this.#carryOut(new Map([[id, patch]]), nowhere);
  }

  /**
   * Deletes letters from a folder for good: those that lie elsewhere, too, are taken out of it. There is no way back.
   */
  async destroy(emails: Email[], folder: Id, shown: Shown = nowhere): Promise<void> {
    const putBack = shown.window?.remove(shown.rows);
    try {
      await this.destroyMany(
        emails.map(({ id }) => id),
        folder,
        () => {},
      );
    } catch (error) {
      putBack?.();
      throw error;
    }
  }

  /** Deletes every letter of a folder for good, except that those that lie elsewhere, too, stay there. */
  async empty(folder: Id): Promise<void> {
    await this.#busy(async () => {
      for (;;) {
        const request = this.connection.client.request();
        const limit = this.connection.client.limits.maxObjectsInSet;
        const query = request.call('Email/query', { filter: { inMailbox: folder }, limit });
        const { ids } = (await this.connection.send(request)).of(query);
        if (ids.length === 0) return;
        await this.#end(ids, folder);
      }
    });
  }

  /**
   * Changes letters that are not on the screen, even thousands, in rounds; `said` is called with the number of changed
   * ones. The change can be taken back as a whole; if it fails on the way, the part that was done can be.
   */
  async changeMany(
    emails: readonly Held[],
    patches: Map<Id, Patch>,
    said: (count: number) => void,
    window?: QueryWindow,
  ): Promise<Done | undefined> {
    if (patches.size === 0) return undefined;
    const back = inverse(patches, new Map(emails.map((email) => [email.id, email])));
    const changed = new Map<Id, Patch>();
    const done: Done = {
      undo: async () => {
        this.#forget(done);
        await this.#inRounds(changed, () => {});
        await window?.refresh();
      },
    };
    this.#done = [...this.#done, done].slice(-mostUndone);
    await this.#inRounds(patches, (round) => {
      for (const [id] of round) changed.set(id, back.get(id) ?? {});
      said(changed.size);
    });
    return done;
  }

  /** Deletes letters from a folder that are not on the screen, in rounds. There is no way back. */
  async destroyMany(ids: readonly Id[], folder: Id, said: (count: number) => void): Promise<void> {
    await this.#busy(async () => {
      let count = 0;
      for (const round of this.#chunks([...ids])) {
        await this.#turns.run(round, () => this.#end(round, folder));
        said((count += round.length));
      }
    });
  }

  /**
   * Ends letters in a folder as they lie at the server now, not as they were last seen: a letter that another program
   * has just filed elsewhere must not be destroyed.
   */
  async #end(ids: Id[], folder: Id): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const look = this.connection.client.request();
      const get = look.call('Email/get', { ids, properties: ['id', 'mailboxIds'] });
      const { list, state } = (await this.connection.send(look)).of(get);
      const { destroy, update } = ending(list, folder);
      const request = this.connection.client.request();
      const set = request.call('Email/set', {
        ifInState: state,
        destroy,
        update: Object.fromEntries(update),
      });
      const answer = (await this.connection.send(request)).try(set);
      if (answer instanceof MethodFailed) {
        if (answer.type !== 'stateMismatch' || attempt === mostAttempts) throw answer;
        continue;
      }
      expectAllSet(answer);
      for (const id of destroy) this.records.forget(id);
      this.records.patch(update);
      return;
    }
  }

  async #inRounds(patches: Map<Id, Patch>, arrived: (round: [Id, Patch][]) => void): Promise<void> {
    await this.#busy(async () => {
      for (const round of this.#chunks([...patches])) {
        await this.#send(new Map(round));
        this.records.patch(new Map(round));
        arrived(round);
      }
    });
  }

  get canUndo(): boolean {
    return this.#done.length > 0;
  }

  /** Takes back the last change that was not taken back yet. Returns false if there is none. */
  async undo(): Promise<boolean> {
    const last = this.#done.at(-1);
    if (!last) return false;
    await last.undo();
    return true;
  }

  async #do(patches: Map<Id, Patch>, shown: Shown): Promise<Done | undefined> {
    if (patches.size === 0) return undefined;
    const back = inverse(patches, this.records.emails);
    const done: Done = {
      undo: async () => {
        this.#forget(done);
        restore?.();
        await this.#carryOut(back, nowhere);
        await shown.window?.refresh();
      },
    };
    this.#done = [...this.#done, done].slice(-mostUndone);
    let restore: (() => void) | undefined;
    try {
      restore = await this.#carryOut(patches, shown);
    } catch (error) {
      this.#forget(done);
      throw error;
    }
    return done;
  }

  async #carryOut(patches: Map<Id, Patch>, shown: Shown): Promise<(() => void) | undefined> {
    const back = inverse(patches, this.records.emails);
    this.records.patch(patches);
    const putBack = shown.window?.remove(shown.rows);
    try {
      await this.#busy(() => this.#send(patches));
    } catch (error) {
      this.records.patch(back);
      putBack?.();
      throw error;
    }
    return putBack;
  }

  #forget(done: Done): void {
    this.#done = this.#done.filter((other) => other !== done);
  }

  async #send(patches: Map<Id, Patch>): Promise<void> {
    for (const chunk of this.#chunks([...patches])) {
      const update = Object.fromEntries(chunk);
      await this.#turns.run(Object.keys(update), async () => {
        const request = this.connection.client.request();
        const set = request.call('Email/set', { update });
        expectAllSet((await this.connection.send(request)).of(set));
      });
    }
  }

  async #busy(task: () => Promise<void>): Promise<void> {
    this.pending += 1;
    try {
      await task();
    } finally {
      this.pending -= 1;
      if (this.pending === 0) this.onidle();
    }
  }

  #chunks<T>(all: T[]): T[][] {
    const size = this.connection.client.limits.maxObjectsInSet;
    const chunks: T[][] = [];
    for (let start = 0; start < all.length; start += size) chunks.push(all.slice(start, start + size));
    return chunks;
  }
}
