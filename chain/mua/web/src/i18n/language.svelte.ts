import { read, write } from '../store/local';
import { en, type Words } from './en';
import { fr } from './fr';

export const languages = { en, fr } as const;
export type Code = keyof typeof languages;

const key = 'facteur.language';

/** The language of the pages: the one chosen, else the first of the browser's that we speak. */
class Language {
  code = $state<Code>('en');

  get words(): Words {
    return languages[this.code];
  }

  start(wanted: readonly string[]): void {
    const kept = read(key);
    this.code = isCode(kept) ? kept : (firstOf(wanted) ?? 'en');
    this.#show();
  }

  choose(code: Code): void {
    this.code = code;
    write(key, code);
    this.#show();
  }

  #show(): void {
    document.documentElement.lang = this.code;
  }
}

export const language = new Language();

/** The first language of a browser's list that we speak. */
export function firstOf(wanted: readonly string[]): Code | undefined {
  return wanted.map((tag) => tag.toLowerCase().split('-')[0]).find(isCode);
}

export function isCode(value: unknown): value is Code {
  return typeof value === 'string' && value in languages;
}
