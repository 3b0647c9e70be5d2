import { beforeEach, describe, expect, it, vi } from 'vitest';
import { en, type Words } from './en';
import { fr } from './fr';
import { codes, languages, load } from './texts';

vi.mock('./texts', async (original) => ({ ...(await original<object>()), load: vi.fn() }));

const texts = { en, fr };
/** Every load that was requested, in order: it comes or fails when the test says so. */
let loads: { code: string; come: () => void; fail: () => void }[];
let storage: Map<string, string>;

beforeEach(() => {
  vi.resetModules();
  loads = [];
  storage = new Map();
  vi.stubGlobal('document', { documentElement: { lang: '' } });
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => storage.get(key) ?? null,
    setItem: (key: string, value: string) => storage.set(key, value),
  });
});

/** Returns the language of a page that was just opened. */
async function fresh() {
  const { load } = await import('./texts');
  vi.mocked(load).mockImplementation(
    (code) =>
      new Promise<Words>((resolve, reject) => {
        loads.push({ code, come: () => resolve(texts[code]), fail: () => reject(new Error('gone')) });
      }),
  );
  const { language } = await import('./language.svelte');
  language.onfailed = vi.fn();
  return language;
}

/** Makes a language that has begun in English. */
async function english() {
  const language = await fresh();
  const begun = language.begin(['en']);
  loads[0]?.come();
  await begun;
  return language;
}

describe('the language of the pages', () => {
  it('is named as its texts name it', () => {
    expect(codes.map((code) => languages[code])).toEqual(codes.map((code) => texts[code].name));
    expect(vi.isMockFunction(load)).toBe(true);
  });

  it('is loaded alone, and is there before anything is drawn', async () => {
    storage.set('facteur.language', 'fr');
    const language = await fresh();
    expect(() => language.words).toThrow();
    const begun = language.begin(['en']);
    loads[0]?.come();
    await begun;
    expect(loads.map(({ code }) => code)).toEqual(['fr']);
    expect([language.words.name, language.code, document.documentElement.lang]).toEqual([
      'Français',
      'fr',
      'fr',
    ]);
  });

  it('is another where the one that is wanted does not come, and none where none comes', async () => {
    const language = await fresh();
    const begun = language.begin(['fr']);
    loads[0]?.fail();
    await vi.waitFor(() => expect(loads.map(({ code }) => code)).toEqual(['fr', 'en']));
    loads[1]?.come();
    await begun;
    expect(language.code).toBe('en');
    const other = await (vi.resetModules(), fresh());
    const failed = other.begin(['fr']);
    loads[2]?.fail();
    await vi.waitFor(() => expect(loads.length).toBe(4));
    loads[3]?.fail();
    await expect(failed).rejects.toThrow();
  });

  it('stays, and is kept, until the one that was chosen has come; that it did not is said', async () => {
    const language = await english();
    const refused = language.choose('fr');
    expect(language.words.name).toBe('English');
    loads[1]?.fail();
    expect(await refused).toBe(false);
    expect(language.onfailed).toHaveBeenCalledOnce();
    expect([language.code, language.words.name, storage.get('facteur.language')]).toEqual([
      'en',
      'English',
      undefined,
    ]);
    const chosen = language.choose('fr');
    loads[2]?.come();
    expect(await chosen).toBe(true);
    expect([language.code, language.words.name, storage.get('facteur.language')]).toEqual([
      'fr',
      'Français',
      'fr',
    ]);
  });

  it('is the one that was chosen last, whichever comes last', async () => {
    const language = await english();
    const first = language.choose('fr');
    const last = language.choose('en');
    loads[1]?.come();
    expect([await first, await last]).toEqual([false, true]);
    expect([language.code, storage.get('facteur.language')]).toEqual(['en', 'en']);
  });

  it('that somebody is choosing is not taken back by what the server still says', async () => {
    const language = await english();
    const chosen = language.choose('fr');
    language.follow(['en']);
    loads[1]?.come();
    expect([await chosen, language.code]).toEqual([true, 'fr']);
    storage.set('facteur.language', 'en');
    language.follow(['fr']);
    expect(language.code).toBe('en');
  });
});
