import { language } from '../../i18n/language.svelte';
import type { Id } from '../../jmap';
import { type Counted, countEnding } from '../../store/ending';
import type { Post } from '../../store/post.svelte';

/** Says what becomes of the letters of a folder that is emptied or deleted, as soon as the server has counted them. */
export class EndingText {
  #counted = $state.raw<Counted>();

  constructor(post: Post, folder: Id | undefined) {
    if (!folder) return;
    const counted = (count: Counted) => (this.#counted = count);
    // If they cannot be counted, the rule is said instead.
    void countEnding(post.connection, folder).then(counted, () => undefined);
  }

  get text(): string {
    const { folders, labels } = language.words;
    if (!this.#counted) return labels.ends;
    const { all, elsewhere } = this.#counted;
    if (elsewhere === 0) return folders.removeText(all);
    const ending = all > elsewhere ? labels.onlyHere(all - elsewhere) : labels.noneEnds;
    return `${ending} ${labels.stay(elsewhere)}`;
  }
}
