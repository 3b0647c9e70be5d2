import { describe, expect, it } from 'vitest';
import type { EmailBody, Item, PartRole } from '../jmap';
import { filesOf, isPlainText, listedParts, namedById, protectedPart, shownParts } from './parts';

function item(is: PartRole, more: Partial<Item> = {}): Item {
  const nothing = { blobId: null, size: 9, name: null, disposition: null, cid: null };
  const listed = !['html', 'text', 'pictureOfHtml', 'otherForm', 'signature', 'envelope'].includes(is);
  return {
    ...nothing,
    partId: is,
    type: 'x/y',
    is,
    isListed: listed,
    picture: null,
    calledInHtml: [],
    subject: null,
    ...more,
  };
}

const all: PartRole[] = ['otherForm', 'html', 'text', 'picture', 'pictureOfHtml', 'file', 'letter', 'sealed'];
const body = (...items: Item[]) => ({ consistsOf: items, protection: null }) as unknown as EmailBody;
const roles = (items: Item[]) => items.map(({ is }) => is);

describe('the parts of a letter are what the server says', () => {
  const letter = body(...all.map((is) => item(is)));

  it('texts and pictures are shown in their places', () => {
    expect(roles(shownParts(letter))).toEqual(['html', 'text', 'picture']);
    expect(isPlainText(letter)).toBe(false);
    expect(isPlainText(body(item('text'), item('file')))).toBe(true);
  });

  it('what is listed is said one by one', () => {
    expect(roles(listedParts(letter))).toEqual(['picture', 'file', 'letter', 'sealed']);
    expect(roles(listedParts(body(item('picture', { isListed: false }))))).toEqual([]);
  });

  it('whatever is no text goes along', () => {
    expect(roles(filesOf(letter))).toEqual(['picture', 'pictureOfHtml', 'file', 'letter', 'sealed']);
  });

  it('what a letter was wrapped up in does not go along once more, a signature beside it does', () => {
    const wrapping = item('signature', { type: 'application/pkcs7-mime' });
    expect(roles(filesOf(body(item('text'), item('file'), wrapping)))).toEqual(['file']);
    for (const type of ['application/pkcs7-signature', 'application/pgp-signature'])
      expect(roles(filesOf(body(item('text'), item('signature', { type }))))).toEqual(['signature']);
  });

  it('the part that protects the letter is found', () => {
    const signed = body(item('text'), item('signature'));
    expect(protectedPart(signed)).toBeUndefined();
    signed.protection = { is: 'signed', by: 'smime', partId: 'signature' };
    expect(protectedPart(signed)?.is).toBe('signature');
  });
});

describe('HTML', () => {
  it('is made to name its pictures in one way', () => {
    const picture = { cid: 'a b@x', calledInHtml: ['image001.png', 'mid:l@x/a%20b@x'] };
    const html = `<img src="image001.png"><img src=mid:l@x/a%20b@x><img src='image001.png'><img src="https://t.test/x.png">`;
    const named = '<img src="cid:a%20b%40x">';
    expect(namedById(html, [picture])).toBe(`${named.repeat(3)}<img src="https://t.test/x.png">`);
  });

  it('is looked through soon, whatever it is made of', () => {
    const began = performance.now();
    for (const piece of ['<img ', 'src="', 'src=x ', '<img src=', "src='cid:"])
      namedById(piece.repeat(1_000_000 / piece.length), [{ cid: 'a', calledInHtml: ['b'] }]);
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});
