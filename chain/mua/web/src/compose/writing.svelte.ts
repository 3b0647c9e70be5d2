import type { Component } from 'svelte';
import { language } from '../i18n/language.svelte';
import type { Id } from '../jmap';
import type { Post } from '../store/post.svelte';
import type { Asked } from '../store/mailto';
import type { Desk } from '../views/desk.svelte';
import type { AnswerKind } from './answer';
import type { Beginning } from './draft.svelte';
import type { Bench } from './bench.svelte';

/** The way to writing from the rest of the pages. The code for writing is loaded when the first letter is begun. */
export class Writing {
  Composer = $state.raw<Component>();
  bench = $state.raw<Bench>();
  #loading: Promise<Bench> | undefined;

  constructor(
    private readonly post: Post,
    private readonly desk: Desk,
  ) {
    desk.resume = (emailId) => this.resume(emailId);
  }

  async begin(beginning: Beginning = {}): Promise<void> {
    await this.#hold((bench) => bench.begin(beginning));
  }

  /** Begins the letter that a link asks for. */
  async write({ text, ...asked }: Asked): Promise<void> {
    await this.#hold((bench) => bench.begin({ ...asked, ...(text ? { html: bench.htmlOf(text) } : {}) }));
  }

  /** Answers a letter, which itself may still be on its way. */
  async answer(kind: AnswerKind, letter: Id | Promise<Id | undefined>): Promise<void> {
    await this.#hold(async (bench, left) => {
      const emailId = await letter;
      return emailId !== undefined && bench.answer(kind, emailId, left);
    });
  }

  /** Continues a draft. */
  async resume(emailId: Id): Promise<void> {
    await this.#hold((bench, left) => bench.resume(emailId, left));
  }

  /** Lays a letter on the bench; keys typed until it lies there go into it. `task` returns nothing if it lays none. */
  async #hold(task: (bench: Bench, left: AbortSignal) => unknown): Promise<void> {
    const leaving = new AbortController();
    const laid = this.#load().then((bench) => !leaving.signal.aborted && task(bench, leaving.signal));
    try {
      await this.desk.ahead.hold(laid, '.composer', () => leaving.abort());
    } catch {
      leaving.abort();
      this.post.notices.say('failed', language.words.compose.noEditor);
    }
  }

  /** Loads the code for writing, once; after a failure it is tried again. */
  #load(): Promise<Bench> {
    this.#loading ??= this.#open().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    return this.#loading;
  }

  async #open(): Promise<Bench> {
    const { Bench, Composers } = await import('./index');
    const bench = new Bench(this.post, this.desk);
    await bench.open();
    this.bench = bench;
    this.Composer = Composers;
    return bench;
  }
}
