/** The width at which a picture in the text is shown. The letter contains all of it, whichever width is chosen. */
export const pictureWidths = ['small', 'medium', 'original'] as const;
export type PictureWidth = (typeof pictureWidths)[number];

/** The width in pixels. */
const pixels = { small: 240, medium: 480 };

/** Returns the width that a picture was given; any other width counts as its own. */
export function widthOf(image: HTMLImageElement): PictureWidth {
  const given = image.getAttribute('width');
  return pictureWidths.find((name) => name !== 'original' && given === String(pixels[name])) ?? 'original';
}

/** Sets the width as an attribute, which mail programs without styles know too; the height follows. */
export function giveWidth(image: HTMLImageElement, width: PictureWidth): void {
  image.removeAttribute('height');
  if (width === 'original') image.removeAttribute('width');
  else image.setAttribute('width', String(pixels[width]));
}

/** Returns the picture that a selection is about: one picture, and nothing beside it. */
export function pictureSelected(root: HTMLElement, range: Range): HTMLImageElement | undefined {
  if (range.collapsed || range.toString().trim()) return undefined;
  const [image, ...more] = [...root.querySelectorAll('img')].filter((one) => range.intersectsNode(one));
  return more.length === 0 ? image : undefined;
}
