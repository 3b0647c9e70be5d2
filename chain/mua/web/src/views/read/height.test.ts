import { describe, expect, it } from 'vitest';
import { guessHeight } from './height';

describe('the height of a letter', () => {
  it('is a few lines for a few words, however they are wrapped up', () => {
    const short = guessHeight('<div>See you at noon.</div><div><br></div><div>Ann</div>', true, 640);
    expect(short).toBeGreaterThan(72);
    expect(short).toBeLessThan(160);
    const styled = `<html><head><style>${'p{margin:0}'.repeat(200)}</style></head><body><p>Yes.</p></body></html>`;
    expect(guessHeight(styled, true, 640)).toBeLessThan(110);
  });

  it('grows with the text, and as the room gets narrower', () => {
    const text = `<p>${'word '.repeat(400)}</p>`;
    expect(guessHeight(text, true, 640)).toBeGreaterThan(500);
    expect(guessHeight(text, true, 320)).toBeGreaterThan(guessHeight(text, true, 640) * 1.7);
  });

  it('counts the pictures that say how tall they are', () => {
    const picture = '<img src="cid:a" width="600" height="400">';
    expect(guessHeight(`<p>Look</p>${picture}`, true, 640)).toBeGreaterThan(460);
    expect(guessHeight(`<p>Look</p>${picture}`, true, 300)).toBeLessThan(320);
    expect(guessHeight('<p>Look</p><img src="cid:a" width="1" height="1">', true, 640)).toBeLessThan(110);
  });

  it('is found in a moment, whatever a stranger writes', () => {
    const begun = performance.now();
    for (const part of ['<style', '<!--', '<img ', '< ', 'url(  ', '&&', '<div\n']) {
      guessHeight(part.repeat(60_000), true, 640);
    }
    expect(performance.now() - begun).toBeLessThan(8_000);
  });

  it('has an end', () => {
    expect(guessHeight('<p>x</p>'.repeat(100_000), true, 640)).toBe(4_000);
    expect(guessHeight('', false, 0)).toBe(72);
  });
});
