/**
 * Characters that turn the direction of what stands behind them (UAX #9 §2). Names, subjects and previews have no need of
 * them; with them a program can be called like a picture, and an address be read backwards.
 */
const turning = /[\u202A-\u202E\u2066-\u2069]/g;

/** A record without them; the same one where there are none. */
export function straight<T extends object>(record: T): T {
  return JSON.stringify(record).search(turning) < 0 ? record : (walk(record) as T);
}

function walk(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(turning, '');
  if (Array.isArray(value)) return value.map(walk);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, walk(inner)]));
}
