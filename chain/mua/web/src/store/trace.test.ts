import { describe, expect, it } from 'vitest';
import { chainOf, durationOf, type StationName, type Trace, type TraceStep } from './trace';

const step = (at: number, rest: Omit<TraceStep, 'at'>): TraceStep => ({
  at: new Date(Date.UTC(2026, 10, 24, 20, 0, at)).toISOString(),
  ...rest,
});
const states = (trace: Trace) =>
  Object.fromEntries(chainOf(trace).map((station) => [station.name, station.state])) as Record<
    StationName,
    string
  >;

describe("the letter's way", () => {
  it('of a letter from elsewhere shows what others must have done', () => {
    const trace: Trace = {
      letter: 'x',
      steps: [
        step(0, { what: 'received', link: 'mta', by: '192.0.2.1' }),
        step(1, { what: 'judged', link: 'mda', by: 'spf', decision: 'pass' }),
        step(2, { what: 'filed', link: 'mda', folder: 'INBOX' }),
      ],
    };
    expect(states(trace)).toEqual({
      sender: 'other',
      msa: 'other',
      mtaOut: 'other',
      mtaIn: 'done',
      mda: 'done',
      mailbox: 'done',
      reader: 'ahead',
    });
    expect(durationOf(trace)).toBe(2_000);
  });

  it('of a letter that was rewritten on its way out tells so where it left', () => {
    const trace: Trace = {
      letter: 'x',
      steps: [
        step(0, { what: 'received', link: 'msa' }),
        step(1, { what: 'judged', link: 'queue', by: '8bitmime', decision: 'converted' }),
      ],
    };
    const at = chainOf(trace).find((station) => station.name === 'mtaOut');
    expect(at?.steps.map((step) => step.by)).toEqual(['8bitmime']);
  });

  it('of a letter that stays in the house passes no server, and sorting without a remark is sorting', () => {
    const trace: Trace = {
      letter: 'x',
      steps: [step(0, { what: 'received', link: 'msa' }), step(1, { what: 'filed', link: 'mda' })],
    };
    expect(states(trace)).toEqual({
      sender: 'done',
      msa: 'done',
      mtaOut: 'skipped',
      mtaIn: 'skipped',
      mda: 'done',
      mailbox: 'done',
      reader: 'ahead',
    });
  });

  it('of a letter that was imported begins in its mailbox', () => {
    const steps = [step(0, { what: 'received', link: 'import' }), step(0, { what: 'filed', link: 'mda' })];
    expect(states({ letter: 'x', steps })).toMatchObject({ mtaIn: 'other', mda: 'other', mailbox: 'done' });
  });

  it('of a letter that waits stops where it waits', () => {
    const trace: Trace = {
      letter: 'x',
      steps: [
        step(0, { what: 'received', link: 'msa' }),
        step(1, { what: 'queued', link: 'queue' }),
        step(2, { what: 'attempt', link: 'queue', outcome: 'later', said: '451 try later' }),
      ],
    };
    expect(states(trace).mtaOut).toBe('waits');
    expect(states(trace).mtaIn).toBe('ahead');
    expect(durationOf(trace)).toBeUndefined();
  });

  it('of a letter that waits for its time waits there, and of one that was taken back ends there', () => {
    const steps = [step(0, { what: 'received', link: 'msa' }), step(0, { what: 'postponed', link: 'queue' })];
    expect(states({ letter: 'x', steps }).mtaOut).toBe('waits');
    steps.push(step(5, { what: 'recalled', link: 'queue' }));
    expect(states({ letter: 'x', steps })).toMatchObject({ mtaOut: 'failed', mtaIn: 'ahead' });
  });

  it('of a letter another server took ends at its door', () => {
    const trace: Trace = {
      letter: 'x',
      steps: [
        step(0, { what: 'received', link: 'msa' }),
        step(1, { what: 'attempt', link: 'queue', outcome: 'delivered' }),
      ],
    };
    expect(states(trace)).toMatchObject({
      sender: 'done',
      msa: 'done',
      mtaOut: 'done',
      mtaIn: 'other',
      mda: 'ahead',
    });
  });

  it('of a letter given up says so', () => {
    const trace: Trace = {
      letter: 'x',
      steps: [
        step(0, { what: 'received', link: 'msa' }),
        step(1, { what: 'attempt', link: 'queue', outcome: 'later' }),
        step(2, { what: 'attempt', link: 'queue', outcome: 'failed' }),
      ],
    };
    expect(states(trace).mtaOut).toBe('failed');
  });
});
