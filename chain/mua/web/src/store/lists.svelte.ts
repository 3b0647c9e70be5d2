import { type Answers, type Id, MethodFailed, type Request } from '../jmap';
import { type Code, type Complaint, fold, parse, roleName, roleNamed, searchOf, type World } from '../search';
import type { Connection } from './connection.svelte';
import type { FolderNode, Folders } from './folders.svelte';
import type { Records } from './records.svelte';
import { rememberedRole } from './roles';
import { format, type Place } from './route';
import { QueryWindow } from './window.svelte';

/** Lists kept for coming back to without waiting. */
const kept = 8;

/** Puts calls on a request; the result takes their answers in. */
type Asked = (request: Request) => (answers: Answers) => void;

/** The lists of letters: one for each opened folder or search, of which the last few are kept. */
export class Lists {
  #windows = new Map<string, QueryWindow>();

  constructor(
    private readonly connection: Connection,
    private readonly records: Records,
    private readonly folders: Folders,
  ) {}

  /** Returns the list of a place, or `undefined` if there is no such folder or no search. */
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

  /** Returns the folder of a place; a search has none. */
  folderOf(place: Place): Id | undefined {
    if (place.kind === 'folder') return place.id;
    return place.kind === 'role' ? this.folders.byRole(place.role)?.id : undefined;
  }

  /**
   * Asks for the folders and, in the same request, for the list of a place in the folder that had the role at the last
   * visit. If the folders do not confirm that, the list is worth nothing and is requested when it is seen. The calls
   * that `more` adds to the request come with it.
   */
  async enter(place: Place, ...more: Asked[]): Promise<void> {
    const request = this.connection.client.request();
    const takeFolders = this.folders.ask(request);
    const guess = this.#guess(place);
    const window = guess ? this.#listOf(guess) : undefined;
    const takeList = window?.foresee(request);
    const takeMore = more.map((ask) => ask(request));
    const answers = await this.connection.send(request);
    for (const take of takeMore) take(answers);
    takeFolders(answers);
    if (!window || !takeList || guess !== this.folderOf(place)) return;
    try {
      takeList(answers);
      this.#keep(format({ place }), window);
    } catch (error) {
      if (!(error instanceof MethodFailed)) throw error;
    }
  }

  /**
   * Returns the parts of the search field's text that are not understood. `code` is the language of the proposed names.
   */
  complaints(text: string, code: Code): Complaint[] {
    return parse(text, this.world(code)).complaints;
  }

  /** Returns the context in which a search is understood. */
  world(code: Code): World {
    const nodes = this.folders.flat;
    return {
      now: new Date(),
      foldersNamed: (name) => this.#named(name, nodes),
      folderNames: nodes.map(({ mailbox }) => (mailbox.role && roleName(mailbox.role, code)) || mailbox.name),
      elsewhere: (['junk', 'trash'] as const).flatMap((role) => this.folders.byRole(role)?.id ?? []),
    };
  }

  /** Letters changed: every list that is not on the screen is fetched again when it is shown. */
  forget(except: QueryWindow | undefined): void {
    for (const [key, window] of [...this.#windows]) if (window !== except) this.#windows.delete(key);
  }

  #guess(place: Place): Id | undefined {
    if (place.kind === 'folder') return place.id;
    if (place.kind !== 'role') return undefined;
    return rememberedRole(this.connection.client.accountId, place.role);
  }

  #make(place: Place): QueryWindow | undefined {
    if (place.kind === 'search') return this.#found(place.text);
    const folder = this.folderOf(place);
    return folder ? this.#listOf(folder) : undefined;
  }

  #listOf(folder: Id): QueryWindow {
    return new QueryWindow(this.connection, this.records, { filter: { inMailbox: folder } });
  }

  #found(text: string): QueryWindow | undefined {
    const world = this.world('en');
    const { filter, byWords } = searchOf(parse(text, world).question, world);
    if (!filter) return undefined;
    const order = byWords ? 'bestFirst' : 'newestFirst';
    return new QueryWindow(this.connection, this.records, {
      filter,
      order,
      snippets: true,
      countApart: true,
    });
  }

  /** Finds folders by role, by name, or by name behind those of their parents. */
  #named(name: string, nodes: FolderNode[]): Id[] {
    const role = roleNamed(name);
    const withRole = role && this.folders.byRole(role);
    if (withRole) return [withRole.id];
    const wanted = fold(name);
    const called = nodes.filter(({ mailbox }) => fold(mailbox.name) === wanted);
    const there =
      called.length > 0 ? called : nodes.filter(({ mailbox }) => fold(this.folders.path(mailbox)) === wanted);
    return there.map(({ mailbox }) => mailbox.id);
  }

  #keep(key: string, window: QueryWindow): void {
    this.#windows.set(key, window);
    const oldest = this.#windows.keys().next().value;
    if (this.#windows.size > kept && oldest !== undefined) this.#windows.delete(oldest);
  }
}
