import type { Component } from 'svelte';
import { language } from '../i18n/language.svelte';
import type { Id } from '../jmap';
import type { Post } from '../store/post.svelte';
import type { Asked } from '../store/mailto';
import type { Desk } from '../views/desk.svelte';
import type { AnswerKind } from './answer';
import type { Beginning } from './draft.svelte';
import type { Bench } from './bench.svelte';

/** The way to writing from the rest of the pages. What writing itself needs is loaded when the first letter is begun. */
export class Writing {
  Composer = $state.raw<Component>();
  bench = $state.raw<Bench>();

  constructor(
    private readonly post: Post,
    private readonly desk: Desk,
  ) {
    desk.resume = (emailId) => void this.resume(emailId);
  }

  async begin(beginning: Beginning = {}): Promise<void> {
    (await this.#load())?.begin(beginning);
  }

  /** Begins what a link asks for. */
  async write({ text, ...asked }: Asked): Promise<void> {
    const bench = await this.#load();
    bench?.begin({ ...asked, ...(text ? { html: bench.htmlOf(text) } : {}) });
  }

  async answer(kind: AnswerKind, emailId: Id): Promise<void> {
    await (await this.#load())?.answer(kind, emailId);
  }

  /** Goes on with a draft. */
  async resume(emailId: Id): Promise<void> {
    await (await this.#load())?.resume(emailId);
  }

  async #load(): Promise<Bench | undefined> {
    if (this.bench) return this.bench;
    try {
      const { Bench, Composers } = await import('./index');
      this.bench ??= new Bench(this.post, this.desk);
      this.Composer = Composers;
      await this.bench.open();
      return this.bench;
    } catch {
      this.post.notices.say('failed', language.words.compose.noEditor);
      return undefined;
    }
  }
}
