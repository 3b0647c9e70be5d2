import type { Id, PartRole } from '../../src/jmap/types';
import { sizeOf } from './filter';
import type { FakeLetter, FakeMail } from './mail';

type Args = Record<string, unknown>;

/** Answers Email/get (RFC 8621 §4.2) with the properties that the pages ask for. */
export function emailGet(mail: FakeMail, args: Args): Args {
  const ids = args['ids'] as Id[];
  const properties = args['properties'] as string[] | undefined;
  const list = ids.flatMap((id) => {
    const letter = mail.letters.get(id);
    return letter ? [pick(objectOf(letter, args), properties)] : [];
  });
  return { list, notFound: ids.filter((id) => !mail.letters.has(id)) };
}

function pick(object: Args, properties: string[] | undefined): Args {
  if (!properties) return object;
  return Object.fromEntries(['id', ...properties].map((name) => [name, object[name] ?? null]));
}

/** The most characters of one text that the server returns. */
const longest = 5 * 2 ** 20;

/** RFC 8621 §4.2: returns no more than requested; 0 means all of it. */
function cut(value: string, asked: number): Args {
  const most = Math.min(asked || longest, longest);
  const isTruncated = value.length > most;
  return { value: isTruncated ? value.slice(0, most) : value, isTruncated };
}

/** Makes a part with the server's description of it (access/jmap/src/email/consists.rs). */
function item(part: { type: string }, is: PartRole, calledInHtml: string[] = []): Args {
  const picture = /^image\/(png|gif|jpeg|webp|bmp|avif)$/.test(part.type) ? part.type : null;
  return { ...part, is, isListed: is === 'file', picture, calledInHtml, subject: null };
}

function objectOf(letter: FakeLetter, args: Args): Args {
  const { html, attachments } = letter;
  const text = letter.text ?? '';
  const textPart = {
    partId: 't',
    blobId: `${letter.id}.t`,
    size: text.length,
    name: null,
    type: 'text/plain',
    cid: null,
  };
  const htmlPart = html && {
    ...textPart,
    partId: 'h',
    blobId: `${letter.id}.h`,
    size: html.length,
    type: 'text/html',
  };
  const values: Record<string, Args> = {};
  const most = Number(args['maxBodyValueBytes'] ?? 0);
  if (args['fetchTextBodyValues']) values['t'] = cut(text, most);
  if (args['fetchHTMLBodyValues'] && html) values['h'] = cut(html, most);
  return {
    id: letter.id,
    blobId: `${letter.id}.raw`,
    threadId: letter.threadId,
    mailboxIds: Object.fromEntries([...letter.folders].map((id) => [id, true])),
    keywords: Object.fromEntries([...letter.keywords].map((keyword) => [keyword, true])),
    size: sizeOf(letter),
    receivedAt: letter.receivedAt,
    sentAt: letter.receivedAt,
    from: letter.from,
    to: letter.to,
    cc: letter.cc.length > 0 ? letter.cc : null,
    bcc: letter.bcc.length > 0 ? letter.bcc : null,
    replyTo: letter.replyTo,
    subject: letter.subject,
    messageId: letter.messageId,
    inReplyTo: letter.inReplyTo,
    references: letter.references,
    hasAttachment: attachments.some((one) => one.disposition !== 'inline'),
    preview: (text || (html ?? '').replace(/<[^>]*>/g, ' ')).replace(/\s+/g, ' ').trim().slice(0, 256),
    consistsOf: [
      item(textPart, htmlPart ? 'otherForm' : 'text'),
      ...(htmlPart ? [item(htmlPart, 'html')] : []),
      ...(letter.entries ? [item({ ...textPart, type: 'text/calendar' }, 'calendar')] : []),
      ...attachments.map((one, index) => {
        const part = { cid: null, ...one, partId: `a${index}` };
        const isNamed = part.cid !== null && (html ?? '').includes(`cid:${part.cid}`);
        return item(part, isNamed ? 'pictureOfHtml' : 'file', isNamed ? [`cid:${part.cid}`] : []);
      }),
    ],
    protection: null,
    bodyValues: values,
  };
}
