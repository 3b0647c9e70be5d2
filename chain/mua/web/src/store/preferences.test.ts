import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { direct } from '../../testing/fake/direct';
import { makeWorld } from '../../testing/fake/world';
import { language } from '../i18n/language.svelte';
import { Connection } from './connection.svelte';
import { Preferences } from './preferences';
import { Settings } from './settings.svelte';

let storage: Map<string, string>;

beforeEach(() => {
  storage = new Map();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => storage.get(key) ?? null,
    setItem: (key: string, value: string) => storage.set(key, value),
    removeItem: (key: string) => storage.delete(key),
  });
  vi.stubGlobal('navigator', { languages: ['en'] });
  vi.stubGlobal('document', { documentElement: { dataset: {}, lang: '' } });
});
afterEach(() => vi.unstubAllGlobals());

/** Opens a window of a person's pages, with their preferences. */
async function open(mail = makeWorld({ letters: 3 })) {
  const server = direct(mail);
  const connection = new Connection(server.fetching);
  await connection.start();
  const settings = new Settings();
  const preferences = new Preferences(connection, settings);
  settings.start();
  const enter = async () => {
    const request = connection.client.request();
    const take = preferences.ask(request);
    take(await connection.send(request));
  };
  const sent = () => vi.waitFor(() => expect(waiting()).toEqual({}));
  return { mail, server, settings, preferences, enter, sent };
}

const waiting = () => (JSON.parse(storage.get('facteur.choices') ?? '{}') as { unsent?: unknown }).unsent;

describe('preferences', () => {
  it('chosen in one window are in the next, on whatever machine', async () => {
    const first = await open();
    await first.enter();
    first.settings.chooseTheme('dark');
    first.settings.chooseUndoSend(30);
    await first.settings.chooseLanguage('fr');
    first.settings.alwaysShowPicturesOf('Claire/X~Y@Atelier.test');
    await first.sent();
    storage.clear();
    const second = await open(first.mail);
    await second.enter();
    const { theme, undoSend } = second.settings;
    expect([theme, undoSend, language.code]).toEqual(['dark', 30, 'fr']);
    expect(second.settings.showsPicturesOf('claire/x~y@atelier.TEST')).toBe(true);
    second.settings.askBeforePicturesOf('claire/x~y@atelier.test');
    await second.sent();
    await first.preferences.follow('another');
    expect(first.settings.showsPicturesOf('claire/x~y@atelier.test')).toBe(false);
  });

  it('of this browser are brought to the server once, where it knows nothing else', async () => {
    storage.set('facteur.theme', 'dark');
    storage.set('facteur.undo-send', '5');
    storage.set('facteur.notifications', 'by pigeon');
    const { mail, settings, enter, sent } = await open();
    if (mail.choices) mail.choices.undoSend = 30;
    await enter();
    await sent();
    expect(mail.choices).toMatchObject({ theme: 'dark', undoSend: 30, notifications: null });
    expect(settings.undoSend).toBe(30);
    // Another person at the same browser has chosen nothing.
    const other = await open();
    storage.set('facteur.choices', JSON.stringify({ owner: 'bob@alpha.test', unsent: { theme: 'light' } }));
    await other.enter();
    expect([other.settings.theme, other.mail.choices?.theme]).toEqual(['system', null]);
  });

  it('wait in this browser until the server is back, and then win', async () => {
    const { mail, server, settings, preferences, enter, sent } = await open();
    await enter();
    server.before = () => 503;
    settings.chooseTheme('light');
    await vi.waitFor(() => expect(waiting()).toEqual({ theme: 'light' }));
    server.before = () => undefined;
    const again = await open(mail);
    expect(again.settings.theme).toBe('light');
    await again.enter();
    await sent();
    expect(mail.choices?.theme).toBe('light');
    preferences.send();
    await vi.waitFor(() => expect(mail.choicesState).toBe(2));
    await sent();
  });

  it('chosen at the log-in are those of whoever logs in', async () => {
    const { mail, settings, enter, sent } = await open();
    if (mail.choices) mail.choices.language = 'fr';
    await settings.chooseLanguage('en');
    await enter();
    await sent();
    expect([language.code, mail.choices?.language]).toEqual(['en', 'en']);
  });

  it('that the server refuses are shown as it has them, and said', async () => {
    const { mail, settings, preferences, enter, sent } = await open();
    await enter();
    const onrefused = vi.fn();
    preferences.onrefused = onrefused;
    settings.onchosen({ density: 'compact' });
    await vi.waitFor(() => expect(onrefused).toHaveBeenCalledOnce());
    await sent();
    expect(mail.choicesState).toBe(0);
  });

  it('stay in the browser where the server keeps none, and the server is not asked', async () => {
    const mail = makeWorld({ letters: 3 });
    mail.choices = undefined;
    const first = await open(mail);
    await first.enter();
    first.settings.chooseTheme('dark');
    first.settings.alwaysShowPicturesOf('claire@atelier.test');
    const second = await open(mail);
    await second.enter();
    expect([second.settings.theme, second.settings.showsPicturesOf('claire@atelier.test')]).toEqual([
      'dark',
      true,
    ]);
    expect([...first.server.asked, ...second.server.asked].join()).not.toContain('Preferences');
  });
});
