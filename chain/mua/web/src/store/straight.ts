/**
 * Characters that turn the direction of the text behind them (UAX #9 §2). Names, subjects and previews do not need
 * them; with them a program can look like a picture, and an address can be read backwards.
 */
const turning = /[\u202A-\u202E\u2066-\u2069]/g;
/** Marks stacked on a letter until they cover the lines above and below; as many as any language needs are left. */
const stacked =
  /([\u0300-\u036F\u0483-\u0489\u1AB0-\u1AFF\u1DC0-\u1DFF\u20D0-\u20FF\uFE20-\uFE2F]{3})[\u0300-\u036F\u0483-\u0489\u1AB0-\u1AFF\u1DC0-\u1DFF\u20D0-\u20FF\uFE20-\uFE2F]+/g;

/** Returns a text with room for its accents. */
export function unstacked(text: string): string {
  return text.replace(stacked, '$1');
}

/** Returns a record without such characters; the same one if there are none. */
export function straight<T extends object>(record: T): T {
  const text = JSON.stringify(record);
  return text.search(turning) < 0 && text.search(stacked) < 0 ? record : (walk(record) as T);
}

function walk(value: unknown): unknown {
  if (typeof value === 'string') return unstacked(value.replace(turning, ''));
  if (Array.isArray(value)) return value.map(walk);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, walk(inner)]));
}
