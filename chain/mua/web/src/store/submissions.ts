import { type Envelope, expectAllSet, type Id, type Patch } from '../jmap';
import type { Connection } from './connection.svelte';
import type { Folders } from './folders.svelte';

/**
 * The letter to send and its identity; and its envelope, if the letter's own header does not say all of it (RFC 8621
 * §7).
 */
export interface Outgoing {
  identityId: Id | undefined;
  emailId: Id | undefined;
  envelope?: Envelope;
}

/**
 * Hands a letter over and puts it among the sent ones. Returns the submission, and whether the server still holds it.
 * Throws `NotSet` with the server's refusal; the letter then stays where it is.
 */
export async function submit(
  connection: Connection,
  folders: Folders,
  outgoing: Outgoing,
): Promise<{ id: Id; held: boolean }> {
  const request = connection.client.request();
  const sent = folders.byRole('sent')?.id;
  const done: Patch = { 'keywords/$draft': null, 'keywords/$seen': true };
  if (sent) done['mailboxIds'] = { [sent]: true };
  const set = request.call('EmailSubmission/set', {
    create: { out: outgoing },
    // RFC 8621 §7.5: the change names the creation id of the submission, so it happens only once that is accepted.
    onSuccessUpdateEmail: { '#out': done },
  });
  const made = expectAllSet((await connection.send(request)).of(set)).created?.['out'];
  return { id: made?.id ?? '', held: made?.['undoStatus'] === 'pending' };
}

/** Takes back a letter that is held, and puts it among the drafts. Throws `NotSet` if it has already gone. */
export async function recall(connection: Connection, folders: Folders, submission: Id): Promise<void> {
  const request = connection.client.request();
  const drafts = folders.byRole('drafts')?.id;
  const back: Patch = { 'keywords/$draft': true };
  if (drafts) back['mailboxIds'] = { [drafts]: true };
  const set = request.call('EmailSubmission/set', {
    update: { [submission]: { undoStatus: 'canceled' } },
    onSuccessUpdateEmail: { [submission]: back },
  });
  expectAllSet((await connection.send(request)).of(set));
}
