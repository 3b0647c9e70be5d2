import { language } from '../i18n/language.svelte';
import { isFull, whyRefused } from '../i18n/refusals';
import { type Email, type Id, type Mailbox, NotSet, type Patch, type Role, Unreachable } from '../jmap';
import { TypeAhead } from '../keyboard/ahead';
import type { Done, Shown } from '../store/actions.svelte';
import { rowOf, type Row } from '../store/conversation';
import { ending } from '../store/ending';
import { file, type Filing } from '../store/filing';
import { placesOf } from '../store/labels';
import type { Notice } from '../store/notices.svelte';
import { applyPatch } from '../store/patch';
import type { Post } from '../store/post.svelte';
import type { Waiting } from '../store/scheduled.svelte';
import { lyingIn, toFlag, toLabel, toMarkRead, toMove } from '../store/targets';
import { isHomeless } from '../store/trash';
import { folderName } from './names';
import type { Sweep } from './sweep';
import type { Attached } from './viewer/kinds';

/** A picture that came with a letter. */
export interface Pictured {
  name: string;
  url: string;
}

/** Before it changes more than so many conversations, the page asks. */
const mostUnasked = 1_000;

/** The longest wait for a row, in milliseconds. */
const longestRow = 30_000;

/** A question before an action, or a window above everything else. */
export type Asking =
  | { kind: 'move' }
  /** `rows`: the rows that it is about, if they are not those that are chosen or open. */
  | { kind: 'labels'; rows?: Row[] }
  | { kind: 'colour'; id: Id }
  | { kind: 'destroy'; count: number }
  | { kind: 'empty' }
  | { kind: 'sweep'; sweep: Sweep }
  | { kind: 'source'; email: Email }
  | { kind: 'way'; email: Email }
  | { kind: 'help' }
  | { kind: 'attachedLetter'; blobId: Id }
  /** `text`: the text typed so far, if that is not the search that is shown. */
  | { kind: 'search'; text?: string }
  | { kind: 'settings' }
  | { kind: 'programs' }
  | { kind: 'bring' }
  | { kind: 'signature' }
  /** `at`: the wanted part of it. */
  | { kind: 'account'; at?: 'storage' }
  | { kind: 'files'; files: Attached[]; first: number }
  | { kind: 'pictures'; pictures: Pictured[]; first: number }
  | { kind: 'newFolder'; parentId: Id | null }
  | { kind: 'renameFolder'; id: Id }
  | { kind: 'removeFolder'; id: Id };

/** A person's actions on the chosen or open letters, and the notices of the pages about them. */
export class Desk {
  asking = $state.raw<Asking>();
  /** The rows that are being dragged to a folder. */
  dragged = $state.raw<Row[]>([]);
  /** True if list and letter stand side by side. */
  wide = $state(true);
  /** True if the letter has the window for itself. */
  large = $state(false);
  /** True if the last thing was opened by a key: the focus then goes along. */
  byKey = false;
  /** True if there is a mouse or the like, with which rows can be dragged. */
  fine = $state(true);

  /** Keeps the typed keys until the requested element has the focus. */
  readonly ahead: TypeAhead;

  /** Continues a draft; set by the code for writing. */
  resume: (emailId: Id) => Promise<void> = () => Promise.resolve();

  constructor(private readonly post: Post) {
    this.ahead = new TypeAhead(() => {
      const notice = post.notices.say('news', language.words.app.soon, undefined, 60_000);
      return () => post.notices.dismiss(notice);
    });
  }

  /** Returns the rows of an action: the chosen ones, else the open conversation, else the row of the keyboard. */
  get rows(): Row[] {
    const { selection, list, reading } = this.post;
    if (selection.active) return [...selection.chosen].flatMap((id) => this.#row(id));
    if (reading.threadId) {
      const shown = this.#shownOf(reading.threadId);
      return shown ? [rowOf(shown, this.post.conversation(reading.threadId), false)] : [];
    }
    const id = list?.idAt(selection.cursor);
    return id ? this.#row(id) : [];
  }

  /**
   * Keeps a key that is meant for the row of the keyboard until that row has come. Returns false if it is there, or will
   * not come.
   */
  keepsForRow(key: KeyboardEvent): boolean {
    if (this.#rowState() !== 'coming') return false;
    this.ahead.keep(key, this.#rowComes());
    return true;
  }

  #rowState(): 'here' | 'coming' | 'none' {
    const { list, selection } = this.post;
    if (selection.active || (list?.loaded && list.idAt(selection.cursor))) return 'here';
    return !list || list.error || list.total === 0 ? 'none' : 'coming';
  }

  /** Waits for the row of the keyboard; returns false if it does not come, or takes too long. */
  async #rowComes(): Promise<boolean> {
    const deadline = Date.now() + longestRow;
    while (this.#rowState() === 'coming' && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return this.#rowState() === 'here';
  }

  get role(): Role | null {
    return this.post.folder?.role ?? null;
  }

  /** True if one of the rows can be archived: it lies in the inbox. Rows that were never loaded may. */
  archives(rows: Row[]): boolean {
    if (this.post.selection.everything) return this.role === null || this.role === 'inbox';
    return rows.some((row) => this.#lettersFor({ kind: 'archive' }, row).length > 0);
  }

  /** True if letters here can have labels: those that were thrown away, or are still being written, have none. */
  get labels(): boolean {
    const { role } = this;
    return (
      this.post.connection.client.manyFolders && role !== 'trash' && role !== 'junk' && role !== 'drafts'
    );
  }

  /** Takes rows out of the inbox, and out of nothing else. */
  archive(rows = this.rows): void {
    if (rows.length > 0 && !this.archives(rows))
      this.post.notices.say('done', language.words.labels.notInInbox);
    else void this.#file({ kind: 'archive' }, rows, language.words.done.archived);
  }

  /** Moves rows to the trash; destroys those in the trash and in junk, after a question. */
  remove(rows = this.rows): void {
    if (rows.length === 0) return;
    // A letter that is thrown away would go all the same.
    if (rows.some((row) => this.#toMove(row).some((email) => this.post.scheduled.of(email.id))))
      this.post.notices.say('failed', language.words.scheduled.first);
    else if (this.role === 'trash' || this.role === 'junk')
      this.asking = { kind: 'destroy', count: this.post.selection.active ? this.#meant : rows.length };
    else void this.#file({ kind: 'trash' }, rows, language.words.done.removed);
  }

  junk(rows = this.rows): void {
    const { done } = language.words;
    if (this.role === 'junk') void this.#file({ kind: 'notJunk' }, rows, done.notJunk);
    else void this.#file({ kind: 'junk' }, rows, done.junked);
  }

  move(folder: Id, name: string, rows = this.rows): void {
    if (folder === this.post.folder?.id) return;
    const role = this.post.folders.get(folder)?.role;
    const filing: Filing =
      role === 'trash' || role === 'junk' ? { kind: role } : { kind: 'move', to: folder };
    void this.#file(filing, rows, (n) => language.words.done.moved(n, name));
  }

  /** Opens the chooser of labels for rows. */
  askLabels(rows = this.rows): void {
    if (rows.length === 0 || !this.post.connection.client.manyFolders) return;
    if (!this.labels) this.post.notices.say('done', language.words.labels.notHere);
    else this.ask({ kind: 'labels', rows });
  }

  /** Puts labels on rows, and takes others off. */
  label(add: readonly Mailbox[], remove: readonly Mailbox[], rows = this.rows): void {
    const { labels } = language.words;
    const names = (folders: readonly Mailbox[]) =>
      folders.map((folder) => folderName(language.words, folder)).join(', ');
    const said = (n: number) => {
      if (add.length > 0 && remove.length > 0) return labels.changed(n);
      return add.length > 0 ? labels.added(n, names(add)) : labels.removed(n, names(remove));
    };
    const ids = (folders: readonly Mailbox[]) => folders.map(({ id }) => id);
    void this.#file({ kind: 'labels', add: ids(add), remove: ids(remove) }, rows, said);
  }

  /** Returns the places of each row: the folders that its letters lie in, of which labels are made. */
  placesOf(rows: Row[]): Set<Id>[] {
    return rows.map((row) => placesOf(this.#lettersFor({ kind: 'labels', add: [], remove: [] }, row)));
  }

  /** Moves rows back from the trash to where they were. */
  putBack(rows = this.rows): void {
    if (rows.length === 0) return;
    const emails = rows.flatMap((row) => this.#toMove(row));
    const { done } = language.words;
    const said = isHomeless(emails, this.#folders) ? done.putBackInbox : done.putBack;
    void this.#file({ kind: 'putBack' }, rows, said);
  }

  /** Returns the number of letters of the rows that lie elsewhere, too, and stay there if they are deleted here. */
  elsewhere(rows: Row[]): number {
    const here = this.post.folder?.id;
    const emails = rows.flatMap((row) => this.#toMove(row));
    return here ? ending(emails, here).update.size : 0;
  }

  async destroy(rows = this.rows): Promise<void> {
    if (this.post.selection.everything) return this.sweep({ destroy: true });
    const { folder } = this.post;
    if (!folder) return;
    const emails = rows.flatMap((row) => this.#toMove(row));
    const shown = this.#leave(rows);
    await this.#try(async () => {
      await this.post.actions.destroy(emails, folder.id, shown);
      this.post.notices.say('done', language.words.done.destroyed(rows.length));
    });
  }

  async emptyFolder(): Promise<void> {
    const { folder, list } = this.post;
    if (!folder) return;
    this.post.navigation.close();
    await this.#try(async () => {
      await this.post.actions.empty(folder.id);
      await list?.refresh();
      this.post.notices.say('done', language.words.folders.emptied);
    });
  }

  /** Carries out the action on everything in the list, after the question. */
  async sweep(sweep: Sweep): Promise<void> {
    this.post.navigation.close();
    await this.#try(async () => {
      const { sweepThrough } = await import('./sweep');
      await sweepThrough(this.post, sweep, (doing, count) => this.#sweptThrough(doing, count));
    });
  }

  /**
   * Few letters are changed directly, as if they were chosen one by one; for more than a person can overlook, the page
   * asks.
   */
  #sweepOrAsk(sweep: Sweep): void {
    if (this.#meant > mostUnasked) this.ask({ kind: 'sweep', sweep });
    else void this.sweep(sweep);
  }

  /** Returns the number of rows that are meant. */
  get #meant(): number {
    const { selection, list } = this.post;
    return selection.everything ? (list?.total ?? 0) - selection.left.size : selection.chosen.size;
  }

  #sweptThrough(done: Done | undefined, count: number): void {
    const run = () => void this.#try(() => this.#takeBack(done));
    const undo = done && { label: language.words.act.undo, run };
    this.post.notices.say('done', language.words.done.swept(count), undo, 20_000);
  }

  /** Puts a folder into the list of folders, or takes it out of it. */
  async setListed({ id, name }: Mailbox, listed: boolean): Promise<void> {
    const { folders, act } = language.words;
    const set = (to: boolean) => this.post.folders.setListed(id, to);
    await this.#try(async () => {
      await set(listed);
      const undo = { label: act.undo, run: () => void this.#try(() => set(!listed)) };
      this.post.notices.say('done', listed ? folders.listed(name) : folders.unlisted(name), undo);
    });
  }

  flag(rows = this.rows): void {
    if (this.post.selection.everything)
      return this.#sweepOrAsk({ keyword: '$flagged', on: rows.some((row) => !row.flagged) });
    const on = rows.some((row) => !row.flagged);
    const { done } = language.words;
    const emails = rows.flatMap((row) => this.#withShown(row, (all, shown) => toFlag(all, shown, on)));
    void this.#mark(emails, '$flagged', on, on ? done.flagged : done.unflagged);
  }

  markRead(read: boolean, rows = this.rows): void {
    const { done } = language.words;
    if (this.post.selection.everything) return this.#sweepOrAsk({ keyword: '$seen', on: read });
    const emails = rows.flatMap((row) => this.#withShown(row, (all, shown) => toMarkRead(all, shown, read)));
    void this.#mark(emails, '$seen', read, read ? done.markedRead : done.markedUnread);
    // A letter that stays open would be marked as read again.
    if (!read && this.post.reading.threadId && !this.wide) this.post.navigation.close();
  }

  async undo(): Promise<void> {
    const { done } = language.words;
    await this.#try(async () => {
      if (await this.post.actions.undo()) this.post.notices.say('done', done.undone);
      else this.post.notices.say('done', done.nothingToUndo);
    });
  }

  /** Goes to the next or previous conversation, in the list or while reading. */
  step(by: 1 | -1): void {
    const { selection, list, reading, records, navigation } = this.post;
    const to = selection.cursor + by;
    if (!list || to < 0 || to >= (list.total ?? 0)) return;
    selection.moveTo(to);
    if (!reading.threadId) return;
    const id = list.idAt(to);
    const email = id ? records.emails.get(id) : undefined;
    if (email) navigation.open(email.threadId);
  }

  open(position = this.post.selection.cursor): void {
    const { selection, list, records, navigation } = this.post;
    const id = list?.idAt(position);
    const email = id ? records.emails.get(id) : undefined;
    if (!email) return;
    selection.moveTo(position);
    if (this.role === 'drafts' && email.keywords['$draft']) void this.resume(email.id);
    else navigation.open(email.threadId);
  }

  /** Opens the row by a key: a person who listens to the pages is taken to the letter. */
  enter(): void {
    this.byKey = true;
    this.open();
  }

  /** Goes back one step: from the whole window, from the chosen rows, from the conversation. */
  back(): void {
    if (this.large) this.large = false;
    else if (this.post.selection.active) this.post.selection.clear();
    else this.post.navigation.close();
  }

  /** Lets a letter go that waits for its time. */
  async sendNow(waiting: Waiting): Promise<void> {
    const { compose } = language.words;
    await this.#withWaiting(async () => {
      await this.post.scheduled.sendNow(waiting);
      this.post.notices.say('done', compose.sent);
    });
  }

  /** Takes a letter back that waits for its time, to the drafts or, to be changed, to be written on. */
  async takeBack(waiting: Waiting, then: 'keep' | 'change'): Promise<void> {
    let goesOn = then === 'change';
    const taken = this.#withWaiting(async () => {
      await this.post.scheduled.recall(waiting);
      if (goesOn) await this.resume(waiting.emailId);
      else this.post.notices.say('done', language.words.scheduled.takenBack);
    });
    if (goesOn) await this.ahead.hold(taken, '.composer', () => (goesOn = false));
    else await taken;
  }

  ask(asking: Asking): void {
    this.asking = asking;
  }

  /** Says in words why something did not work. */
  failed(error: unknown): void {
    const { done } = language.words;
    const why = whyRefused(language.words, error);
    const offline = error instanceof Unreachable && !error.answered;
    const text = offline ? done.failedOffline : why ? done.failedBecause(why) : done.failed;
    this.post.notices.say('failed', text, this.remedy(error));
  }

  /** Returns the action that a person can take about an error, if there is one. */
  remedy(error: unknown): Notice['action'] {
    if (!isFull(error)) return undefined;
    return {
      label: language.words.refusals.makeRoom,
      run: () => this.ask({ kind: 'account', at: 'storage' }),
    };
  }

  get #folders(): Mailbox[] {
    return [...this.post.records.mailboxes.values()];
  }

  /** Files the letters of rows, says it, and offers to take it back. */
  async #file(filing: Filing, rows: Row[], words: (n: number) => string): Promise<void> {
    if (rows.length === 0) return;
    if (this.post.selection.everything) return this.#sweepOrAsk({ filing });
    const emails = rows.flatMap((row) => this.#lettersFor(filing, row));
    const patches = file(filing, emails, { here: this.post.folder?.id, folders: this.#folders });
    if (!patches) return void this.post.notices.say('failed', language.words.done.noFolder);
    const shown = this.#leave(this.#leaving(rows, patches));
    await this.#try(() => this.#offerUndo(this.post.actions.change(patches, shown), words(rows.length)));
  }

  /** Returns the letters of a row that a change of their folders is about. */
  #lettersFor(filing: Filing, row: Row): Email[] {
    if (filing.kind === 'labels') return this.#withShown(row, toLabel);
    if (filing.kind !== 'archive') return this.#toMove(row);
    const inbox = this.post.folders.byRole('inbox')?.id;
    return this.#withShown(row, (all) => lyingIn(all, inbox));
  }

  /**
   * Returns the rows that are not in the list any more once the patches are applied: none of their letters lies in its
   * folder, or, in a search, all were thrown away.
   */
  #leaving(rows: Row[], patches: ReadonlyMap<Id, Patch>): Row[] {
    const { folder, folders, records } = this.post;
    return rows.filter((row) => {
      const all = this.#withShown(row, (letters) => letters);
      const after = all.map((email) => applyPatch(email, patches.get(email.id) ?? {}));
      if (folder) return !after.some((email) => email.mailboxIds[folder.id]);
      return records.emails.has(row.id) && after.every((email) => folders.thrownAway(email, undefined));
    });
  }

  async #mark(emails: Email[], keyword: string, on: boolean, words: string): Promise<void> {
    await this.#try(() => this.#offerUndo(this.post.actions.keyword(emails, keyword, on), words));
  }

  async #offerUndo(doing: Promise<Done | undefined>, words: string): Promise<void> {
    // The pages show the action immediately, so the notice need not wait for the server either.
    const run = () => void this.#try(async () => this.#takeBack(await doing));
    const undo = { label: language.words.act.undo, run };
    const notice = this.post.notices.say('done', words, undo);
    try {
      if (!(await doing)) this.post.notices.dismiss(notice);
    } catch (error) {
      this.post.notices.dismiss(notice);
      throw error;
    }
  }

  async #takeBack(done: Done | undefined): Promise<void> {
    await done?.undo();
    if (done) this.post.notices.say('done', language.words.done.undone);
  }

  /** Rows leave the list: the open letter gives way to the next one, and the rows are no longer chosen. */
  #leave(rows: Row[]): Shown {
    if (rows.length === 0) return { window: this.post.list, rows: [] };
    const { selection, list, reading, navigation, records } = this.post;
    const ids = rows.map((row) => row.id);
    const gone = new Set(ids);
    if (rows.some((row) => row.threadId === reading.threadId)) {
      const next = this.wide ? this.#neighbour(gone) : undefined;
      const email = next ? records.emails.get(next) : undefined;
      if (email) navigation.open(email.threadId);
      else navigation.close();
    }
    selection.drop(ids);
    const above = ids.filter((id) => {
      const position = list?.positionOf(id) ?? -1;
      return position >= 0 && position < selection.cursor;
    });
    selection.cursor = Math.max(
      0,
      Math.min(selection.cursor - above.length, (list?.total ?? 0) - ids.length - 1),
    );
    return { window: list, rows: ids };
  }

  #neighbour(gone: ReadonlySet<Id>): Id | undefined {
    const { list, selection } = this.post;
    if (!list) return undefined;
    for (let position = selection.cursor; position < (list.total ?? 0); position += 1) {
      const id = list.idAt(position);
      if (id && !gone.has(id)) return id;
      if (!id) break;
    }
    for (let position = selection.cursor - 1; position >= 0; position -= 1) {
      const id = list.idAt(position);
      if (id && !gone.has(id)) return id;
    }
    return undefined;
  }

  /** Returns true if it was done. */
  async #withWaiting(task: () => Promise<void>): Promise<boolean> {
    let isDone = false;
    try {
      await task();
      isDone = true;
    } catch (error) {
      if (error instanceof NotSet && error.type === 'cannotUnsend')
        this.post.notices.say('failed', language.words.compose.tooLate);
      else this.failed(error);
    }
    this.post.sync.soon();
    return isDone;
  }

  #row(id: Id): Row[] {
    const email = this.post.records.emails.get(id);
    return email ? [rowOf(email, this.post.conversation(email.threadId), false)] : [];
  }

  /** Returns the letter that stands for a conversation in the list, or its last. */
  #shownOf(threadId: Id): Email | undefined {
    const letters = this.post.conversation(threadId);
    return letters.find((email) => (this.post.list?.positionOf(email.id) ?? -1) >= 0) ?? letters.at(-1);
  }

  #toMove(row: Row): Email[] {
    const own = (['sent', 'drafts'] as const).flatMap((role) => this.post.folders.byRole(role)?.id ?? []);
    return this.#withShown(row, (all, shown) => toMove(all, shown, this.post.folder?.id, own));
  }

  #withShown(row: Row, choose: (all: Email[], shown: Email) => Email[]): Email[] {
    const shown = this.post.records.emails.get(row.id);
    if (!shown) return [];
    const all = this.post.conversation(row.threadId);
    return choose(all.length > 0 ? all : [shown], shown);
  }

  async #try(task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      this.failed(error);
    }
  }
}
