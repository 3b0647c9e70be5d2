import type { FakeLetter, FakeMail } from './mail';

const look =
  '@layer house{html,body{height:auto!important;min-height:0!important;max-height:none!important}}' +
  ':root{color-scheme:light dark}body{margin:0;padding:16px;font:15px/1.55 system-ui,sans-serif;overflow-wrap:break-word}' +
  'img{max-width:100%}img:not([src]){display:none}.coloured{color-scheme:light;background:#fff;color:#111}';

/**
 * Returns the fake server's answer for `/letter/{id}/view`; the real one sanitises, this one only wrote good letters.
 */
export function viewOf(mail: FakeMail, letter: FakeLetter, pictures: boolean): string {
  const body =
    letter.html ?? `<pre style="white-space:pre-wrap;font:inherit">${escape(letter.text ?? '')}</pre>`;
  // Remote pictures come through the server, under a name that needs no cookie (README.md gives the reason).
  const shown = body
    .replace(/url\([^)]*\)/g, 'none')
    .replace(/src="https:[^"]*"/g, pictures ? `src="/picture/${letter.id}"` : '')
    .replace(/src="cid:([^"]*)"/g, (_, cid: string) => {
      const blob = mail.blobs.get(letter.attachments.find((one) => one.cid === cid)?.blobId ?? '');
      return blob ? `src="data:${blob.type};base64,${blob.data.toString('base64')}"` : '';
    });
  const left = pictures ? 0 : (body.match(/(?:src="|url\()https?:/g) ?? []).length;
  const coloured = /color|background/.test(body) ? ' class="coloured"' : '';
  return `<!doctype html><html><head><meta charset="utf-8"><meta name="pictures-left-out" content="${left}"><base target="_blank"><style>${look}</style></head><body${coloured}>${shown}</body></html>`;
}

/** Returns the letter as it would stand on the wire, well enough for "show source". */
export function sourceOf(letter: FakeLetter): string {
  const people = (list: FakeLetter['from']) =>
    list.map((one) => `${one.name ?? ''} <${one.email}>`).join(', ');
  return [
    `Date: ${new Date(letter.receivedAt).toUTCString()}`,
    `From: ${people(letter.from)}`,
    `To: ${people(letter.to)}`,
    `Subject: ${letter.subject}`,
    `Message-ID: <${letter.messageId.join('')}>`,
    'MIME-Version: 1.0',
    `Content-Type: ${letter.html ? 'text/html' : 'text/plain'}; charset=utf-8`,
    '',
    letter.html ?? letter.text ?? '',
  ].join('\r\n');
}

function escape(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
}
