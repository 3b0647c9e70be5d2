import { write } from '../store/local';
import type { Words } from './en';
import { type Code, codes, key, load, wantedOf } from './texts';

/** The language of the pages. Its texts are there before the first page is drawn, and are changed all at once. */
class Language {
  code = $state<Code>('en');
  #words = $state.raw<Words>();
  readonly #loaded = new Map<Code, Words>();
  /** The one that was asked for last; what comes for another comes too late. */
  #wanted: Code | undefined;
  /** True while the texts of a chosen language are on their way. */
  #choosing = false;
  /** Told where the texts of a language cannot be loaded, so that the pages stay in the one they are in. */
  onfailed: () => void = () => {};

  get words(): Words {
    if (!this.#words) throw new Error('the texts are asked for before a language has been loaded');
    return this.#words;
  }

  /** Loads the language that is wanted, or where it does not come another; fails where none comes. */
  async begin(wanted: readonly string[]): Promise<void> {
    const first = wantedOf(wanted);
    try {
      await this.#turn(first);
    } catch {
      await Promise.any(codes.filter((code) => code !== first).map((code) => this.#turn(code)));
    }
  }

  /** Shows the language that this browser has come to keep, unless somebody is just choosing one. */
  follow(wanted: readonly string[]): void {
    if (this.#choosing) return;
    void this.#turn(wantedOf(wanted)).catch(() => this.onfailed());
  }

  /** Gives whether it is the language now; not where its texts do not come, or another is chosen meanwhile. */
  async choose(code: Code): Promise<boolean> {
    this.#choosing = true;
    try {
      if (!(await this.#turn(code))) return false;
      write(key, code);
    } catch {
      this.onfailed();
      return false;
    } finally {
      if (this.#wanted === code) this.#choosing = false;
    }
    return true;
  }

  /** Gives whether this language is still the one that is wanted when its texts are there, which may be at once. */
  async #turn(code: Code): Promise<boolean> {
    this.#wanted = code;
    const words = this.#loaded.get(code) ?? (await load(code));
    this.#loaded.set(code, words);
    if (this.#wanted !== code) return false;
    this.code = code;
    this.#words = words;
    document.documentElement.lang = code;
    return true;
  }
}

export const language = new Language();
