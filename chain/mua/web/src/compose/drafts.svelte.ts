import {
  type Call,
  type Email,
  expectAllSet,
  type Id,
  type Identity,
  MethodFailed,
  type Request,
  type SetAnswer,
} from '../jmap';
import type { Connection } from '../store/connection.svelte';
import type { Folders } from '../store/folders.svelte';
import type { Identities } from '../store/identities.svelte';
import type { Draft } from './draft.svelte';
import { letterOf } from './letter';

/** The pause in typing after which the draft is saved. */
const pause = 1_500;
/** The number of times that a draft is replaced again if the mailbox changed in between. */
const mostTries = 3;

/**
 * The state of a draft at the server. It may have been sent by a request whose answer was lost. It is `missing` if
 * another tab or program replaced it, as each change and the sending do, or threw it away.
 */
export type Fate = 'kept' | 'sent' | 'missing';

/** Keeps drafts at the server as they are written. */
export class Drafts {
  #timers = new Map<number, ReturnType<typeof setTimeout>>();
  /** One save of a draft at a time: each removes the one before it. */
  #saves = new Map<number, Promise<boolean>>();

  constructor(
    private readonly connection: Connection,
    private readonly folders: Folders,
    private readonly known: Identities,
    /** Makes plain text of HTML; it needs a page, so it is handed in. */
    private readonly textOf: (html: string) => string,
  ) {}

  /** Called when a draft could not be saved. */
  onfailed: (draft: Draft, error: unknown) => void = () => {};

  get identities(): Identity[] {
    return this.known.list;
  }

  identityOf(draft: Draft): Identity | undefined {
    return this.identities.find((identity) => identity.id === draft.identityId) ?? this.identities[0];
  }

  /** Notes a change by the person: it is saved when they pause. */
  touched(draft: Draft): void {
    draft.status = 'unsaved';
    clearTimeout(this.#timers.get(draft.key));
    this.#timers.set(
      draft.key,
      setTimeout(() => void this.save(draft), pause),
    );
  }

  /** Saves the draft now if it is not saved. Returns true if everything is at the server. */
  async save(draft: Draft): Promise<boolean> {
    clearTimeout(this.#timers.get(draft.key));
    // The save waits for one that runs: two saves would both replace the same letter, and leave one over.
    const before = this.#saves.get(draft.key) ?? Promise.resolve(true);
    const saving = before.then(() => draft.status === 'saved' || this.#save(draft));
    this.#saves.set(draft.key, saving);
    return saving;
  }

  /** Returns the state of the last saved version at the server. */
  async fateOf(draft: Draft): Promise<Fate> {
    if (!draft.emailId) return 'kept';
    const request = this.connection.client.request();
    const found = this.#askFor(request, draft.emailId);
    return this.#fate((await this.connection.send(request)).of(found).list[0]);
  }

  /** Throws a draft away, here and at the server. */
  async discard(draft: Draft): Promise<void> {
    clearTimeout(this.#timers.get(draft.key));
    for (const attachment of draft.attachments) attachment.cancel();
    await this.#saves.get(draft.key);
    // A draft that has been sent meanwhile is no draft any more, and stays.
    if (!draft.emailId || (await this.fateOf(draft)) !== 'kept') return;
    const request = this.connection.client.request();
    const set = request.call('Email/set', { destroy: [draft.emailId] });
    expectAllSet((await this.connection.send(request)).of(set));
  }

  /** Returns the text of the draft as plain text, however it is written. */
  plainOf(draft: Draft): string {
    return draft.rich ? this.textOf(draft.html) : draft.text;
  }

  async #save(draft: Draft): Promise<boolean> {
    const identity = this.identityOf(draft);
    const folder = this.folders.byRole('drafts')?.id;
    if (!identity || !folder) return false;
    draft.status = 'saving';
    try {
      const { id, fate } = await this.#replace(
        draft.emailId,
        letterOf(draft, identity, folder, this.plainOf(draft)),
      );
      draft.emailId = id;
      draft.gone ||= fate !== 'kept';
      draft.trouble = undefined;
      // They may have typed on while it was saved.
      if (this.#isSaving(draft)) draft.status = 'saved';
      return true;
    } catch (error) {
      draft.status = 'failed';
      draft.trouble = error;
      this.onfailed(draft, error);
      return false;
    }
  }

  #isSaving(draft: Draft): boolean {
    return draft.status === 'saving';
  }

  /**
   * A letter cannot be changed, only replaced (RFC 8621 §4): the new one is made before the old one goes. An old one
   * that has been sent meanwhile stays, because it is the copy of the letter that went.
   */
  async #replace(
    old: Id | undefined,
    letter: Record<string, unknown>,
    tries = mostTries,
  ): Promise<{ id: Id; fate: Fate }> {
    const request = this.connection.client.request();
    const set = request.call('Email/set', { create: { draft: letter } });
    const found = old && this.#askFor(request, old);
    const answers = await this.connection.send(request);
    const fate = found ? this.#fate(answers.of(found).list[0]) : 'kept';
    const made = answers.of(set);
    if (old && found && fate === 'kept' && made.notCreated?.['draft']?.type === 'overQuota')
      return this.#replaceInPlace(old, answers.of(found).state, letter, tries);
    const id = idOf(made);
    if (old && fate === 'kept') {
      const request = this.connection.client.request();
      request.call('Email/set', { destroy: [old] });
      await this.connection.send(request).catch(() => undefined);
    }
    return { id, fate };
  }

  /**
   * Replaces the letter in one call, so that a full mailbox can use the room of the old one; this fails if anything has
   * changed since the old one was known to be a draft.
   */
  async #replaceInPlace(
    old: Id,
    ifInState: string,
    letter: Record<string, unknown>,
    tries: number,
  ): Promise<{ id: Id; fate: Fate }> {
    const request = this.connection.client.request();
    const set = request.call('Email/set', { ifInState, create: { draft: letter }, destroy: [old] });
    const made = (await this.connection.send(request)).try(set);
    if (!(made instanceof MethodFailed)) return { id: idOf(made), fate: 'kept' };
    if (made.type !== 'stateMismatch' || tries === 0) throw made;
    return this.#replace(old, letter, tries - 1);
  }

  #askFor(request: Request, id: Id): Call<'Email/get'> {
    return request.call('Email/get', { ids: [id], properties: ['id', 'keywords', 'mailboxIds'] });
  }

  /** Returns the state of a draft. Some programs put drafts among the drafts without the keyword. */
  #fate(found: Pick<Email, 'keywords' | 'mailboxIds'> | undefined): Fate {
    if (!found) return 'missing';
    const drafts = this.folders.byRole('drafts')?.id;
    return found.keywords['$draft'] || (drafts && found.mailboxIds[drafts]) ? 'kept' : 'sent';
  }
}

function idOf(made: SetAnswer): Id {
  const id = expectAllSet(made).created?.['draft']?.id;
  if (!id) throw new Error('the server made no draft');
  return id;
}
