/** The times at which a letter may go later, in the time zone of its writer. */

export type ChoiceName = 'thisMorning' | 'thisEvening' | 'tomorrowMorning' | 'mondayMorning';

export interface Choice {
  name: ChoiceName;
  at: Date;
}

const morning = 8;
const evening = 18;
const monday = 1;
/** A time nearer than this is hardly later. */
const least = 30 * 60_000;

/**
 * Returns the choices at `now` for a server that holds letters for `longest` seconds: each in the future, none twice.
 */
export function choicesAt(now: Date, longest: number): Choice[] {
  const toMonday = (monday - now.getDay() + 7) % 7 || 7;
  const all: Choice[] = [
    { name: 'thisMorning', at: hourOf(now, 0, morning) },
    { name: 'thisEvening', at: hourOf(now, 0, evening) },
    { name: 'tomorrowMorning', at: hourOf(now, 1, morning) },
    { name: 'mondayMorning', at: hourOf(now, toMonday, morning) },
  ];
  const ahead = ({ at }: Choice) => at.getTime() - now.getTime();
  return all.filter(
    (choice, index) =>
      ahead(choice) >= least &&
      ahead(choice) <= longest * 1_000 &&
      all.findIndex(({ at }) => at.getTime() === choice.at.getTime()) === index,
  );
}

export type Chosen = { at: Date } | { problem: 'none' | 'past' | 'far' };

/** Returns the moment that a field of date and time means, or its fault. */
export function momentOf(value: string, now: Date, longest: number): Chosen {
  // A time without a zone is in the reader's zone (ECMA-262, date time string format).
  const at = new Date(value);
  if (Number.isNaN(at.getTime())) return { problem: 'none' };
  if (at <= now) return { problem: 'past' };
  if (at.getTime() > now.getTime() + longest * 1_000) return { problem: 'far' };
  return { at };
}

/** Returns a moment as a field of date and time takes it. */
export function fieldOf(at: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const date = [String(at.getFullYear()).padStart(4, '0'), two(at.getMonth() + 1), two(at.getDate())];
  return `${date.join('-')}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** Returns an hour of a day so many days later; the clocks may change on that day. */
function hourOf(now: Date, days: number, hour: number): Date {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hour);
}
