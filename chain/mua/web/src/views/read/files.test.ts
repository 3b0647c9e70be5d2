import { describe, expect, it } from 'vitest';
import { en } from '../../i18n/en';
import { fr } from '../../i18n/fr';
import { archiveName } from './files';

describe('all files of a letter together', () => {
  it('are called what the letter is about', () => {
    const called = (subject: string | null) => archiveName(en, subject, 3);
    expect(called('Photos of the pier')).toBe('Photos of the pier.zip');
    expect(called('Re: plans 1/2 \\ "final"?')).toBe('Re plans 1 2 final.zip');
    expect(called('../../etc/passwd')).toBe('etc passwd.zip');
    expect(called('.hidden.')).toBe('hidden.zip');
    expect(called('holiday\u202Egpj.exe\r\nX')).toBe('holiday gpj.exe X.zip');
    expect(called('été 写真 🏝'.repeat(40))).toHaveLength(
      Array.from('été 写真 🏝'.repeat(40)).slice(0, 80).join('').length + 4,
    );
    for (const nothing of [null, '', ' ', '...', '\u202E', '///'])
      expect(called(nothing)).toBe('3 attachments.zip');
    expect(archiveName(fr, null, 2)).toBe(`${fr.read.attachments(2)}.zip`);
  });
});
