import Squire from 'squire-rte';
import { cleanFragment, cleanOwn, type ShowPicture } from './clean';
import { markBelow, unmarkBelow } from './exact';

/** Squire, fit for pages where no string becomes HTML unseen (Trusted Types): undo goes through the cleaner as well. */
export class MailEditor extends Squire {
  #show: ShowPicture;
  /**
   * True while a whole letter is being put in, whose blanks the editor must not tidy up. Squire's constructor does so.
   */
  declare filling: boolean | undefined;

  constructor(root: HTMLElement, show: ShowPicture) {
    super(root, {
      blockTag: 'DIV',
      sanitizeToDOMFragment: (html: string, editor: Squire) => {
        const fragment = cleanFragment(html, show);
        if ((editor as MailEditor).filling) markBelow(fragment);
        return fragment;
      },
      didError: () => {},
    });
    this.#show = show;
    // Its handles would come with styles that the policy of the pages forbids.
    this._imageResizer.destroy();
  }

  override setHTML(html: string): this {
    this.filling = true;
    try {
      return super.setHTML(html) as this;
    } finally {
      this.filling = false;
    }
  }

  /** Ignores states while a letter is put in: the first state that undo knows is the letter as it is meant. */
  override saveUndoState(range?: Range): this {
    if (this.filling) unmarkBelow(this._root);
    return super.saveUndoState(range) as this;
  }

  override _setRawHTML(html: string): this {
    this._root.replaceChildren(cleanOwn(html, this.#show));
    if (!this._root.firstChild) this._root.append(this.createDefaultBlock());
    this._ignoreChange = true;
    return this;
  }
}
