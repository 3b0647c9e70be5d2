import type { Words } from '../i18n/en';
import { type Id, reach } from '../jmap';
import type { Connection } from './connection.svelte';

/** Invitations and visiting cards of a letter, as the server reads them (chain/mua/src/cards.rs). */

/** A moment with the precision of the calendar: seconds since 1970, a day, or the local time of an unknown place. */
export type When = { at: number } | { day: string } | { wall: [string, string | null] };

export interface Party {
  name: string | null;
  email: string | null;
  answer: string | null;
}

export interface Repeats {
  every: 'daily' | 'weekly' | 'monthly' | 'yearly' | 'often';
  interval: number;
  /** The week of the month (0: all, -1: the last), and the day of the week from 1, Monday. */
  days: [number, number][];
  count: number | null;
  until: When | null;
}

/**
 * The address that the reader can answer as, and the number of the event in the letter, from 1; or the reason why not.
 */
export type Answering =
  | { as: { email: string; number: number } }
  | { not: 'notInvited' | 'organizer' | 'noOrganizer' | 'notAsked' | 'noName' };

export interface Entry {
  method: string | null;
  status: string | null;
  isTask: boolean;
  /** The number of times that it was changed. */
  sequence: number;
  uid: string | null;
  summary: string | null;
  description: string | null;
  location: string | null;
  start: When | null;
  end: When | null;
  of: When | null;
  organizer: Party | null;
  /** The first ones of the guests. */
  attendees: Party[];
  guests: number;
  comment: string | null;
  repeats: Repeats | null;
  /** The repetitions that do not take place. */
  except: When[];
  answering: Answering | null;
}

export interface Person {
  name: string | null;
  organisation: string | null;
  title: string | null;
  emails: string[];
  phones: string[];
  addresses: string[];
  urls: string[];
}

export interface Cards {
  entries: Entry[];
  people: Person[];
  hasMore: boolean;
}

export async function cardsOf(connection: Connection, letter: Id): Promise<Cards> {
  const answer = await connection.run(() => reach(fetch, `/letter/${encodeURIComponent(letter)}/cards`, {}));
  return (await answer.json()) as Cards;
}

/** Returns the purpose of an invitation: its request, or its news. */
export function purposeOf(words: Words, entry: Entry): string {
  const { method, status, isTask, sequence } = entry;
  const { cards } = words.read;
  if (method === 'CANCEL' || status === 'CANCELLED') return cards.cancelled;
  if (method === 'REPLY') return replyOf(words, entry);
  if (method === 'COUNTER') return cards.counter;
  if (method !== 'REQUEST') return isTask ? cards.task : cards.event;
  if (sequence > 0) return cards.changed;
  return isTask ? cards.taskRequest : cards.request;
}

/** Returns the words for somebody's answer to an invitation of the reader's. */
function replyOf(words: Words, { attendees: [guest] }: Entry): string {
  const { cards } = words.read;
  const what = guest && meaningOf(words, guest.answer);
  return what ? cards.replied(partyOf(guest), what) : cards.reply;
}

/** Returns the words for a participant's answer (RFC 5545 §3.2.12); empty if they have not answered. */
export function meaningOf(words: Words, answer: string | null): string {
  const { cards } = words.read;
  if (answer === 'ACCEPTED') return cards.accepted;
  if (answer === 'DECLINED') return cards.declined;
  return answer === 'TENTATIVE' ? cards.tentative : '';
}

/** Returns the time of the event, in the reader's language and time zone. */
export function timeOf(words: Words, { start, end }: Pick<Entry, 'start' | 'end'>, zone?: string): string {
  const from = start && dateOf(start);
  if (!start || !from) return end ? timeOf(words, { start: end, end: null }, zone) : '';
  const to = end && dateOf(end);
  const formats = formatsOf(words, start, zone);
  if ('day' in start) {
    // The end of days is the first day after them.
    const last = to ? new Date(to.getTime() - 86_400_000) : from;
    return last > from ? formats.days.formatRange(from, last) : formats.days.format(from);
  }
  const told = to && to > from ? formats.times.formatRange(from, to) : formats.times.format(from);
  const place = 'wall' in start ? start.wall[1] : null;
  return 'wall' in start ? words.read.cards.wall(told, place) : told;
}

/** Returns the words for a moment alone. */
export function momentOf(words: Words, when: When, zone?: string): string {
  return timeOf(words, { start: when, end: null }, zone);
}

function formatsOf(words: Words, start: When, zone: string | undefined) {
  const day = { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' } as const;
  // A time without a zone, such as on a wall clock, is formatted as if the clock hung at Greenwich.
  const timeZone = 'at' in start ? zone : 'UTC';
  const time = { hour: '2-digit', minute: '2-digit' } as const;
  const zoned = 'at' in start ? ({ timeZoneName: 'short' } as const) : {};
  return {
    days: new Intl.DateTimeFormat(words.locale, { ...day, timeZone }),
    times: new Intl.DateTimeFormat(words.locale, { ...day, ...time, ...zoned, timeZone }),
  };
}

function dateOf(when: When): Date | undefined {
  const date =
    'at' in when
      ? new Date(when.at * 1_000)
      : new Date('day' in when ? `${when.day}T00:00:00Z` : `${when.wall[0]}:00Z`);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** Returns the repetition in words, with its exceptions. */
export function repeatsOf(
  words: Words,
  { every, interval, days, count, until }: Repeats,
  except: readonly When[] = [],
  zone?: string,
): string {
  const { cards } = words.read;
  const list = new Intl.ListFormat(words.locale, { type: 'conjunction' });
  const named = days.map(([which, day]) => cards.which(which, weekday(words, day)));
  const parts = [cards.every[every](interval)];
  if (named.length > 0 && every !== 'daily') parts.push(cards.on(list.format(named)));
  if (count !== null) parts.push(cards.times(count));
  if (until) parts.push(cards.until(momentOf(words, dayOf(until), zone)));
  if (except.length > 0) {
    const days = except.map((when) => momentOf(words, dayOf(when), zone)).filter(Boolean);
    parts.push(cards.except(list.format(days)));
  }
  return parts.join(' ');
}

/**
 * Returns the day of a moment: nobody wants to know the minute after which an event no longer repeats, or at which it
 * is left out.
 */
function dayOf(when: When): When {
  if ('at' in when) return { day: new Date(when.at * 1_000).toISOString().slice(0, 10) };
  return 'wall' in when ? { day: when.wall[0].slice(0, 10) } : when;
}

function weekday(words: Words, day: number): string {
  // 5 January 1970 was a Monday.
  const date = new Date(Date.UTC(1970, 0, 4 + day));
  return new Intl.DateTimeFormat(words.locale, { weekday: 'long', timeZone: 'UTC' }).format(date);
}

/** Returns a person's name, or their address if they have none. */
export function partyOf({ name, email }: Party): string {
  return name || email || '';
}
