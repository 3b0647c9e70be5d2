import { fold } from './fold';

/** The longest names that are compared with each other. */
const longest = 24;

/** Returns the known word that `written` probably means; `undefined` if none is near. */
export function nearest(written: string, known: Iterable<string>): string | undefined {
  const wanted = fold(written);
  if (wanted.length < 2 || wanted.length > longest) return undefined;
  let [best, least] = [undefined as string | undefined, allowed(wanted) + 1];
  for (const name of known) {
    const folded = fold(name);
    // Names of two letters are near to everything.
    if (folded.length < 3 || folded.length > longest) continue;
    const distance = steps(wanted, folded);
    if (distance < least) [best, least] = [name, distance];
  }
  return best;
}

/** Slips of the finger in a word of that length. */
function allowed(word: string): number {
  return word.length < 5 ? 1 : word.length < 9 ? 2 : 3;
}

/** Returns the number of letters that must be inserted, removed, changed, or swapped with the next. */
function steps(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      next[j] = Math.min(
        (row[j] ?? 0) + 1,
        (next[j - 1] ?? 0) + 1,
        (row[j - 1] ?? 0) + same,
        swapped ? (before[j - 2] ?? 0) + 1 : Infinity,
      );
    }
    [before, row] = [row, next];
  }
  return row[b.length] ?? 0;
}
