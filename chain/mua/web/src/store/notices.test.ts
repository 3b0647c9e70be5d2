import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Notices } from './notices.svelte';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('a notice goes by itself, but not while somebody is at it', () => {
  const notices = new Notices();
  const id = notices.say('done', 'Archived');
  vi.advanceTimersByTime(7_000);
  notices.hold(id);
  vi.advanceTimersByTime(60_000);
  expect(notices.list.length).toBe(1);
  notices.release(id);
  vi.advanceTimersByTime(8_000);
  expect(notices.list).toEqual([]);
});

it('there are never more than three at once', () => {
  const notices = new Notices();
  for (const text of ['a', 'b', 'c', 'd']) notices.say('done', text);
  expect(notices.list.map((notice) => notice.text)).toEqual(['b', 'c', 'd']);
});

it('the same words are spoken twice', () => {
  const notices = new Notices();
  notices.speak('New letter');
  const first = notices.spoken;
  notices.speak('New letter');
  expect(notices.spoken).not.toBe(first);
});
