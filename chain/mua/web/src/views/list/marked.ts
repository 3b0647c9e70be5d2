/** Letters of a preview before the match: a row has little room, and the match must be seen. */
const before = 28;

export interface Piece {
  text: string;
  marked: boolean;
}

const entities: Record<string, string> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  '#39': "'",
  '#x27': "'",
  apos: "'",
};

/**
 * Takes a search snippet apart. By the standard it is HTML (RFC 8621 §5), but only `<mark>` has a meaning; everything
 * else is shown as plain text, so nothing of it reaches the page as HTML.
 */
export function piecesOf(snippet: string | undefined, plain: string): Piece[] {
  if (snippet === undefined) return [{ text: plain, marked: false }];
  return snippet.split(/(<mark>.*?<\/mark>)/s).flatMap((part) => {
    const inside = /^<mark>(.*)<\/mark>$/s.exec(part)?.[1];
    const text = (inside ?? part).replace(/&(#?\w+);/g, (whole, name: string) => entities[name] ?? whole);
    return text ? [{ text, marked: inside !== undefined }] : [];
  });
}

/** Returns the pieces from shortly before the first mark on. */
export function fromFirstMark(pieces: Piece[]): Piece[] {
  const [first, ...rest] = pieces;
  if (!first || first.marked || rest.length === 0 || first.text.length <= before) return pieces;
  // The text does not begin in the middle of a character.
  const near = first.text.slice(-before).replace(/^[\uDC00-\uDFFF]/, '');
  // The text begins with a whole word, if there is one.
  const text = `…${near.slice(near.search(/\s/) + 1)}`;
  return [{ text, marked: false }, ...rest];
}
