import { number } from '../i18n/format';
import { language } from '../i18n/language.svelte';
import type { Filter, FilterCondition, Id, Patch, Role } from '../jmap';
import type { Done } from '../store/actions.svelte';
import { everyLetter, type Held } from '../store/everything';
import { file, type Filing, goalOf } from '../store/filing';
import { setKeyword } from '../store/patch';
import type { Post } from '../store/post.svelte';

/** An action on everything in a list. */
export type Sweep = { filing: Filing } | { keyword: '$seen' | '$flagged'; on: boolean } | { destroy: true };

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
      if (post.folder) await actions.destroyMany(ids, post.folder.id, said);
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
  const also = conditionOf(post, sweep);
  return also ? { operator: 'AND', conditions: [filter, also] } : filter;
}

function conditionOf({ folders, folder, records }: Post, sweep: Sweep): FilterCondition | undefined {
  if ('keyword' in sweep) return sweep.on ? { notKeyword: sweep.keyword } : { hasKeyword: sweep.keyword };
  if (!('filing' in sweep)) return undefined;
  const withRole = (...roles: Role[]) => roles.flatMap((role) => folders.byRole(role)?.id ?? []);
  const { filing } = sweep;
  if (filing.kind === 'archive') return { inMailbox: withRole('inbox')[0] ?? '' };
  if (filing.kind === 'labels') return { notKeyword: '$draft' };
  const goal = goalOf(filing, [...records.mailboxes.values()]);
  if (!goal) return undefined;
  return { inMailboxOtherThan: folder ? [goal.id] : [goal.id, ...withRole('sent', 'drafts')] };
}

function patchesFor(post: Post, sweep: Exclude<Sweep, { destroy: true }>, letters: Held[]): Map<Id, Patch> {
  if ('keyword' in sweep) return setKeyword(letters, sweep.keyword, sweep.on);
  const folders = [...post.records.mailboxes.values()];
  return file(sweep.filing, letters, { here: post.folder?.id, folders }) ?? new Map();
}
