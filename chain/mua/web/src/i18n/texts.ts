import { read } from '../store/local';
import type { Words } from './en';

/*
 * Loads the texts of the languages. Nothing here needs the framework, so that the texts are requested before the rest
 * of the pages has come.
 */

/** The languages of the pages, each by its own name. */
export const languages = { en: 'English', fr: 'Français' } as const;
export type Code = keyof typeof languages;
export const codes = Object.keys(languages) as Code[];

/** The key under which this browser keeps the chosen language. */
export const key = 'facteur.language';

/** Nobody needs two languages to see the first letters: each is a file of its own. */
const texts: Record<Code, () => Promise<Words>> = {
  en: async () => (await import('./en')).en,
  fr: async () => (await import('./fr')).fr,
};

/** Loads the texts of a language; fails if they cannot be loaded. */
export function load(code: Code): Promise<Words> {
  return texts[code]();
}

/** Returns the language that was chosen in this browser, else the first of the browser's list that we speak. */
export function wantedOf(wanted: readonly string[]): Code {
  const kept = read(key);
  return isCode(kept) ? kept : (firstOf(wanted) ?? 'en');
}

/** Returns the first language of a browser's list that we speak. */
export function firstOf(wanted: readonly string[]): Code | undefined {
  return wanted.map((tag) => tag.toLowerCase().split('-')[0]).find(isCode);
}

export function isCode(value: unknown): value is Code {
  return typeof value === 'string' && Object.hasOwn(languages, value);
}
