import { expect, it } from 'vitest';
import { declarationsOf } from './styles';

it('a quoted letter keeps its colours, its type and its tables', () => {
  expect(
    declarationsOf(
      'COLOR: #333; font-family:"Times New Roman",serif; padding-left:4px ;border:1px solid red',
    ),
  ).toEqual([
    ['color', '#333'],
    ['font-family', '"Times New Roman",serif'],
    ['padding-left', '4px'],
    ['border', '1px solid red'],
  ]);
  expect(declarationsOf('background:#eee!important')).toEqual([['background-color', '#eee']]);
});

it('and nothing that loads, moves or hides', () => {
  for (const bad of [
    'background:url(https://t.test/p)',
    'background-image:url(x)',
    'list-style:URL (x)',
    'list-style-image:image-set("x" 1x)',
    'position:fixed',
    'display:none',
    'margin-top:-400px',
    'width:expression(x())',
    'color:var(--x)',
    'color:r\\65 d',
    'opacity:0',
    ':red',
    'color',
  ])
    expect([bad, declarationsOf(bad)]).toEqual([bad, []]);
});
