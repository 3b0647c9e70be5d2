import { expectAllSet, type Id, type Identity } from '../jmap';
import type { Connection } from './connection.svelte';

/** The properties of an identity that a person may change. */
export type Wording = Pick<Identity, 'name' | 'textSignature'>;

/** The identities that a person writes as, and their signatures (RFC 8621 §6). */
export class Identities {
  list = $state.raw<Identity[]>([]);

  constructor(private readonly connection: Connection) {}

  async load(): Promise<void> {
    const request = this.connection.client.request();
    const get = request.call('Identity/get', { ids: null });
    this.list = (await this.connection.send(request)).of(get).list;
  }

  async save(id: Id, { name, textSignature }: Wording): Promise<void> {
    const request = this.connection.client.request();
    // The signature is stored as text only: HTML that was stored before would be the old one.
    const update = { [id]: { name, textSignature, htmlSignature: '' } };
    const set = request.call('Identity/set', { update });
    expectAllSet((await this.connection.send(request)).of(set));
    await this.load();
  }
}
