/** What the pages tell the person in passing. */
export interface Notice {
  id: number;
  text: string;
  kind: 'done' | 'failed' | 'news';
  action?: { label: string; run: () => void };
  /** Milliseconds until it goes by itself. */
  lasts: number;
}

const lasts = { done: 8_000, failed: 12_000, news: 6_000 };
const mostAtOnce = 3;

export class Notices {
  list = $state<Notice[]>([]);
  /** What a screen reader says, politely, without anything being shown. */
  spoken = $state('');
  #next = 1;

  say(kind: Notice['kind'], text: string, action?: Notice['action'], time = lasts[kind]): number {
    const id = this.#next++;
    this.list = [...this.list, { id, text, kind, action, lasts: time }].slice(-mostAtOnce);
    setTimeout(() => this.dismiss(id), time);
    return id;
  }

  dismiss(id: number): void {
    this.list = this.list.filter((notice) => notice.id !== id);
  }

  speak(text: string): void {
    // The same words twice are said once unless they differ.
    this.spoken = this.spoken === text ? `${text}\u00A0` : text;
  }
}
