import { ownHeader, reach } from '../jmap';
import type { Connection } from './connection.svelte';

/** A browser that is logged in. Times as in JMAP. */
export interface SessionHere {
  number: number;
  begun: string;
  /** The time of its last use, to the hour. */
  seen: string;
  network: string | null;
  /** The browser, as in `Firefox, Linux`; empty if nothing is known of it. */
  browser: string;
  /** True for the browser that asks. */
  here: boolean;
}

/** A mail program that is connected now. */
export interface ProgramHere {
  protocol: string;
  network: string;
  since: string;
  count: number;
}

export interface AccountHere {
  address: string;
  name: string | null;
  sessions: SessionHere[];
  programs: ProgramHere[];
}

/** A door for mail programs. */
export interface MailDoor {
  protocol: 'imap' | 'pop3' | 'smtp';
  host: string;
  port: number;
  /** The moment of encryption: from the first octet, or when both sides have agreed on it. */
  tls: 'atOnce' | 'starttls';
  /** True if only programs on the server's own machine reach it. */
  nearOnly: boolean;
}

/** The settings of this mailbox that a person enters in a mail program. */
export interface MailDoors {
  /** The name that it logs in with. */
  name: string;
  doors: MailDoor[];
}

export type Strength = 'short' | 'long' | 'guessable' | 'fair' | 'good' | 'strong';

/**
 * The requests of the account page to the server (README.md). Each throws the errors of `reach`; the reason is a code.
 */
export class AccountDesk {
  constructor(private readonly connection: Connection) {}

  async load(): Promise<AccountHere> {
    const headers = { Accept: 'application/json' };
    const answer = await this.connection.run(() => reach(fetch, '/account', { headers }));
    return (await answer.json()) as AccountHere;
  }

  async doors(): Promise<MailDoors> {
    const headers = { Accept: 'application/json' };
    const answer = await this.connection.run(() => reach(fetch, '/account/doors', { headers }));
    return (await answer.json()) as MailDoors;
  }

  async endSession(number: number): Promise<void> {
    await this.#post('/account/sessions/end', { number });
  }

  async endOthers(): Promise<void> {
    await this.#post('/account/sessions/end', { others: true });
  }

  async changePassword(current: string, wanted: string): Promise<void> {
    await this.#post('/account/password', { current, new: wanted });
  }

  async weigh(wanted: string): Promise<Strength> {
    const answer = await this.#post('/account/strength', { new: wanted });
    return ((await answer.json()) as { strength: Strength }).strength;
  }

  #post(path: string, body: unknown): Promise<Response> {
    const headers = { 'Content-Type': 'application/json', ...ownHeader };
    const init = { method: 'POST', headers, body: JSON.stringify(body) };
    return this.connection.run(() => reach(fetch, path, init));
  }
}

/**
 * Returns the doors that a person sees: one to read by and one to send by, the best of each. POP3 loses the folders and
 * the read marks, so it is shown only if there is no IMAP.
 */
export function preferred(doors: readonly MailDoor[]): MailDoor[] {
  const best = (protocol: MailDoor['protocol']) =>
    doors
      .filter((door) => door.protocol === protocol)
      .sort((a, b) => Number(a.nearOnly) - Number(b.nearOnly) || a.tls.localeCompare(b.tls))[0];
  return [best('imap') ?? best('pop3'), best('smtp')].filter((door) => door !== undefined);
}
