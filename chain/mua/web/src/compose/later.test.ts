import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { choicesAt, fieldOf, momentOf } from './later';

const year = 366 * 86_400;

/** Returns the offered choices, as name and moment in UTC. */
function offered(now: string, longest = year): Record<string, string> {
  return Object.fromEntries(
    choicesAt(new Date(now), longest).map(({ name, at }) => [name, at.toISOString()]),
  );
}

describe('where the clocks change', () => {
  const before = process.env.TZ;
  beforeAll(() => (process.env.TZ = 'Europe/Paris'));
  afterAll(() => {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  });

  it('an ordinary day offers this evening, tomorrow and Monday', () => {
    expect(offered('2026-11-25T09:00:00Z')).toEqual({
      thisEvening: '2026-11-25T17:00:00.000Z',
      tomorrowMorning: '2026-11-26T07:00:00.000Z',
      mondayMorning: '2026-11-30T07:00:00.000Z',
    });
  });

  it('the small hours offer the morning that comes', () => {
    expect(offered('2026-11-25T01:00:00Z')['thisMorning']).toBe('2026-11-25T07:00:00.000Z');
    expect(Object.keys(offered('2026-11-25T06:45:00Z'))).not.toContain('thisMorning');
  });

  it('on Sunday night the evening is past, and Monday morning is tomorrow morning', () => {
    expect(offered('2026-11-29T22:30:00Z')).toEqual({ tomorrowMorning: '2026-11-30T07:00:00.000Z' });
  });

  it('on a Monday, Monday is the next one', () => {
    expect(offered('2026-11-30T09:00:00Z')['mondayMorning']).toBe('2026-12-07T07:00:00.000Z');
  });

  it('eight in the morning is eight in the morning after a night of 23 hours, and of 25', () => {
    expect(offered('2027-03-27T21:00:00Z')['tomorrowMorning']).toBe('2027-03-28T06:00:00.000Z');
    expect(offered('2027-10-30T21:00:00Z')['tomorrowMorning']).toBe('2027-10-31T07:00:00.000Z');
    expect(offered('2027-03-25T21:00:00Z')['mondayMorning']).toBe('2027-03-29T06:00:00.000Z');
  });

  it('nothing is offered that the server does not hold for so long', () => {
    expect(offered('2026-11-25T09:00:00Z', 12 * 3_600)).toEqual({ thisEvening: '2026-11-25T17:00:00.000Z' });
    expect(offered('2026-11-25T09:00:00Z', 60)).toEqual({});
  });

  it('a time of the field is the time where the writer is', () => {
    const now = new Date('2026-11-25T09:00:00Z');
    expect(momentOf('2026-11-25T18:30', now, year)).toEqual({ at: new Date('2026-11-25T17:30:00Z') });
    expect(momentOf('2027-07-01T18:30', now, year)).toEqual({ at: new Date('2027-07-01T16:30:00Z') });
    expect(momentOf('2026-11-25T10:00', now, year)).toEqual({ problem: 'past' });
    expect(momentOf('2027-11-27T10:00', now, year)).toEqual({ problem: 'far' });
    expect(momentOf('', now, year)).toEqual({ problem: 'none' });
  });

  it('an hour that the clocks leap over is the one after it', () => {
    const now = new Date('2027-03-27T21:00:00Z');
    expect(momentOf('2027-03-28T02:30', now, year)).toEqual({ at: new Date('2027-03-28T01:30:00Z') });
  });

  it('a moment goes into the field and back', () => {
    const at = new Date('2027-01-02T07:05:00Z');
    expect(fieldOf(at)).toBe('2027-01-02T08:05');
    expect(momentOf(fieldOf(at), new Date('2026-12-31T00:00:00Z'), year)).toEqual({ at });
  });
});
