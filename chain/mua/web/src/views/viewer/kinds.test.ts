import { describe, expect, it } from 'vitest';
import { inTwo, kindOf, shortOf, viewOf } from './kinds';

describe('what came with a letter', () => {
  it('is shown only where it cannot act', () => {
    for (const [type, name, view] of [
      ['application/pdf', 'a', 'pdf'],
      ['application/octet-stream', 'Plan.PDF', 'pdf'],
      ['image/jpeg', 'a.jpg', 'picture'],
      ['image/x-unknown', 'a.jpg', 'none'],
      ['text/plain', 'a.txt', 'text'],
      ['text/csv', 'a.csv', 'text'],
      ['application/octet-stream', 'a.log', 'text'],
      ['audio/mpeg', 'a.mp3', 'sound'],
      ['video/mp4', 'a.mp4', 'film'],
      ['text/html', 'a.txt', 'none'],
      ['text/plain', 'a.html', 'none'],
      ['application/xhtml+xml', 'a', 'none'],
      ['image/svg+xml', 'a.png', 'none'],
      ['image/heic', 'a.heic', 'none'],
      ['image/tiff', 'a.tif', 'none'],
      ['application/octet-stream', 'a', 'none'],
      ['', '', 'none'],
    ] as const) {
      expect(viewOf({ type, name }), `${type} ${name}`).toBe(view);
    }
  });

  it('says what it is in words', () => {
    expect(kindOf({ type: 'application/msword', name: 'a' })).toBe('word');
    expect(kindOf({ type: 'application/octet-stream', name: 'a.docx' })).toBe('word');
    expect(kindOf({ type: 'application/vnd.ms-excel', name: 'a' })).toBe('excel');
    expect(kindOf({ type: 'application/octet-stream', name: 'a.toString' })).toBe('file');
    expect(shortOf({ type: 'application/octet-stream', name: 'a' })).toBe('');
    expect(shortOf({ type: 'application/pdf', name: 'a' })).toBe('PDF');
  });

  it('keeps the ending of its name in sight', () => {
    expect(inTwo('a very long name of a report.pdf')).toEqual(['a very long name of a ', 'report.pdf']);
    expect(inTwo('été.pdf').join('')).toBe('été.pdf');
    expect(inTwo('👩‍🚀👩‍🚀')[0]).not.toMatch(/[\uD800-\uDBFF]$/);
  });
});
