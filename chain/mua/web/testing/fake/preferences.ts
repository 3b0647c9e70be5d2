import type { Choices, Id } from '../../src/jmap/types';
import type { FakeMail } from './mail';

type Args = Record<string, unknown>;

/** Facteur's own capability (README.md). */
export const capability = 'https://facteur.example/jmap/preferences';

/** Returns the entry of preferences in the session. */
export const capabilityOf = (mail: FakeMail) => (mail.choices ? { [capability]: {} } : {});

export function preferencesGet(mail: FakeMail): Args {
  return { state: String(mail.choicesState), list: [{ id: 'singleton', ...mail.choices }], notFound: [] };
}

const names = ['language', 'theme', 'undoSend', 'notifications'];

export function preferencesSet(mail: FakeMail, args: Args): Args {
  const oldState = String(mail.choicesState);
  const patch = (args['update'] as Record<Id, Args>)['singleton'] ?? {};
  const { choices } = mail;
  const bad = Object.keys(patch).filter(
    (path) => !names.includes(path) && !/^(picturesFrom|labelColours)\//.test(path),
  );
  if (!choices || bad.length > 0) {
    const refused = { type: 'invalidProperties', properties: bad };
    return { oldState, newState: oldState, updated: null, notUpdated: { singleton: refused } };
  }
  const senders = { ...choices.picturesFrom };
  const colours = { ...choices.labelColours };
  for (const [path, value] of Object.entries(patch)) {
    if (names.includes(path)) Object.assign(choices, { [path]: value });
    else {
      const key = path
        .replace(/^[^/]*\//, '')
        .replace(/~1/g, '/')
        .replace(/~0/g, '~');
      const entries = path.startsWith('labelColours/') ? colours : senders;
      if (value === null) Reflect.deleteProperty(entries, key);
      else entries[key] = String(value);
    }
  }
  mail.choices = { ...choices, picturesFrom: senders, labelColours: colours } satisfies Choices;
  mail.choicesState += 1;
  mail.onchange();
  return { oldState, newState: String(mail.choicesState), updated: { singleton: null }, notUpdated: null };
}
