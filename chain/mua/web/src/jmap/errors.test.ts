import { describe, expect, it } from 'vitest';
import { reach } from './client';
import { codeIn, RequestRefused, Unreachable } from './errors';

function answering(status: number, body = '', headers: Record<string, string> = {}) {
  return () => Promise.resolve(new Response(body, { status, headers }));
}

async function failure(fetching: () => Promise<Response>): Promise<unknown> {
  return reach(fetching, '/x', {}).catch((error: unknown) => error);
}

describe('an answer that is none of success', () => {
  it('of a server that is busy is not taken for a lost connection', async () => {
    const json = { 'Content-Type': 'application/problem+json' };
    const body = JSON.stringify({
      type: 'about:blank',
      status: 503,
      detail: 'the upload cannot be kept now',
    });
    expect(await failure(answering(503, body, json))).toBeInstanceOf(RequestRefused);
    const later = (await failure(answering(503, 'later', { 'Retry-After': '5' }))) as RequestRefused;
    expect([later.status, later.after]).toEqual([503, 5]);
  });

  it('of a gateway says that somebody answered, and a lost connection that nobody did', async () => {
    for (const status of [502, 503, 504])
      expect(await failure(answering(status, '<html>'))).toMatchObject({
        name: 'Unreachable',
        answered: true,
      });
    const none = (await failure(() => Promise.reject(new TypeError('failed to fetch')))) as Unreachable;
    expect([none.name, none.answered]).toEqual(['Unreachable', false]);
  });

  it('is known by its limit, by its type, or by its code', () => {
    expect(codeIn({ type: 'urn:ietf:params:jmap:error:limit', limit: 'maxSizeUpload' })).toBe(
      'maxSizeUpload',
    );
    expect(codeIn('{"type":"urn:ietf:params:jmap:error:notJSON"}')).toBe('notJSON');
    expect(codeIn({ code: 'wrongPassword' })).toBe('wrongPassword');
    for (const nothing of ['', '<html>', null, 'null', '{}', { type: 'about:blank' }])
      expect(codeIn(nothing)).toBe('');
  });
});
