import { describe, expect, it } from 'vitest';
import type { BodyPart, EmailBody } from '../jmap';
import { filesOf, listedParts, namedById, Names, pictureType } from './parts';

let number = 0;
function part(type: string, more: Partial<BodyPart> = {}): BodyPart {
  number += 1;
  return {
    partId: `p${number}`,
    blobId: `b${number}`,
    size: 9,
    name: null,
    type,
    disposition: null,
    cid: null,
    ...more,
  };
}

function letter(
  lists: Partial<Pick<EmailBody, 'textBody' | 'htmlBody' | 'attachments'>>,
  html = '',
): EmailBody {
  const page = lists.htmlBody?.find((one) => one.type === 'text/html')?.partId ?? '';
  return {
    textBody: [],
    htmlBody: [],
    attachments: [],
    bodyValues: { [page]: { value: html } },
    ...lists,
  } as unknown as EmailBody;
}

const text = () => part('text/plain');
const page = () => part('text/html');
const names = (parts: BodyPart[]) => parts.map((one) => one.name ?? one.type);

describe('each part of a letter is shown, or listed', () => {
  it('a photo between two texts is a file as well', () => {
    const shown = [text(), part('image/jpeg', { name: 'IMG_1.jpeg', disposition: 'inline' }), text()];
    expect(names(listedParts(letter({ textBody: shown, htmlBody: shown })))).toEqual(['IMG_1.jpeg']);
  });

  it('a picture without a name stands in its place, and nowhere else', () => {
    const shown = [text(), part('image/png')];
    expect(listedParts(letter({ textBody: shown, htmlBody: shown }))).toEqual([]);
  });

  it('what cannot be shown in its place is listed', () => {
    for (const type of ['image/heic', 'image/svg+xml', 'image/tiff', 'audio/mpeg', 'video/mp4']) {
      const shown = [text(), part(type)];
      expect(names(listedParts(letter({ textBody: shown, htmlBody: shown })))).toEqual([type]);
    }
  });

  it('a document alone is listed, and so is a letter in a letter', () => {
    const attachments = [part('application/pdf', { name: 'scan.pdf' }), part('message/rfc822')];
    expect(names(listedParts(letter({ attachments })))).toEqual(['scan.pdf', 'message/rfc822']);
  });

  it('a picture that came twice in the lists is there once', () => {
    const photo = part('image/png', { name: 'a.png' });
    const body = letter({ textBody: [text(), photo], htmlBody: [page()], attachments: [photo] });
    expect(names(filesOf(body))).toEqual(['a.png']);
    expect(names(listedParts(body))).toEqual(['a.png']);
  });

  it.each([
    ['<img src="cid:foo%40bar.com">', true],
    ['<img width=1 src=cid:foo@bar.com>', true],
    ["<IMG SRC='CID:<foo@bar.com>'>", false],
    ['<img src="cid:&lt;foo@bar.com&gt;">', true],
    ['<img src="cid:FOO@bar.com">', true],
    ['<img src="mid:letter%40x/foo%40bar.com">', true],
    ['<img src="image001.png">', true],
    ['<td background="cid:foo@bar.com">', true],
    ['<p style="background: url(cid:foo@bar.com)">', true],
    ["<style>p{background:url('cid:foo%40bar.com')}</style>", true],
    // Those show nothing.
    ['<img data-src="cid:foo@bar.com">', false],
    ['<img srcset="cid:foo@bar.com 2x">', false],
    ['<!-- <img src="cid:foo@bar.com"> -->', false],
    ['<!-- <img src="cid:foo@bar.com">', false],
    ['<v:imagedata src="cid:foo@bar.com">', false],
    ['<a href="cid:foo@bar.com">', false],
    ['src="cid:foo@bar.com"', false],
  ])('%s shows it: %s', (html, shows) => {
    const picture = part('image/png', { cid: 'foo@bar.com', location: 'image001.png', name: 'a.png' });
    const listed = listedParts(letter({ htmlBody: [page()], attachments: [picture] }, html));
    expect(names(listed)).toEqual(shows ? [] : ['a.png']);
  });

  it('what has a name in the HTML and is no picture that is shown is listed', () => {
    const html = '<img src="cid:x@y">';
    for (const type of ['image/svg+xml', 'application/pdf', 'image/heic'])
      expect(new Names(html).shows(part(type, { cid: 'x@y' }))).toBe(false);
  });

  it('a picture is known by its kind or its name', () => {
    expect(pictureType({ type: 'image/JPG', name: null })).toBe('image/jpeg');
    expect(pictureType({ type: 'application/octet-stream', name: 'Photo.JPG' })).toBe('image/jpeg');
    expect(pictureType({ type: 'application/pdf', name: 'photo.jpg' })).toBeUndefined();
    expect(pictureType({ type: 'image/constructor', name: null })).toBeUndefined();
  });

  it('HTML is made to name its pictures in one way', () => {
    const picture = part('image/png', { cid: 'a b@x', location: 'image001.png' });
    const html = '<img src="image001.png"><img src=mid:l@x/a%20b@x><img src="https://t.test/x.png">';
    expect(namedById(html, [picture])).toBe(
      '<img src="cid:a%20b%40x"><img src="cid:a%20b%40x"><img src="https://t.test/x.png">',
    );
  });

  it('is looked through soon, whatever it is made of', () => {
    const began = performance.now();
    for (const piece of ['<img ', '<!--', 'src="', 'src=x ', 'url(', '<img src=', "src='cid:"]) {
      new Names(piece.repeat(1_000_000 / piece.length));
      namedById(piece.repeat(1_000_000 / piece.length), []);
    }
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});
