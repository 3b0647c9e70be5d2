import type { Filter, FilterCondition } from '../../src/jmap/types';
import type { FakeLetter } from './mail';

/** Returns true if a letter passes a filter (RFC 8621 §4.4.1, RFC 8620 §5.5). */
export function matches(letter: FakeLetter, filter: Filter | null | undefined): boolean {
  if (!filter) return true;
  if ('operator' in filter) {
    if (filter.operator === 'AND') return filter.conditions.every((one) => matches(letter, one));
    if (filter.operator === 'OR') return filter.conditions.some((one) => matches(letter, one));
    return !filter.conditions.some((one) => matches(letter, one));
  }
  return condition(letter, filter);
}

function condition(letter: FakeLetter, want: FilterCondition): boolean {
  const people = (list: FakeLetter['from']) => list.map((one) => `${one.name ?? ''} ${one.email}`).join(' ');
  const has = (text: string, part: string) => tokens(part).every((one) => fold(text).includes(fold(one)));
  const body = () => `${letter.text ?? ''} ${(letter.html ?? '').replace(/<[^>]*>/g, ' ')}`;
  if (want.inMailbox !== undefined && !letter.folders.has(want.inMailbox)) return false;
  const { inMailboxOtherThan: others } = want;
  if (others && [...letter.folders].every((id) => others.includes(id))) return false;
  if (want.before !== undefined && !(letter.receivedAt < want.before)) return false;
  if (want.after !== undefined && !(letter.receivedAt >= want.after)) return false;
  if (want.hasKeyword !== undefined && !letter.keywords.has(want.hasKeyword)) return false;
  if (want.notKeyword !== undefined && letter.keywords.has(want.notKeyword)) return false;
  if (want.hasAttachment !== undefined && letter.attachments.length > 0 !== want.hasAttachment) return false;
  if (want.minSize !== undefined && sizeOf(letter) < want.minSize) return false;
  if (want.maxSize !== undefined && sizeOf(letter) >= want.maxSize) return false;
  if (want.from !== undefined && !has(people(letter.from), want.from)) return false;
  if (want.to !== undefined && !has(people(letter.to), want.to)) return false;
  if (want.cc !== undefined && !has(people(letter.cc), want.cc)) return false;
  if (want.bcc !== undefined && !has(people(letter.bcc), want.bcc)) return false;
  if (want.subject !== undefined && !has(letter.subject, want.subject)) return false;
  if (want.body !== undefined && !has(body(), want.body)) return false;
  const file = want.attachmentName;
  if (file !== undefined && !letter.attachments.some(({ name }) => has(name, file))) return false;
  if (want.text === undefined) return true;
  const everything = [letter.from, letter.to, letter.cc].map(people).join(' ');
  return has(`${letter.subject} ${everything}`, want.text) || has(body(), want.text);
}

export function sizeOf(letter: FakeLetter): number {
  const attached = letter.attachments.reduce((sum, one) => sum + one.size, 0);
  return (letter.text?.length ?? 0) + (letter.html?.length ?? 0) + attached + 800;
}

/** Returns words, and phrases in quotes (RFC 8621 §4.4.1). */
export function tokens(text: string): string[] {
  const found = [...text.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)];
  return found.map(([, phrase, word]) => phrase?.replace(/\\(.)/g, '$1') ?? word ?? '');
}

export function fold(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}
