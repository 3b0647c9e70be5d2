import type { Words } from './en';

/** Why the server did not set a record, in the reader's language where we have words for it, else in the server's own. */
export function whyRefused(words: Words, refused: { type: string; description: string }): string {
  const known: Record<string, string | undefined> = words.done.refusals;
  return known[refused.type] ?? refused.description;
}
