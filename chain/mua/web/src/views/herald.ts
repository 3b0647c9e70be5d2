import type { Words } from '../i18n/en';
import type { Email } from '../jmap';
import { nameOf } from '../store/conversation';
import type { Telling } from '../store/settings.svelte';

/** Letters that come within this pause, in milliseconds, are told together. */
const pause = 1_000;
/** One tag for all windows of the browser: the same news is not shown twice. */
const tag = 'facteur.news';

/** True if this browser shows notifications at all. Over the open network none does. */
export const canTell = typeof Notification !== 'undefined' && isSecureContext;

/** Asks for the browser's permission; only after the person has just switched it on. */
export async function mayTell(): Promise<boolean> {
  return (await Notification.requestPermission()) === 'granted';
}

export interface Audience {
  words(): Words;
  telling(): Telling;
  /** Returns true if the pages are in front of the person, who then sees the letters come in. */
  isLooking(): boolean;
  /** Called when the person wants to see the letters of the notification. */
  onchosen(emails: Email[]): void;
}

/** Tells of new letters outside the pages: one notification for all that come together. */
export class Herald {
  #news: Email[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #shown: Notification | undefined;

  constructor(private readonly audience: Audience) {}

  tell(emails: Email[]): void {
    if (!canTell || Notification.permission !== 'granted' || this.audience.telling() === 'nothing') return;
    if (this.audience.isLooking()) return;
    this.#news = [...this.#news, ...emails];
    // The first of an endless stream is announced all the same.
    this.#timer ??= setTimeout(() => this.#show(), pause);
  }

  #show(): void {
    this.#timer = undefined;
    const emails = this.#news.splice(0);
    const telling = this.audience.telling();
    if (telling === 'nothing' || emails.length === 0) return;
    const { title, body } = newsOf(this.audience.words(), telling, emails);
    this.#shown?.close();
    try {
      const shown = new Notification(title, { body, tag, lang: this.audience.words().locale });
      shown.onclick = () => {
        shown.close();
        this.audience.onchosen(emails);
      };
      this.#shown = shown;
    } catch {
      // Some phones allow it only to code that runs without a page.
    }
  }
}

/** Returns the notification of new letters: no more than the person chose to see. */
export function newsOf(
  words: Words,
  telling: Exclude<Telling, 'nothing'>,
  emails: readonly Email[],
): { title: string; body: string } {
  const [first] = emails;
  if (!first || telling === 'number') return { title: words.news.count(emails.length), body: '' };
  const lines = emails.slice(0, 3).map((email) => `${senderOf(email)} – ${subjectOf(words, email)}`);
  if (emails.length > 1) return { title: words.news.count(emails.length), body: lines.join('\n') };
  const text = telling === 'words' && first.preview ? `\n${first.preview}` : '';
  return { title: senderOf(first), body: subjectOf(words, first) + text };
}

function senderOf(email: Email): string {
  return email.from?.[0] ? nameOf(email.from[0]) : '';
}

function subjectOf(words: Words, email: Email): string {
  return email.subject || words.list.noSubject;
}
