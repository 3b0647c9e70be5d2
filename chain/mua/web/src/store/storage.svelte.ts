import { type Id, Request } from '../jmap';
import type { Connection } from './connection.svelte';
import type { Folders } from './folders.svelte';

const quota = 'urn:ietf:params:jmap:quota';
/** The largest number of JMAP, by which the server says that there is no limit (RFC 9425 §4.1). */
const noLimit = Number.MAX_SAFE_INTEGER;
/** The parts of the limit from which a person gets a notice. */
const levels = { much: 0.8, nearly: 0.9, full: 1 } as const;
/** Requests that come within this pause, in milliseconds, are made together. */
const pause = 2_000;
/** The most letters of a folder that are counted. */
const most = 500;

export type Level = 'fine' | keyof typeof levels;

/** The room that a folder takes. */
export interface Weight {
  octets: number;
  /** True if there are more letters than were counted. */
  more: boolean;
}

/** The room that the letters take, and the room that they may take (RFC 9425). */
export class Storage {
  used = $state<number>();
  /** `undefined` if there is no limit. */
  limit = $state<number>();
  readonly part = $derived(this.used === undefined || !this.limit ? 0 : this.used / this.limit);
  readonly level: Level = $derived(levelOf(this.part));
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly folders: Folders,
  ) {}

  /** Letters came or went: the numbers are requested again soon. */
  soon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.load().catch(() => undefined);
    }, pause);
  }

  async load(): Promise<void> {
    const request = new Request(this.connection.client.accountId, [quota]);
    const got = request.call('Quota/get', { ids: null });
    const { list } = (await this.connection.send(request)).of(got);
    const octets = list.find((one) => one.resourceType === 'octets');
    this.used = octets?.used;
    this.limit = octets && octets.hardLimit < noLimit ? octets.hardLimit : undefined;
  }

  /** Returns the room that would be free if everything in a folder went. */
  async weigh(role: 'trash' | 'junk'): Promise<Weight> {
    const folder = this.folders.byRole(role);
    if (!folder || folder.totalEmails === 0) return { octets: 0, more: false };
    const request = this.connection.client.request();
    const query = request.call('Email/query', {
      filter: { inMailbox: folder.id },
      sort: [{ property: 'size', isAscending: false }],
      limit: most,
    });
    const sizes = request.call('Email/get', { '#ids': query.at('/ids'), properties: ['size'] });
    const { list } = (await this.connection.send(request)).of(sizes);
    return { octets: list.reduce((sum, { size }) => sum + size, 0), more: folder.totalEmails > list.length };
  }

  /** Returns the folder to be emptied, if there is something in it. */
  idOf(role: 'trash' | 'junk'): Id | undefined {
    const folder = this.folders.byRole(role);
    return folder && folder.totalEmails > 0 ? folder.id : undefined;
  }
}

export function levelOf(part: number): Level {
  if (part >= levels.full) return 'full';
  if (part >= levels.nearly) return 'nearly';
  return part >= levels.much ? 'much' : 'fine';
}
