import { describe, expect, it } from 'vitest';
import { blocksOf, runsOf } from './body';

describe('a plain letter', () => {
  it('is text, quote and signature', () => {
    const text = 'Yes.\n\nOn Tuesday Ann wrote:\n> Shall we?\n> Ann\n\nBob\n-- \nBob Carver';
    expect(blocksOf(text)).toEqual([
      { kind: 'text', text: 'Yes.\n' },
      { kind: 'quote', text: 'On Tuesday Ann wrote:\n> Shall we?\n> Ann' },
      { kind: 'text', text: '\nBob' },
      { kind: 'signature', text: '-- \nBob Carver' },
    ]);
  });

  it('shows its links without the full stop behind them', () => {
    expect(runsOf('See https://a.test/x?y=1. Or (http://b.test) or ann@a.test!')).toEqual([
      { text: 'See ' },
      { text: 'https://a.test/x?y=1', href: 'https://a.test/x?y=1' },
      { text: '. Or (' },
      { text: 'http://b.test', href: 'http://b.test' },
      { text: ') or ' },
      { text: 'ann@a.test', href: 'mailto:ann@a.test' },
      { text: '!' },
    ]);
  });

  it('never makes a link of anything but the web and addresses', () => {
    expect(runsOf('javascript:alert(1) data:text/html,x')).toEqual([
      { text: 'javascript:alert(1) data:text/html,x' },
    ]);
  });
});
