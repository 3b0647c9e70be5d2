import { SvelteMap } from 'svelte/reactivity';
import { type Email, type Id, ownHeader, reach, RequestRefused } from '../jmap';
import type { Connection } from './connection.svelte';
import type { Settings } from './settings.svelte';
import { straight } from './straight';

/**
 * A finding of the server in a letter, which its reader should know (README.md). A later server may have other codes.
 */
export type Finding =
  | { code: 'name'; claims: string; address: string }
  | { code: 'replyTo'; address: string; domain: string }
  | {
      code: 'lookAlike';
      place: 'from' | 'replyTo' | 'link';
      shown: string;
      ascii: string;
      like: string | null;
    }
  | { code: 'link'; shown: string; host: string }
  | { code: 'program' | 'doubleEnding' | 'webPage'; file: string };

/** The knowledge about the sender from when the letter came in, in whole sentences. */
export interface Proof {
  proved: boolean;
  /** True if the reader should look twice. */
  warns: boolean;
  en: string;
  fr: string;
}

/** The way in which a person leaves the list of a letter. */
export type Way =
  | { way: 'post'; host: string }
  | { way: 'mail'; address: string }
  | { way: 'page'; url: string; host: string };

/** The outcomes of leaving a list. */
export const outcomes = ['done', 'refused', 'unreachable', 'outOfReach', 'busy', 'notOffered'] as const;
export type Outcome = (typeof outcomes)[number];

interface Told {
  /** True if the server has looked. */
  looked: boolean;
  /** Null if nobody has looked, or nobody could find out. */
  sender: Proof | null;
  findings: Finding[];
  unsubscribe: Way | null;
}

const nothing: Told = { looked: false, sender: null, findings: [], unsubscribe: null };
/** The most letters whose findings are remembered. */
const most = 200;

/** The findings of the server about letters, requested when a letter is read. */
export class Findings {
  readonly #told = new SvelteMap<Id, Told>();
  readonly #asked = new Set<Id>();
  /** Letters whose lists were left. */
  readonly left = new SvelteMap<Id, Outcome>();

  constructor(
    private readonly connection: Connection,
    private readonly settings: Settings,
  ) {}

  of(id: Id): Told {
    return this.#told.get(id) ?? nothing;
  }

  /**
   * Says if the pictures of a letter are shown without asking: the person always shows those of its sender, and no
   * finding makes that sender doubtful. `wait`: the findings are not known yet.
   */
  showsPictures(email: Email): 'yes' | 'no' | 'wait' {
    const sender = email.from?.[0]?.email;
    if (sender === undefined || !this.settings.showsPicturesOf(sender)) return 'no';
    const told = this.#told.get(email.id);
    if (!told) return 'wait';
    return told.looked && !this.isDoubtful(email.id) ? 'yes' : 'no';
  }

  /** Returns true if the sender may be somebody else than they seem. */
  isDoubtful(id: Id): boolean {
    const { sender, findings } = this.of(id);
    if (sender?.warns) return true;
    return findings.some((one) => one.code === 'name' || (one.code === 'lookAlike' && one.place === 'from'));
  }

  async load(id: Id): Promise<void> {
    if (this.#told.has(id) || this.#asked.has(id)) return;
    this.#asked.add(id);
    try {
      this.#keep(id, await this.connection.run(() => ask(id)));
    } catch (error) {
      // The address does not exist: another server, or a letter within a letter. Otherwise the pages ask again when the
      // letter is read again.
      this.#keep(id, nothing);
      if (!(error instanceof RequestRefused)) this.#asked.delete(id);
    }
  }

  /** Leaves the list of a letter, which only the person asks for. */
  async unsubscribe(id: Id): Promise<Outcome> {
    const path = `/unsubscribe/${encodeURIComponent(id)}`;
    const init = { method: 'POST', headers: { Accept: 'application/json', ...ownHeader } };
    const outcome = await this.connection
      .run(async () => ((await (await reach(fetch, path, init)).json()) as { outcome: unknown }).outcome)
      .catch(() => 'unreachable');
    const known = outcomes.find((one) => one === outcome) ?? 'refused';
    this.left.set(id, known);
    return known;
  }

  #keep(id: Id, told: Told): void {
    this.#told.set(id, told);
    const oldest = this.#told.keys().next().value;
    if (this.#told.size <= most || oldest === undefined) return;
    this.#told.delete(oldest);
    this.#asked.delete(oldest);
  }
}

async function ask(id: Id): Promise<Told> {
  const path = `/letter/${encodeURIComponent(id)}/findings`;
  const response = await reach(fetch, path, { headers: { Accept: 'application/json' } });
  const { sender, findings, unsubscribe } = (await response.json()) as Partial<Told>;
  return straight({
    looked: true,
    sender: sender ?? null,
    findings: findings ?? [],
    unsubscribe: unsubscribe ?? null,
  });
}
