import { write } from '../store/local';
import type { Words } from './en';
import { type Code, codes, key, load, wantedOf } from './texts';

/** The language of the pages. Its texts are there before the first page is drawn, and change all together. */
class Language {
  code = $state<Code>('en');
  #words = $state.raw<Words>();
  readonly #loaded = new Map<Code, Words>();
  /** The language that was requested last; the texts of another come too late. */
  #wanted: Code | undefined;
  /** True while the texts of a chosen language are on their way. */
  #choosing = false;
  /** Called if the texts of a language cannot be loaded, so that the pages stay in the present one. */
  onfailed: () => void = () => {};

  get words(): Words {
    if (!this.#words) throw new Error('the texts are asked for before a language has been loaded');
    return this.#words;
  }

  /** Loads the wanted language, or another if it does not come; fails if none comes. */
  async begin(wanted: readonly string[]): Promise<void> {
    const first = wantedOf(wanted);
    try {
      await this.#turn(first);
    } catch {
      await Promise.any(codes.filter((code) => code !== first).map((code) => this.#turn(code)));
    }
  }

  /** Shows the language that this browser has stored meanwhile, unless the person is just choosing one. */
  follow(wanted: readonly string[]): void {
    if (this.#choosing) return;
    void this.#turn(wantedOf(wanted)).catch(() => this.onfailed());
  }

  /** Returns true if it is the language now; false if its texts do not come, or another is chosen meanwhile. */
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

  /** Returns true if this language is still the wanted one when its texts are there. */
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
