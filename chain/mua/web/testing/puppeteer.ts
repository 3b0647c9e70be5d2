import { type Browser, launch, type Page } from 'puppeteer-core';

/** Drives browsers by a standard (WebDriver BiDi), such as Firefox: playwright drives only builds of its own. */

export type Kind = 'chrome' | 'firefox';

const programs: Record<Kind, string> = {
  chrome: process.env.CHROMIUM ?? '/usr/bin/chromium',
  firefox: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
};

/** Starts a browser with nothing remembered, in a window as wide as a laptop's, or a telephone's. */
export function start(kind: Kind, look: { french?: boolean; narrow?: boolean } = {}): Promise<Browser> {
  return launch({
    browser: kind,
    executablePath: programs[kind],
    headless: true,
    timeout: 120_000,
    protocolTimeout: 120_000,
    defaultViewport: look.narrow ? { width: 430, height: 900 } : { width: 1440, height: 900 },
    args: kind === 'chrome' ? ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] : [],
    extraPrefsFirefox: {
      'intl.accept_languages': look.french ? 'fr-FR' : 'en-GB',
      'app.update.enabled': false,
    },
  });
}

/** Opens the pages at `url` as `name`, until the list of letters is there. */
export async function enter(browser: Browser, url: string, name: string, password: string): Promise<Page> {
  const page = await browser.newPage();
  page.setDefaultTimeout(60_000);
  await page.goto(url);
  await (await page.waitForSelector('input[name=name]'))?.type(name);
  await (await page.waitForSelector('input[name=password]'))?.type(password);
  await (await page.waitForSelector('button[type=submit]'))?.click();
  await page.waitForSelector('[role=grid]');
  return page;
}
