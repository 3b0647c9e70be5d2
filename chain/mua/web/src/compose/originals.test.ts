import { beforeAll, expect, it } from 'vitest';
import { en } from '../i18n/en';
import type { Client, EmailBody, Item, PartRole } from '../jmap';
import { goingAlong, htmlWithPictures, type Original } from './originals';

const kinds: Record<PartRole, string[]> = {
  html: ['text/html'],
  text: ['text/plain'],
  picture: ['image/jpeg', 'image/bmp', 'image/avif'],
  pictureOfHtml: ['image/png', 'application/octet-stream'],
  otherForm: ['text/plain'],
  letter: ['message/rfc822'],
  calendar: ['text/calendar'],
  card: ['text/vcard'],
  signature: ['application/pgp-signature'],
  sealed: ['application/pkcs7-mime'],
  envelope: ['application/pgp-encrypted'],
  file: ['application/pdf', 'image/heic', 'audio/amr', 'text/plain', 'image/png'],
};

function part(partId: string, is: PartRole, more: Partial<Item> = {}): Item {
  const type = more.type ?? kinds[is][0] ?? '';
  const picture = /^image\/(png|jpeg|bmp|avif)$/.test(type)
    ? type
    : is === 'pictureOfHtml'
      ? 'image/png'
      : null;
  const nothing = { size: 9, name: null, disposition: null, cid: null, calledInHtml: [], subject: null };
  return { ...nothing, partId, blobId: `b${partId}`, type, is, isListed: false, picture, ...more };
}

function letter(parts: Item[], values: Record<string, string>): EmailBody {
  const bodyValues = Object.fromEntries(Object.entries(values).map(([id, value]) => [id, { value }]));
  return { consistsOf: parts, bodyValues, protection: null } as unknown as EmailBody;
}

const client = { downloadUrl: (blob: string) => `/blob/${blob}` } as unknown as Client;

function forwarded(body: EmailBody) {
  const html = htmlWithPictures(body);
  return { html, ...goingAlong(en, client, { html, body } as Original) };
}

beforeAll(() => {
  globalThis.location ??= { href: 'http://alpha.test/' } as Location;
});

it('a letter of several pieces of HTML is taken whole, with the pictures between them', () => {
  const parts = [part('1', 'html'), part('2', 'picture', { name: 'photo.jpeg' }), part('3', 'html')];
  expect(htmlWithPictures(letter(parts, { 1: '<p>before</p>', 3: '<p>after</p>' }))).toBe(
    '<p>before</p>\n<div><img src="cid:part-2%40facteur"></div>\n<p>after</p>',
  );
});

it('a plain letter with pictures is taken as HTML, one without stays plain', () => {
  const parts = [part('1', 'text'), part('2', 'picture', { cid: 'a@x' })];
  expect(htmlWithPictures(letter(parts, { 1: 'here <it> is' }))).toBe(
    '<div>here &lt;it&gt; is</div>\n<div><img src="cid:a%40x"></div>',
  );
  expect(htmlWithPictures(letter([part('1', 'text')], { 1: 'x' }))).toBeUndefined();
  // A part that is not shown as a picture goes along as a file.
  expect(htmlWithPictures(letter([part('1', 'text'), part('2', 'file')], { 1: 'x' }))).toBeUndefined();
});

it('pictures are named by their Content-ID, however the letter names them', () => {
  const calledInHtml = ['image001.png', 'cid:logo%40X'];
  const parts = [part('1', 'html'), part('2', 'pictureOfHtml', { cid: 'Logo@x', calledInHtml })];
  const html = '<img src="image001.png"><img src="cid:logo%40X">';
  expect(htmlWithPictures(letter(parts, { 1: html }))).toBe(
    '<img src="cid:Logo%40x"><img src="cid:Logo%40x">',
  );
});

it('what came without a name is sent on as what it is', () => {
  const parts = [
    part('1', 'text'),
    part('2', 'file', { type: 'image/heic' }),
    part('3', 'file', { type: 'image/heic' }),
    part('4', 'letter', { subject: 'Lunch' }),
    part('5', 'file'),
  ];
  const names = forwarded(letter(parts, { 1: 'x' })).attachments.map(({ name }) => name);
  expect(names).toEqual(['Photo 1.heic', 'Photo 2.heic', 'Letter: Lunch.eml', 'Document.pdf']);
});

/** Returns the same numbers for the same seed (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

it('whatever the shape of a letter, every part that is shown or listed survives a forward', () => {
  for (let seed = 0; seed < 400; seed += 1) {
    const below = numbers(seed);
    const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
    const values: Record<string, string> = {};
    const parts: Item[] = [];
    for (let at = below(7); at >= 0; at -= 1) {
      const is = pick(Object.keys(kinds) as PartRole[]);
      const id = String(parts.length + 1);
      const cid = pick([null, `c${id}@x`, `a b%${id}@x`]);
      const calledInHtml = is === 'pictureOfHtml' ? [pick([`cid:${id}%40x`, `image${id}.png`])] : [];
      parts.push(part(id, is, { type: pick(kinds[is]), cid, calledInHtml, name: pick([null, `n${id}`]) }));
      if (/^text\//.test(parts.at(-1)?.type ?? '')) values[id] = `words ${id} of it`;
    }
    const called = parts.flatMap(({ calledInHtml }) => calledInHtml);
    const first = parts.find(({ is }) => is === 'html');
    if (first?.partId) values[first.partId] += called.map((name) => `<img src="${name}">`).join('');
    const body = letter(parts, values);
    const { html, pictures, attachments } = forwarded(body);
    const sent = [...pictures, ...attachments].map(({ blobId }) => blobId);
    for (const { is, partId, blobId } of parts) {
      if (is === 'otherForm') continue;
      if (is === 'html' || (is === 'text' && html !== undefined))
        expect([seed, html?.includes(`words ${partId} of it`)]).toEqual([seed, true]);
      else if (is !== 'text')
        expect([seed, is, sent.filter((one) => one === blobId)]).toEqual([seed, is, [blobId]]);
    }
    for (const { blobId, cid } of pictures)
      expect([seed, blobId, html]).toEqual([
        seed,
        blobId,
        expect.stringContaining(`cid:${encodeURIComponent(cid)}`),
      ]);
  }
});
