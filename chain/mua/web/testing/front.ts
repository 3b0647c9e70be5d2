import { createReadStream, existsSync } from 'node:fs';
import { createServer, type IncomingMessage, request as ask, type ServerResponse } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { pages } from './browser';
import { policy, types } from './fake/server';

/**
 * The built pages in front of any JMAP server that takes Basic authentication: `npx tsx testing/front.ts URL [PORT]`.
 * For trying the pages out; it knows one person at a time, and it does not sanitise letters.
 */
const upstream = new URL(process.argv[2] ?? 'http://127.0.0.1:8080');
const port = Number(process.argv[3] ?? 8090);
let authorization = '';
let session = '';

function forward(request: IncomingMessage, response: ServerResponse): void {
  const { method, url, headers } = request;
  const out = ask(
    new URL(url ?? '/', upstream),
    { method, headers: { ...headers, authorization } },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    },
  );
  out.on('error', () => response.writeHead(502).end());
  request.pipe(out);
}

async function login(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const form = new URLSearchParams(Buffer.concat(parts).toString());
  const wanted = `Basic ${Buffer.from(`${form.get('name')}:${form.get('password')}`).toString('base64')}`;
  const answer = await fetch(new URL('/jmap/session', upstream), { headers: { authorization: wanted } });
  if (!answer.ok) return void response.writeHead(401).end();
  authorization = wanted;
  session = `front=${crypto.randomUUID()}`;
  response.writeHead(204, { 'Set-Cookie': `${session}; Path=/; HttpOnly; SameSite=Strict` }).end();
}

async function view(id: string, response: ServerResponse): Promise<void> {
  const using = ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail'];
  const session = (await (
    await fetch(new URL('/jmap/session', upstream), { headers: { authorization } })
  ).json()) as {
    primaryAccounts: Record<string, string>;
  };
  const args = {
    accountId: Object.values(session.primaryAccounts)[0],
    ids: [id],
    properties: ['htmlBody', 'bodyValues'],
    fetchHTMLBodyValues: true,
  };
  const answer = await fetch(new URL('/jmap/api', upstream), {
    method: 'POST',
    headers: { authorization, 'Content-Type': 'application/json' },
    body: JSON.stringify({ using, methodCalls: [['Email/get', args, '0']] }),
  });
  const found = (await answer.json()) as {
    methodResponses: [string, { list: { bodyValues: Record<string, { value: string }> }[] }, string][];
  };
  const values = Object.values(found.methodResponses[0]?.[1].list[0]?.bodyValues ?? {});
  response.writeHead(200, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy':
      "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'",
  });
  response.end(
    `<!doctype html><meta charset="utf-8"><base target="_blank">${values.map((one) => one.value).join('')}`,
  );
}

function isLoggedIn(request: IncomingMessage): boolean {
  return session !== '' && (request.headers.cookie ?? '').includes(session);
}

function page(path: string, response: ServerResponse): void {
  const file = join(pages, normalize(path === '/' ? '/index.html' : path));
  if (!file.startsWith(pages) || !existsSync(file)) return void response.writeHead(404).end();
  response.writeHead(200, { 'Content-Type': types[extname(file)] ?? '', 'Content-Security-Policy': policy });
  createReadStream(file).pipe(response);
}

createServer((request, response) => {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname;
  if (path === '/login') return void login(request, response);
  if (/^\/(jmap|\.well-known|session|letter|trace)\b/.test(path) && !isLoggedIn(request))
    return void response.writeHead(401).end();
  if (path === '/session') request.url = '/jmap/session';
  if (path.startsWith('/letter/')) return void view(decodeURIComponent(path.split('/')[2] ?? ''), response);
  if (path.startsWith('/trace/')) return void response.end(JSON.stringify({ letter: '', steps: [] }));
  if (/^\/(jmap|\.well-known|session)\b/.test(path)) return forward(request, response);
  return page(path, response);
}).listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port}`));
