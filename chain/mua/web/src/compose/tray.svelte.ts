import type { Draft } from './draft.svelte';

/** The most letters that may lie here together: with more, nobody could see which is which. */
export const most = 6;

/** The letters being written: one lies unfolded, the others wait as lines beside it. */
export class Tray {
  #letters = $state.raw<Draft[]>([]);
  #front = $state.raw<Draft>();

  /** Returns the letters in the order they were begun. */
  get letters(): Draft[] {
    return this.#letters;
  }

  /** Returns the unfolded letter, if there is one. */
  get front(): Draft | undefined {
    return this.#front;
  }

  /** Lays a letter down, unfolded; returns the one that then has no room any more. */
  lay(draft: Draft): Draft | undefined {
    this.#letters = [...this.#letters, draft];
    this.#front = draft;
    return this.#letters.length > most ? this.#letters[0] : undefined;
  }

  /** Puts back a letter that could not be put away; it stays folded up. */
  putBack(draft: Draft): void {
    this.#letters = [draft, ...this.#letters];
  }

  /** Takes a letter away. Its writer goes on with the one begun before. */
  take(draft: Draft): void {
    this.#letters = this.#letters.filter((other) => other !== draft);
    if (this.#front === draft) this.#front = this.#letters.at(-1);
  }

  unfold(draft: Draft): void {
    this.#front = draft;
  }

  fold(): void {
    this.#front = undefined;
  }
}
