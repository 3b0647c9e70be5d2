import type { Email, Id, Mailbox } from '../jmap';
import { Actions } from './actions.svelte';
import { Connection } from './connection.svelte';
import { Findings } from './findings.svelte';
import { Folders } from './folders.svelte';
import { Identities } from './identities.svelte';
import { placesOf } from './labels';
import { Lists } from './lists.svelte';
import { Navigation } from './navigation.svelte';
import { Notices } from './notices.svelte';
import { People } from './people.svelte';
import { Preferences } from './preferences';
import { Push } from './push.svelte';
import { Reading } from './reading.svelte';
import { Records } from './records.svelte';
import { Scheduled } from './scheduled.svelte';
import { Selection } from './selection.svelte';
import { Settings } from './settings.svelte';
import { Storage } from './storage.svelte';
import { Sync } from './sync.svelte';

/** Connects the parts of the state; nothing else does. */
export class Post {
  readonly connection = new Connection();
  readonly records = new Records();
  readonly navigation = new Navigation();
  readonly notices = new Notices();
  readonly selection = new Selection();
  readonly settings = new Settings();
  readonly preferences = new Preferences(this.connection, this.settings);
  readonly findings = new Findings(this.connection, this.settings);
  readonly folders = new Folders(this.connection, this.records);
  readonly lists = new Lists(this.connection, this.records, this.folders);
  readonly actions = new Actions(this.connection, this.records);
  readonly reading = new Reading(this.connection, this.records, (emails) => this.#visible(emails));
  readonly identities = new Identities(this.connection);
  readonly push = new Push(this.connection);
  readonly storage = new Storage(this.connection, this.folders);
  readonly scheduled = new Scheduled(this.connection, this.records, this.folders);
  readonly people = new People(this.connection, this.folders);
  readonly sync = new Sync(this.connection, this.records, this.folders, this.actions, {
    mailChanged: (created) => this.#changed(created),
    submissionsChanged: (state) => void this.scheduled.follow(state),
    preferencesChanged: (state) => void this.preferences.follow(state).catch(() => undefined),
    arrived: (emails) => {
      for (const email of emails) this.people.learn(email.from, 1);
      this.onarrived(emails);
    },
  });
  onarrived: (emails: Email[]) => void = () => {};

  constructor() {
    this.records.users.add(() => this.selection.chosen);
    this.records.users.add(() => this.selection.left);
    this.records.users.add(() => this.list?.inUse() ?? []);
  }

  /** The shown folder; a search has none. */
  readonly folder = $derived.by(() => {
    const id = this.lists.folderOf(this.navigation.route.place);
    return id ? this.folders.get(id) : undefined;
  });

  /** The shown list. A change of its folder's counts does not make another of it. */
  readonly #folderId = $derived(this.folder?.id);
  readonly list = $derived.by(() => {
    void this.#folderId;
    return this.lists.at(this.navigation.route.place);
  });

  /** Returns the letters of a conversation that are shown, oldest first. */
  conversation(threadId: Id): Email[] {
    return this.#visible(this.records.conversation(threadId));
  }

  /**
   * Returns the labels that a letter's conversation is shown with: all but the one whose list is shown. The inbox is one
   * of them where other letters are shown, too, so that a person sees what is still to be done.
   */
  labelsOf(email: Email, everywhere = false): Mailbox[] {
    const all = this.conversation(email.threadId);
    const places = placesOf(all.length > 0 ? all : [email]);
    const { folder } = this;
    if (folder && !everywhere) places.delete(folder.id);
    const isOwn = folder?.role === 'sent' || folder?.role === 'drafts' || folder?.role === 'inbox';
    return this.folders.labelsAmong(places, !isOwn);
  }

  async enter(): Promise<void> {
    this.connection.onback = () => {
      void this.list?.refresh();
      this.sync.soon();
      void this.scheduled.follow();
      this.preferences.send();
    };
    await this.lists.enter(this.navigation.route.place, (request) => this.preferences.ask(request));
    this.sync.start();
    this.storage.soon();
  }

  /**
   * Leaves out letters in the trash, which are no part of a conversation any more; a search, though, leaves nothing
   * out.
   */
  #visible(emails: Email[]): Email[] {
    if (this.navigation.route.place.kind === 'search') return emails;
    return emails.filter((email) => !this.folders.thrownAway(email, this.folder?.id));
  }

  #changed(created: Email[]): void {
    this.storage.soon();
    this.lists.forget(this.list);
    void this.list?.refresh();
    const read = this.reading.threadId;
    if (created.some((email) => email.threadId === read)) void this.reading.again();
  }
}
