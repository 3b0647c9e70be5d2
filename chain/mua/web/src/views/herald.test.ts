import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { en } from '../i18n/en';
import { fr } from '../i18n/fr';
import type { Email } from '../jmap';
import type { Telling } from '../store/settings.svelte';
import type * as HeraldModule from './herald';

/** The notifications that the browser was asked to show. */
class Shown {
  static all: Shown[] = [];
  static permission = 'granted';
  static requestPermission = vi.fn(() => Promise.resolve('granted'));
  closed = false;
  onclick: (() => void) | undefined;
  constructor(
    readonly title: string,
    readonly options: { body: string },
  ) {
    Shown.all.push(this);
  }
  close(): void {
    this.closed = true;
  }
}

const email = (name: string, subject: string, preview = 'First words.') =>
  ({ id: subject, threadId: subject, from: [{ name, email: 'x@beta.test' }], subject, preview }) as Email;

let module: typeof HeraldModule;
beforeEach(async () => {
  vi.useFakeTimers();
  Shown.all = [];
  Shown.permission = 'granted';
  vi.stubGlobal('Notification', Shown);
  vi.stubGlobal('isSecureContext', true);
  vi.resetModules();
  module = await import('./herald');
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function herald(telling: Telling, looking = false) {
  const chosen: Email[][] = [];
  const made = new module.Herald({
    words: () => en,
    telling: () => telling,
    isLooking: () => looking,
    onchosen: (emails) => chosen.push(emails),
  });
  return { made, chosen };
}

describe('new letters are told of', () => {
  it('at once for all that come together, and leads to them', () => {
    const { made, chosen } = herald('subject');
    made.tell([email('Ann', 'One')]);
    vi.advanceTimersByTime(600);
    made.tell([email('Bob', 'Two'), email('Tom', '')]);
    vi.advanceTimersByTime(600);
    expect(Shown.all.map(({ title, options }) => [title, options.body])).toEqual([
      ['3 new letters', 'Ann – One\nBob – Two\nTom – (no subject)'],
    ]);
    Shown.all[0]?.onclick?.();
    expect([Shown.all[0]?.closed, chosen[0]?.length]).toEqual([true, 3]);
  });

  it('again when more come, in the place of what was told before', () => {
    const { made } = herald('number');
    for (const subject of ['One', 'Two']) {
      made.tell([email('Ann', subject)]);
      vi.advanceTimersByTime(5_000);
    }
    expect(Shown.all.map(({ title, closed }) => [title, closed])).toEqual([
      ['1 new letter', true],
      ['1 new letter', false],
    ]);
  });

  it('not where it was not wished for, not allowed, or is seen anyway', () => {
    herald('nothing').made.tell([email('Ann', 'One')]);
    herald('words', true).made.tell([email('Ann', 'One')]);
    Shown.permission = 'default';
    herald('words').made.tell([email('Ann', 'One')]);
    vi.advanceTimersByTime(5_000);
    expect(Shown.all).toEqual([]);
    expect(Shown.requestPermission).not.toHaveBeenCalled();
  });

  it('in no more words than the person chose', () => {
    const one = [email('Ann', 'One')];
    expect(module.newsOf(fr, 'number', one)).toEqual({ title: '1 nouveau message', body: '' });
    expect(module.newsOf(en, 'subject', one)).toEqual({ title: 'Ann', body: 'One' });
    expect(module.newsOf(en, 'words', one)).toEqual({ title: 'Ann', body: 'One\nFirst words.' });
  });
});
