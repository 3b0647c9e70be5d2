import { SvelteMap } from 'svelte/reactivity';
import type { Answers, Comparator, Filter, Id, Request, SearchSnippet } from '../jmap';
import { MethodFailed } from '../jmap';
import type { Connection } from './connection.svelte';
import { type Records, rowProperties } from './records.svelte';

/** Letters fetched together; with their conversations they stay below the 500 of RFC 8620 §2. */
const page = 40;

/**
 * The most pages that are requested at one time: a list scrolled fast fetches the visible ones, not all that it passed.
 */
const atOnce = 4;

/** The most rows that can be chosen in one step. */
export const mostChosen = 1_000;

/** The most pages whose rows are remembered; beyond that, those far from the visible ones are fetched again. */
export const mostPages = 60;

export interface WindowQuery {
  filter: Filter | null;
  /**
   * For a search by words, the server puts the letters with exactly these words first; every other list has the newest
   * first.
   */
  order?: 'newestFirst' | 'bestFirst';
  /** True if the matched words are requested as well (RFC 8621 §5). */
  snippets?: boolean;
  /** True if the total is requested apart, behind the first rows: counting the results of a search takes its time. */
  countApart?: boolean;
}

const newestFirst: Comparator[] = [{ property: 'receivedAt', isAscending: false }];

/**
 * A window on the answer of a query: it knows the number of conversations and the ids of those that came into view. A
 * hundred thousand cost no more than the screen shows.
 */
export class QueryWindow {
  /** The number of rows; until they are counted, the number of known ones. */
  total = $state<number>();
  /** True if all are counted. */
  counted = $state(false);
  error = $state<unknown>();
  readonly snippets = new SvelteMap<Id, SearchSnippet>();
  /** Raised with each change of the ids, which are kept outside the reactive world for speed. */
  #version = $state(0);
  #ids: (Id | undefined)[] = [];
  #positions = new Map<Id, number>();
  /** The generation in which each page was fetched. */
  #fetched = new Map<number, number>();
  #loading = new Set<number>();
  #generation = 0;
  /** The generation whose rows are counted, or being counted. */
  #counting: number | undefined;
  #seen: [first: number, last: number] = [0, page - 1];

  constructor(
    private readonly connection: Connection,
    private readonly records: Records,
    readonly query: WindowQuery,
  ) {}

  get loaded(): boolean {
    return this.total !== undefined;
  }

  idAt(position: number): Id | undefined {
    void this.#version;
    return this.#ids[position];
  }

  /** Returns the position of a letter, or -1 if it is not known. */
  positionOf(id: Id): number {
    void this.#version;
    return this.#positions.get(id) ?? -1;
  }

  /** Returns the ids known between two positions, both included. */
  between(first: number, last: number): Id[] {
    void this.#version;
    return this.#ids.slice(first, last + 1).filter((id) => id !== undefined);
  }

  /** Returns the ids of a range after fetching the unknown ones; of a longer range the first thousand. */
  async allBetween(first: number, last: number): Promise<Id[]> {
    const end = Math.min(last, first + mostChosen - 1);
    const seen = this.#seen;
    await this.ensure(first, end);
    this.#seen = seen;
    return this.between(first, end);
  }

  /** Returns the number of rows that are remembered. */
  get remembered(): number {
    return this.#positions.size;
  }

  /** Fetches those visible rows that are unknown, or known to be old. */
  async ensure(first: number, last: number): Promise<void> {
    this.#seen = [first, last];
    const wanted: Promise<void>[] = [];
    // An empty list fetches its first page too: the first letter may have come.
    const end = this.total === undefined ? last : Math.min(last, Math.max(0, this.total - 1));
    for (let number = Math.floor(Math.max(0, first) / page); number * page <= end; number += 1) {
      if (this.#needs(number, first, end)) wanted.push(this.#fetch(number));
    }
    await Promise.all(wanted);
  }

  /**
   * Fetches rows while the list is scrolled: does not wait, and requests few pages at one time. If more are wanted,
   * those that are visible by then are requested when one has come.
   */
  follow(first: number, last: number): void {
    this.#seen = [first, last];
    const end = this.total === undefined ? last : Math.min(last, Math.max(0, this.total - 1));
    for (let number = Math.floor(Math.max(0, first) / page); number * page <= end; number += 1) {
      if (this.#loading.size >= atOnce) return;
      if (!this.#needs(number, first, end)) continue;
      void this.#fetch(number).then(() => this.error === undefined && this.follow(...this.#seen));
    }
  }

  /**
   * Adds the calls for the first page to a request that is made for something else too; the result takes their answers
   * in, and throws `MethodFailed` if there is no such list.
   */
  foresee(request: Request): (answers: Answers) => void {
    const take = this.#ask(request, 0);
    return (answers) => {
      take(answers);
      this.#fetched.set(0, this.#generation);
    };
  }

  /** Something changed at the server: the visible rows are fetched again, the rest when it comes into view. */
  async refresh(): Promise<void> {
    this.#generation += 1;
    await this.ensure(...this.#seen);
  }

  /** Takes rows off before the server has; the returned function puts them back. */
  remove(ids: readonly Id[]): () => void {
    const gone = new Set(ids);
    const before = { ids: this.#ids, total: this.total };
    const kept = this.#ids.filter((id) => id === undefined || !gone.has(id));
    // `filter` skips the holes of a sparse array, so the rows that really went are counted here.
    const removed = [...gone].filter((id) => this.#positions.has(id)).length;
    if (removed === 0) return () => {};
    this.#put(kept, (this.total ?? 0) - removed);
    return () => this.#put(before.ids, before.total);
  }

  /** Returns the letters on the screen and a little beyond. */
  inUse(): Id[] {
    const [first, last] = this.#seen;
    return this.#ids.slice(Math.max(0, first - page), last + page).filter((id) => id !== undefined);
  }

  #needs(number: number, first: number, last: number): boolean {
    if (this.#loading.has(number)) return false;
    if (this.#fetched.get(number) !== this.#generation) return true;
    const end = Math.min((number + 1) * page, this.total ?? 0);
    for (let position = number * page; position < end; position += 1) {
      const id = this.#ids[position];
      if (!id) return true;
      // A row that was let go of is fetched again when it is seen.
      if (position >= first && position <= last && !this.records.emails.has(id)) return true;
    }
    return false;
  }

  async #fetch(number: number): Promise<void> {
    this.#loading.add(number);
    const { generation, epoch } = { generation: this.#generation, epoch: this.records.epoch };
    try {
      const outdated = await this.#load(number, () => this.records.epoch !== epoch);
      this.#loading.delete(number);
      this.error = undefined;
      // The person changed something meanwhile: this answer shows the mailbox as it was.
      if (outdated) return this.#fetch(number);
      this.#fetched.delete(number);
      this.#fetched.set(number, generation);
      this.#trim();
      if (this.query.countApart && this.#counting !== generation) void this.#count(generation);
    } catch (error) {
      this.#loading.delete(number);
      this.error = error;
    }
  }

  async #load(number: number, outdated: () => boolean): Promise<boolean> {
    const request = this.connection.client.request();
    const take = this.#ask(request, number);
    const answers = await this.connection.send(request);
    if (outdated()) return true;
    take(answers);
    return false;
  }

  /** Asks for the total. If that fails, the known number is shown, and the next page asks again. */
  async #count(generation: number): Promise<void> {
    this.#counting = generation;
    const { epoch } = this.records;
    try {
      const request = this.connection.client.request();
      const query = request.call('Email/query', this.#asked({ limit: 1, calculateTotal: true }));
      const { total } = (await this.connection.send(request)).of(query);
      // Another count is on its way.
      if (this.#counting !== generation) return;
      if (this.records.epoch !== epoch) return await this.#count(generation);
      this.counted = true;
      if (total !== undefined) this.#put(this.#ids.slice(0, total), total);
    } catch {
      if (this.#counting === generation) this.#counting = undefined;
    }
  }

  /** Returns the arguments that every request for this list has. */
  #asked(more: { position?: number; limit: number; calculateTotal: boolean }) {
    const { filter, order = 'newestFirst' } = this.query;
    // A request without an order gets the order of the server's choice (RFC 8620 §5.5).
    const sort = order === 'newestFirst' ? { sort: newestFirst } : {};
    return { filter, ...sort, collapseThreads: true, ...more };
  }

  /** Puts the calls for a page on a request; the result takes their answers in. */
  #ask(request: Request, number: number): (answers: Answers) => void {
    const { filter, snippets = false, countApart = false } = this.query;
    const position = number * page;
    const query = request.call(
      'Email/query',
      this.#asked({ position, limit: page, calculateTotal: !countApart }),
    );
    const rows = request.call('Email/get', { '#ids': query.at('/ids'), properties: rowProperties });
    const threads = request.call('Thread/get', { '#ids': rows.at('/list/*/threadId') });
    const others = request.call('Email/get', {
      '#ids': threads.at('/list/*/emailIds'),
      properties: rowProperties,
    });
    const found =
      snippets && filter
        ? request.call('SearchSnippet/get', { filter, '#emailIds': query.at('/ids') })
        : undefined;

    return (answers) => {
      const { ids, total } = answers.of(query);
      if (total !== undefined) this.counted = true;
      const got = answers.of(rows);
      this.records.putEmails(got.list);
      this.records.states.Email ??= got.state;
      this.records.putThreads(answers.of(threads).list);
      // Long conversations may exceed the server's limit: their rows then show the known letters.
      const conversations = answers.try(others);
      if (!(conversations instanceof MethodFailed)) this.records.putEmails(conversations.list);
      if (found) this.#keep(answers.try(found));
      this.#place(position, ids, total ?? this.#known(position, ids.length));
    };
  }

  /**
   * Returns the total that a page of `got` rows proves. A page that is not full is the last, and then all are counted.
   */
  #known(position: number, got: number): number {
    const before = this.total ?? 0;
    if (got === page) return Math.max(position + got, before);
    if (got === 0 && position > 0) {
      // There are fewer than were counted.
      this.#counting = undefined;
      return Math.min(position, before);
    }
    this.#counting = this.#generation;
    this.counted = true;
    return position + got;
  }

  #trim(): void {
    this.records.trim();
    if (this.#fetched.size <= mostPages) return;
    const ids = this.#ids.slice();
    const [first, last] = this.#seen.map((position) => Math.floor(position / page));
    for (const number of [...this.#fetched.keys()]) {
      if (this.#fetched.size <= mostPages) break;
      if (number >= (first ?? 0) && number <= (last ?? 0)) continue;
      this.#fetched.delete(number);
      for (let position = number * page; position < (number + 1) * page; position += 1) {
        const id = ids[position];
        if (id) this.snippets.delete(id);
        if (position < ids.length) ids[position] = undefined;
      }
    }
    this.#put(ids, this.total);
  }

  #keep(found: { list: SearchSnippet[] } | MethodFailed): void {
    if (found instanceof MethodFailed) return;
    for (const snippet of found.list) this.snippets.set(snippet.emailId, snippet);
  }

  #place(position: number, ids: Id[], total: number): void {
    const all = this.#ids.slice(0, total);
    all.length = total;
    // The same conversation may have been elsewhere before a letter came in above it.
    for (const id of ids) {
      const old = this.#positions.get(id);
      if (old !== undefined && old < total) all[old] = undefined;
    }
    ids.forEach((id, offset) => (all[position + offset] = id));
    this.#put(all, total);
  }

  #put(ids: (Id | undefined)[], total: number | undefined): void {
    this.#ids = ids.slice();
    this.#positions = new Map();
    this.#ids.forEach((id, position) => {
      if (id) this.#positions.set(id, position);
    });
    this.total = total;
    this.#version += 1;
  }
}
