/**
 * Makes a conversation ready for paper. Browsers cut a frame at the end of a page, through the middle of a line. So the
 * pages print a document of its own in which letters stand in no frames: each has a tree and styles of its own (a
 * shadow tree), and is broken into pages between its lines.
 *
 * This gives letters no new freedom. The document is in a sandbox in which no script runs, and has the policy of the
 * pages, which limits the loads of a letter as strictly as its own policy.
 */

import { documentIn } from './measure';

/** The time that the pages wait for styles and pictures, in milliseconds. */
const patience = 10_000;
/** A letter has none of the styles of the pages around it. */
const alone = ':host{all:initial!important;display:block!important}html{display:block}';

/** Prints the open conversation in `reading`; removes the printed document afterwards. */
export async function print(reading: Element): Promise<void> {
  const frame = document.createElement('iframe');
  frame.className = 'paper';
  frame.tabIndex = -1;
  frame.setAttribute('aria-hidden', 'true');
  frame.sandbox.add('allow-same-origin', 'allow-modals');
  try {
    await came(frame, () => document.body.append(frame));
    const { contentDocument: paper, contentWindow: view } = frame;
    if (!paper || !view) throw new Error('there is no document to print');
    await fill(paper, reading);
    view.addEventListener('afterprint', () => frame.remove(), { once: true });
    view.print();
  } catch (error) {
    frame.remove();
    throw error;
  }
}

/** Writes the conversation on paper, and waits for its styles and pictures. */
async function fill(paper: Document, reading: Element): Promise<void> {
  paper.documentElement.lang = document.documentElement.lang;
  paper.title = document.title;
  const copy = paper.importNode(reading, true);
  const frames = [...copy.querySelectorAll('.frame')];
  const letters = [...reading.querySelectorAll<HTMLIFrameElement>('.frame iframe')].map(documentIn);
  const written = letters.map((letter) => letter && onPaper(paper, letter));
  frames.forEach((box, index) => box.replaceWith(...[written[index]].filter((one) => one !== undefined)));
  const trees = [copy, ...written.flatMap((one) => one?.shadowRoot ?? [])];
  for (const tree of trees) for (const picture of tree.querySelectorAll('img')) picture.loading = 'eager';
  const styles = [...document.querySelectorAll<HTMLLinkElement>('link[rel=stylesheet]')].map((link) =>
    came(paper.importNode(link), (own) => paper.head.append(own)),
  );
  paper.body.append(copy);
  const pictures = trees.flatMap((tree) => [...tree.querySelectorAll('img')].map((one) => one.decode()));
  const late = new Promise((resolve) => setTimeout(resolve, patience));
  await Promise.race([Promise.allSettled([...styles, ...pictures]), late]);
}

/** Returns a letter with its own styles and nobody else's. */
function onPaper(paper: Document, letter: Document): HTMLElement {
  const box = paper.createElement('div');
  const root = paper.importNode(letter.documentElement, false);
  // The attribute places the letter in its frame.
  root.removeAttribute('style');
  root.append(paper.importNode(letter.body, true));
  for (const style of root.querySelectorAll('style')) style.remove();
  const tree = box.attachShadow({ mode: 'open' });
  const sources = [...letter.querySelectorAll('style')].map((style) => style.textContent);
  tree.adoptedStyleSheets = [alone, ...sources].map((source) => sheet(paper, source));
  tree.append(root);
  return box;
}

function sheet(paper: Document, source: string): CSSStyleSheet {
  const made = new (paper.defaultView ?? globalThis).CSSStyleSheet();
  made.replaceSync(source);
  return made;
}

/** Waits until the element that `place` puts into a document has loaded, or has failed to. */
function came<T extends HTMLElement>(what: T, place: (what: T) => void): Promise<void> {
  return new Promise((resolve) => {
    for (const end of ['load', 'error']) what.addEventListener(end, () => resolve(), { once: true });
    place(what);
  });
}
