import { expect, it } from 'vitest';
import { en } from '../i18n/en';
import { Keys, shortcuts } from './shortcuts';

it('one key is one command', () => {
  const keys = new Keys();
  expect(keys.press('e', 0)).toBe('archive');
  expect(keys.press('E', 1)).toBe('archive');
  expect(keys.press('q', 2)).toBeUndefined();
});

it('two keys in turn are one command, if they are quick', () => {
  const keys = new Keys();
  expect(keys.press('g', 0)).toBeUndefined();
  expect(keys.press('s', 500)).toBe('goSent');
  expect(keys.press('g', 1_000)).toBeUndefined();
  expect(keys.press('s', 9_000)).toBe('flag');
});

it('no key means two things, and each is explained', () => {
  const all = shortcuts.flatMap((shortcut) => shortcut.keys);
  expect(new Set(all).size).toBe(all.length);
  for (const { command } of shortcuts) expect(en.keys.what[command]).toBeTruthy();
});
