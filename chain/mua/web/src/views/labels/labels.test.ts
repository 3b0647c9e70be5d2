import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Mailbox } from '../../jmap';
import { hues } from '../../store/labels';
import { Ticks } from './ticks.svelte';

const tokens = readFileSync(new URL('../../tokens.css', import.meta.url), 'utf8');

/** Returns the two values of a name in a part of the tokens: by day and by night. */
function pair(css: string, name: string): [string, string] {
  const found = new RegExp(`${name}: light-dark\\((#\\w{6}), (#\\w{6})\\)`).exec(css);
  return [found?.[1] ?? '', found?.[2] ?? ''];
}

/** WCAG 2.2, relative luminance. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((one, other) => other - one);
  return (light + 0.05) / (dark + 0.05);
}

describe('the colours of labels', () => {
  it.each(['none', ...hues])('can be read by day and by night: %s', (hue) => {
    const rule = tokens.slice(tokens.indexOf(`[data-hue='${hue}']`)).split('}')[0] ?? '';
    const [ink, soft] = [pair(rule, '--hue'), pair(rule, '--hue-soft')];
    for (const time of [0, 1] as const) {
      expect(contrast(ink[time], soft[time])).toBeGreaterThanOrEqual(4.5);
      // The picture of a folder stands on the desk, or on the tint of the one that is open.
      for (const ground of ['--desk', '--accent-soft'])
        expect(contrast(ink[time], pair(tokens, ground)[time])).toBeGreaterThanOrEqual(3);
    }
  });
});

const labels = [{ id: 'fam' }, { id: 'work' }, { id: 'home' }] as Mailbox[];
const ids = (all: Mailbox[]) => all.map(({ id }) => id);

describe('the ticks of the chooser', () => {
  const two = [new Set(['in', 'fam', 'work']), new Set(['in', 'work'])];

  it('say what all, some or none of the conversations have', () => {
    const ticks = new Ticks(two);
    expect(labels.map(({ id }) => ticks.mark(id))).toEqual(['some', 'all', 'none']);
    expect(ticks.isChanged).toBe(false);
  });

  it('go from some to all, to none, and back to those that had it', () => {
    const ticks = new Ticks(two);
    const marks = [1, 2, 3].map(() => {
      ticks.toggle('fam');
      return [ticks.mark('fam'), ids(ticks.wanted(true, labels)), ids(ticks.wanted(false, labels))];
    });
    expect(marks).toEqual([
      ['all', ['fam'], []],
      ['none', [], ['fam']],
      ['some', [], []],
    ]);
    expect(ticks.isChanged).toBe(false);
  });

  it('that were set and taken away again change nothing', () => {
    const ticks = new Ticks(two);
    for (const id of ['work', 'work', 'home', 'home']) ticks.toggle(id);
    expect(ticks.isChanged).toBe(false);
    ticks.toggle('work');
    ticks.toggle('home');
    expect([ids(ticks.wanted(true, labels)), ids(ticks.wanted(false, labels))]).toEqual([['home'], ['work']]);
  });

  it('do not say “all” where there are more conversations than are known', () => {
    expect(new Ticks(two, true).mark('work')).toBe('some');
  });
});
