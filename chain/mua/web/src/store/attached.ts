import type { Email, EmailBody, Id } from '../jmap';
import type { Connection } from './connection.svelte';
import { whole } from './reading.svelte';
import { straight } from './straight';

/** Letters that are attached to others, opened as letters (RFC 8621 §4.9). */

/** The properties that only a letter in a mailbox has. */
const ofMailbox = new Set(['id', 'threadId', 'mailboxIds', 'keywords', 'receivedAt']);

/**
 * Opens the letter in a blob. The blob's id is also the letter's id, by which the server shows it, too (README.md).
 * Returns `undefined` if the blob is no letter.
 */
export async function attachedLetter(
  connection: Connection,
  blobId: Id,
): Promise<(Email & EmailBody) | undefined> {
  const request = connection.client.request();
  const properties = whole.properties.filter((name) => !ofMailbox.has(name));
  const parse = request.call('Email/parse', { ...whole, blobIds: [blobId], properties });
  const letter = (await connection.send(request)).of(parse).parsed?.[blobId];
  if (!letter) return undefined;
  return { ...straight(letter), id: blobId, receivedAt: letter.sentAt ?? '', keywords: {} };
}
