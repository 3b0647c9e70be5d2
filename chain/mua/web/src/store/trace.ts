/** The letter's way, as `GET /trace/{emailId}` returns it (see README.md), and the chain that is drawn from it. */

export type Link =
  'msa' | 'mta' | 'lmtp' | 'mra' | 'house' | 'client' | 'import' | 'imap' | 'pop3' | 'jmap' | 'mda' | 'queue';

export type What =
  | 'received'
  | 'refused'
  | 'judged'
  | 'filed'
  | 'notFiled'
  | 'queued'
  | 'postponed'
  | 'recalled'
  | 'attempt'
  | 'reported'
  | 'desk'
  | 'read'
  | 'removed';

export interface TraceStep {
  at: string;
  what: What;
  link: Link | null;
  /** The peer, check, server or program that acted. */
  by?: string;
  /** The answer or the finding, in its own words. */
  said?: string;
  /** The finding or the answer in words for people, if the server has them. */
  meaning?: Record<'en' | 'fr', string> | null;
  outcome?: 'delivered' | 'later' | 'failed';
  decision?: string;
  recipient?: string;
  recipients?: string[];
  folder?: string;
  hello?: string;
  tls?: string;
  login?: string;
  returnPath?: string;
  messageId?: string;
  size?: number;
  report?: string;
  /** The time at which it is to go. */
  until?: string;
  act?: 'held' | 'released' | 'retried' | 'dropped';
}

export interface Trace {
  letter: string;
  steps: TraceStep[];
}

/** The stations of the chain, in the order a letter passes them. */
export const stations = ['sender', 'msa', 'mtaOut', 'mtaIn', 'mda', 'mailbox', 'reader'] as const;
export type StationName = (typeof stations)[number];

/**
 * `done`: it passed here; `other`: it must have passed here, at another server; `skipped`: it had no need to; `waits`,
 * `failed`: it is here.
 */
export type StationState = 'done' | 'other' | 'skipped' | 'waits' | 'failed' | 'ahead';

export interface Station {
  name: StationName;
  state: StationState;
  steps: TraceStep[];
  /** The time at which it was first here. */
  at?: string;
}

/** Puts the steps of a trace on the stations of the chain. */
export function chainOf(trace: Trace): Station[] {
  const at = new Map<StationName, TraceStep[]>(stations.map((name) => [name, []]));
  for (const step of trace.steps) at.get(stationOf(step))?.push(step);
  const here = stations.map((name) => stationFrom(name, at.get(name) ?? []));
  const furthest = here.findLastIndex((station) => station.steps.length > 0);
  const handedOver = trace.steps.some((step) => step.outcome === 'delivered');
  const ownLetter = (at.get('msa') ?? []).length > 0;
  // An imported letter is shown in the folder that it had in its file.
  const imported = trace.steps.some((step) => step.what === 'received' && step.link === 'import');
  const sorted = trace.steps.find((step) => step.what === 'filed' && step.link === 'mda' && !imported);
  return here.map((station, index) => {
    if (station.steps.length > 0) return station;
    if (station.name === 'sender' && ownLetter) return { ...station, state: 'done' };
    if (station.name === 'mda' && sorted) return { ...station, state: 'done', at: sorted.at };
    // A letter from one person of the server to another never leaves it.
    if (ownLetter && sorted && (station.name === 'mtaOut' || station.name === 'mtaIn'))
      return { ...station, state: 'skipped' };
    // Nobody writes down the steps at another server; the letter came through all the same.
    const passed = index < furthest || (station.name === 'mtaIn' && handedOver);
    return passed ? { ...station, state: 'other' } : station;
  });
}

/** Returns the time that the letter took from the first step to its mailbox or to the other server, in milliseconds. */
export function durationOf(trace: Trace): number | undefined {
  const first = trace.steps[0];
  const arrived = trace.steps.find((step) => step.what === 'filed' || step.outcome === 'delivered');
  if (!first || !arrived) return undefined;
  const took = Date.parse(arrived.at) - Date.parse(first.at);
  return Number.isFinite(took) && took >= 0 ? took : undefined;
}

function stationOf(step: TraceStep): StationName {
  switch (step.what) {
    case 'received':
    case 'refused':
      return receivedAt(step.link);
    case 'judged':
    case 'notFiled':
      if (step.link === 'queue') return 'mtaOut';
      return step.link === 'mta' ? 'mtaIn' : 'mda';
    case 'filed':
    case 'removed':
      return 'mailbox';
    case 'read':
      return 'reader';
    case 'queued':
    case 'postponed':
    case 'recalled':
    case 'attempt':
    case 'reported':
    case 'desk':
      return 'mtaOut';
  }
}

function receivedAt(link: Link | null): StationName {
  if (link === 'msa' || link === 'house') return 'msa';
  if (link === 'mra' || link === 'lmtp' || link === 'mda') return 'mda';
  if (link === 'client' || link === 'import') return 'mailbox';
  return 'mtaIn';
}

function stationFrom(name: StationName, steps: TraceStep[]): Station {
  const first = steps[0];
  if (!first) return { name, state: 'ahead', steps };
  return { name, state: stateOf(steps), steps, at: first.at };
}

const ofQueue: ReadonlySet<What> = new Set(['attempt', 'desk', 'queued', 'postponed', 'recalled']);

function stateOf(steps: TraceStep[]): StationState {
  const refused = steps.some((step) => step.what === 'refused' || step.what === 'notFiled');
  const last = steps.findLast((step) => ofQueue.has(step.what));
  const over = last?.outcome === 'failed' || last?.act === 'dropped' || last?.what === 'recalled';
  if (refused || over) return 'failed';
  if (last && last.outcome !== 'delivered') return 'waits';
  return 'done';
}
