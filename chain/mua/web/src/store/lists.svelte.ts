import { type Id, MethodFailed, type Role } from '../jmap';
import type { Connection } from './connection.svelte';
import type { Folders } from './folders.svelte';
import type { Records } from './records.svelte';
import { rememberedRole } from './roles';
import { format, type Place } from './route';
import { parseSearch } from './search';
import { QueryWindow } from './window.svelte';

/** Lists kept for coming back to without waiting. */
const kept = 8;

/** The names people may call a folder with a role by, in `in:`. */
const roleNames: Record<string, Role> = {
  inbox: 'inbox',
  réception: 'inbox',
  reception: 'inbox',
  drafts: 'drafts',
  brouillons: 'drafts',
  sent: 'sent',
  envoyés: 'sent',
  envoyes: 'sent',
  archive: 'archive',
  archives: 'archive',
  junk: 'junk',
  spam: 'junk',
  indésirables: 'junk',
  indesirables: 'junk',
  trash: 'trash',
  bin: 'trash',
  corbeille: 'trash',
};

/** The lists of letters: one for each folder or search that was opened, the last few of them kept. */
export class Lists {
  #windows = new Map<string, QueryWindow>();

  constructor(
    private readonly connection: Connection,
    private readonly records: Records,
    private readonly folders: Folders,
  ) {}

  /** The list of a place, or nothing where there is no such folder or nothing to look for. */
  at(place: Place): QueryWindow | undefined {
    const key = format({ place });
    const known = this.#windows.get(key);
    if (known) {
      this.#windows.delete(key);
      this.#windows.set(key, known);
      return known;
    }
    const made = this.#make(place);
    if (made) this.#keep(key, made);
    return made;
  }

  /** The folder of a place; a search has none. */
  folderOf(place: Place): Id | undefined {
    if (place.kind === 'folder') return place.id;
    return place.kind === 'role' ? this.folders.byRole(place.role)?.id : undefined;
  }

  /**
   * Asks for the folders and, in the same request, for the list of a place in the folder it was when the pages were last
   * here. Where the folders do not say the same, that list is worth nothing and is asked for when it is seen.
   */
  async enter(place: Place): Promise<void> {
    const request = this.connection.client.request();
    const takeFolders = this.folders.ask(request);
    const guess = this.#guess(place);
    const window = guess ? this.#listOf(guess) : undefined;
    const takeList = window?.foresee(request);
    const answers = await this.connection.send(request);
    takeFolders(answers);
    if (!window || !takeList || guess !== this.folderOf(place)) return;
    try {
      takeList(answers);
      this.#keep(format({ place }), window);
    } catch (error) {
      if (!(error instanceof MethodFailed)) throw error;
    }
  }

  /** What the search field's text asks for that no folder bears. */
  unknownFolders(text: string): string[] {
    return this.#parse(text).unknownFolders;
  }

  /** Letters changed: every list that is not on the screen is asked for again when it is. */
  forget(except: QueryWindow | undefined): void {
    for (const [key, window] of [...this.#windows]) if (window !== except) this.#windows.delete(key);
  }

  #guess(place: Place): Id | undefined {
    if (place.kind === 'folder') return place.id;
    if (place.kind !== 'role') return undefined;
    return rememberedRole(this.connection.client.accountId, place.role);
  }

  #make(place: Place): QueryWindow | undefined {
    if (place.kind === 'search') {
      const { filter } = this.#parse(place.text);
      return filter ? new QueryWindow(this.connection, this.records, { filter, snippets: true }) : undefined;
    }
    const folder = this.folderOf(place);
    return folder ? this.#listOf(folder) : undefined;
  }

  #listOf(folder: Id): QueryWindow {
    return new QueryWindow(this.connection, this.records, { filter: { inMailbox: folder } });
  }

  #parse(text: string) {
    const elsewhere = (['junk', 'trash'] as const)
      .map((role) => this.folders.byRole(role)?.id)
      .filter((id) => id !== undefined);
    return parseSearch(text, (name) => this.#find(name), elsewhere);
  }

  #find(name: string): Id | undefined {
    const wanted = name.toLowerCase();
    const role = roleNames[wanted];
    if (role) return this.folders.byRole(role)?.id;
    return this.folders.flat.find(({ mailbox }) => mailbox.name.toLowerCase() === wanted)?.mailbox.id;
  }

  #keep(key: string, window: QueryWindow): void {
    this.#windows.set(key, window);
    const oldest = this.#windows.keys().next().value;
    if (this.#windows.size > kept && oldest !== undefined) this.#windows.delete(oldest);
  }
}
