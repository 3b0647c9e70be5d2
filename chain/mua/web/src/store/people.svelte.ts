import type { EmailAddress } from '../jmap';
import type { Connection } from './connection.svelte';
import type { Folders } from './folders.svelte';

interface Known extends EmailAddress {
  /** The number of letters that we wrote to them, plus a little for their letters to us. */
  weight: number;
}

const lettersRead = 300;

/** The people that a person writes to, learnt from their sent letters; there is no address book to keep. */
export class People {
  #known = new Map<string, Known>();
  /** Changes when an address is learnt: the proposals for a person who is typing are made again. */
  #learnt = $state(0);
  #loading: Promise<void> | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly folders: Folders,
  ) {}

  load(): Promise<void> {
    this.#loading ??= this.#load().catch(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  learn(people: EmailAddress[] | null | undefined, weight: number): void {
    for (const person of people ?? []) {
      if (!person.email.includes('@')) continue;
      const key = person.email.toLowerCase();
      const known = this.#known.get(key);
      this.#known.set(key, {
        email: known?.email ?? person.email,
        // A person who was written to by address alone gets a name once they answer.
        name: known?.name || person.name,
        weight: (known?.weight ?? 0) + weight,
      });
    }
    this.#learnt += 1;
  }

  /** Returns the people whose name or address has a word that begins like `text`, the most written to first. */
  find(text: string, except: EmailAddress[] = [], most = 6): EmailAddress[] {
    const wanted = plain(text.trim());
    void this.#learnt;
    if (!wanted) return [];
    const taken = new Set(except.map((person) => person.email.toLowerCase()));
    return [...this.#known.values()]
      .filter((person) => !taken.has(person.email.toLowerCase()) && matches(person, wanted))
      .sort((a, b) => b.weight - a.weight || a.email.localeCompare(b.email))
      .slice(0, most)
      .map(({ name, email }) => ({ name, email }));
  }

  async #load(): Promise<void> {
    const request = this.connection.client.request();
    const calls = (['sent', 'inbox'] as const).flatMap((role) => {
      const folder = this.folders.byRole(role);
      if (!folder) return [];
      const query = request.call('Email/query', {
        filter: { inMailbox: folder.id },
        sort: [{ property: 'receivedAt', isAscending: false }],
        limit: lettersRead,
      });
      const properties = role === 'sent' ? ['to', 'cc', 'bcc'] : ['from'];
      return [{ role, get: request.call('Email/get', { '#ids': query.at('/ids'), properties }) }];
    });
    const answers = await this.connection.send(request);
    for (const { role, get } of calls) {
      for (const email of answers.of(get).list) {
        if (role === 'inbox') this.learn(email.from, 1);
        else for (const people of [email.to, email.cc, email.bcc]) this.learn(people, 10);
      }
    }
  }
}

function matches(person: EmailAddress, wanted: string): boolean {
  const name = plain(person.name ?? '');
  const email = plain(person.email);
  return email.startsWith(wanted) || ` ${name} ${email.replace(/[@._-]/g, ' ')}`.includes(` ${wanted}`);
}

/** Removes accents and case, as people type a name in a hurry. */
function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}
