import { afterEach, describe, expect, it, vi } from 'vitest';
import { beginning, decoded, longest } from './text';

const latin = new Uint8Array([0xe9, 0x74, 0xe9]);
const utf8 = new TextEncoder().encode('été 漢');

describe('a text that is attached', () => {
  it('is read in the charset that its letter names, or else in the one it is in', () => {
    expect(decoded(latin, 'iso-8859-1')).toBe('été');
    expect(decoded(latin, null)).toBe('été');
    expect(decoded(utf8, null)).toBe('été 漢');
    expect(decoded(utf8, 'us-ascii')).toBe('été 漢');
    expect(decoded(utf8, 'no-such-charset')).toBe('été 漢');
    expect(decoded(utf8.subarray(0, utf8.length - 1), null)).toBe('été ');
    expect(decoded(new Uint8Array([0xa4, 0xb3]), 'koi8-r')).not.toBe('¤³');
    expect(decoded(new Uint8Array([0xff, 0xfe, 0x61, 0]), 'utf-8')).toBe('a');
  });

  describe('fetched', () => {
    afterEach(() => vi.unstubAllGlobals());

    it('is fetched no further than it is shown', async () => {
      let given = 0;
      const body = new ReadableStream({
        pull(controller) {
          given += 100_000;
          controller.enqueue(new Uint8Array(100_000).fill(0x61));
        },
      });
      vi.stubGlobal('fetch', () => Promise.resolve(new Response(body)));
      const { text, isCut } = await beginning('/x', null, new AbortController().signal);
      expect([text.length, isCut]).toEqual([longest, true]);
      expect(given).toBeLessThan(longest + 300_000);
    });
  });
});
