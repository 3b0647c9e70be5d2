import { SvelteMap } from 'svelte/reactivity';
import type { Id, Mailbox } from '../../jmap';
import { type Mark, markOf } from '../../store/labels';

/** The ticks of the chooser: the labels as they are on the conversations, and the changes that wait to be applied. */
export class Ticks {
  readonly #changed = new SvelteMap<Id, boolean>();

  /** `places`: the folders of each conversation. `isPart`: true if there are more conversations, not known here. */
  constructor(
    private readonly places: readonly ReadonlySet<Id>[],
    private readonly isPart = false,
  ) {}

  get isChanged(): boolean {
    return this.#changed.size > 0;
  }

  mark(label: Id): Mark {
    const wanted = this.#changed.get(label);
    if (wanted !== undefined) return wanted ? 'all' : 'none';
    return this.#before(label);
  }

  /** Ticks a label or takes its tick away; one that only some have can be left to those again. */
  toggle(label: Id): void {
    const before = this.#before(label);
    const next = { some: true, all: false, none: before === 'some' ? undefined : true }[this.mark(label)];
    const isAsBefore = next === undefined || before === (next ? 'all' : 'none');
    if (isAsBefore) this.#changed.delete(label);
    else this.#changed.set(label, next);
  }

  /** Returns the labels that are to be added, or taken away. */
  wanted(on: boolean, labels: readonly Mailbox[]): Mailbox[] {
    return labels.filter(({ id }) => this.#changed.get(id) === on);
  }

  #before(label: Id): Mark {
    const mark = markOf(label, this.places);
    return this.isPart && mark === 'all' ? 'some' : mark;
  }
}
