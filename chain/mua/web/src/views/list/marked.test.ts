import { expect, it } from 'vitest';
import { piecesOf } from './marked';

it('a snippet is text with marks, whatever it holds', () => {
  expect(piecesOf('a &lt;b&gt; <mark>wall</mark> &amp; <img src=x>', '')).toEqual([
    { text: 'a <b> ', marked: false },
    { text: 'wall', marked: true },
    { text: ' & <img src=x>', marked: false },
  ]);
});

it('without a snippet the plain text is shown', () => {
  expect(piecesOf(undefined, 'plain & simple')).toEqual([{ text: 'plain & simple', marked: false }]);
});
