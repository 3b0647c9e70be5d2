import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { MethodFailed, NotSet, RequestRefused, SessionEnded, Unreachable } from '../jmap/errors';
import { en } from './en';
import { fr } from './fr';
import { isFull, known, whyNoName, whyNotSaved, whyRefused } from './refusals';

const root = fileURLToPath(new URL('../../../../../', import.meta.url));

/** Reads the source of the server, without its tests. */
function source(folder: string): string {
  return readdirSync(join(root, folder))
    .map((name) => join(folder, name))
    .flatMap((path) => {
      if (statSync(join(root, path)).isDirectory()) return /tests$/.test(path) ? [] : [source(path)];
      return /(?<!tests)\.rs$/.test(path)
        ? [readFileSync(join(root, path), 'utf8').split('#[cfg(test)]')[0]]
        : [];
    })
    .join('\n');
}

const jmap = source('access/jmap/src');
const pages = source('chain/mua/src');
const errors = readFileSync(join(root, 'access/jmap/src/api/error.rs'), 'utf8');

function all(text: string, pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map((found) => found[1] ?? ''))].sort();
}

const numbers: Record<string, number> = {
  BAD_REQUEST: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  REQUEST_TIMEOUT: 408,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  RANGE_NOT_SATISFIABLE: 416,
  MISDIRECTED_REQUEST: 421,
  UNPROCESSABLE_ENTITY: 422,
  TOO_MANY_REQUESTS: 429,
  INTERNAL_SERVER_ERROR: 500,
  BAD_GATEWAY: 502,
  SERVICE_UNAVAILABLE: 503,
  GATEWAY_TIMEOUT: 504,
  INSUFFICIENT_STORAGE: 507,
};
const fine =
  /^(OK|CREATED|ACCEPTED|NO_CONTENT|PARTIAL_CONTENT|MOVED_\w+|FOUND|SEE_OTHER|NOT_MODIFIED|\w+_REDIRECT|from_u16)$/;

describe('each code that the server can answer has words', () => {
  const sets = all(jmap, /SetError::new\(\s*"(\w+)"/g);
  const meanings = all(errors, /^ {4}\("(\w+)", "/gm);
  const mapped = all(errors, /mailbox::Error::[^>]*=> \{?\s*"(\w+)"/g);
  const methods = all(errors, /^ {4}\w+ "(\w+)"(?: "|;)/gm);

  it('of records and methods', () => {
    // The patterns find something: a test that looks past everything would say that all is well.
    expect(sets).toContain('forbiddenToSend');
    expect(meanings).toContain('overQuota');
    expect(methods).toEqual(
      expect.arrayContaining(['serverUnavailable', 'invalidArguments', 'anchorNotFound']),
    );
    const codes = [...sets, ...meanings, ...mapped, ...methods];
    expect(codes.filter((code) => code !== 'invalidProperties' && !known.reasons[code])).toEqual([]);
  });

  it('of whole requests and the limits they pass', () => {
    const kinds = all(errors, /Self::\w+(?:\(_\))? => "(\w+)"/g).filter((kind) => kind !== 'limit');
    const limits = all(jmap, /(?:answer::limit|Limit)\("(\w+)"/g);
    expect([kinds.length, limits.length].every((count) => count > 2)).toBe(true);
    expect([...kinds, ...limits].filter((code) => !known.problems[code])).toEqual([]);
  });

  it('of the account page', () => {
    const codes = all(pages, /=> "((?:password|wrong|tooMany|busy|broke|bad)\w*)"/g);
    expect(codes).toContain('wrongPassword');
    expect(codes.filter((code) => !known.problems[code])).toEqual([]);
  });

  it('of HTTP', () => {
    const names = all(jmap + pages, /StatusCode::(\w+)/g).filter((name) => !fine.test(name));
    expect(names).toContain('INSUFFICIENT_STORAGE');
    expect(names.filter((name) => !known.statuses[numbers[name] ?? 0])).toEqual([]);
  });

  it('of properties', () => {
    const lists = all(jmap, /SetError::invalid\(\[([^\]]*)\]/g).flatMap((list) => all(list, /"(\w+)"/g));
    const pushed = all(jmap, /bad\.push\("(\w+)"/g);
    // The properties that the pages never set.
    const others = ['isEnabled'];
    const names = [...lists, ...pushed].filter((name) => !others.includes(name));
    expect(names).toContain('parentId');
    expect(names.filter((name) => !known.properties[name])).toEqual([]);
  });
});

describe('a reason', () => {
  const secret = 'what the server says in its own words';
  const every = [
    ...Object.keys(known.reasons).flatMap((code) => [
      new NotSet(code, secret),
      new MethodFailed(code, secret),
    ]),
    ...Object.keys(known.problems).map((code) => new RequestRefused(400, code)),
    ...Object.keys(known.statuses).map((status) => new RequestRefused(Number(status))),
    new NotSet('invalidProperties', secret, ['name']),
    new NotSet('somethingNew', secret),
    new MethodFailed('somethingNew', secret),
    new RequestRefused(418),
    new SessionEnded(),
    new Unreachable('x', true),
  ];

  it('is a sentence in each language, and never the server’s own', () => {
    for (const error of every) {
      const [english, french] = [whyRefused(en, error), whyRefused(fr, error)];
      expect(english).toMatch(/^[A-Z].*\.$/s);
      expect(french).toMatch(/^[A-ZÀÉL’].*\.$/s);
      expect(french).not.toBe(english);
      expect(`${english} ${french}`).not.toContain(secret);
    }
  });

  it('says that there is no connection only where there was none', () => {
    for (const error of every) {
      expect(whyRefused(en, error)).not.toMatch(/no connection/i);
      expect(whyNotSaved(en, error)).not.toMatch(/no connection/i);
    }
    expect(whyRefused(en, new Unreachable('x'))).toMatch(/no connection/);
    expect(whyNotSaved(fr, new Unreachable('x'))).toMatch(/pas de connexion/);
  });

  it('names what is wrong, and to whom nothing can be sent', () => {
    expect(whyRefused(en, new NotSet('invalidProperties', '', ['parentId']))).toContain(
      'place for the folder',
    );
    expect(whyRefused(en, new NotSet('invalidRecipients', '', [], ['a@b.test']))).toContain('a@b.test');
    expect(whyRefused(en, new NotSet('invalidProperties', '', ['mailboxIds/f1']))).toContain('this folder');
  });

  it('tells a full mailbox from too many folders', () => {
    const [full, folders] = [new NotSet('overQuota', ''), new NotSet('overQuota', '', [], [], 'Mailbox')];
    expect([isFull(full), isFull(folders)]).toEqual([true, false]);
    expect(whyRefused(en, folders)).not.toContain('full');
    expect(whyNotSaved(en, full)).toBe('Not saved: mailbox full');
  });

  it('of a folder’s name says what is wrong with it', () => {
    for (const words of [en, fr]) {
      const said = ['a/b', '..', 'x'.repeat(300), 'a\u0007', 'Odd'].map((name) => whyNoName(words, name));
      expect(new Set(said).size).toBe(5);
      expect(said[0]).toContain('/');
    }
  });

  it('is none where it was not the server', () => {
    expect(whyRefused(en, new TypeError('a mistake of ours'))).toBeUndefined();
  });
});
