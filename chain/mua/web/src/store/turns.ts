import type { Id } from '../jmap';

/**
 * Changes of one letter, one after the other. Two requests that are on their way together may reach the server in the
 * other order: a letter that is moved and at once put back would then stay where it was moved to.
 */
export class Turns {
  /** The last change of each letter that is on its way. */
  readonly #last = new Map<Id, Promise<unknown>>();

  /** Runs `task`, which changes these letters, once all earlier changes of any of them have ended, well or not. */
  run<T>(ids: Iterable<Id>, task: () => Promise<T>): Promise<T> {
    const all = [...ids];
    const earlier = all.map((id) => this.#last.get(id)).filter((change) => change !== undefined);
    // A change that waits for none is sent now, and not a turn later: the pages may be closed.
    const turn = earlier.length === 0 ? task() : Promise.allSettled(earlier).then(task);
    for (const id of all) this.#last.set(id, turn);
    const end = () => {
      for (const id of all) if (this.#last.get(id) === turn) this.#last.delete(id);
    };
    turn.then(end, end);
    return turn;
  }
}
