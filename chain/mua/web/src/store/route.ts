import type { Id, Role } from '../jmap';

/** The place of a person in the pages: a folder or a search, and perhaps a conversation in it. */
export interface Route {
  place: Place;
  threadId?: Id;
}

export type Place =
  | { kind: 'role'; role: Role }
  | { kind: 'folder'; id: Id }
  | { kind: 'search'; text: string }
  /** The letters that wait for their time. */
  | { kind: 'scheduled' };

export const home: Route = { place: { kind: 'role', role: 'inbox' } };

const roles: readonly string[] = [
  'inbox',
  'drafts',
  'sent',
  'archive',
  'junk',
  'trash',
  'important',
  'all',
  'flagged',
];

/** Returns the part of an address after `#`. */
export function format({ place, threadId }: Route): string {
  const parts = partsOf(place);
  if (threadId) parts.push(threadId);
  return `#/${parts.map(encodeURIComponent).join('/')}`;
}

function partsOf(place: Place): string[] {
  switch (place.kind) {
    case 'role':
      return [place.role];
    case 'folder':
      return ['folder', place.id];
    case 'search':
      return ['search', place.text];
    case 'scheduled':
      return ['scheduled'];
  }
}

export function parse(hash: string): Route {
  const [first = '', ...rest] = hash.replace(/^#\/?/, '').split('/').map(decode);
  if (first === 'folder' && rest[0]) return withThread({ kind: 'folder', id: rest[0] }, rest[1]);
  if (first === 'search') return withThread({ kind: 'search', text: rest[0] ?? '' }, rest[1]);
  if (first === 'scheduled') return withThread({ kind: 'scheduled' }, rest[0]);
  if (roles.includes(first)) return withThread({ kind: 'role', role: first as Role }, rest[0]);
  return home;
}

export function samePlace(a: Place, b: Place): boolean {
  return format({ place: a }) === format({ place: b });
}

function withThread(place: Place, threadId: string | undefined): Route {
  return threadId ? { place, threadId } : { place };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
