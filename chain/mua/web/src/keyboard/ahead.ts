import { flushSync, tick } from 'svelte';
import { isTaken, type } from './type';

/** Keys that are kept; what is typed beyond them reaches nothing. */
const most = 1_000;
/** Whoever types faster than this, in milliseconds, is still typing what was meant for something that did not come. */
const stillTyping = 1_000;
/** After so many milliseconds it is said that something is on its way. */
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
 * Type-ahead. What takes the focus may have to be loaded first: a letter that is begun, a dialog, a file. From the key or
 * click that asks for it until it has the focus, keys reach nothing behind it, where they would be taken as shortcuts. They
 * are kept, and typed where the focus has gone. Escape gives up waiting.
 */
export class TypeAhead {
  readonly #waits = new Set<Wait>();
  #kept: KeyboardEvent[] = [];
  /** When the last key was kept, as `Event.timeStamp` has it. */
  #last = -Infinity;
  /** True if the last wait failed, and keys may still be meant for what did not come. */
  #failed = false;

  /** `slow` says that something is on its way; what it gives takes that back. */
  constructor(private readonly slow: () => () => void) {}

  /**
   * Keeps the keys until what `task` brings has the focus: an element within `place`, a selector. Where `task` gives `undefined`
   * or `false`, nothing comes, and what was typed is dropped, as where it fails or takes too long. `leave` is told when the
   * person gives up waiting. Gives what `task` gives, at once: the focus may only go where that is drawn.
   */
  hold<T>(task: Promise<T>, place: string, leave: () => void = () => {}): Promise<T> {
    const brought = within(longest, task);
    void this.#wait({ place, came: false, leave }, brought);
    return brought;
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
    for (const key of kept) {
      type(key);
      // Each key finds what the one before has changed.
      flushSync();
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

/** Fails where `task` takes longer than so many milliseconds. */
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

/** Keys that the browser should have: those it does something of its own with, and those that only change others. */
function isForBrowser(event: KeyboardEvent): boolean {
  if (/^(F\d+|Control|Shift|Alt|AltGraph|Meta|CapsLock)$/.test(event.key)) return true;
  // "@" and the like are written with AltGr on some keyboards, which is also told as Ctrl and Alt.
  if (event.getModifierState('AltGraph')) return false;
  if (event.ctrlKey || event.metaKey) return event.key !== 'Enter';
  return event.altKey && (event.key.length > 1 || /[a-z0-9]/i.test(event.key));
}
