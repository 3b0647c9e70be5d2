import { SvelteSet } from 'svelte/reactivity';
import type { Id } from '../jmap';

/** The rows that are chosen, and the one the keyboard is at. Rows are named by the letter that stands for them. */
export class Selection {
  readonly chosen = new SvelteSet<Id>();
  /** The row the keyboard is at. */
  cursor = $state(0);
  /** Where a range begins. */
  #anchor = 0;

  get active(): boolean {
    return this.chosen.size > 0;
  }

  clear(): void {
    this.chosen.clear();
  }

  reset(): void {
    this.chosen.clear();
    this.cursor = 0;
    this.#anchor = 0;
  }

  moveTo(position: number): void {
    this.cursor = position;
    this.#anchor = position;
  }

  toggle(id: Id, position: number): void {
    if (!this.chosen.delete(id)) this.chosen.add(id);
    this.moveTo(position);
  }

  /** Chooses everything from the anchor to `position`; `between` gives the rows known there. */
  extend(position: number, between: (first: number, last: number) => Id[]): void {
    this.chosen.clear();
    const [first, last] = [Math.min(this.#anchor, position), Math.max(this.#anchor, position)];
    for (const id of between(first, last)) this.chosen.add(id);
    this.cursor = position;
  }

  /** Rows that are no longer there are no longer chosen. */
  drop(ids: readonly Id[]): void {
    for (const id of ids) this.chosen.delete(id);
  }
}
