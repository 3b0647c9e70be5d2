import { RequestRefused, SessionEnded, Unreachable } from './errors';
import { Answers, Request } from './request';
import { expand } from './template';
import type { CoreLimits, Id, Session } from './types';

const mail = 'urn:ietf:params:jmap:mail';
const core = 'urn:ietf:params:jmap:core';
const submission = 'urn:ietf:params:jmap:submission';
/** A capability of Facteur's own (README.md). */
const preferences = 'https://facteur.example/jmap/preferences';

/** Every request that changes something carries it: a form of another site cannot (see README.md). */
export const ownHeader = { 'X-Facteur': '1' } as const;

export type Fetch = typeof fetch;

/** Speaks JMAP with the server that the pages came from, as the person whose cookie the browser has. */
export class Client {
  readonly accountId: Id;
  readonly limits: CoreLimits;

  constructor(
    readonly session: Session,
    private readonly fetching: Fetch,
  ) {
    this.accountId = session.primaryAccounts[mail] ?? Object.keys(session.accounts)[0] ?? '';
    this.limits = readLimits(session.capabilities[core]);
  }

  /** Asks for the session resource (RFC 8620 §2). Throws `SessionEnded` if nobody is logged in. */
  static async connect(fetching: Fetch = (...args) => fetch(...args)): Promise<Client> {
    const response = await reach(fetching, '/.well-known/jmap', { headers: { Accept: 'application/json' } });
    return new Client((await response.json()) as Session, fetching);
  }

  /** Returns the most seconds that the server keeps a letter back on request (RFC 8621 §1.3.2); 0 if it does not. */
  get maxDelayedSend(): number {
    const said = this.session.accounts[this.accountId]?.accountCapabilities[submission] as
      { maxDelayedSend?: unknown } | undefined;
    return typeof said?.maxDelayedSend === 'number' ? said.maxDelayedSend : 0;
  }

  /** True if a letter may lie in several folders at once (RFC 8621 §1.3.1). */
  get manyFolders(): boolean {
    const said = this.session.accounts[this.accountId]?.accountCapabilities[mail] as
      { maxMailboxesPerEmail?: unknown } | undefined;
    return said?.maxMailboxesPerEmail === null || Number(said?.maxMailboxesPerEmail ?? 1) > 1;
  }

  /** True if the server keeps a person's choices. */
  get keepsPreferences(): boolean {
    return this.session.capabilities[preferences] !== undefined;
  }

  request(): Request {
    return new Request(this.accountId, this.keepsPreferences ? [preferences] : []);
  }

  /** Sends `request`. With `keepalive` it outlives the page, for changes that must not be lost when it closes. */
  async send(
    request: Request,
    options: { keepalive?: boolean; signal?: AbortSignal } = {},
  ): Promise<Answers> {
    const response = await reach(this.fetching, here(this.session.apiUrl), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json', ...ownHeader },
      body: JSON.stringify(request),
      ...options,
    });
    return new Answers(await response.json());
  }

  /** Returns the address at which a blob can be fetched (RFC 8620 §6.2). */
  downloadUrl(blobId: Id, name: string, type: string): string {
    return expand(here(this.session.downloadUrl), { accountId: this.accountId, blobId, name, type });
  }

  get uploadUrl(): string {
    return expand(here(this.session.uploadUrl), { accountId: this.accountId });
  }

  get eventSourceUrl(): string {
    return expand(here(this.session.eventSourceUrl), { types: '*', closeafter: 'no', ping: '60' });
  }
}

/** Fetches, and turns failures into the errors that the pages know. */
export async function reach(fetching: Fetch, url: string, init: RequestInit): Promise<Response> {
  const response = await fetching(url, { credentials: 'same-origin', ...init }).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new Unreachable(String(error));
  });
  if (response.status === 401) throw new SessionEnded();
  if (isAway(response.status, response.headers)) throw new Unreachable(String(response.status), true);
  if (!response.ok) throw await RequestRefused.of(response);
  return response;
}

/**
 * Returns true if a gateway answered in the place of the server, which is away. A busy server itself says 503, and then
 * as JSON or with the time after which to ask again.
 */
function isAway(status: number, headers: Headers): boolean {
  if (status === 502 || status === 504) return true;
  return status === 503 && !headers.has('Retry-After') && !headers.get('Content-Type')?.includes('json');
}

/**
 * Returns the same address at the origin that the pages came from, which serves all of it by contract (README.md).
 * Behind a proxy, the server's own name may be another.
 */
function here(url: string): string {
  return url.replace(/^https?:\/\/[^/]+/, '');
}

function readLimits(found: unknown): CoreLimits {
  const said = (found ?? {}) as Partial<CoreLimits>;
  // A limit that the server does not state is the least that RFC 8620 §2 suggests.
  return {
    maxSizeUpload: said.maxSizeUpload ?? 50_000_000,
    maxConcurrentUpload: Math.max(1, said.maxConcurrentUpload ?? 4),
    maxObjectsInGet: said.maxObjectsInGet ?? 500,
    maxObjectsInSet: said.maxObjectsInSet ?? 500,
  };
}
