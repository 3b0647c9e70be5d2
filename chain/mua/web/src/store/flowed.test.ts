import { describe, expect, it } from 'vitest';
import type { EmailBody } from '../jmap';
import { join, joined } from './flowed';

describe('a text whose lines flow', () => {
  it.each([
    ['one \ntwo\nthree\n', 'one two\nthree\n'],
    ['a \n\nb', 'a \n\nb'],
    ['> quoted \n> on\n>> deeper \nmine', '> quoted on\n>> deeper \nmine'],
    [' >no quote\n  stuffed\n From me', ' >no quote\n stuffed\nFrom me'],
    ['text \n-- \nme', 'text \n-- \nme'],
    ['a \r\nb\r\n', 'a b\n'],
    ['', ''],
  ])('%j is read as %j', (sent, read) => {
    expect(join(sent, false)).toBe(read);
  });

  it('loses the blanks where the language has none', () => {
    expect(join('日 \n本', true)).toBe('日本');
    expect(join('two  \nwords', true)).toBe('two words');
  });

  it('takes a second however many lines flow', () => {
    const begun = performance.now();
    join('word \n'.repeat(40_000), false);
    expect(performance.now() - begun).toBeLessThan(5_000);
  });

  it('is joined only where its header says so', () => {
    const read = (contentType: string | null) =>
      joined({
        consistsOf: [{ partId: '1', is: 'text', type: 'text/plain', 'header:Content-Type': contentType }],
        bodyValues: { '1': { value: 'a \nb' } },
      } as unknown as EmailBody)['1']?.value;
    expect(read(' text/plain; charset=utf-8;\r\n format=flowed')).toBe('a b');
    expect(read(' text/plain; Format="Flowed"; DelSp=Yes')).toBe('ab');
    for (const other of [null, ' text/plain', ' text/plain; format=fixed']) expect(read(other)).toBe('a \nb');
  });
});
