import { describe, expect, it } from 'vitest';
import { type Line, spanOf } from './signature';

/** Makes lines of a letter; those that begin with ">" are quotes. */
function lines(...texts: string[]): Line[] {
  return texts.map((text) => ({ text, quote: text.startsWith('>') }));
}

describe('a signature', () => {
  it('is found with the line before it, however its blanks were moved about', () => {
    const letter = lines('Hello', '', '--\u00A0', 'Alice  Martin', 'Alpha Ltd', '', '> quoted');
    expect(spanOf(letter, 'Alice Martin\nAlpha\u00A0Ltd')).toEqual({ at: 2, count: 3 });
  });

  it('that was changed by hand is not found, nor one that only begins alike', () => {
    expect(spanOf(lines('-- ', 'Alice M.'), 'Alice Martin')).toBeUndefined();
    expect(spanOf(lines('-- ', 'Alice Martin, Paris'), 'Alice Martin')).toBeUndefined();
    expect(spanOf(lines('Alice Martin'), 'Alice Martin')).toBeUndefined();
  });

  it('is told from what others wrote behind such a line', () => {
    const letter = lines('-- ', 'not it', '', '-- ', 'Alice', '> -- ', '> Alice');
    expect(spanOf(letter, 'Alice')).toEqual({ at: 3, count: 2 });
  });

  it('would stand below what one wrote, and above what is quoted and what introduces that', () => {
    expect(spanOf(lines('Hello', '', ''), '')).toEqual({ at: 1, count: 0 });
    expect(spanOf(lines('Hello', '', 'Bob wrote:', '> Hi'), '')).toEqual({ at: 1, count: 0 });
    expect(spanOf(lines('', '', 'Bob wrote:', '> Hi'), '')).toEqual({ at: 0, count: 0 });
    expect(spanOf(lines('See', '---------- Forwarded letter ----------', 'x'), '')).toEqual({
      at: 1,
      count: 0,
    });
    expect(spanOf([], '')).toEqual({ at: 0, count: 0 });
  });
});
