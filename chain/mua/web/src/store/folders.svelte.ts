import {
  type Answers,
  type Email,
  expectAllSet,
  type Id,
  type Mailbox,
  type Request,
  type Role,
} from '../jmap';
import type { Connection } from './connection.svelte';
import { isLabel } from './labels';
import { read, write } from './local';
import { rememberRoles } from './roles';
import type { Records } from './records.svelte';

export interface FolderNode {
  mailbox: Mailbox;
  depth: number;
  children: FolderNode[];
}

/** The order that people know; their own folders come after, by name. */
const roleOrder: Role[] = [
  'inbox',
  'flagged',
  'important',
  'drafts',
  'sent',
  'archive',
  'junk',
  'trash',
  'all',
];

/** The key under which this browser keeps whether unlisted folders are in sight. */
const showsAllKey = 'facteur.all-folders';

export class Folders {
  /** True if unlisted folders are in sight, too. */
  showsAll = $state(read(showsAllKey) === 'yes');

  constructor(
    private readonly connection: Connection,
    private readonly records: Records,
  ) {}

  /** The folders with a role, then the person's own, each with those inside it. */
  readonly tree = $derived.by(() => treeOf([...this.records.mailboxes.values()]));
  readonly flat = $derived.by(() => this.tree.flatMap(flatten));
  readonly #order = $derived(new Map(this.flat.map(({ mailbox }, index) => [mailbox.id, index])));

  /**
   * True if no letter has come or gone yet. A letter that is being written does not count: it is saved while the person
   * looks.
   */
  readonly isNew = $derived.by(() =>
    [...this.records.mailboxes.values()].every(
      ({ role, totalEmails }) => totalEmails === 0 || role === 'drafts',
    ),
  );

  /** The number of folders that are in sight only if all are shown. */
  readonly asideCount = $derived.by(() => this.flat.filter(({ mailbox }) => isAside(mailbox)).length);

  /** Returns the folders for a person who is in the folder `here`. */
  inSight(here: Id | undefined): FolderNode[] {
    return this.showsAll ? this.tree : seen(this.tree, (one) => !isAside(one) || one.id === here);
  }

  showAll(shows: boolean): void {
    this.showsAll = shows;
    write(showsAllKey, shows ? 'yes' : null);
  }

  byRole(role: Role): Mailbox | undefined {
    for (const mailbox of this.records.mailboxes.values()) if (mailbox.role === role) return mailbox;
    return undefined;
  }

  get(id: Id): Mailbox | undefined {
    return this.records.mailboxes.get(id);
  }

  /** Returns its name behind those of its parents, as in `Work/Clients`. */
  path(mailbox: Mailbox, deepest = 16): string {
    const above = mailbox.parentId && deepest > 0 ? this.get(mailbox.parentId) : undefined;
    return above ? `${this.path(above, deepest - 1)}/${mailbox.name}` : mailbox.name;
  }

  /**
   * Returns true if a letter was thrown away, seen from the folder `here`: it lies in the trash or in junk and nowhere
   * else, and `here` is not that folder.
   */
  thrownAway(email: Email, here: Id | undefined): boolean {
    const away = (['trash', 'junk'] as const).map((role) => this.byRole(role)?.id);
    const places = Object.keys(email.mailboxIds);
    return places.length > 0 && places.every((id) => id !== here && away.includes(id));
  }

  /** Returns the labels among these folders in the order of the list of folders; the inbox, if it `also` counts, last. */
  labelsAmong(places: ReadonlySet<Id>, also: boolean): Mailbox[] {
    return [...places]
      .flatMap((id) => this.get(id) ?? [])
      .filter((folder) => isLabel(folder) || (also && folder.role === 'inbox'))
      .sort((a, b) => this.#rankOf(a) - this.#rankOf(b));
  }

  #rankOf({ id, role }: Mailbox): number {
    return role === 'inbox' ? Infinity : (this.#order.get(id) ?? 0);
  }

  async load(): Promise<void> {
    const request = this.connection.client.request();
    const take = this.ask(request);
    take(await this.connection.send(request));
  }

  /** Puts the call for all folders on a request; the result takes its answer in. */
  ask(request: Request): (answers: Answers) => void {
    const all = request.call('Mailbox/get', { ids: null });
    return (answers) => {
      const { list, state } = answers.of(all);
      this.records.putMailboxes(list);
      this.records.states.Mailbox = state;
      rememberRoles(this.connection.client.accountId, list);
    };
  }

  async create(name: string, parentId: Id | null): Promise<Id> {
    const request = this.connection.client.request();
    const set = request.call('Mailbox/set', { create: { new: { name, parentId, isSubscribed: true } } });
    const answer = expectAllSet((await this.connection.send(request)).of(set), 'Mailbox');
    await this.load();
    return answer.created?.['new']?.id ?? '';
  }

  /** Puts a folder into the list that mail programs show, or takes it out (RFC 8621 §2, isSubscribed). */
  async setListed(id: Id, isSubscribed: boolean): Promise<void> {
    await this.#set({ update: { [id]: { isSubscribed } } });
  }

  async rename(id: Id, name: string): Promise<void> {
    await this.#set({ update: { [id]: { name } } });
  }

  /** Takes a folder away with the letters in it (RFC 8621 §2.5, onDestroyRemoveEmails). */
  async destroy(id: Id): Promise<void> {
    await this.#set({ destroy: [id], onDestroyRemoveEmails: true });
  }

  async #set(change: {
    update?: Record<Id, Partial<Mailbox>>;
    destroy?: Id[];
    onDestroyRemoveEmails?: boolean;
  }) {
    const request = this.connection.client.request();
    const set = request.call('Mailbox/set', change);
    expectAllSet((await this.connection.send(request)).of(set));
    await this.load();
  }
}

/**
 * Arranges the folders as a tree. A folder with a role stands on top wherever it lies, and brings along the folders
 * inside it; so does one that lies in a folder we do not know.
 */
export function treeOf(mailboxes: Mailbox[]): FolderNode[] {
  const known = new Set(mailboxes.map((mailbox) => mailbox.id));
  const parentOf = ({ role, parentId }: Mailbox) =>
    role === null && parentId && known.has(parentId) ? parentId : null;
  const below = (parent: Id | null, depth: number, above: readonly Id[]): FolderNode[] =>
    mailboxes
      .filter((mailbox) => parentOf(mailbox) === parent)
      // A server's mistake must not make us run in circles.
      .filter((mailbox) => !above.includes(mailbox.id))
      .sort(inOrder)
      .map((mailbox) => ({ mailbox, depth, children: below(mailbox.id, depth + 1, [...above, mailbox.id]) }));
  return below(null, 0, []);
}

function inOrder(a: Mailbox, b: Mailbox): number {
  return rank(a) - rank(b) || a.sortOrder - b.sortOrder || a.name.localeCompare(b.name);
}

function rank(mailbox: Mailbox): number {
  const index = mailbox.role ? roleOrder.indexOf(mailbox.role) : -1;
  return index < 0 ? roleOrder.length : index;
}

/**
 * Returns true if a folder was taken out of the list: nobody subscribes to it, here or in another mail program. While a
 * letter in it is unread it is in sight all the same: a person who has not made a list of their own would miss that
 * letter.
 */
export function isAside({ role, isSubscribed, unreadEmails }: Mailbox): boolean {
  return role === null && !isSubscribed && unreadEmails === 0;
}

/** Returns the folders for which `isSeen` is true, each with its parents. */
export function seen(nodes: FolderNode[], isSeen: (mailbox: Mailbox) => boolean): FolderNode[] {
  return nodes.flatMap((node) => {
    const children = seen(node.children, isSeen);
    return children.length > 0 || isSeen(node.mailbox) ? [{ ...node, children }] : [];
  });
}

/** Returns a folder and all folders inside it, from the top down. */
export function flatten(node: FolderNode): FolderNode[] {
  return [node, ...node.children.flatMap(flatten)];
}
