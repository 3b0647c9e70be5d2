import { flushSync, tick } from 'svelte';
import { isTaken, type } from './type';

/** The most keys that are kept; further keys reach nothing. */
const most = 1_000;
/** A person who types faster than this, in milliseconds, is still typing to something that did not come. */
const stillTyping = 1_000;
/** After so many milliseconds a notice says that something is on its way. */
const patience = 600;
/**
 * The turns, and the milliseconds of each, that a busy browser gets to draw what has come before it takes the focus.
 */
const [turns, turn] = [75, 20];

/** A wait that takes longer than so many milliseconds has failed. */
const longest = 30_000;

interface Wait {
  /** The selector of the element that gets the focus. */
  place: string;
  /** True if the element is there, and only the focus has still to go to it. */
  came: boolean;
  leave: () => void;
}

/**
 * Type-ahead. The element that takes the focus may have to be loaded first: a new letter, a dialog, a file. From the
 * key or click that asks for it until it has the focus, keys reach nothing behind it, where they would be taken as
 * shortcuts. They are kept, and typed where the focus has gone. Escape gives up waiting.
 */
export class TypeAhead {
  readonly #waits = new Set<Wait>();
  #kept: KeyboardEvent[] = [];
  /** The time of the last kept key, as `Event.timeStamp` gives it. */
  #last = -Infinity;
  /** True if the last wait failed, and keys may still be meant for what did not come. */
  #failed = false;

  /** `slow` shows that something is on its way; the function that it returns takes the notice back. */
  constructor(private readonly slow: () => () => void) {}

  /**
   * Keeps the keys until the element that `task` brings has the focus: an element within `place`, a selector. If `task`
   * returns `undefined` or `false`, nothing comes, and the kept keys are dropped, as they are if it fails or takes too
   * long. `leave` is called when the person gives up waiting. Returns the result of `task` without delay: the focus may
   * only go where that is drawn.
   */
  hold<T>(task: Promise<T>, place: string, leave: () => void = () => {}): Promise<T> {
    const brought = within(longest, task);
    void this.#wait({ place, came: false, leave }, brought);
    return brought;
  }

  /** Keeps a key that comes too early, and those behind it, until `task` is done; they are then typed in their order. */
  keep(key: KeyboardEvent, task: Promise<boolean>): void {
    void this.hold(task, 'body').catch(() => undefined);
    this.#kept.push(key);
  }

  async #wait(wait: Wait, task: Promise<unknown>): Promise<void> {
    this.#waits.add(wait);
    let withdraw = () => {};
    const timer = setTimeout(() => (withdraw = this.slow()), patience);
    const brought = await task.catch(() => undefined);
    clearTimeout(timer);
    withdraw();
    wait.came = brought !== undefined && brought !== false;
    this.#end(wait, wait.came && (await isFocused(wait.place)));
  }

  /** Listens before everything else in the page. */
  listen(): () => void {
    const onkeydown = (event: KeyboardEvent) => this.#hear(event);
    window.addEventListener('keydown', onkeydown, true);
    return () => window.removeEventListener('keydown', onkeydown, true);
  }

  #hear(event: KeyboardEvent): void {
    // Keys that `type` dispatches are heard by the element that they go to.
    if (!event.isTrusted || !this.#isMeant(event) || this.#isElsewhere(event.target)) return;
    event.stopImmediatePropagation();
    if (isForBrowser(event)) return;
    event.preventDefault();
    if (event.key === 'Escape') return this.#giveUp();
    this.#last = event.timeStamp;
    // The key that began it may still be held down.
    const isOld = event.repeat && this.#kept.length === 0;
    if (!isOld && this.#waits.size > 0 && this.#kept.length < most) this.#kept.push(event);
  }

  /** Returns true if a key is meant for something that is, or was, on its way. */
  #isMeant(event: KeyboardEvent): boolean {
    if (this.#waits.size > 0) return true;
    this.#failed &&= event.timeStamp - this.#last < stillTyping;
    return this.#failed;
  }

  /** Returns true if the person has gone to another field meanwhile, and types there. */
  #isElsewhere(target: EventTarget | null): boolean {
    if (!isTaken(target)) return false;
    return ![...this.#waits].some(({ place, came }) => came && (target as Element).closest(place));
  }

  #end(wait: Wait, focused: boolean): void {
    if (!this.#waits.delete(wait) || this.#waits.size > 0) return;
    const kept = this.#kept;
    this.#kept = [];
    this.#failed = !focused;
    if (!focused) return;
    for (const [at, key] of kept.entries()) {
      type(key);
      // Each key finds the changes of the one before.
      flushSync();
      // If a key asks for something that has to come first, the others wait for that.
      if (this.#waits.size > 0) return void this.#kept.push(...kept.slice(at + 1));
    }
  }

  #giveUp(): void {
    const left = [...this.#waits];
    this.#waits.clear();
    this.#kept = [];
    this.#failed = false;
    for (const wait of left) wait.leave();
  }
}

/** Fails if `task` takes longer than so many milliseconds. */
async function within<T>(milliseconds: number, task: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('it did not come')), milliseconds);
  });
  try {
    return await Promise.race([task, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function isFocused(place: string): Promise<boolean> {
  for (let at = 0; at < turns; at += 1) {
    await tick();
    if (document.activeElement?.closest(place)) return true;
    await new Promise((resolve) => setTimeout(resolve, turn));
  }
  return false;
}

/**
 * Returns true for keys that the browser should have: those with an action of its own, and those that only modify
 * others.
 */
function isForBrowser(event: KeyboardEvent): boolean {
  if (/^(F\d+|Control|Shift|Alt|AltGraph|Meta|CapsLock)$/.test(event.key)) return true;
  // Some keyboards write "@" and other signs with AltGr, which is also reported as Ctrl and Alt.
  if (event.getModifierState('AltGraph')) return false;
  if (event.ctrlKey || event.metaKey) return event.key !== 'Enter';
  return event.altKey && (event.key.length > 1 || /[a-z0-9]/i.test(event.key));
}
