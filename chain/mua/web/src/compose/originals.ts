import type { Words } from '../i18n/en';
import type { Client, Email, EmailBody, Id, Item } from '../jmap';
import type { Connection } from '../store/connection.svelte';
import { filesOf, namedById, pictureType, shownParts } from '../store/parts';
import { joined } from '../store/flowed';
import { whole } from '../store/reading.svelte';
import { withNames } from '../views/read/files';
import { quotedHtmlOf } from './convert';
import type { Beginning } from './draft.svelte';
import { type Picture, shownIn } from './pictures.svelte';

/** The letter that a new one is made from: the letter that is answered, or the draft that is continued. */

export interface Original {
  email: Email;
  body: EmailBody;
  /** The HTML of the letter, if it has any. */
  html: string | undefined;
}

/** Fetches a letter whole, or with as much of its text as requested; `undefined` if it is gone. */
export async function originalOf(
  connection: Connection,
  id: Id,
  more: { maxBodyValueBytes?: number } = {},
): Promise<Original | undefined> {
  const request = connection.client.request();
  const get = request.call('Email/get', { ids: [id], ...whole, ...more });
  const found = (await connection.send(request)).of(get).list[0];
  if (!found) return undefined;
  const letter = { ...found, bodyValues: joined(found) };
  return { email: letter, body: letter, html: htmlWithPictures(letter) };
}

/**
 * Returns the letter as HTML, its pieces one below the other, with pictures in their places and all named by
 * Content-ID; `undefined` if it is plain text, or if its HTML was not loaded.
 */
export function htmlWithPictures(body: EmailBody): string | undefined {
  const pieces = shownParts(body).map((part) => {
    const value = body.bodyValues[part.partId ?? '']?.value ?? '';
    if (part.is === 'html') return { html: value, isMore: true };
    if (part.is === 'text') return { html: quotedHtmlOf(value.replace(/\r\n?/g, '\n')), isMore: false };
    return { html: `<div><img src="cid:${encodeURIComponent(named(part).cid)}"></div>`, isMore: true };
  });
  if (!pieces.some(({ html, isMore }) => isMore && html)) return undefined;
  return namedById(pieces.map(({ html }) => html).join('\n'), filesOf(body).map(named));
}

/** Adds a Content-ID: the picture's own, or a new one by which a letter can show it. */
function named(part: Item): Item & { cid: string } {
  return { ...part, cid: part.cid || `part-${part.partId ?? part.blobId ?? ''}@facteur` };
}

/** Returns the letter of the same conversation that a draft answers, which is marked once this is sent. */
export async function answeredBy(
  connection: Connection,
  { email, body }: Original,
): Promise<Beginning['answers']> {
  const named = new Set(body.inReplyTo ?? []);
  if (named.size === 0) return undefined;
  const request = connection.client.request();
  const thread = request.call('Thread/get', { ids: [email.threadId] });
  const letters = request.call('Email/get', {
    '#ids': thread.at('/list/*/emailIds'),
    properties: ['id', 'messageId', 'keywords'],
  });
  const all = (await connection.send(request)).of(letters).list;
  const found = all.find((one) => one.messageId?.some((id) => named.has(id)));
  return found && { id: found.id, keyword: '$answered', already: found.keywords['$answered'] === true };
}

/** Returns the parts that go along with the text of a letter: its pictures, and everything else as files. */
export function goingAlong(
  words: Words,
  client: Client,
  original: Original,
): { pictures: Picture[]; attachments: { blobId: Id; name: string; type: string; size: number }[] } {
  const pictures = picturesOf(client, original);
  const taken = new Set(pictures.map((picture) => picture.blobId));
  const attachments = withNames(words, filesOf(original.body)).flatMap(({ blobId, name, type, size }) =>
    blobId && !taken.has(blobId) ? [{ blobId, name: name ?? '', type, size }] : [],
  );
  return { pictures, attachments };
}

/** Returns the pictures of a letter, for the HTML taken from it; they need not be sent to the server again. */
export function picturesOf(client: Client, { html, body }: Original): Picture[] {
  const parts = filesOf(body).map((part) => ({ ...named(part), type: pictureType(part) ?? part.type }));
  return shownIn(html ?? '', parts).map(({ cid, blobId, name, type, size }) => {
    const url = new URL(client.downloadUrl(blobId, name ?? 'picture', type), location.href).href;
    return { cid, blobId, name: name ?? '', type, size, url, failed: false };
  });
}
