import type { BodyPart, Id } from '../jmap';

/** A picture in the text of a letter: a part of its own that the HTML names by its Content-ID (RFC 2392, RFC 2387). */
export interface Picture {
  cid: string;
  /** The address that the pages show it from: a picture in memory, or one at the server. */
  url: string;
  name: string;
  type: string;
  size: number;
  /** The blob, once it is at the server. */
  blobId?: Id | undefined;
  failed: boolean;
  /** The reason why it failed. */
  trouble?: unknown;
}

/** The pictures that the HTML of letters may show. A vector picture could act, so it stays an attachment. */
const kinds = /^image\/(?:png|jpeg|gif|webp|avif)$/;

export function isPicture(file: { type: string }): boolean {
  return kinds.test(file.type);
}

/** Returns a picture that is written out in an address, as word processors paste them (RFC 2397). */
export function pictureIn(src: string): File | undefined {
  const [, type = '', data = ''] = /^data:(image\/[a-z]+);base64,([A-Za-z0-9+/=\s]+)$/i.exec(src) ?? [];
  if (!isPicture({ type })) return undefined;
  try {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    return new File([bytes], '', { type });
  } catch {
    return undefined;
  }
}

/** Returns the parts of a letter that its HTML shows. */
export function shownIn(
  html: string,
  parts: readonly BodyPart[],
): (BodyPart & { cid: string; blobId: Id })[] {
  const named = cidsIn(html);
  return parts.flatMap((part) => {
    const { cid, blobId } = part;
    return cid && blobId && isPicture(part) && named.has(cid) ? [{ ...part, cid, blobId }] : [];
  });
}

/** The pictures of one letter in the making. Its HTML names them by Content-ID, the editor by `url`. */
export class Pictures {
  list = $state<Picture[]>([]);

  constructor(there: Picture[] = []) {
    this.list = there;
  }

  /** Adds a picture; it can be shown immediately. */
  add(file: File): Picture {
    const made: Picture = {
      cid: `${randomName()}@facteur`,
      url: URL.createObjectURL(file),
      name: file.name || `picture.${file.type.split('/')[1] ?? 'png'}`,
      type: file.type,
      size: file.size,
      failed: false,
    };
    this.list.push(made);
    // The proxy in the list reacts to changes; the original object does not.
    return this.list.at(-1) ?? made;
  }

  /**
   * Returns the address that the editor shows for `src` in the HTML; `undefined` if that is no picture of this letter.
   */
  shown(src: string): string | undefined {
    const cid = cidOf(src);
    return this.list.find((one) => !one.failed && (one.url === src || one.cid === cid))?.url;
  }

  /** Returns the editor's HTML as it goes out. */
  named(html: string): string {
    return this.list.reduce(
      (all, { url, cid }) => all.replaceAll(`src="${url.replaceAll('&', '&amp;')}"`, `src="cid:${cid}"`),
      html,
    );
  }

  /** Returns the pictures that are still in the text. */
  used(html: string): Picture[] {
    const named = cidsIn(html);
    return this.list.filter((one) => named.has(one.cid));
  }

  /** Releases the memory of pictures that are shown. */
  release(): void {
    for (const { url } of this.list) if (url.startsWith('blob:')) URL.revokeObjectURL(url);
  }
}

function cidsIn(html: string): Set<string> {
  const found = html.matchAll(/\bsrc\s{0,3}=\s{0,3}["']?(cid:[^"'\s>]{1,300})/gi);
  return new Set([...found].map(([, src = '']) => cidOf(src.replaceAll('&amp;', '&')) ?? ''));
}

/** RFC 2392 §2: the Content-ID in a `cid:` address is percent-encoded. */
function cidOf(src: string): string | undefined {
  if (!/^cid:/i.test(src)) return undefined;
  try {
    return decodeURIComponent(src.slice('cid:'.length));
  } catch {
    return src.slice('cid:'.length);
  }
}

function randomName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
