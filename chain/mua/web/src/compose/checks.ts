import type { Words } from '../i18n/en';
import { isAddress } from '../store/addresses';
import type { Draft } from './draft.svelte';

/**
 * The result of the checks before sending: the letter may go, something is missing, or the person must be asked first.
 */
export type Verdict =
  { kind: 'go' } | { kind: 'missing'; text: string } | { kind: 'ask'; about: 'subject' | 'attachment' };

export interface Asked {
  subject?: boolean;
  attachment?: boolean;
}

/** Checks a letter before it goes. `text` is its plain text; `asked` lists the questions that are already answered. */
export function lookOver(draft: Draft, text: string, asked: Asked, { compose }: Words): Verdict {
  const wrong = draft.recipients.find((person) => !isAddress(person.email));
  if (draft.recipients.length === 0) return { kind: 'missing', text: compose.noRecipient };
  if (wrong) return { kind: 'missing', text: compose.wrongAddress(wrong.email) };
  const failed = draft.attachments.find((one) => one.failed);
  if (failed) return { kind: 'missing', text: compose.uploadMissing(failed.name) };
  if (draft.uploading) return { kind: 'missing', text: compose.stillUploading };
  if (!asked.subject && !draft.subject.trim()) return { kind: 'ask', about: 'subject' };
  if (!asked.attachment && forgotAttachment(draft, text, compose.forgotWords)) {
    return { kind: 'ask', about: 'attachment' };
  }
  return { kind: 'go' };
}

/** Returns true if the author's own words, not those quoted or forwarded, speak of an attachment that is not there. */
function forgotAttachment(draft: Draft, text: string, words: string[]): boolean {
  if (draft.attachments.length > 0 || draft.shownPictures.length > 0) return false;
  const own = text
    .replace(/^-{8,}[\s\S]*/m, '')
    .replace(/^>.*$/gm, '')
    .toLowerCase();
  return words.some((word) => own.includes(word));
}
