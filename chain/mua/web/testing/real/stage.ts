import { afterAll, beforeAll } from 'vitest';
import type { Browser } from 'playwright-core';
import { launch, type Look } from '../browser';
import { type Demo, startDemo } from './demo';

export const desk: Look = { width: 1440, height: 900 };
export const phone: Look = { width: 390, height: 844, touch: true };

/** Two servers and a browser, for all stories of a file. */
export interface Stage {
  demo: Demo;
  browser: Browser;
}

/** Sets the stage before the stories of the file, and clears it behind them. */
export function stage(): Stage {
  const set = {} as Stage;
  beforeAll(async () => {
    set.demo = await startDemo();
    set.browser = await launch();
  });
  afterAll(async () => {
    await set.browser?.close();
    await set.demo?.stop();
  });
  return set;
}
