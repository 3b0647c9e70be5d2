import {
  type Answers,
  Client,
  type Fetch,
  ownHeader,
  reach,
  type Request,
  SessionEnded,
  Unreachable,
} from '../jmap';

/** The state of the connection, which decides what the pages can do now. */
export type Status = 'starting' | 'anonymous' | 'ready' | 'ended' | 'failed';

export type LoginOutcome = 'welcome' | 'wrong' | 'slow-down' | 'later' | 'broken' | 'unreachable';

const againAfter = 5_000;

/**
 * The line to the server. If the session ends in the middle of something, requests wait until the person has logged in
 * again; nothing of their work is lost.
 */
export class Connection {
  status = $state<Status>('starting');
  offline = $state(false);
  /** True if the server is away, and not the connection. */
  away = $state(false);
  /** The reason why the pages could not begin, if they could not. */
  trouble = $state.raw<unknown>();
  #client: Client | undefined;
  #waiting: (() => void)[] = [];
  #probe: ReturnType<typeof setTimeout> | undefined;
  /** Called when the server can be reached again. */
  onback: () => void = () => {};

  constructor(private readonly fetching: Fetch = (...args) => fetch(...args)) {}

  get client(): Client {
    if (!this.#client) throw new SessionEnded();
    return this.#client;
  }

  get username(): string {
    return this.#client?.session.username ?? '';
  }

  async start(): Promise<void> {
    this.status = 'starting';
    try {
      this.#client = await Client.connect(this.fetching);
      this.status = 'ready';
    } catch (error) {
      this.trouble = error;
      this.status = error instanceof SessionEnded ? 'anonymous' : 'failed';
    }
  }

  /** Sends a request; waits for a log-in if the session has ended. Throws the other errors of `Client.send`. */
  async send(
    request: Request,
    options: { keepalive?: boolean; signal?: AbortSignal } = {},
  ): Promise<Answers> {
    return this.run((client) => client.send(request, options));
  }

  /** Runs a task with the server, again after a log-in if the session has ended meanwhile. */
  async run<T>(task: (client: Client) => Promise<T>): Promise<T> {
    try {
      const result = await task(this.client);
      this.reachable();
      return result;
    } catch (error) {
      if (error instanceof Unreachable) this.unreachable(error);
      // A server that answers, even with a refusal, can be reached.
      else if (!(error instanceof DOMException)) this.reachable();
      if (!(error instanceof SessionEnded)) throw error;
      this.ended();
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
      return this.run(task);
    }
  }

  ended(): void {
    if (this.status === 'ready') this.status = 'ended';
  }

  unreachable(error?: Unreachable): void {
    this.offline = true;
    this.away = error?.answered === true;
    this.#probe ??= setTimeout(() => void this.#look(), againAfter);
  }

  reachable(): void {
    if (!this.offline) return;
    this.offline = false;
    clearTimeout(this.#probe);
    this.#probe = undefined;
    this.onback();
  }

  async login(name: string, password: string): Promise<LoginOutcome> {
    const body = new URLSearchParams({ name, password });
    const headers = { Accept: 'application/json', ...ownHeader };
    const response = await this.fetching('/login', { method: 'POST', body, headers }).catch(() => undefined);
    if (!response) return 'unreachable';
    if (response.status === 429) return 'slow-down';
    // The password was not even checked: it may be right.
    if (response.status === 503) return 'later';
    if (response.status === 401) return 'wrong';
    // Neither status says anything about the password.
    if (response.status === 502 || response.status === 504) return 'unreachable';
    if (!response.ok) return 'broken';
    await this.#enter();
    return this.status === 'ready' ? 'welcome' : 'unreachable';
  }

  async logout(): Promise<void> {
    await this.fetching('/logout', { method: 'POST', headers: ownHeader }).catch(() => undefined);
    location.assign('/');
  }

  async #enter(): Promise<void> {
    const before = this.#client?.session.username;
    await this.start();
    // Another person logged in: the content of the page, and the changes that wait to be saved or sent, belong to
    // somebody else.
    if (before !== undefined && before !== this.username) {
      this.#waiting = [];
      return location.reload();
    }
    for (const resume of this.#waiting.splice(0)) resume();
  }

  async #look(): Promise<void> {
    this.#probe = undefined;
    try {
      await reach(this.fetching, '/session', { headers: { Accept: 'application/json' } });
      this.reachable();
    } catch (error) {
      if (error instanceof Unreachable) this.unreachable(error);
      else this.reachable();
    }
  }
}
