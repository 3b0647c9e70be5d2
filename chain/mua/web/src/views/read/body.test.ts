import { describe, expect, it } from 'vitest';
import type { EmailBody, Item } from '../../jmap';
import { blocksOf, isHeavy, runsOf } from './body';

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

  it('comes in pieces where it is long, broken between words and not within a character', () => {
    const runs = runsOf(`${'word '.repeat(1_000)}${'😀'.repeat(3_000)}`);
    expect(runs.length).toBeGreaterThan(10);
    expect(
      runs.every(({ text }, index) => text.length <= 1_001 && Boolean(runs[index]?.cut) === index > 0),
    ).toBe(true);
    expect(runs.every(({ text }) => !/[\uD800-\uDBFF]$|^[\uDC00-\uDFFF]/.test(text))).toBe(true);
    expect(runs.map(({ text }) => text).join('').length).toBe(5_000 + 6_000);
  });

  it('is taken apart soon, whatever it is made of', () => {
    const began = performance.now();
    for (const text of [
      'a'.repeat(500_000),
      `http://${'.'.repeat(500_000)}x`,
      'a@'.repeat(200_000),
      '.'.repeat(500_000),
    ])
      runsOf(text);
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it('never makes a link of anything but the web and addresses', () => {
    expect(runsOf('javascript:alert(1) data:text/html,x')).toEqual([
      { text: 'javascript:alert(1) data:text/html,x' },
    ]);
  });
});

describe('a plain letter that a browser would be busy with for long', () => {
  const letter = (value: string, isTruncated = false) => {
    const consistsOf = [{ partId: '1', is: 'text', type: 'text/plain' } as unknown as Item];
    return { consistsOf, bodyValues: { '1': { value, isTruncated } } } as unknown as EmailBody;
  };

  it('is shown part by part', () => {
    for (const text of [
      'word '.repeat(40_000),
      'a\n'.repeat(6_000),
      'a@b.test '.repeat(3_000),
      'a\u4e2d\u0378'.repeat(2_000),
    ])
      expect(isHeavy(letter(text))).toBe(true);
    expect(isHeavy(letter('the beginning', true))).toBe(true);
  });

  it('is not one that people write, in whatever script', () => {
    for (const text of [
      'Dear Alice, the wall is up – see https://wall.test/ – and dry.\n'.repeat(1_500),
      '\u4f60\u597d\uff0c2026\u5e74\u3002'.repeat(900),
      '\u0645\u0631\u062d\u0628\u0627, \u05e9\u05dc\u05d5\u05dd. '.repeat(900),
    ])
      expect(isHeavy(letter(text))).toBe(false);
  });
});
