/** Octets of a text that are shown. */
export const longest = 1 << 20;

export interface Beginning {
  text: string;
  /** True if there is more of it. */
  isCut: boolean;
}

/**
 * Returns the beginning of a text, in the charset that its letter names, or else in the one it is in. No more of it is
 * fetched.
 */
export async function beginning(
  url: string,
  charset: string | null,
  signal: AbortSignal,
): Promise<Beginning> {
  const response = await fetch(url, { signal });
  if (!response.ok || !response.body) throw new Error(String(response.status));
  const reader = response.body.getReader();
  const pieces: Uint8Array[] = [];
  let length = 0;
  while (length <= longest) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
    length += value.length;
  }
  void reader.cancel().catch(() => {});
  const octets = new Uint8Array(await new Blob(pieces as BlobPart[]).arrayBuffer());
  return { text: decoded(octets.subarray(0, longest), charset), isCut: length > longest };
}

/** Decodes octets as text. The charset that the mailer named is believed, unless that name means nothing. */
export function decoded(octets: Uint8Array, charset: string | null): string {
  const begins = (...mark: number[]) => mark.every((octet, place) => octets[place] === octet);
  if (begins(0xff, 0xfe)) return read(octets, 'utf-16le');
  if (begins(0xfe, 0xff)) return read(octets, 'utf-16be');
  const said = charset?.toLowerCase();
  const label = said && said !== 'us-ascii' && said !== 'unknown-8bit' ? said : undefined;
  if (label && !begins(0xef, 0xbb, 0xbf) && isKnown(label)) return read(octets, label);
  return isUtf8(octets) ? read(octets, 'utf-8') : read(octets, 'windows-1252');
}

/** Reads the octets; a character that is cut at the end is left out. */
function read(octets: Uint8Array, label: string): string {
  return new TextDecoder(label).decode(octets, { stream: true });
}

function isKnown(label: string): boolean {
  try {
    return new TextDecoder(label) !== undefined;
  } catch {
    return false;
  }
}

/** A character that is cut at the end does not count. */
function isUtf8(octets: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(octets, { stream: true });
    return true;
  } catch {
    return false;
  }
}
