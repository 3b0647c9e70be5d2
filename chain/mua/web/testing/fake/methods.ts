import type { Filter, Id, Role } from '../../src/jmap/types';
import { emailGet } from './email-get';
import { emailSet } from './email-set';
import { fold, matches, tokens } from './filter';
import type { FakeLetter, FakeMail, Kind } from './mail';
import { mailboxGet, mailboxSet } from './mailbox';
import { preferencesGet, preferencesSet } from './preferences';
import { submissionGet, submissionQuery, submit } from './submission';

type Args = Record<string, unknown>;
type Method = (mail: FakeMail, args: Args, createdIds: Map<string, Id>) => Args | [string, Args][];

/** An error of one method (RFC 8620 §3.6.2). */
export class MethodError extends Error {
  constructor(readonly type: string) {
    super(type);
  }
}

const mostInGet = 500;

export const methods: Record<string, Method> = {
  'Mailbox/get': (mail, args) => ({ state: mail.state, ...mailboxGet(mail, args['ids'] as Id[] | null) }),
  'Mailbox/changes': (mail, args) => ({ ...changes(mail, 'Mailbox', args), updatedProperties: null }),
  'Mailbox/set': (mail, args) => mailboxSet(mail, args),
  'Thread/get': (mail, args) => {
    const ids = unique(args['ids'] as Id[]);
    const list = ids.flatMap((id) => {
      const emailIds = mail.threads.get(id);
      return emailIds ? [{ id, emailIds }] : [];
    });
    return { state: mail.state, list, notFound: ids.filter((id) => !mail.threads.has(id)) };
  },
  'Thread/changes': (mail, args) => changes(mail, 'Thread', args),
  'Email/get': (mail, args) => {
    const ids = unique(args['ids'] as Id[]);
    if (ids.length > mostInGet) throw new MethodError('requestTooLarge');
    return { state: mail.state, ...emailGet(mail, { ...args, ids }) };
  },
  'Email/changes': (mail, args) => changes(mail, 'Email', args),
  'Email/query': (mail, args) => query(mail, args),
  'Email/queryChanges': () => {
    throw new MethodError('cannotCalculateChanges');
  },
  'Email/set': (mail, args, createdIds) => {
    if (args['ifInState'] && args['ifInState'] !== mail.state) throw new MethodError('stateMismatch');
    return emailSet(mail, args, createdIds);
  },
  'PushSubscription/set': (mail, args) => pushSet(mail, args),
  'Mailbox/query': (mail, args) => {
    const { role } = (args['filter'] ?? {}) as { role?: Role };
    return { ids: role ? [mail.folderOf(role).id] : [...mail.folders.keys()] };
  },
  'Quota/get': (mail) => ({
    state: '1',
    list: [
      {
        id: 'mail',
        resourceType: 'octets',
        used: mail.used,
        hardLimit: mail.quota,
        types: ['Email'],
        scope: 'account',
      },
    ],
    notFound: [],
  }),
  'SearchSnippet/get': (mail, args) => snippets(mail, args),
  'Identity/get': (mail) => ({ state: '1', list: mail.identities, notFound: [] }),
  'Identity/set': (mail, args) => {
    const updated: Args = {};
    for (const [id, patch] of Object.entries((args['update'] ?? {}) as Record<Id, Args>)) {
      const identity = mail.identities.find((one) => one.id === id);
      if (identity) Object.assign(identity, patch);
      updated[id] = null;
    }
    return { oldState: '1', newState: '1', updated };
  },
  'Preferences/get': (mail) => preferencesGet(mail),
  'Preferences/set': (mail, args) => preferencesSet(mail, args),
  'EmailSubmission/get': (mail, args) => submissionGet(mail, args['ids'] as Id[] | null),
  'EmailSubmission/query': (mail, args) => submissionQuery(mail, args),
  'EmailSubmission/changes': (mail, args) => changes(mail, 'EmailSubmission', args),
  'EmailSubmission/set': (mail, args, createdIds) => submit(mail, args, createdIds),
};

/** RFC 8620 §7.2.2, without any message being sent. */
function pushSet(mail: FakeMail, args: Args): Args {
  const created: Args = {};
  const updated: Args = {};
  const notUpdated: Args = {};
  for (const [key, wanted] of Object.entries((args['create'] ?? {}) as Record<string, Args>)) {
    const id = mail.newId('p');
    mail.pushes.set(id, { ...wanted });
    created[key] = { id, expires: '2026-12-01T00:00:00Z' };
  }
  for (const [id, patch] of Object.entries((args['update'] ?? {}) as Record<Id, Args>)) {
    const there = mail.pushes.get(id);
    if (there) Object.assign(there, patch);
    (there ? updated : notUpdated)[id] = there ? null : { type: 'notFound' };
  }
  const destroyed = ((args['destroy'] ?? []) as Id[]).filter((id) => mail.pushes.delete(id));
  return { created, updated, notUpdated, destroyed };
}

function changes(mail: FakeMail, kind: Kind, args: Args): Args {
  const since = String(args['sinceState']);
  const found = mail.changesSince(kind, since);
  if (!found) throw new MethodError('cannotCalculateChanges');
  return { oldState: since, newState: mail.state, hasMoreChanges: false, ...found };
}

let lastQuery: { mail: FakeMail; state: string; key: string; ids: Id[] } | undefined;

function query(mail: FakeMail, args: Args): Args {
  const collapse = args['collapseThreads'] === true;
  const sort = (args['sort'] ?? []) as unknown[];
  const key = JSON.stringify([args['filter'], sort, collapse]);
  if (lastQuery?.mail !== mail || lastQuery.state !== mail.state || lastQuery.key !== key) {
    const filter = args['filter'] as Filter | null;
    const newest = mail.newestFirst().filter((letter) => matches(letter, filter));
    const all = isAscending(sort) ? newest.reverse() : newest;
    const found = sort.length > 0 ? all : bestFirst(all, filter);
    lastQuery = {
      mail,
      state: mail.state,
      key,
      ids: (collapse ? collapsed(found) : found).map((one) => one.id),
    };
  }
  const { ids } = lastQuery;
  const asked = Number(args['position'] ?? 0);
  const position = asked < 0 ? Math.max(0, ids.length + asked) : asked;
  const limit = args['limit'] === undefined ? ids.length : Number(args['limit']);
  return {
    queryState: mail.state,
    canCalculateChanges: false,
    position,
    ids: ids.slice(position, position + limit),
    ...(args['calculateTotal'] ? { total: ids.length } : {}),
  };
}

function isAscending(sort: unknown[]): boolean {
  const [first] = sort as { isAscending?: boolean }[];
  return first !== undefined && first.isAscending !== false;
}

/**
 * Sorts a search without an order: first the letters with exactly these words, then the others, the newest first in
 * each.
 */
function bestFirst(letters: FakeLetter[], filter: Filter | null): FakeLetter[] {
  const words = filter ? wordsOf(filter).map(fold) : [];
  const isExact = ({ subject, text }: FakeLetter) => {
    const all = ` ${fold(`${subject} ${text ?? ''}`).replace(/[^\p{L}\p{N}]+/gu, ' ')} `;
    return words.every((word) => all.includes(` ${word} `));
  };
  if (words.length === 0) return letters;
  return [...letters.filter(isExact), ...letters.filter((letter) => !isExact(letter))];
}

function collapsed(letters: FakeLetter[]): FakeLetter[] {
  const seen = new Set<Id>();
  return letters.filter((letter) => !seen.has(letter.threadId) && seen.add(letter.threadId));
}

/** Marks the words that were looked for (RFC 8621 §5). */
function snippets(mail: FakeMail, args: Args): Args {
  const words = wordsOf(args['filter'] as Filter);
  const list = unique(args['emailIds'] as Id[]).flatMap((emailId) => {
    const letter = mail.letters.get(emailId);
    if (!letter) return [];
    const text = (letter.text ?? '').replace(/\s+/g, ' ');
    return [{ emailId, subject: mark(letter.subject, words), preview: mark(around(text, words), words) }];
  });
  return { list, notFound: null };
}

function wordsOf(filter: Filter): string[] {
  if ('operator' in filter) return filter.operator === 'NOT' ? [] : filter.conditions.flatMap(wordsOf);
  return [filter.text, filter.subject, filter.body].flatMap((text) =>
    text === undefined ? [] : tokens(text),
  );
}

function around(text: string, words: string[]): string {
  const first = words.map((word) => fold(text).indexOf(fold(word))).find((index) => index >= 0);
  return first === undefined ? '' : text.slice(Math.max(0, first - 40), first + 160);
}

function mark(text: string, words: string[]): string | null {
  const escaped = text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
  const wanted = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).filter(Boolean);
  if (wanted.length === 0 || !text) return null;
  const marked = escaped.replace(new RegExp(wanted.join('|'), 'giu'), (found) => `<mark>${found}</mark>`);
  return marked === escaped ? null : marked;
}

function unique(ids: Id[] | undefined): Id[] {
  return [...new Set(ids ?? [])];
}
