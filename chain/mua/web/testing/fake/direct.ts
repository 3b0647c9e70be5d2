import type { Fetch } from '../../src/jmap';
import { answer } from './api';
import type { FakeMail } from './mail';
import { capabilityOf } from './preferences';

export interface Direct {
  fetching: Fetch;
  /** The requests so far, method by method. */
  asked: string[];
  /** The number of requests so far. */
  requests: number;
  /** Called before each answer; an error is thrown, as by a network, and a returned status is the answer. */
  before: () => unknown;
  /** Called once a request has been carried out; an error is thrown, as if the answer were lost. */
  after: () => void;
}

/** Starts a server in the same process, for tests without a network. */
export function direct(mail: FakeMail): Direct {
  const server: Direct = {
    asked: [],
    requests: 0,
    before: () => undefined,
    after: () => undefined,
    fetching: async (url, init) => {
      const status = await server.before();
      if (typeof status === 'number') return new Response('', { status });
      if (url === '/.well-known/jmap' || url === '/session') return Response.json(sessionOf(mail));
      if (url === '/login') return new Response(null, { status: 204 });
      const request = JSON.parse(String(init?.body)) as Parameters<typeof answer>[1];
      server.requests += 1;
      server.asked.push(...request.methodCalls.map(([name]) => name));
      const answered = answer(mail, request);
      server.after();
      return Response.json(answered);
    },
  };
  return server;
}

const sessionOf = (mail: FakeMail) => ({
  capabilities: { 'urn:ietf:params:jmap:core': { maxObjectsInSet: 500 }, ...capabilityOf(mail) },
  accounts: {
    a1: {
      name: 'alice',
      isPersonal: true,
      isReadOnly: false,
      accountCapabilities: { 'urn:ietf:params:jmap:submission': { maxDelayedSend: mail.maxDelayedSend } },
    },
  },
  primaryAccounts: { 'urn:ietf:params:jmap:mail': 'a1' },
  username: 'alice@alpha.test',
  apiUrl: '/jmap/api',
  downloadUrl: '/jmap/download/{accountId}/{blobId}/{name}?accept={type}',
  uploadUrl: '/jmap/upload/{accountId}/',
  eventSourceUrl: '/jmap/events?types={types}&closeafter={closeafter}&ping={ping}',
  state: '1',
});
