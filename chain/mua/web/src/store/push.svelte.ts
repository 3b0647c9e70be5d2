import { language } from '../i18n/language.svelte';
import { type Id, NotSet } from '../jmap';
import type { Connection } from './connection.svelte';
import { read, write } from './local';
import type { Post } from './post.svelte';

const webPush = 'urn:ietf:params:jmap:webpush-vapid';
const worker = '/sw.js';
/** The cache in which the worker reads the person's choices; pages can write to no other memory of it. */
const choices = 'facteur-push';
const deviceKey = 'facteur.device';
const subscriptionKey = 'facteur.push';

/** The facts about the person that the worker needs. */
export interface Choice {
  language: string;
  telling: string;
  username: string;
}

/**
 * Returns the facts that the worker needs now. A person who switches notifications on wants to know what came: the
 * subject is shown if they have chosen nothing.
 */
export function choiceOf({ settings, connection }: Pick<Post, 'settings' | 'connection'>): Choice {
  const telling = settings.telling === 'nothing' ? 'subject' : settings.telling;
  return { language: language.code, telling, username: connection.username };
}

/**
 * Notifications of new letters while no page is open: a subscription at the browser's service, and one at the server.
 */
export class Push {
  on = $state(false);

  constructor(private readonly connection: Connection) {}

  /** Returns the key that browsers subscribe with (RFC 9749 §3). */
  get #key(): string | undefined {
    const said = this.connection.client.session.capabilities[webPush] as
      { applicationServerKey?: string } | undefined;
    return said?.applicationServerKey;
  }

  get possible(): boolean {
    return (
      'serviceWorker' in navigator &&
      'PushManager' in globalThis &&
      isSecureContext &&
      this.#key !== undefined
    );
  }

  /** Renews a subscription that was switched on before: the server forgets one that nobody asks for within a week. */
  async resume(choice: Choice): Promise<void> {
    if (!this.possible) return;
    const subscription = await this.#subscription();
    this.on = subscription !== null && read(subscriptionKey) !== null;
    if (!subscription || !this.on) return;
    await this.#tell(choice);
    const id = read(subscriptionKey) ?? '';
    const request = this.connection.client.request();
    const renewed = request.call('PushSubscription/set', { update: { [id]: { expires: null } } });
    const answer = (await this.connection.send(request)).of(renewed);
    // The subscription ended with the session that it was made in.
    if (answer.notUpdated?.[id]) await this.#announce(subscription);
  }

  /** Returns true if it is on now; false if the person has not allowed it. */
  async turnOn(choice: Choice): Promise<boolean> {
    if ((await Notification.requestPermission()) !== 'granted') return false;
    await this.#tell(choice);
    await navigator.serviceWorker.register(trusted(worker), { scope: '/' });
    const registration = await navigator.serviceWorker.ready;
    const subscription = await registration.pushManager.subscribe({
      userVisibleOnly: true,
      applicationServerKey: octets(this.#key ?? ''),
    });
    try {
      await this.#announce(subscription);
    } catch (error) {
      await subscription.unsubscribe();
      throw error;
    }
    this.on = true;
    return true;
  }

  /** Takes it away at both ends. */
  async turnOff(): Promise<void> {
    this.on = false;
    const id = read(subscriptionKey);
    write(subscriptionKey, null);
    await (await this.#subscription())?.unsubscribe();
    if ('caches' in globalThis) await caches.delete(choices);
    if (!id) return;
    const request = this.connection.client.request();
    request.call('PushSubscription/set', { destroy: [id] });
    await this.connection.send(request);
  }

  async #subscription(): Promise<PushSubscription | null> {
    const registration = await navigator.serviceWorker.getRegistration('/');
    return (await registration?.pushManager.getSubscription()) ?? null;
  }

  /** Asks the server to post to the browser's service; the worker answers its code (RFC 8620 §7.2.2). */
  async #announce(subscription: PushSubscription): Promise<void> {
    const { endpoint, keys } = subscription.toJSON();
    const request = this.connection.client.request();
    const made = request.call('PushSubscription/set', {
      create: {
        new: { deviceClientId: device(), url: endpoint, keys, types: ['EmailDelivery'], expires: null },
      },
    });
    const answer = (await this.connection.send(request)).of(made);
    const refused = answer.notCreated?.['new'];
    if (refused)
      throw new NotSet(refused.type, refused.description ?? '', refused.properties, [], 'PushSubscription');
    write(subscriptionKey, answer.created?.['new']?.id ?? '');
  }

  async #tell(choice: Choice): Promise<void> {
    await (await caches.open(choices)).put('/push/choice', new Response(JSON.stringify(choice)));
  }
}

/** Returns the id by which the server tells this browser from the person's others. */
function device(): Id {
  const kept = read(deviceKey);
  if (kept) return kept;
  const made = crypto.randomUUID();
  write(deviceKey, made);
  return made;
}

function octets(base64url: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64url.replace(/-/g, '+').replace(/_/g, '/'));
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

interface Factory {
  createPolicy(
    name: string,
    rules: { createScriptURL: (url: string) => string },
  ): {
    createScriptURL(url: string): unknown;
  };
}

/** Allows the one script that is loaded by its address, as the policy of the pages requires (Trusted Types). */
function trusted(url: string): string {
  const { trustedTypes } = globalThis as { trustedTypes?: Factory };
  policy ??= trustedTypes?.createPolicy('facteur-worker', {
    createScriptURL: (wanted) => {
      if (wanted !== worker) throw new TypeError(wanted);
      return wanted;
    },
  });
  return (policy?.createScriptURL(url) ?? url) as string;
}

let policy: ReturnType<Factory['createPolicy']> | undefined;
