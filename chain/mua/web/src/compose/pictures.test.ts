import { expect, it } from 'vitest';
import type { BodyPart } from '../jmap';
import { pictureIn, Pictures, shownIn } from './pictures.svelte';

const file = () => new File([new Uint8Array(10)], 'wall.png', { type: 'image/png' });

it('a picture is called by its Content-ID in the letter and by its place in the editor', () => {
  const pictures = new Pictures();
  const { cid, url } = pictures.add(file());
  expect(pictures.shown(`cid:${cid}`)).toBe(url);
  expect(pictures.shown(url)).toBe(url);
  const html = pictures.named(`<div>a<img src="${url}" alt="wall"></div>`);
  expect(html).toBe(`<div>a<img src="cid:${cid}" alt="wall"></div>`);
  expect(pictures.used(html).map((one) => one.cid)).toEqual([cid]);
  expect(pictures.used('<div>a</div>')).toEqual([]);
});

it('what is no picture of this letter is not shown', () => {
  const pictures = new Pictures();
  const picture = pictures.add(file());
  expect(pictures.shown('https://t.test/p.gif')).toBeUndefined();
  expect(pictures.shown('cid:other@x')).toBeUndefined();
  picture.failed = true;
  expect(pictures.shown(picture.url)).toBeUndefined();
});

it('a picture that is pasted written out is taken in, whatever else is not', () => {
  expect(pictureIn('data:image/png;base64,AAEC')).toMatchObject({ type: 'image/png', size: 3 });
  for (const bad of [
    'data:image/svg+xml;base64,AAEC',
    'data:text/html;base64,AAEC',
    'data:image/png;base64,=A',
    'x',
  ])
    expect([bad, pictureIn(bad)]).toEqual([bad, undefined]);
});

it('the parts a letter shows are told from those it only brings along', () => {
  const part = (cid: string | null, type = 'image/png') => ({ cid, type, blobId: 'b' }) as BodyPart;
  const html = '<img src="cid:a%2B1@x"><img src=cid:b@x><img src="cid:c@x">';
  const found = shownIn(html, [
    part('a+1@x'),
    part('b@x'),
    part('c@x', 'image/svg+xml'),
    part('d@x'),
    part(null),
  ]);
  expect(found.map((one) => one.cid)).toEqual(['a+1@x', 'b@x']);
});
