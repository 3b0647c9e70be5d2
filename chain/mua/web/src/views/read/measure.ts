/**
 * Measures the height of the letter in a frame. No script runs in it; its origin is ours (README.md), so that the page
 * around it can measure its layout.
 */

/**
 * No frame is taller, in pixels; a taller letter scrolls in it. A part of a long letter in plain text has some 200,000.
 */
const tallest = 300_000;
/** The most changes of the height in one width; further changes come from the frame's own height. */
const mostChanges = 300;
/** A change of the width that changes how lines break. */
const noticeable = 2;

/** Returns the document in a frame; `undefined` if it is not one of ours. */
export function documentIn(frame: HTMLIFrameElement): Document | undefined {
  const inside = frame.contentDocument;
  return inside?.URL === 'about:blank' ? undefined : (inside ?? undefined);
}

/** Returns the number of pictures elsewhere that were left out of the letter. */
export function leftOut(letter: Document): number {
  return Number(letter.querySelector<HTMLMetaElement>('head > meta[name=pictures-left-out]')?.content ?? 0);
}

/** Calls `tell` with the height of the letter in pixels, now and at each change; the result ends it. */
export function follow(letter: Document, tell: (height: number) => void): () => void {
  // The frame is as tall as the letter: there is nothing to scroll to. A wide table scrolls sideways.
  letter.documentElement.style.setProperty('overflow-x', 'auto', 'important');
  letter.documentElement.style.setProperty('overflow-y', 'hidden', 'important');
  let [width, height, changes] = [0, 0, 0];
  const look = () => {
    const now = letter.documentElement.clientWidth;
    if (Math.abs(now - width) >= noticeable) [width, changes] = [now, 0];
    const found = heightOf(letter);
    // If the height of a letter keeps changing, the tallest one shows all of it.
    if (found === height || (changes > mostChanges && found < height)) return;
    changes += 1;
    if (changes > 2 * mostChanges) return;
    height = found;
    const overflow = height < tallest ? 'hidden' : 'auto';
    letter.documentElement.style.setProperty('overflow-y', overflow, 'important');
    tell(height);
  };
  const observer = new ResizeObserver(look);
  for (const one of [letter.documentElement, letter.body, ...letter.body.children]) observer.observe(one);
  look();
  return () => observer.disconnect();
}

/**
 * The width that fits on paper of any usual size, in pixels, and the part of it that the margins of the letter take.
 */
const paperWidth = 660;
const margins = 32;

/**
 * Returns the greatest height of a letter on paper. It cannot be laid out for paper while the page is made ready to be
 * printed; but shorter lines grow in number as their width shrinks.
 */
export function heightOnPaper(letter: Document): number {
  const width = letter.documentElement.clientWidth;
  return Math.ceil(heightOf(letter) * Math.max(1, (width - margins) / (paperWidth - margins)));
}

/** Returns the height of the layout, with the bar that scrolls it sideways. */
function heightOf({ documentElement: root, body, defaultView: view }: Document): number {
  const box = root.getBoundingClientRect();
  const below = body.getBoundingClientRect().top - box.top + body.scrollHeight;
  const bar = Math.max(0, (view?.innerHeight ?? 0) - root.clientHeight);
  return Math.min(tallest, Math.ceil(Math.max(box.height, below)) + bar);
}
