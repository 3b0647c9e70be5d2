import Squire from 'squire-rte';
import { cleanFragment, cleanOwn, type ShowPicture } from './clean';

/** Squire, fit for pages where no string becomes HTML unseen (Trusted Types): undo goes through the cleaner as well. */
export class MailEditor extends Squire {
  #show: ShowPicture;

  constructor(root: HTMLElement, show: ShowPicture) {
    super(root, {
      blockTag: 'DIV',
      sanitizeToDOMFragment: (html: string) => cleanFragment(html, show),
      didError: () => {},
    });
    this.#show = show;
    // Its handles would come with styles the policy of the pages forbids.
    this._imageResizer.destroy();
  }

  override _setRawHTML(html: string): this {
    this._root.replaceChildren(cleanOwn(html, this.#show));
    if (!this._root.firstChild) this._root.append(this.createDefaultBlock());
    this._ignoreChange = true;
    return this;
  }
}
