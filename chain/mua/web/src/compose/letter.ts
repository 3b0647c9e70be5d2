import type { Id, Identity } from '../jmap';
import type { Attachment, Draft } from './draft.svelte';
import type { Picture } from './pictures.svelte';

/**
 * Returns the Email object that keeps a draft (RFC 8621 §4.6): plain text alone, or text and HTML as alternatives, and
 * the attachments; the server makes the MIME structure from them.
 */
export function letterOf(
  draft: Draft,
  identity: Identity,
  drafts: Id,
  text: string,
): Record<string, unknown> {
  const letter: Record<string, unknown> = {
    mailboxIds: { [drafts]: true },
    keywords: { $draft: true, $seen: true },
    from: [{ name: identity.name || null, email: identity.email }],
    to: plain(draft.to),
    subject: draft.subject,
    textBody: [{ partId: 'text', type: 'text/plain' }],
    bodyValues: { text: { value: text } },
  };
  if (draft.rich) {
    letter['htmlBody'] = [{ partId: 'html', type: 'text/html' }];
    letter['bodyValues'] = { text: { value: text }, html: { value: draft.html } };
  }
  if (draft.cc.length > 0) letter['cc'] = plain(draft.cc);
  if (draft.bcc.length > 0) letter['bcc'] = plain(draft.bcc);
  if (identity.replyTo?.length) letter['replyTo'] = identity.replyTo;
  if (draft.inReplyTo.length > 0) letter['inReplyTo'] = draft.inReplyTo;
  if (draft.references.length > 0) letter['references'] = draft.references;
  const parts = [...draft.shownPictures.map(shown), ...draft.attachments.map(attached)];
  const there = parts.filter((part) => part['blobId'] !== undefined);
  if (there.length > 0) letter['attachments'] = there;
  return letter;
}

/** With a Content-ID and "inline", the server puts it beside the HTML that shows it (multipart/related, RFC 2387). */
function shown({ blobId, name, type, cid }: Picture): Record<string, unknown> {
  return { blobId, name, type, cid, disposition: 'inline' };
}

function attached({ blobId, name, type }: Attachment): Record<string, unknown> {
  return { blobId, name, type, disposition: 'attachment' };
}

function plain(people: Draft['to']): Draft['to'] {
  return people.map(({ name, email }) => ({ name, email }));
}
