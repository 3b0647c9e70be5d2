import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { answer } from './api';
import type { FakeLetter, FakeMail } from './mail';
import { capabilityOf } from './preferences';
import { traceOf } from './trace';
import { sourceOf, viewOf } from './view';

/** The policy that the pages run under, here as at the real server. */
export const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob: data:; " +
  "media-src 'self' blob:; frame-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; " +
  "frame-ancestors 'none'; require-trusted-types-for 'script'";

/** The policy of the worker that reads PDF. */
const readerPolicy =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; base-uri 'none'; form-action 'none'; " +
  "frame-ancestors 'none'";

const letterPolicy =
  "default-src 'none'; script-src 'none'; object-src 'none'; frame-src 'none'; style-src 'unsafe-inline'; " +
  "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; " +
  'sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox';

export const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
};

/** The point of RFC 8292 §2.4. */
const vapidKey = 'BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs';
const cookie = 'facteur_session';
const maxConcurrentUpload = 2;

/** A JMAP server in memory behind the URLs of README.md, with the switches tests need. */
export class FakeServer {
  password = 'postcard';
  /** Milliseconds before each answer of the API. */
  delay = 0;
  /** If it is false, connections are cut as if the server were away. */
  up = true;
  /** The cookies that came with requests for pictures of letters. */
  readonly pictures: string[] = [];
  /** The number of requests to the API so far. */
  requests = 0;
  /** The methods of each of them. */
  readonly asked: string[][] = [];
  /** The sessions that are logged in, as the account page shows them. */
  others = [
    {
      number: 1,
      begun: '2026-11-24T08:00:00Z',
      seen: '2026-11-24T10:00:00Z',
      network: '192.0.2.7',
      browser: 'Chrome, Linux',
      here: true,
    },
    {
      number: 2,
      begun: '2026-11-02T18:30:00Z',
      seen: '2026-11-23T21:00:00Z',
      network: '198.51.100.20',
      browser: 'Safari, iPhone',
      here: false,
    },
    {
      number: 3,
      begun: '2026-10-12T09:10:00Z',
      seen: '2026-11-20T07:00:00Z',
      network: '2001:db8:1:2::',
      browser: 'Firefox, Windows',
      here: false,
    },
  ];
  /** The doors for mail programs. */
  doors = [
    { protocol: 'imap', host: 'mail.alpha.test', port: 143, tls: 'starttls', nearOnly: false },
    { protocol: 'imap', host: 'mail.alpha.test', port: 993, tls: 'atOnce', nearOnly: false },
    { protocol: 'pop3', host: 'mail.alpha.test', port: 995, tls: 'atOnce', nearOnly: false },
    { protocol: 'smtp', host: 'mail.alpha.test', port: 587, tls: 'starttls', nearOnly: false },
    { protocol: 'smtp', host: 'mail.alpha.test', port: 465, tls: 'atOnce', nearOnly: false },
  ];
  programs = [{ protocol: 'imap', network: '192.0.2.7', since: '2026-11-24T07:58:00Z', count: 3 }];
  readonly #server: Server;
  readonly #sessions = new Set<string>();
  readonly #streams = new Set<ServerResponse>();
  #uploads = 0;

  constructor(
    public mail: FakeMail,
    private readonly pages: string,
  ) {
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        console.error(error);
        response.writeHead(500).end();
      });
    });
    this.use(mail);
  }

  use(mail: FakeMail): void {
    this.mail = mail;
    mail.onchange = () => this.push();
  }

  listen(port = 0): Promise<string> {
    return new Promise((resolve) => {
      this.#server.listen(port, '127.0.0.1', () => {
        const address = this.#server.address();
        resolve(`http://127.0.0.1:${typeof address === 'object' && address ? address.port : port}`);
      });
    });
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** Ends every session, as an administrator or the clock does. */
  endSessions(): void {
    this.#sessions.clear();
  }

  /** Takes the server away, or brings it back. */
  setUp(up: boolean): void {
    this.up = up;
    if (!up) this.#server.closeAllConnections();
  }

  /** Tells the pages that something changed (RFC 8620 §7.3). */
  push(): void {
    const { state } = this.mail;
    const Preferences = String(this.mail.choicesState);
    const changed = { Email: state, Mailbox: state, Thread: state, EmailSubmission: state, Preferences };
    const data = { '@type': 'StateChange', changed: { a1: changed } };
    for (const stream of this.#streams) stream.write(`event: state\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** Delivers a letter. */
  deliver(
    from: { name: string; email: string },
    subject: string,
    text: string,
    html: string | null = null,
  ): FakeLetter {
    const id = this.mail.newId('e');
    const letter: FakeLetter = {
      id,
      threadId: this.mail.newId('t'),
      folders: new Set([this.mail.folderOf('inbox').id]),
      keywords: new Set(),
      receivedAt: new Date(this.mail.clock()).toISOString().replace(/\.\d+Z$/, 'Z'),
      from: [from],
      to: [{ name: this.mail.name, email: this.mail.address }],
      cc: [],
      bcc: [],
      replyTo: null,
      subject,
      messageId: [`${id}@beta.test`],
      inReplyTo: null,
      references: null,
      text,
      html,
      attachments: [],
    };
    this.mail.add(letter);
    this.push();
    return letter;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!this.up) return void request.socket.destroy();
    const url = new URL(request.url ?? '/', 'http://localhost');
    const path = url.pathname;
    if (request.method === 'POST' && path !== '/login' && request.headers['x-facteur'] !== '1') {
      return void response.writeHead(403).end();
    }
    if (path === '/login') return this.#login(request, response);
    if (path === '/logout') return this.#logout(response);
    if (path.startsWith('/picture/')) return this.#picture(request, response);
    if (!/^\/(session|account|jmap|letter|unsubscribe|trace|\.well-known)\b/.test(path))
      return this.#page(path, response);
    if (!this.#isLoggedIn(request)) return void response.writeHead(401).end();
    if (path === '/.well-known/jmap' || path === '/session')
      return void response.writeHead(302, { Location: '/jmap/session' }).end();
    if (path.startsWith('/account')) return this.#account(path, request, response);
    if (path === '/jmap/session') return json(response, this.#session());
    if (path === '/jmap/api') return this.#api(request, response);
    if (path.startsWith('/jmap/upload/')) return this.#upload(request, response);
    if (path.startsWith('/jmap/download/')) return this.#download(url, response);
    if (path.startsWith('/jmap/events')) return this.#events(response);
    return this.#letter(url, request, response);
  }

  #session(): unknown {
    return {
      capabilities: {
        'urn:ietf:params:jmap:core': {
          maxSizeUpload: 25_000_000,
          maxConcurrentUpload,
          maxObjectsInGet: 500,
          maxObjectsInSet: 500,
        },
        'urn:ietf:params:jmap:mail': {},
        'urn:ietf:params:jmap:webpush-vapid': { applicationServerKey: vapidKey },
        'urn:ietf:params:jmap:submission': {},
        ...capabilityOf(this.mail),
      },
      accounts: {
        a1: {
          name: this.mail.address,
          isPersonal: true,
          isReadOnly: false,
          accountCapabilities: {
            'urn:ietf:params:jmap:mail': { maxMailboxesPerEmail: this.mail.mostFolders },
            'urn:ietf:params:jmap:submission': { maxDelayedSend: this.mail.maxDelayedSend },
          },
        },
      },
      primaryAccounts: { 'urn:ietf:params:jmap:mail': 'a1', 'urn:ietf:params:jmap:submission': 'a1' },
      username: this.mail.address,
      apiUrl: '/jmap/api',
      downloadUrl: '/jmap/download/{accountId}/{blobId}/{name}?accept={type}',
      uploadUrl: '/jmap/upload/{accountId}/',
      eventSourceUrl: '/jmap/events?types={types}&closeafter={closeafter}&ping={ping}',
      state: '1',
    };
  }

  async #login(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams((await read(request)).toString());
    const right = form.get('password') === this.password;
    const wantsJson = request.headers.accept?.includes('application/json');
    if (!right)
      return void response
        .writeHead(wantsJson ? 401 : 303, wantsJson ? {} : { Location: '/?login=failed' })
        .end();
    const session = crypto.randomUUID();
    this.#sessions.add(session);
    const headers = { 'Set-Cookie': `${cookie}=${session}; Path=/; HttpOnly; SameSite=Strict` };
    if (wantsJson) response.writeHead(204, headers).end();
    else response.writeHead(303, { ...headers, Location: '/' }).end();
  }

  #logout(response: ServerResponse): void {
    this.#sessions.clear();
    response.writeHead(204, { 'Set-Cookie': `${cookie}=; Path=/; Max-Age=0` }).end();
  }

  /** Serves the account page (README.md): made-up other sessions, and a password that counts at the next log-in. */
  async #account(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (path === '/account/doors') return json(response, { name: this.mail.address, doors: this.doors });
    if (request.method === 'GET') {
      const { address, name } = this.mail;
      return json(response, { address, name, sessions: this.others, programs: this.programs });
    }
    const given = JSON.parse((await read(request)).toString()) as Record<string, unknown>;
    const wanted = String(given['new'] ?? '');
    const fault =
      wanted.length < 8 ? 'passwordTooShort' : /^password/i.test(wanted) ? 'passwordGuessable' : '';
    if (path === '/account/strength')
      return json(response, {
        strength: { passwordTooShort: 'short', passwordGuessable: 'guessable', '': 'good' }[fault],
      });
    if (path === '/account/password') {
      if (given['current'] !== this.password) return json(response, { code: 'wrongPassword' }, 403);
      if (fault) return json(response, { code: fault }, 422);
      this.password = wanted;
    }
    const goes = (one: { here: boolean; number: number }) => given['number'] === one.number;
    this.others = this.others.filter(
      (one) => one.here || (path.endsWith('/end') && given['number'] && !goes(one)),
    );
    if (!given['number']) this.programs = [];
    return json(response, { ended: 1 });
  }

  #isLoggedIn(request: IncomingMessage): boolean {
    const found = new RegExp(`${cookie}=([\\w-]+)`).exec(request.headers.cookie ?? '')?.[1];
    return found !== undefined && this.#sessions.has(found);
  }

  async #api(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests += 1;
    const body = JSON.parse((await read(request)).toString()) as Parameters<typeof answer>[1];
    this.asked.push(body.methodCalls.map(([name]) => name));
    if (this.delay > 0) await new Promise((resolve) => setTimeout(resolve, this.delay));
    return json(response, answer(this.mail, body));
  }

  async #upload(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#uploads >= maxConcurrentUpload) {
      const limit = { type: 'urn:ietf:params:jmap:error:limit', limit: 'maxConcurrentUpload', status: 400 };
      return json(response, limit, 400);
    }
    this.#uploads += 1;
    const data = await read(request).finally(() => (this.#uploads -= 1));
    const type = request.headers['content-type'] ?? 'application/octet-stream';
    const blobId = this.mail.newId('b');
    this.mail.blobs.set(blobId, { type, data });
    return json(response, { accountId: 'a1', blobId, type, size: data.length }, 201);
  }

  #download(url: URL, response: ServerResponse): void {
    const blob = this.mail.blobs.get(url.pathname.split('/')[4] ?? '');
    if (!blob) return void response.writeHead(404).end();
    response.writeHead(200, {
      'Content-Type': url.searchParams.get('accept') ?? blob.type,
      'Content-Security-Policy': 'sandbox',
    });
    response.end(blob.data);
  }

  #events(response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    response.write(': welcome\n\n');
    this.#streams.add(response);
    response.on('close', () => this.#streams.delete(response));
  }

  async #letter(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, kind, id = '', what] = url.pathname.split('/');
    if (what === 'files.zip') {
      response.writeHead(200, { 'Content-Type': 'application/zip', 'Content-Disposition': 'attachment' });
      return void response.end('PK');
    }
    if (what === 'thumbnail') return this.#small(decodeURIComponent(id), response);
    const letter = this.mail.letters.get(decodeURIComponent(id));
    if (!letter) return void response.writeHead(404).end();
    if (kind === 'trace') return json(response, traceOf(this.mail, letter));
    if (what === 'cards')
      return json(response, { entries: letter.entries ?? [], people: [], hasMore: false });
    if (what === 'reply') return void response.end(`METHOD:REPLY ${(await read(request)).toString()}`);
    if (what === 'findings') return json(response, { findings: [], unsubscribe: null, ...letter.told });
    if (kind === 'unsubscribe') {
      this.mail.unsubscribed.push(letter.id);
      return json(response, { outcome: this.mail.unsubscribing });
    }
    if (what === 'source') {
      response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' });
      return void response.end(sourceOf(letter));
    }
    response.writeHead(200, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': letterPolicy,
    });
    response.end(viewOf(this.mail, letter, url.searchParams.get('images') === '1'));
  }

  #small(id: string, response: ServerResponse): void {
    const blob = this.mail.blobs.get(id);
    if (!blob?.type.startsWith('image/')) return void response.writeHead(404).end();
    response.writeHead(200, { 'Content-Type': blob.type });
    response.end(blob.data);
  }

  #picture(request: IncomingMessage, response: ServerResponse): void {
    this.pictures.push(request.headers.cookie ?? '');
    response.writeHead(200, { 'Content-Type': 'image/svg+xml' });
    response.end(
      '<svg xmlns="http://www.w3.org/2000/svg" width="600" height="180"><rect width="600" height="180" fill="#d9b26f"/></svg>',
    );
  }

  #page(path: string, response: ServerResponse): void {
    const file = join(this.pages, normalize(path === '/' ? '/index.html' : path));
    if (!file.startsWith(this.pages) || !existsSync(file) || !statSync(file).isFile())
      return void response.writeHead(404).end();
    const type = types[extname(file)] ?? 'application/octet-stream';
    response.writeHead(200, {
      'Content-Type': type,
      'Content-Security-Policy': path.startsWith('/assets/pdf.worker') ? readerPolicy : policy,
    });
    createReadStream(file).pipe(response);
  }
}

function json(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(body));
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
