import { expect, it } from 'vitest';
import type { BodyPart, EmailBody } from '../jmap';
import { htmlWithPictures } from './originals';

function part(partId: string, type: string, more: Partial<BodyPart> = {}): BodyPart {
  return { partId, blobId: `b${partId}`, size: 9, name: null, type, disposition: null, cid: null, ...more };
}

function letter(parts: BodyPart[], values: Record<string, string>, attachments: BodyPart[] = []): EmailBody {
  const bodyValues = Object.fromEntries(Object.entries(values).map(([id, value]) => [id, { value }]));
  return { textBody: parts, htmlBody: parts, attachments, bodyValues } as unknown as EmailBody;
}

it('a letter of several pieces of HTML is taken whole, with the pictures between them', () => {
  const parts = [
    part('1', 'text/html'),
    part('2', 'image/jpeg', { name: 'photo.jpeg' }),
    part('3', 'text/html'),
  ];
  expect(htmlWithPictures(letter(parts, { 1: '<p>before</p>', 3: '<p>after</p>' }))).toBe(
    '<p>before</p>\n<div><img src="cid:part-2%40facteur"></div>\n<p>after</p>',
  );
});

it('a plain letter with pictures is taken as HTML, one without stays plain', () => {
  const parts = [part('1', 'text/plain'), part('2', 'image/png', { cid: 'a@x' })];
  expect(htmlWithPictures(letter(parts, { 1: 'here <it> is' }))).toBe(
    '<div>here &lt;it&gt; is</div>\n<div><img src="cid:a%40x"></div>',
  );
  expect(htmlWithPictures(letter([part('1', 'text/plain')], { 1: 'x' }))).toBeUndefined();
  // What is no picture that is shown goes along as a file.
  expect(
    htmlWithPictures(letter([part('1', 'text/plain'), part('2', 'image/heic')], { 1: 'x' })),
  ).toBeUndefined();
});

it('pictures are named by their Content-ID, however the letter names them', () => {
  const logo = part('2', 'image/png', { cid: 'Logo@x', location: 'image001.png' });
  const html = '<img src="image001.png"><img src="cid:logo%40X">';
  expect(htmlWithPictures(letter([part('1', 'text/html')], { 1: html }, [logo]))).toBe(
    '<img src="cid:Logo%40x"><img src="cid:Logo%40x">',
  );
});
