import type { Id } from '../jmap';

/** Returns the address of a small picture of an attachment (README.md). */
export function thumbnailUrl(blobId: Id): string {
  return `/letter/${encodeURIComponent(blobId)}/thumbnail`;
}

/**
 * Returns the address at which several files of a letter can be saved as one, under these names; `letter` is its id, or
 * that of one of its parts.
 */
export function archiveUrl(letter: Id, files: { blobId: Id; name: string }[]): string {
  const wanted = files.map(({ blobId, name }) => [blobId, name]);
  return `/letter/${encodeURIComponent(letter)}/files.zip?${new URLSearchParams(wanted).toString()}`;
}
