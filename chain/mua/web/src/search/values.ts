import type { FilterCondition } from '../jmap';
import { fold } from './fold';
import type { Code } from './operators';

/** The values behind operators: dates, spans of time, sizes, and the states of letters. */

/** The spans of time that are offered. */
export const spansOffered = ['1d', '1w', '1m', '6m', '1y'];

/** A stretch of time, from its first moment to the one behind it. */
export interface Period {
  from: Date;
  until: Date;
}

const todays = new Set(['today', "aujourd'hui", 'aujourdhui']);
const yesterdays = new Set(['yesterday', 'hier']);

/** Reads `2026`, `2026-11`, `2026-11-24`, `24/11/2026`, `11/2026`, `today` or `hier`, in the person's time zone. */
export function periodOf(value: string, now: Date): Period | undefined {
  const word = fold(value);
  const today: [number, number, number] = [now.getFullYear(), now.getMonth(), now.getDate()];
  if (todays.has(word)) return period(...today);
  if (yesterdays.has(word)) return period(today[0], today[1], today[2] - 1);
  const big = /^(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?$/.exec(value);
  const small = /^(?:(\d{1,2})[-/.])?(\d{1,2})[-/.](\d{4})$/.exec(value);
  const [year, month, day] = big ? [big[1], big[2], big[3]] : small ? [small[3], small[2], small[1]] : [];
  if (year === undefined || Number(year) < 1000) return undefined;
  if (month !== undefined && (Number(month) < 1 || Number(month) > 12)) return undefined;
  const found = period(Number(year), month && Number(month) - 1, day && Number(day));
  // There is no 30th of February.
  return day !== undefined && found.from.getDate() !== Number(day) ? undefined : found;
}

function period(year: number, month?: number | '', day?: number | ''): Period {
  if (month === undefined || month === '') return between([year, 0, 1], [year + 1, 0, 1]);
  if (day === undefined || day === '') return between([year, month, 1], [year, month + 1, 1]);
  return between([year, month, day], [year, month, day + 1]);
}

function between(from: [number, number, number], until: [number, number, number]): Period {
  return { from: new Date(...from), until: new Date(...until) };
}

/** Returns the date that a person meant who writes the month first; `undefined` if that is no date either. */
export function monthFirst(value: string): string | undefined {
  const [, month = '', day = '', year = ''] = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(value) ?? [];
  const turned = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  return year && periodOf(turned, new Date()) ? turned : undefined;
}

const spans: Record<string, 'hour' | 'day' | 'week' | 'month' | 'year'> = {};
for (const [unit, names] of Object.entries({
  hour: 'h hour hours heure heures',
  day: 'd day days j jour jours',
  week: 'w week weeks s sem semaine semaines',
  month: 'm month months mo mois',
  year: 'y year years a an ans annee annees',
}))
  for (const name of names.split(' ')) spans[name] = unit as 'hour';

/** Returns the moment that lies `2w`, `3m` or `1an` before now. */
export function momentBefore(value: string, now: Date): Date | undefined {
  const match = /^(\d{1,4})\s?(\p{L}{1,8})$/u.exec(value);
  const unit = spans[fold(match?.[2] ?? '')];
  if (!match || !unit) return undefined;
  const count = Number(match[1]);
  const then = new Date(now);
  if (unit === 'hour') then.setTime(now.getTime() - count * 3_600_000);
  else if (unit === 'day') then.setDate(now.getDate() - count);
  else if (unit === 'week') then.setDate(now.getDate() - 7 * count);
  else {
    then.setMonth(now.getMonth() - (unit === 'year' ? 12 * count : count));
    // A month before the 31st of March is the end of February, not its 31st day.
    if (then.getDate() !== now.getDate()) then.setDate(0);
  }
  return then.getFullYear() < 1 ? undefined : then;
}

/** Returns a span such as `1w` as it is written in a language. */
export function spanIn(span: string, code: Code): string {
  if (code === 'en') return span;
  const units: Record<string, string> = { d: 'j', w: 'sem', m: 'mois', y: 'an' };
  return span.replace(/[dwmy]$/, (unit) => units[unit] ?? unit);
}

/** Reads `5M`, `1,5 Mo`, `200kB` or a number of octets. */
export function octetsOf(value: string): number | undefined {
  const match = /^(\d{1,12})(?:[.,](\d{1,3}))?\s?([kmg])?(i)?[bo]?$/i.exec(value);
  if (!match) return undefined;
  const power = ['', 'k', 'm', 'g'].indexOf(match[3]?.toLowerCase() ?? '');
  const octets = Number(`${match[1]}.${match[2] ?? 0}`) * (match[4] ? 1024 : 1000) ** power;
  return Number.isSafeInteger(Math.round(octets)) ? Math.round(octets) : undefined;
}

/** RFC 8620 §1.4. */
export function utc(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}

export interface State {
  en: string;
  fr: string;
  also: string;
  condition: FilterCondition;
}

/** The states that `is:` asks for. */
export const states: State[] = [
  { en: 'unread', fr: 'non-lu', also: 'unseen new nouveau nonlue', condition: { notKeyword: '$seen' } },
  { en: 'read', fr: 'lu', also: 'seen lue', condition: { hasKeyword: '$seen' } },
  {
    en: 'flagged',
    fr: 'suivi',
    also: 'starred flag star suivie étoilé marqué',
    condition: { hasKeyword: '$flagged' },
  },
  {
    en: 'unflagged',
    fr: 'non-suivi',
    also: 'unstarred non-suivie non-étoilé',
    condition: { notKeyword: '$flagged' },
  },
  { en: 'answered', fr: 'répondu', also: 'replied', condition: { hasKeyword: '$answered' } },
  { en: 'unanswered', fr: 'non-répondu', also: 'unreplied', condition: { notKeyword: '$answered' } },
  { en: 'forwarded', fr: 'transféré', also: 'transférée', condition: { hasKeyword: '$forwarded' } },
  { en: 'draft', fr: 'brouillon', also: '', condition: { hasKeyword: '$draft' } },
];

/** The things that `has:` asks for. */
export const things: State[] = [
  {
    en: 'attachment',
    fr: 'pj',
    also: 'file fichier pièce pièce-jointe piècejointe joint',
    condition: { hasAttachment: true },
  },
  { en: 'flag', fr: 'suivi', also: 'star drapeau étoile', condition: { hasKeyword: '$flagged' } },
];

export function stateNamed(list: State[], value: string): State | undefined {
  const wanted = bare(value);
  return list.find(({ en, fr, also }) =>
    [en, fr, ...also.split(' ')].some((name) => name && bare(name) === wanted),
  );
}

export function valuesIn(list: State[], code: Code): string[] {
  return list.map((state) => state[code]);
}

/** Plurals count as well, and words may stand together. */
function bare(name: string): string {
  return fold(name)
    .split(/[-_ ]/)
    .map((word) => word.replace(/s$/, ''))
    .join('');
}
