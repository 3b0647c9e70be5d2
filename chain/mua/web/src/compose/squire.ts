import Squire from 'squire-rte';
import { cleanFragment, cleanOwn } from './clean';

/** Squire, fit for pages where no string becomes HTML unseen (Trusted Types): undo goes through the cleaner as well. */
export class MailEditor extends Squire {
  constructor(root: HTMLElement) {
    super(root, { blockTag: 'DIV', sanitizeToDOMFragment: cleanFragment, didError: () => {} });
  }

  override _setRawHTML(html: string): this {
    this._root.replaceChildren(cleanOwn(html));
    if (!this._root.firstChild) this._root.append(this.createDefaultBlock());
    this._ignoreChange = true;
    return this;
  }
}
