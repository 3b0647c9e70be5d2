import type { Email, Filter, Id, Patch } from '../jmap';
import type { Connection } from './connection.svelte';

/** The way in which letters end in a folder that is emptied. */
export interface Ending {
  /** Those that lie nowhere else: they are destroyed. */
  destroy: Id[];
  /** Those that lie elsewhere, too: they are only taken out of the folder. */
  update: Map<Id, Patch>;
}

export function ending(emails: readonly Pick<Email, 'id' | 'mailboxIds'>[], folder: Id): Ending {
  const here = emails.filter(({ mailboxIds }) => mailboxIds[folder]);
  const isAlone = ({ mailboxIds }: (typeof here)[number]) => Object.keys(mailboxIds).length === 1;
  const others = here.filter((email) => !isAlone(email));
  return {
    destroy: here.filter(isAlone).map(({ id }) => id),
    update: new Map(others.map(({ id }) => [id, { [`mailboxIds/${folder}`]: null }])),
  };
}

/** The letters of a folder, and those of them that lie in another one, too. */
export interface Counted {
  all: number;
  elsewhere: number;
}

/** Counts the letters of a folder as they lie at the server now. */
export async function countEnding(connection: Connection, folder: Id): Promise<Counted> {
  const request = connection.client.request();
  const count = (filter: Filter) => request.call('Email/query', { filter, limit: 1, calculateTotal: true });
  const here = { inMailbox: folder };
  const all = count(here);
  const others = count({ operator: 'AND', conditions: [here, { inMailboxOtherThan: [folder] }] });
  const answers = await connection.send(request);
  return { all: answers.of(all).total ?? 0, elsewhere: answers.of(others).total ?? 0 };
}
