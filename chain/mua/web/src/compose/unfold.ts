import { tick } from 'svelte';
import type { Draft } from './draft.svelte';
import type { Tray } from './tray.svelte';

/** Unfolds a letter, to be continued: the focus goes into its text. */
export async function unfold(tray: Tray, draft: Draft): Promise<void> {
  tray.unfold(draft);
  await tick();
  document.querySelector<HTMLElement>('.composer:not(.folded) :is([contenteditable], textarea)')?.focus();
}
