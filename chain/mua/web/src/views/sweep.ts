import { number } from '../i18n/format';
import { language } from '../i18n/language.svelte';
import type { Filter, FilterCondition, Id, Patch } from '../jmap';
import type { Done } from '../store/actions.svelte';
import { everyLetter, type Held } from '../store/everything';
import { moveTo, setKeyword } from '../store/patch';
import type { Post } from '../store/post.svelte';
import { putBack, throwAway } from '../store/trash';

/** An action on everything in a list. */
export type Sweep =
  | { folder: Id; name: string }
  | { keyword: '$seen' | '$flagged'; on: boolean }
  | { back: true }
  | { destroy: true };

/** The time that a notice stays that only a hand takes away. */
const long = 3_600_000;

/** Applies the action to every letter of the list except those taken out of the choice, and reports its progress. */
export async function sweepThrough(
  post: Post,
  sweep: Sweep,
  finished: (done: Done | undefined, count: number) => void,
): Promise<void> {
  const { list, selection, notices, actions, records } = post;
  const asked = list?.query.filter;
  if (!list || !asked) return;
  const left = new Set([...selection.left].map((id) => records.emails.get(id)?.threadId));
  selection.clear();
  let notice = notices.say('news', language.words.done.working, undefined, long);
  try {
    const all = await everyLetter(post.connection, narrowed(post, asked, sweep));
    const letters = all.filter(({ threadId }) => !left.has(threadId));
    const said = (count: number) => {
      notices.dismiss(notice);
      const words = language.words;
      const text = words.done.sofar(number(words, count), number(words, letters.length));
      notice = notices.say('news', text, undefined, long);
    };
    if ('destroy' in sweep) {
      const ids = letters.map(({ id }) => id);
      await actions.destroyMany(ids, said);
      finished(undefined, ids.length);
    } else {
      const patches = patchesFor(post, sweep, letters);
      finished(await actions.changeMany(letters, patches, said, list), patches.size);
    }
  } finally {
    notices.dismiss(notice);
    await list.refresh();
  }
}

/**
 * Returns the filter of the letters that the action is for: as with a few, one's own letters are not moved because a
 * search found them.
 */
function narrowed(post: Post, filter: Filter, sweep: Sweep): Filter {
  const own = (['sent', 'drafts'] as const).flatMap((role) => post.folders.byRole(role)?.id ?? []);
  const also: FilterCondition[] = [];
  if ('folder' in sweep)
    also.push({ inMailboxOtherThan: post.folder ? [sweep.folder] : [sweep.folder, ...own] });
  else if ('keyword' in sweep)
    also.push(sweep.on ? { notKeyword: sweep.keyword } : { hasKeyword: sweep.keyword });
  return also.length === 0 ? filter : { operator: 'AND', conditions: [filter, ...also] };
}

function patchesFor(post: Post, sweep: Exclude<Sweep, { destroy: true }>, letters: Held[]): Map<Id, Patch> {
  if ('keyword' in sweep) return setKeyword(letters, sweep.keyword, sweep.on);
  if ('back' in sweep) return putBack(letters, [...post.records.mailboxes.values()]);
  const toTrash = post.folders.get(sweep.folder)?.role === 'trash';
  return toTrash ? throwAway(letters, sweep.folder) : moveTo(letters, sweep.folder);
}
