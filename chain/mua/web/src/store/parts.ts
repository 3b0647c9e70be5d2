import type { EmailBody, Item } from '../jmap';

/**
 * The parts of a letter: those shown in its text, those that go along, and those listed below. The server decides
 * (`consistsOf`), so that the pages, its own view of the letter and the paperclip never differ.
 */

/** Returns the kind of picture that a part is shown as; `undefined` if it is none. */
export function pictureType({ picture }: Pick<Item, 'picture'>): string | undefined {
  return picture ?? undefined;
}

/** Returns the parts of a letter that are shown, one below the other. */
export function shownParts({ consistsOf }: Pick<EmailBody, 'consistsOf'>): Item[] {
  return consistsOf.filter(({ is }) => is === 'html' || is === 'text' || is === 'picture');
}

/** Returns true if the letter has no HTML at all. */
export function isPlainText({ consistsOf }: Pick<EmailBody, 'consistsOf'>): boolean {
  return consistsOf.every(({ is }) => is !== 'html');
}

/** Returns all parts that came along and are no text of the letter. */
export function filesOf({ consistsOf }: Pick<EmailBody, 'consistsOf'>): Item[] {
  return consistsOf.filter(
    (part) => part.is !== 'html' && part.is !== 'text' && part.is !== 'otherForm' && !isWrapping(part),
  );
}

/** Returns true if the part holds the signature and, once more, all that was shown before it (S/MIME, `smime.p7m`). */
function isWrapping({ is, type }: Pick<Item, 'is' | 'type'>): boolean {
  return is === 'signature' && !type.endsWith('signature');
}

/** Returns the parts that are listed below the letter. */
export function listedParts({ consistsOf }: Pick<EmailBody, 'consistsOf'>): Item[] {
  return consistsOf.filter(({ isListed }) => isListed);
}

/** Returns the part that shows how a letter is protected. */
export function protectedPart({ consistsOf, protection }: EmailBody): Item | undefined {
  return protection ? consistsOf.find(({ partId }) => partId === protection.partId) : undefined;
}

/** Matches the addresses of pictures in HTML. */
const attribute =
  /(?<![\w-])(src|background)(\s{0,3}=\s{0,3})("[^"]{1,1000}"|'[^']{1,1000}'|[^\s"'<>]{1,1000})/gi;

/** Returns HTML in which the pictures among `parts` are named by their Content-ID, whatever their names were before. */
export function namedById(html: string, parts: readonly Pick<Item, 'calledInHtml' | 'cid'>[]): string {
  const byName = new Map(parts.flatMap(({ calledInHtml, cid }) => calledInHtml.map((name) => [name, cid])));
  if (byName.size === 0) return html;
  return html.replace(attribute, (whole, name: string, equals: string, value: string) => {
    const cid = byName.get(value.replace(/^["']|["']$/g, ''));
    return cid ? `${name}${equals}"cid:${encodeURIComponent(cid)}"` : whole;
  });
}
