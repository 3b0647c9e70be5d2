import type { Id, Identity } from '../jmap';
import type { Draft } from './draft.svelte';

/**
 * The Email object that keeps a draft (RFC 8621 §4.6): plain text alone, or text and HTML as alternatives, and the
 * attachments; the server makes the MIME structure from them.
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
  const attachments = draft.attachments.filter((one) => one.blobId !== undefined);
  if (attachments.length > 0) {
    letter['attachments'] = attachments.map(({ blobId, name, type }) => ({
      blobId,
      name,
      type,
      disposition: 'attachment',
    }));
  }
  return letter;
}

function plain(people: Draft['to']): Draft['to'] {
  return people.map(({ name, email }) => ({ name, email }));
}
