import type { Words } from './en';

/** Dates, sizes and spans as a reader of that language expects them. */

const formats = new Map<string, Intl.DateTimeFormat>();

const day = 86_400_000;

/**
 * Returns the date of a row: the time today, then yesterday, the day of the last week, the day this year, else the
 * date.
 */
export function shortDate(words: Words, iso: string, now: Date = new Date()): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return '';
  if (date.toDateString() === now.toDateString())
    return format(words, date, { hour: '2-digit', minute: '2-digit' });
  // Days on which the clocks change do not have 24 hours.
  const ago = Math.round((midnight(now) - midnight(date)) / day);
  if (ago === 1) return words.time.yesterday;
  if (ago > 1 && ago < 7) return format(words, date, { weekday: 'long' });
  if (date.getFullYear() === now.getFullYear())
    return format(words, date, { day: 'numeric', month: 'short' });
  return format(words, date, { day: '2-digit', month: '2-digit', year: 'numeric' });
}

/** Returns a moment to come: its day, by name if that is today or tomorrow, and its time. */
export function comingDate(words: Words, iso: string, now: Date = new Date()): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return '';
  const time = format(words, date, { hour: '2-digit', minute: '2-digit' });
  return words.time.at(comingDay(words, date, now), time);
}

function comingDay(words: Words, date: Date, now: Date): string {
  const ahead = Math.round((midnight(date) - midnight(now)) / day);
  if (ahead === 0) return words.time.today;
  if (ahead === 1) return words.time.tomorrow;
  const year = date.getFullYear() === now.getFullYear() ? {} : ({ year: 'numeric' } as const);
  return format(words, date, { weekday: 'short', day: 'numeric', month: 'short', ...year });
}

function midnight(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

export function longDate(words: Words, iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return '';
  return format(words, date, {
    weekday: 'short',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  });
}

export function clock(words: Words, iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return '';
  return format(words, date, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
}

export function dayAndClock(words: Words, iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return '';
  return format(words, date, {
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
}

export function number(words: Words, value: number): string {
  return new Intl.NumberFormat(words.locale).format(value);
}

export function size(words: Words, octets: number): string {
  const { b, kb, mb, gb } = words.units;
  const units = [b, kb, mb, gb];
  let [value, unit] = [octets, 0];
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 1 && value < 10 ? 1 : 0;
  const written = new Intl.NumberFormat(words.locale, { maximumFractionDigits: digits }).format(value);
  return `${written}\u00A0${units[unit] ?? b}`;
}

/** Returns a span of time in its largest unit, with a decimal if that says something. */
export function span(words: Words, milliseconds: number): string {
  const write = (value: number, digits = 1) =>
    new Intl.NumberFormat(words.locale, { maximumFractionDigits: digits }).format(value);
  if (milliseconds < 1_000) return words.time.ms(write(milliseconds, 0));
  if (milliseconds < 60_000) return words.time.s(write(milliseconds / 1_000));
  if (milliseconds < 3_600_000) return words.time.min(write(milliseconds / 60_000));
  if (milliseconds < 86_400_000) return words.time.h(write(milliseconds / 3_600_000));
  const days = Math.round(milliseconds / 86_400_000);
  return words.time.d(write(days, 0), days === 1);
}

function format(words: Words, date: Date, options: Intl.DateTimeFormatOptions): string {
  const key = words.locale + JSON.stringify(options);
  const made = formats.get(key) ?? new Intl.DateTimeFormat(words.locale, options);
  formats.set(key, made);
  return made.format(date);
}
