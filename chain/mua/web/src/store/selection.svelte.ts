import { SvelteSet } from 'svelte/reactivity';
import type { Id } from '../jmap';

interface Ranges {
  between(first: number, last: number): Id[];
  allBetween(first: number, last: number): Promise<Id[]>;
}

/**
 * The rows that are chosen, and the one with the keyboard's cursor. Rows are named by the letter that stands for them.
 */
export class Selection {
  readonly chosen = new SvelteSet<Id>();
  /** The row the keyboard is at. */
  cursor = $state(0);
  /**
   * True if everything in the list is chosen, even rows that were never loaded; then `chosen` contains the known ones.
   */
  everything = $state(false);
  /** Rows that are exempt from "everything". */
  readonly left = new SvelteSet<Id>();
  /** The row where a range begins. */
  #anchor = 0;

  get active(): boolean {
    return this.everything || this.chosen.size > 0;
  }

  isChosen(id: Id): boolean {
    return this.everything ? !this.left.has(id) : this.chosen.has(id);
  }

  /** Chooses everything in the list, in one step; `known` is the loaded part of it. */
  chooseAll(known: readonly Id[]): void {
    this.left.clear();
    this.#choose(known);
    this.everything = true;
    this.#anchor = this.cursor;
  }

  clear(): void {
    this.everything = false;
    this.left.clear();
    this.chosen.clear();
  }

  reset(): void {
    this.clear();
    this.cursor = 0;
    this.#anchor = 0;
  }

  moveTo(position: number): void {
    this.cursor = position;
    this.#anchor = position;
  }

  toggle(id: Id, position: number): void {
    const on = !this.isChosen(id);
    if (on) this.chosen.add(id);
    else this.chosen.delete(id);
    if (this.everything && on) this.left.delete(id);
    else if (this.everything) this.left.add(id);
    this.moveTo(position);
  }

  /** Chooses everything from the anchor to `position` in `list`: the known rows now, the rest when it is there. */
  async extend(position: number, list: Ranges): Promise<void> {
    this.cursor = position;
    this.everything = false;
    this.left.clear();
    const [first, last] = [Math.min(this.#anchor, position), Math.max(this.#anchor, position)];
    this.#choose(list.between(first, last));
    const all = await list.allBetween(first, last);
    // They may have gone on meanwhile.
    if (this.cursor === position && this.chosen.size > 0) this.#choose(all);
  }

  #choose(ids: readonly Id[]): void {
    this.chosen.clear();
    for (const id of ids) this.chosen.add(id);
  }

  /** Drops rows that are gone from the choice. */
  drop(ids: readonly Id[]): void {
    for (const id of ids) this.chosen.delete(id);
  }
}
