import type { Entry } from '../../src/store/cards';
import type { Finding, Outcome, Way } from '../../src/store/findings.svelte';
import type { Choices, EmailAddress, Envelope, Id, Identity, Role } from '../../src/jmap/types';

import { sizeOf } from './filter';

/** The fake's mailbox: letters in memory, every change numbered, as a server does it (RFC 8620 §5.2). */

export interface FakeFolder {
  id: Id;
  name: string;
  parentId: Id | null;
  role: Role | null;
  sortOrder: number;
  isSubscribed: boolean;
}

export interface FakeAttachment {
  blobId: Id;
  name: string;
  type: string;
  size: number;
  disposition: string;
  cid?: string;
}

export interface FakeLetter {
  id: Id;
  threadId: Id;
  /** The folders that it lies in, at least one. */
  folders: Set<Id>;
  keywords: Set<string>;
  receivedAt: string;
  from: EmailAddress[];
  to: EmailAddress[];
  cc: EmailAddress[];
  bcc: EmailAddress[];
  replyTo: EmailAddress[] | null;
  subject: string;
  messageId: string[];
  inReplyTo: string[] | null;
  references: string[] | null;
  text: string | null;
  html: string | null;
  attachments: FakeAttachment[];
  /** The findings of the server about it, and the way to leave its list. */
  told?: { findings?: Finding[]; unsubscribe?: Way };
  /** The events that it invites to. */
  entries?: Entry[];
  /** The text that calendars read in it. */
  calendar?: string | null;
}

/** A letter that was handed over, as the server knows it from then on. */
export interface FakeSubmission {
  letter: Id;
  threadId: Id;
  identityId: Id;
  envelope: Envelope;
  /** Milliseconds since 1970. */
  goes: number;
  canceled: boolean;
}

export type Kind = 'Email' | 'Mailbox' | 'Thread' | 'EmailSubmission';

interface Change {
  kind: Kind;
  id: Id;
  what: 'created' | 'updated' | 'destroyed';
}

/** Older changes are forgotten, so that tests meet cannotCalculateChanges as well. */
const changesKept = 5_000;

export class FakeMail {
  readonly folders = new Map<Id, FakeFolder>();
  readonly letters = new Map<Id, FakeLetter>();
  readonly threads = new Map<Id, Id[]>();
  readonly identities: Identity[];
  readonly submissions = new Map<Id, FakeSubmission>();
  /** The most seconds that letters are held on request (RFC 8621 §1.3.2). */
  maxDelayedSend = 366 * 24 * 3_600;
  /** The most folders that a letter lies in (RFC 8621 §1.3.1): null for any number. */
  mostFolders: number | null = null;
  /** The choices; `undefined` if the server keeps no preferences. */
  choices: Choices | undefined = {
    language: null,
    theme: null,
    undoSend: null,
    notifications: null,
    picturesFrom: {},
    labelColours: {},
  };
  choicesState = 0;
  /** The letters whose lists were left, and the answers of the lists. */
  readonly unsubscribed: Id[] = [];
  unsubscribing: Outcome = 'done';
  /** The most octets of the attachments of a stored letter, and of a sent one. */
  mostKept = 50_000_000;
  mostSent = 50_000_000;
  /** The most octets of all letters (RFC 9425): the largest number of JMAP for no limit. */
  quota = 2 ** 53 - 1;
  /** The subscriptions for news of changes (RFC 8620 §7.2). */
  readonly pushes = new Map<Id, Record<string, unknown>>();
  readonly blobs = new Map<Id, { type: string; data: Buffer }>();
  /** Tells the time, in milliseconds since 1970. */
  clock: () => number = () => Date.now();
  /** Called after each change. */
  onchange: () => void = () => {};
  #log: Change[] = [];
  #forgotten = 0;
  #next = 1;
  #sorted: FakeLetter[] | undefined;

  constructor(
    readonly name: string,
    readonly address: string,
  ) {
    const nothing = { replyTo: null, bcc: null, textSignature: '', htmlSignature: '', mayDelete: false };
    this.identities = [{ id: 'i1', name, email: address, ...nothing }];
  }

  /** Returns the octets of all letters. */
  get used(): number {
    return [...this.letters.values()].reduce((sum, letter) => sum + sizeOf(letter), 0);
  }

  get state(): string {
    return String(this.#forgotten + this.#log.length);
  }

  newId(prefix: string): Id {
    return `${prefix}${this.#next++}`;
  }

  addFolder(name: string, role: Role | null, parentId: Id | null = null): FakeFolder {
    const folder = { id: this.newId('f'), name, role, parentId, sortOrder: 10, isSubscribed: true };
    this.folders.set(folder.id, folder);
    this.note('Mailbox', folder.id, 'created');
    return folder;
  }

  folderOf(role: Role): FakeFolder {
    for (const folder of this.folders.values()) if (folder.role === role) return folder;
    throw new Error(`no folder for ${role}`);
  }

  add(letter: FakeLetter): void {
    this.letters.set(letter.id, letter);
    const thread = this.threads.get(letter.threadId);
    if (thread) {
      thread.push(letter.id);
      thread.sort((a, b) => this.#when(a).localeCompare(this.#when(b)));
    } else this.threads.set(letter.threadId, [letter.id]);
    this.note('Email', letter.id, 'created');
    this.note('Thread', letter.threadId, thread ? 'updated' : 'created');
    this.#noteFolders(letter);
  }

  changed(letter: FakeLetter): void {
    this.note('Email', letter.id, 'updated');
    this.#noteFolders(letter);
  }

  remove(letter: FakeLetter): void {
    this.letters.delete(letter.id);
    const rest = (this.threads.get(letter.threadId) ?? []).filter((id) => id !== letter.id);
    if (rest.length > 0) this.threads.set(letter.threadId, rest);
    else this.threads.delete(letter.threadId);
    this.note('Email', letter.id, 'destroyed');
    this.note('Thread', letter.threadId, rest.length > 0 ? 'updated' : 'destroyed');
    this.#noteFolders(letter);
  }

  /** Takes a letter out of a folder; it ends with its last one. */
  takeOut(letter: FakeLetter, folder: Id): void {
    if (letter.folders.size <= 1) return this.remove(letter);
    this.#noteFolders(letter);
    letter.folders.delete(folder);
    this.note('Email', letter.id, 'updated');
  }

  #noteFolders(letter: FakeLetter): void {
    for (const id of letter.folders) this.note('Mailbox', id, 'updated');
  }

  note(kind: Kind, id: Id, what: Change['what']): void {
    this.#sorted = undefined;
    this.#log.push({ kind, id, what });
    if (this.#log.length > changesKept) {
      this.#log.shift();
      this.#forgotten += 1;
    }
  }

  /** Returns the objects that changed since `state`; `undefined` if that state is forgotten. */
  changesSince(kind: Kind, state: string): { created: Id[]; updated: Id[]; destroyed: Id[] } | undefined {
    const since = Number(state) - this.#forgotten;
    if (!(since >= 0 && since <= this.#log.length)) return undefined;
    const first = new Map<Id, Change['what']>();
    const last = new Map<Id, Change['what']>();
    for (const change of this.#log.slice(since)) {
      if (change.kind !== kind) continue;
      if (!first.has(change.id)) first.set(change.id, change.what);
      last.set(change.id, change.what);
    }
    const ids = [...last.keys()];
    const isNew = (id: Id) => first.get(id) === 'created';
    const isGone = (id: Id) => last.get(id) === 'destroyed';
    return {
      created: ids.filter((id) => isNew(id) && !isGone(id)),
      updated: ids.filter((id) => !isNew(id) && !isGone(id)),
      destroyed: ids.filter((id) => isGone(id) && !isNew(id)),
    };
  }

  /** Returns all letters, newest first. */
  newestFirst(): FakeLetter[] {
    this.#sorted ??= [...this.letters.values()].sort((a, b) =>
      a.receivedAt < b.receivedAt ? 1 : a.receivedAt > b.receivedAt ? -1 : a.id < b.id ? 1 : -1,
    );
    return this.#sorted;
  }

  #when(id: Id): string {
    return this.letters.get(id)?.receivedAt ?? '';
  }
}
