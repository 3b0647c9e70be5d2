import type { Email, Filter, Id } from '../jmap';
import type { Connection } from './connection.svelte';

/** The properties of a letter that are needed to change it and to take that back. */
export type Held = Pick<Email, 'id' | 'threadId' | 'mailboxIds' | 'keywords' | 'receivedAt'>;

const properties = ['id', 'threadId', 'mailboxIds', 'keywords', 'receivedAt'];
/**
 * The most passes: letters that are removed elsewhere meanwhile move the others up, and then the list is read again.
 */
const mostPasses = 3;

/**
 * Returns every letter that fits `filter` now, even a hundred thousand, fetched in slices. The slices go from the
 * oldest on, so that arriving letters move none out of sight; those are left out, for nobody has seen them.
 */
export async function everyLetter(connection: Connection, filter: Filter): Promise<Held[]> {
  const found = new Map<Id, Held>();
  const newest = (await slice(connection, filter, false, 0, 1)).list[0];
  if (!newest) return [];
  for (let pass = 0; pass < mostPasses; pass += 1) {
    if (!(await changedWhileLooking(connection, filter, newest.receivedAt, found))) break;
  }
  return [...found.values()];
}

async function changedWhileLooking(
  connection: Connection,
  filter: Filter,
  newest: string,
  found: Map<Id, Held>,
): Promise<boolean> {
  const { maxObjectsInGet } = connection.client.limits;
  const states = new Set<string>();
  for (let position = 0; ;) {
    const { list, count, state } = await slice(connection, filter, true, position, maxObjectsInGet);
    states.add(state);
    if (count === 0) return states.size > 1;
    for (const email of list) if (email.receivedAt <= newest) found.set(email.id, email);
    position += count;
  }
}

async function slice(
  connection: Connection,
  filter: Filter,
  isAscending: boolean,
  position: number,
  limit: number,
) {
  const request = connection.client.request();
  const sort = [{ property: 'receivedAt', isAscending }];
  const query = request.call('Email/query', { filter, sort, position, limit });
  const get = request.call('Email/get', { '#ids': query.at('/ids'), properties });
  const answers = await connection.send(request);
  const { ids, queryState } = answers.of(query);
  return { list: answers.of(get).list as Held[], count: ids.length, state: queryState };
}
