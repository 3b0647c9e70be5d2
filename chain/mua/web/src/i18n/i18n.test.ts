import { describe, expect, it } from 'vitest';
import { en } from './en';
import { comingDate, size, shortDate, span } from './format';
import { fr } from './fr';
import { firstOf } from './texts';

type Node = Record<string, unknown>;

function keys(node: Node, above = ''): string[] {
  return Object.entries(node).flatMap(([key, value]) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? keys(value as Node, `${above}${key}.`)
      : [`${above}${key}:${typeof value}`],
  );
}

function texts(node: Node): string[] {
  return Object.values(node).flatMap((value) => {
    if (typeof value === 'string') return [value];
    if (typeof value === 'function')
      return [1, 2].map((n) => String((value as (...args: unknown[]) => string)(n, 'x')));
    if (Array.isArray(value)) return value.flat().map(String);
    return texts(value as Node);
  });
}

/** Returns every text with a number, as `group.key`. */
function counted(node: Node, above = ''): [string, (n: number) => string][] {
  return Object.entries(node).flatMap(([key, value]): [string, (n: number) => string][] => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return counted(value as Node, `${above}${key}.`);
    if (typeof value !== 'function') return [];
    const say = (n: number) => String((value as (...args: unknown[]) => string)(n, n === 1 ? 'x' : ''));
    return /(?<!\d)7(?!\d)/.test(say(7)) ? [[`${above}${key}`, say]] : [];
  });
}

/** Texts that contain a number and are the same for one: names of things, units, and texts for several things only. */
const same =
  /\.(?:wrong|form|options|removeTitle|exists|badName|created|renamed|removed|aside|listed|unlisted)|^(?:app|refusals|sweep|way|welcome|warnings|unsubscribe|scheduled\.(?!letters)|later|news\.one|done\.failedBecause|account\.(?:program|from|since|lastSeen|endOf)|storage\.(?:unlimited|moreThan))|^time\.(?:ms|s|min|h|at)$|^labels\.(?:on|create|said|sweep|take|colourOf)$|^list\.(?:label|selectAll|everything)$|^settings\.askAgain$|^read\.(?:alwaysFrom|download|view|pictureOf|files\.letterAbout|sealed\.\w+|invitation\.\w+(?:\.\w+)?|cards\.(?:label|on|until|except|replied|cardOf|wall|which))$|^viewer\.|^compose\./;

const sameInEnglish = new Set(['read.andMore', 'list.selected']);

describe('the texts of the pages', () => {
  it.each([en, fr])('say one of a thing as the language says it: $name', (words) => {
    const all = counted(words).filter(([key]) => !same.test(key));
    expect(all.length).toBeGreaterThan(10);
    const bare = (text: string, n: number) => text.replace(String(n), '#');
    const wrong = all.filter(
      ([key, say]) => !(words === en && sameInEnglish.has(key)) && bare(say(1), 1) === bare(say(7), 7),
    );
    expect(wrong.map(([key]) => key)).toEqual([]);
  });

  it('count none as one in French, and in English as several', () => {
    expect(fr.folders.unread(0)).toBe('0 message non lu');
    expect(en.folders.unread(0)).toBe('0 unread letters');
    expect(fr.read.andMore(1)).toBe('et 1 autre');
    expect(fr.read.andMore(2)).toBe('et 2 autres');
  });

  it('are there in both languages', () => {
    expect(keys(fr).sort()).toEqual(keys(en).sort());
    expect(fr.search.hints.length).toBe(en.search.hints.length);
  });

  it('are never empty', () => {
    for (const words of [en, fr]) for (const text of texts(words)) expect(text.trim()).not.toBe('');
  });

  it('in French keep their punctuation on the line, and use the right apostrophe', () => {
    for (const text of texts(fr)) {
      expect(text).not.toMatch(/ [:;?!»%]/);
      expect(text).not.toMatch(/[\p{L}\d)”»][;?!»]|[\p{L}\d)]: /u);
      expect(text).not.toMatch(/« /);
      expect(text).not.toMatch(/'/);
    }
  });

  it('come in the first language of the browser that we speak', () => {
    expect(firstOf(['de-CH', 'fr-CH', 'en'])).toBe('fr');
    expect(firstOf(['ja'])).toBeUndefined();
  });
});

describe('dates, sizes and spans', () => {
  const now = new Date(2026, 10, 24, 12);

  it('are short in a row', () => {
    expect(shortDate(en, new Date(2026, 10, 24, 9, 5).toISOString(), now)).toBe('09:05');
    expect(shortDate(en, new Date(2026, 10, 23, 0, 1).toISOString(), now)).toBe('Yesterday');
    expect(shortDate(fr, new Date(2026, 10, 23, 23, 59).toISOString(), now)).toBe('Hier');
    expect(shortDate(en, new Date(2026, 10, 22, 23, 59).toISOString(), now)).toBe('Sunday');
    expect(shortDate(en, new Date(2026, 10, 18, 0, 1).toISOString(), now)).toBe('Wednesday');
    expect(shortDate(en, new Date(2026, 10, 17, 23, 59).toISOString(), now)).toBe('17 Nov');
    expect(shortDate(en, new Date(2026, 10, 25, 9, 5).toISOString(), now)).toBe('25 Nov');
    expect(shortDate(fr, new Date(2026, 1, 3).toISOString(), now)).toBe('3 févr.');
    expect(shortDate(en, new Date(2024, 1, 3).toISOString(), now)).toBe('03/02/2024');
    expect(shortDate(en, 'nonsense', now)).toBe('');
  });

  it('to come are told by the name of their day, where it is near', () => {
    const say = (words: typeof en, ...date: [number, number, number, number]) =>
      comingDate(words, new Date(...date).toISOString(), now);
    expect(say(en, 2026, 10, 24, 18)).toBe('today, 18:00');
    expect(say(fr, 2026, 10, 25, 8)).toBe('demain à 08:00');
    expect(say(en, 2026, 10, 30, 8)).toBe('Mon 30 Nov, 08:00');
    expect(say(fr, 2026, 10, 30, 8)).toBe('lun. 30 nov. à 08:00');
    expect(say(fr, 2027, 0, 4, 8)).toBe('lun. 4 janv. 2027 à 08:00');
    expect(comingDate(en, 'nonsense', now)).toBe('');
  });

  it('are written as in the language', () => {
    expect(size(fr, 1_250_000)).toBe('1,3\u00A0Mo');
    expect(size(en, 980)).toBe('980\u00A0B');
    expect(span(en, 850)).toBe('850 ms');
    expect(span(fr, 1_500)).toBe('1,5 s');
    expect(span(fr, 86_400_000)).toBe('1 jour');
  });
});
