import { describe, expect, it } from 'vitest';
import { Draft } from './draft.svelte';
import { most, Tray } from './tray.svelte';

function lay(tray: Tray, count: number): Draft[] {
  return Array.from({ length: count }, () => {
    const draft = new Draft();
    tray.lay(draft);
    return draft;
  });
}

describe('the letters being written', () => {
  it('lie folded up but for one, which can be any of them', () => {
    const tray = new Tray();
    const [first, second] = lay(tray, 2);
    expect(tray.front).toBe(second);
    if (first) tray.unfold(first);
    expect(tray.front).toBe(first);
    tray.fold();
    expect(tray.front).toBeUndefined();
    expect(tray.letters).toEqual([first, second]);
  });

  it('are gone on with when the one in front is gone, and stay as they are when another is', () => {
    const tray = new Tray();
    const [first, second, third] = lay(tray, 3);
    if (third) tray.take(third);
    expect(tray.front).toBe(second);
    if (first) tray.take(first);
    expect(tray.front).toBe(second);
  });

  it('make room: the oldest has to go, and stays where it cannot', () => {
    const tray = new Tray();
    const [oldest] = lay(tray, most);
    const one = new Draft();
    expect(tray.lay(one)).toBe(oldest);
    if (oldest) {
      tray.take(oldest);
      tray.putBack(oldest);
    }
    expect(tray.front).toBe(one);
    expect(tray.letters[0]).toBe(oldest);
  });
});
