import { expect, it } from 'vitest';
import { fromFirstMark, piecesOf } from './marked';

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

it('a preview begins shortly before what was found, at a word', () => {
  const long = 'Dear all, the weather has been kind to us so far and ';
  expect(fromFirstMark(piecesOf(`${long}<mark>wall</mark> stands`, ''))).toEqual([
    { text: '…been kind to us so far and ', marked: false },
    { text: 'wall', marked: true },
    { text: ' stands', marked: false },
  ]);
  for (const text of ['Hello <mark>wall</mark>', '<mark>wall</mark> stands', `${long}stands`])
    expect(fromFirstMark(piecesOf(text, ''))).toEqual(piecesOf(text, ''));
});
