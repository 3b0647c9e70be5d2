/** The notices that the pages show in passing. */
export interface Notice {
  id: number;
  text: string;
  kind: 'done' | 'failed' | 'news';
  action?: { label: string; run: () => void };
  /** The milliseconds until it goes by itself. */
  lasts: number;
}

const lasts = { done: 8_000, failed: 12_000, news: 6_000 };
const mostAtOnce = 3;

export class Notices {
  list = $state<Notice[]>([]);
  /** The text that a screen reader says, politely, without anything being shown. */
  spoken = $state('');
  #next = 1;
  #timers = new Map<number, ReturnType<typeof setTimeout>>();

  say(kind: Notice['kind'], text: string, action?: Notice['action'], time = lasts[kind]): number {
    const id = this.#next++;
    this.list = [...this.list, { id, text, kind, action, lasts: time }].slice(-mostAtOnce);
    this.#start(id, time);
    return id;
  }

  /** A person who reads a notice, or is about to use it, has the time they need. */
  hold(id: number): void {
    clearTimeout(this.#timers.get(id));
  }

  release(id: number): void {
    const notice = this.list.find((one) => one.id === id);
    if (notice) this.#start(id, notice.lasts);
  }

  dismiss(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.list = this.list.filter((notice) => notice.id !== id);
  }

  #start(id: number, time: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.set(
      id,
      setTimeout(() => this.dismiss(id), time),
    );
  }

  speak(text: string): void {
    // A screen reader says the same words only once unless they differ.
    this.spoken = this.spoken === text ? `${text}\u00A0` : text;
  }
}
