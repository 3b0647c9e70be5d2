import {
  type Answers,
  type Choices,
  expectAllSet,
  MethodFailed,
  type Patch,
  type Request,
  Unreachable,
} from '../jmap';
import type { Connection } from './connection.svelte';
import { read, write } from './local';
import { neverSaid, patched, type Settings } from './settings.svelte';

const key = 'facteur.choices';
const id = 'singleton';
/** The most choices that wait for a server; a list of senders that no server keeps grows no longer. */
const mostUnsent = 1_000;

const nothing: Choices = {
  theme: null,
  undoSend: null,
  notifications: null,
  language: null,
  picturesFrom: {},
  labelColours: {},
};

interface Kept {
  /** The person whose choices this browser keeps. */
  owner: string;
  /** The choices that the server has not accepted yet. */
  unsent: Patch;
}

/**
 * Keeps a person's choices in step with their server. A choice made without a server is kept in this browser and sent
 * later; if the server keeps no preferences at all, it stays in the browser. The choices that a browser made before its
 * pages knew of preferences are brought to the server once, for the first person who comes in, if the server has no
 * others.
 */
export class Preferences {
  #there: Choices = nothing;
  #state: string | undefined;
  #unsent: Patch = {};
  #entered = false;
  #sending: Promise<void> | undefined;
  /** Called if the server refuses a choice; the server's own value is shown again. */
  onrefused: () => void = () => {};

  constructor(
    private readonly connection: Connection,
    private readonly settings: Settings,
  ) {
    settings.onchosen = (patch) => this.#choose(patch);
  }

  /** Puts the call for the preferences on a request; the result takes its answer in. */
  ask(request: Request): (answers: Answers) => void {
    if (!this.connection.client.keepsPreferences) return () => this.#enter(nothing);
    const get = request.call('Preferences/get', { ids: [id] });
    return (answers) => {
      const got = answers.try(get);
      // The known choices are then better than none.
      if (got instanceof MethodFailed) return this.#enter(this.#there);
      this.#state = got.state;
      this.#enter(got.list[0] ?? nothing);
    };
  }

  /** Follows choices that were made elsewhere, or may have been. */
  async follow(state?: string): Promise<void> {
    if (!this.connection.client.keepsPreferences) return;
    if (state !== undefined && state === this.#state) return;
    // The answer to the choices on their way brings its own state.
    await this.#sending;
    if (state !== undefined && state === this.#state) return;
    const request = this.connection.client.request();
    const take = this.ask(request);
    take(await this.connection.send(request));
  }

  #enter(there: Choices): void {
    const owner = this.connection.username;
    if (!this.#entered) {
      const kept = keptHere();
      if (kept?.owner === owner) this.#unsent = { ...kept.unsent, ...this.#unsent };
      else if (!kept) this.#unsent = { ...neverSaid(this.settings.keptHere(), there), ...this.#unsent };
    }
    this.#entered = true;
    this.#there = there;
    this.#keep();
    this.settings.show(patched(there, this.#unsent));
    this.send();
  }

  #choose(patch: Patch): void {
    this.#unsent = Object.fromEntries(Object.entries({ ...this.#unsent, ...patch }).slice(-mostUnsent));
    // Before the log-in the chooser is not known yet.
    if (!this.#entered) return;
    this.#keep();
    this.send();
  }

  #keep(): void {
    write(key, JSON.stringify({ owner: this.connection.username, unsent: this.#unsent } satisfies Kept));
  }

  /** Sends the waiting choices. */
  send(): void {
    if (!this.connection.client.keepsPreferences) return;
    this.#sending ??= this.#sendAll().finally(() => (this.#sending = undefined));
  }

  async #sendAll(): Promise<void> {
    while (Object.keys(this.#unsent).length > 0) {
      const patch = this.#unsent;
      try {
        await this.#sendOne(patch);
      } catch (error) {
        // The connection calls again when the server is back.
        if (error instanceof Unreachable) return;
        this.onrefused();
        this.#settled(patch);
      }
    }
  }

  async #sendOne(patch: Patch): Promise<void> {
    const request = this.connection.client.request();
    const set = request.call('Preferences/set', { update: { [id]: patch } });
    const get = request.call('Preferences/get', { ids: [id] });
    const answers = await this.connection.send(request);
    expectAllSet(answers.of(set));
    const { list, state } = answers.of(get);
    this.#there = list[0] ?? patched(this.#there, patch);
    this.#state = state;
    this.#settled(patch);
  }

  /** A choice that was made anew meanwhile still waits. */
  #settled(patch: Patch): void {
    const waiting = Object.entries(this.#unsent).filter(([path, value]) => patch[path] !== value);
    this.#unsent = Object.fromEntries(waiting);
    this.settings.show(patched(this.#there, this.#unsent));
    this.#keep();
  }
}

function keptHere(): Kept | undefined {
  try {
    const kept = JSON.parse(read(key) ?? 'null') as Partial<Kept> | null;
    if (typeof kept?.owner !== 'string' || typeof kept.unsent !== 'object') return undefined;
    return { owner: kept.owner, unsent: kept.unsent };
  } catch {
    return undefined;
  }
}
