import { comingDate } from '../i18n/format';
import { language } from '../i18n/language.svelte';
import { whyNotSaved, whyRefused } from '../i18n/refusals';
import { type Id, NotSet, Unreachable } from '../jmap';
import type { Notice } from '../store/notices.svelte';
import { shownParts } from '../store/parts';
import type { Post } from '../store/post.svelte';
import type { Desk } from '../views/desk.svelte';
import { type AnswerKind, recipientsOf, subjectOf, threadingOf } from './answer';
import { htmlOf, textOf } from './convert';
import { type Beginning, Draft } from './draft.svelte';
import { Drafts } from './drafts.svelte';
import { type Leaving, Outbox } from './outbox.svelte';
import { answeredBy, goingAlong, type Original, originalOf } from './originals';
import { quoted } from './quote';
import { signed } from './signature';
import { Tray } from './tray.svelte';
import { unfold } from './unfold';
import { Uploads } from './uploads.svelte';

/** The letters being written, from the blank sheet to the moment they are gone. */
export class Bench {
  readonly tray = new Tray();
  /** The timers of held letters, until they have gone. */
  #timers = new Map<number, ReturnType<typeof setTimeout>>();
  /** The notice of each draft that could not be saved. */
  #told = new Map<number, string>();
  readonly drafts: Drafts;
  readonly outbox: Outbox;
  readonly uploads: Uploads;

  constructor(
    private readonly post: Post,
    private readonly desk: Desk,
  ) {
    this.drafts = new Drafts(post.connection, post.folders, post.identities, textOf);
    this.drafts.onfailed = (draft, error) => {
      // Waiting does not mend what the server refuses. A lost connection comes back by itself, and another notice tells
      // of it.
      if (this.tray.letters.includes(draft) && !(error instanceof Unreachable)) this.#notSaved(draft, error);
    };
    this.outbox = new Outbox(post.connection, post.folders, this.drafts);
    this.uploads = new Uploads(post.connection, (draft) => this.drafts.touched(draft));
  }

  async open(): Promise<void> {
    await this.post.identities.load();
    void this.post.people.load();
    window.addEventListener('beforeunload', (event) => {
      if (
        this.outbox.busy > 0 ||
        this.tray.letters.some(
          ({ status, uploading }) => uploading || ['unsaved', 'saving', 'failed'].includes(status),
        )
      ) {
        event.preventDefault();
      }
    });
    const { connection } = this.post;
    const before = connection.onback;
    connection.onback = () => {
      before();
      for (const draft of this.tray.letters) if (draft.status === 'failed') void this.drafts.save(draft);
    };
  }

  /** Converts text to the editor's form. */
  readonly htmlOf = htmlOf;

  begin(beginning: Beginning): Draft {
    const identity =
      this.drafts.identities.find((one) => one.id === beginning.identityId) ?? this.drafts.identities[0];
    const html = beginning.emailId ? beginning.html : signed(beginning.html ?? '', identity);
    const draft = new Draft({ identityId: identity?.id, ...beginning, html });
    this.#lay(draft);
    return draft;
  }

  /** Begins the answer to a letter, unless the person has `left` meanwhile. Returns true if it lies there. */
  async answer(kind: AnswerKind, emailId: Id, left: AbortSignal): Promise<boolean> {
    // The reader of a forwarded letter must get all of it; the author of an answered letter knows its long parts.
    const found = await this.#original(emailId, kind === 'forward' ? { maxBodyValueBytes: 0 } : {});
    if (!found || left.aborted) return false;
    const { email, body, html } = found;
    const own = this.drafts.identities.map((identity) => identity.email);
    const keyword = kind === 'forward' ? '$forwarded' : '$answered';
    const { pictures, attachments } = goingAlong(language.words, this.post.connection.client, found);
    const to = new Set([...(email.to ?? []), ...(body.cc ?? [])].map((person) => person.email.toLowerCase()));
    this.begin({
      // The answer comes from the address that the letter was sent to.
      identityId: this.drafts.identities.find((identity) => to.has(identity.email.toLowerCase()))?.id,
      ...recipientsOf(kind, email, body, own),
      subject: subjectOf(kind, email.subject),
      html: quoted(language.words, kind, email, body, html),
      ...threadingOf(kind, body),
      answers: { id: emailId, keyword, already: email.keywords[keyword] === true },
      attachments: kind === 'forward' ? attachments : [],
      pictures,
    });
    return true;
  }

  /** Continues a draft, unless the person has `left` meanwhile. Returns true if it lies there. */
  async resume(emailId: Id, left: AbortSignal): Promise<boolean> {
    if (this.#unfolds(emailId)) return true;
    // The next save would lose everything that is cut off here.
    const found = await this.#original(emailId, { maxBodyValueBytes: 0 });
    if (!found || left.aborted) return false;
    const { email, body, html } = found;
    // The server limits the text of one letter, too.
    if (Object.values(body.bodyValues).some((value) => value.isTruncated)) {
      this.post.notices.say('failed', language.words.compose.tooLong);
      return false;
    }
    const answers = await answeredBy(this.post.connection, found).catch(() => undefined);
    if (left.aborted) return false;
    // Another request may have opened it meanwhile.
    if (this.#unfolds(emailId)) return true;
    const text = shownParts(body)
      .map((part) => (part.partId ? (body.bodyValues[part.partId]?.value ?? '') : ''))
      .join('\n');
    const { pictures, attachments } = goingAlong(language.words, this.post.connection.client, found);
    const from = new Set((email.from ?? []).map((person) => person.email.toLowerCase()));
    this.begin({
      identityId: this.drafts.identities.find((identity) => from.has(identity.email.toLowerCase()))?.id,
      to: email.to ?? [],
      cc: body.cc ?? [],
      bcc: body.bcc ?? [],
      subject: email.subject ?? '',
      ...(html === undefined ? { text, rich: false } : { html }),
      inReplyTo: body.inReplyTo ?? [],
      references: body.references ?? [],
      attachments,
      pictures,
      answers,
      emailId,
    });
    return true;
  }

  /** Lets a letter go, now or `at` a time, and offers to call it back as long as the server holds it. */
  async send(draft: Draft, at?: Date): Promise<void> {
    this.tray.take(draft);
    const { notices, people, settings, sync, reading } = this.post;
    const seconds = at ? 0 : this.outbox.holdOf(settings.undoSend);
    const leaving = this.outbox.send(draft, at ?? seconds);
    const undo = { label: language.words.act.undo, run: () => void this.#callBack(draft, leaving) };
    const notice = notices.say(
      'done',
      language.words.compose.sending,
      seconds > 0 ? undo : undefined,
      Math.max(seconds, 60) * 1_000,
    );
    try {
      const left = await leaving;
      if (left.kind === 'unsaved') throw new Unsaved();
      if (left.kind === 'gone') return this.#goneBefore(draft, notice, left.changed);
      people.learn(draft.recipients, 10);
      if (draft.answers) void reading.again();
      sync.soon();
      if (left.kind !== 'held') this.#gone(draft, notice);
      else if (at) this.#waits(notice, at, undo);
      else this.#timers.set(draft.key, this.#later(draft, notice, seconds));
    } catch (error) {
      notices.dismiss(notice);
      this.#failed(draft, error);
    }
  }

  /** Puts a letter away among the drafts; an untouched one leaves nothing behind. */
  async close(draft: Draft): Promise<void> {
    this.tray.take(draft);
    if (draft.status === 'new' || draft.status === 'saved') return;
    if (await this.drafts.save(draft)) this.post.notices.say('done', language.words.compose.saved);
    else {
      this.#lay(draft);
      this.#notSaved(draft, draft.trouble);
    }
  }

  async discard(draft: Draft): Promise<void> {
    this.tray.take(draft);
    draft.pictures.release();
    try {
      await this.drafts.discard(draft);
      this.post.notices.say('done', language.words.compose.discarded);
    } catch (error) {
      this.desk.failed(error);
    }
  }

  #lay(draft: Draft): void {
    const crowded = this.tray.lay(draft);
    if (crowded) void this.#putAway(crowded);
  }

  /** Puts a letter among the drafts to make room; if that fails it stays, whatever room there is. */
  async #putAway(draft: Draft): Promise<void> {
    this.tray.take(draft);
    if (draft.status === 'new') return;
    const { compose } = language.words;
    if (draft.status === 'saved' || (await this.drafts.save(draft)))
      this.post.notices.say('done', compose.putAway(draft.subject || compose.title));
    else this.tray.putBack(draft);
  }

  #later(draft: Draft, notice: number, hold: number): ReturnType<typeof setTimeout> {
    return setTimeout(() => this.#gone(draft, notice), hold * 1_000);
  }

  /** The letter is among those that wait, where it can be called back long after the notice is gone. */
  #waits(notice: number, at: Date, undo: Notice['action']): void {
    const { notices } = this.post;
    // Its pictures stay in memory: if it is called back from here, it looks as before.
    notices.dismiss(notice);
    const when = comingDate(language.words, at.toISOString());
    notices.say('done', language.words.scheduled.goes(when), undo);
  }

  /** Calls a letter back to be continued; keys typed meanwhile are meant for it. */
  async #callBack(draft: Draft, leaving: Promise<Leaving>): Promise<void> {
    await this.desk.ahead.hold(this.#recall(draft, leaving), '.composer').catch(() => undefined);
  }

  /** Returns true if it lies there again. */
  async #recall(draft: Draft, leaving: Promise<Leaving>): Promise<boolean> {
    const { compose } = language.words;
    // The code that began the sending tells of its result.
    const left = await leaving.catch(() => undefined);
    if (left?.kind !== 'held') return false;
    try {
      await this.outbox.recall(draft, left.submission);
      clearTimeout(this.#timers.get(draft.key));
      this.#lay(draft);
      this.post.notices.say('done', compose.recalled);
      this.post.sync.soon();
      return true;
    } catch (error) {
      if (error instanceof NotSet) this.post.notices.say('failed', compose.tooLate);
      else this.desk.failed(error);
      return false;
    }
  }

  /** Shows one notice, as long as the reason is the same, that a draft is not saved. */
  #notSaved(draft: Draft, error: unknown): void {
    const text = `${whyNotSaved(language.words, error)}. ${whyRefused(language.words, error) ?? ''}`.trim();
    if (this.#told.get(draft.key) === text && this.post.notices.list.some((notice) => notice.text === text))
      return;
    this.#told.set(draft.key, text);
    this.post.notices.say('failed', text, this.desk.remedy(error));
  }

  #gone(draft: Draft, notice: number): void {
    this.#timers.delete(draft.key);
    draft.pictures.release();
    this.post.notices.dismiss(notice);
    this.post.notices.say('done', language.words.compose.sent);
  }

  /**
   * The letter was sent already, or replaced in another tab: the person who continues it here may want to send it all
   * the same.
   */
  #goneBefore(draft: Draft, notice: number, changed: boolean): void {
    const { compose } = language.words;
    this.post.notices.dismiss(notice);
    this.post.notices.say('failed', changed ? compose.goneChanged : compose.goneBefore);
    this.post.sync.soon();
    if (changed) this.#lay(draft);
    else draft.pictures.release();
  }

  #failed(draft: Draft, error: unknown): void {
    this.#lay(draft);
    const why = error instanceof Unsaved ? draft.trouble : error;
    this.post.notices.say('failed', whyUnsent(error, why), this.desk.remedy(why));
  }

  /** Unfolds the letter that continues this draft, if one is being written. */
  #unfolds(emailId: Id): boolean {
    const here = this.tray.letters.find((draft) => draft.emailId === emailId);
    if (here) void unfold(this.tray, here);
    return here !== undefined;
  }

  /** Returns a letter to begin with. Shows a notice if it cannot be loaded. */
  async #original(id: Id, more: { maxBodyValueBytes?: number } = {}): Promise<Original | undefined> {
    try {
      return await originalOf(this.post.connection, id, more);
    } catch (error) {
      this.desk.failed(error);
      return undefined;
    }
  }
}

/** A letter that could not be put among the drafts, so it stays open. */
class Unsaved extends Error {}

function whyUnsent(error: unknown, why: unknown): string {
  const { compose } = language.words;
  if (error instanceof NotSet && error.type === 'tooLarge') return compose.tooLargeToSend;
  const reason = whyRefused(language.words, why);
  if (error instanceof Unsaved) return reason ? `${compose.saveFailed} ${reason}` : compose.saveFailed;
  return reason ? compose.sendRefused(reason) : compose.sendFailed;
}
