import { longDate } from '../i18n/format';
import type { Words } from '../i18n/en';
import type { Email, EmailBody } from '../jmap';
import { formatAddress } from '../store/addresses';
import { isPlainText } from '../store/parts';
import { textOf as plainOf } from '../views/read/body';
import type { AnswerKind } from './answer';
import { cleanHtml } from './clean';
import { escapeHtml, htmlOf, quotedHtmlOf } from './convert';

/** Returns the answered letter, as it stands below the answer. `html` is its HTML, if it has any. */
export function quoted(
  words: Words,
  kind: AnswerKind,
  email: Email,
  body: EmailBody,
  html: string | undefined,
): string {
  const content = html
    ? cleanHtml(html)
    : isPlainText(body)
      ? quotedHtmlOf(plainOf(body))
      : htmlOf(email.preview);
  const head = kind === 'forward' ? forwardHead(words, email, body) : replyHead(words, email, body);
  const blank = htmlOf('');
  if (kind === 'forward') return `${blank}${blank}${head}${content}`;
  return `${blank}${blank}<div>${head}</div><blockquote>${content}</blockquote>`;
}

function replyHead(words: Words, email: Email, body: EmailBody): string {
  const who = email.from?.[0];
  return escapeHtml(
    words.compose.onDate(longDate(words, body.sentAt ?? email.receivedAt), who?.name || who?.email || ''),
  );
}

function forwardHead(words: Words, email: Email, body: EmailBody): string {
  const people = (list: Email['from']) => (list ?? []).map(formatAddress).join(', ');
  const line = words.compose.headLine;
  const lines = [
    `---------- ${words.compose.forwarded} ----------`,
    line(words.read.from, people(email.from)),
    line(words.read.date, longDate(words, body.sentAt ?? email.receivedAt)),
    line(words.compose.subject, email.subject ?? ''),
    line(words.read.to, people(email.to)),
  ];
  if (body.cc?.length) lines.push(line(words.read.cc, people(body.cc)));
  return htmlOf([...lines, ''].join('\n'));
}
