import { mkdirSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { makeWorld } from './fake/world';
import { launch, logIn, type Look, open, serve } from './browser';

// npx tsx testing/look.ts [SIZE[-dark][-fr][-forced],… [SCENE…]]: takes screenshots of the pages for a person to look at, in screenshots/.

const sizes: Record<string, Look> = {
  desktop: { width: 1440, height: 900 },
  tablet: { width: 900, height: 1100, touch: true },
  phone: { width: 390, height: 844, touch: true },
};

/** The folder that one of the scenes shows. */
let family = '';

const scenes: Record<string, (page: Page) => Promise<void>> = {
  list: async () => {},
  welcome: async (page) => {
    await page.locator('.welcome button').first().waitFor();
  },
  programs: async (page) => {
    await scenes['menu']?.(page);
    await page.getByRole('menuitem').first().click();
    await page.locator('dialog .ways button').first().click();
    await page.locator('dialog code').first().waitFor();
  },
  bring: async (page) => {
    await scenes['menu']?.(page);
    await page.getByRole('menuitem').first().click();
    await page.locator('dialog .ways button').last().click();
    await page.locator('dialog code').first().waitFor();
  },
  reading: async (page) => {
    await page
      .getByRole('row', { name: /Plans for the summer house/ })
      .first()
      .click();
    await page.getByRole('button', { name: /^(Reply|Répondre)$/ }).waitFor();
  },
  html: async (page) => {
    await page
      .getByRole('row', { name: /botanical/ })
      .first()
      .click();
    await page.locator('iframe').waitFor();
  },
  wall: async (page) => {
    await page
      .getByRole('row', { name: /Tom, (Me|Moi), Re: The garden wall/ })
      .first()
      .click();
    await page.locator('iframe').first().waitFor();
    await page.locator('article .fold').nth(1).click();
    await page.locator('article .fold').first().click();
  },
  large: async (page) => {
    await scenes['html']?.(page);
    await page.keyboard.press('b');
  },
  compose: async (page) => {
    await page.keyboard.press('c');
    await page.locator('.composer').waitFor();
    await page.locator('.composer [role=combobox]').first().pressSequentially('cla');
    await page.waitForTimeout(300);
  },
  answer: async (page) => {
    await scenes['reading']?.(page);
    await page.keyboard.press('r');
    await page.locator('.composer [contenteditable]').waitFor();
    await page.keyboard.type('Dear Claire,');
  },
  picture: async (page) => {
    await page.keyboard.press('c');
    await page.locator('.composer [contenteditable]').waitFor();
    await page.evaluate(async () => {
      const drawn = new OffscreenCanvas(900, 420);
      const pen = drawn.getContext('2d');
      if (pen) [pen.fillStyle] = ['#7d9a6f'];
      pen?.fillRect(0, 0, 900, 420);
      const data = new DataTransfer();
      data.items.add(new File([await drawn.convertToBlob()], 'garden.png', { type: 'image/png' }));
      const paste = new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true });
      document.querySelector('.composer [contenteditable]')?.dispatchEvent(paste);
    });
    await page.locator('.composer [contenteditable] img').click();
    await page.locator('.composer .link .button').nth(1).click();
  },
  later: async (page) => {
    await page.keyboard.press('c');
    await page.locator('.composer [contenteditable]').waitFor();
    await page.locator('.send .opener').click();
  },
  laterOther: async (page) => {
    await scenes['later']?.(page);
    await page.locator('[role=menuitem]').last().click();
    await page.locator('dialog input').waitFor();
  },
  scheduled: async (page) => {
    for (const subject of ['The joiner', 'Minutes of the meeting, and what we said about the garden wall']) {
      await page.keyboard.press('c');
      await page.locator('.composer [role=combobox]').first().fill('claire.fontaine@atelier-nord.test,');
      await page.locator('.composer input[type=text]').last().fill(subject);
      await page.locator('.composer [contenteditable]').click();
      await page.keyboard.type('Dear Claire, here is what I promised you on Tuesday, with my best wishes.');
      await page.locator('.send .opener').click();
      await page.locator('[role=menuitem]').nth(1).click();
      await page.locator('.composer').waitFor({ state: 'detached' });
    }
    await page.goto(`${page.url().split('#')[0]}#/scheduled`);
    await page.locator('.acts').first().waitFor();
  },
  scheduledRead: async (page) => {
    await scenes['scheduled']?.(page);
    await page.locator('button.letter').first().click();
    await page.locator('article .note').waitFor();
  },
  scheduledSent: async (page) => {
    await scenes['scheduled']?.(page);
    await page.goto(`${page.url().split('#')[0]}#/sent`);
    await page.locator('.waits').first().waitFor();
  },
  several: async (page) => {
    for (let letter = 1; letter <= 5; letter += 1) {
      await page.locator('h1').first().click({ force: true });
      await page.keyboard.press('c');
      await page
        .getByRole('textbox', { name: /^(Subject|Objet)$/ })
        .last()
        .fill(`Plans, part ${letter}`);
    }
  },
  search: async (page) => {
    await page.locator('#search').fill('drawing');
    await page.waitForTimeout(700);
  },
  words: async (page) => {
    await page.locator('#search').fill('from:claire OR from:tom wall');
    await page.locator('mark').first().waitFor();
  },
  unknown: async (page) => {
    await page.locator('#search').fill('frm:claire drawing');
    await page.locator('.complaint').waitFor();
  },
  wrongValue: async (page) => {
    await page.locator('#search').fill('drawing after:someday ');
    await page.locator('.complaint').waitFor();
  },
  suggestions: async (page) => {
    await page.locator('#search').pressSequentially('drawing is:');
    await page.keyboard.press('ArrowDown');
  },
  names: async (page) => {
    await page.locator('#search').pressSequentially(/Recherche/.test(await page.content()) ? 'av' : 'be');
  },
  form: async (page) => {
    await page
      .locator('#search')
      .fill('from:"Claire Fontaine" drawing has:attachment newer_than:1m -invoice');
    await page.locator('.fields button').click();
    await page.locator('dialog form').waitFor();
  },
  formDays: async (page) => {
    await page.locator('#search').fill('after:2026-11-01 larger:1M in:archive');
    await page.locator('.fields button').click();
    await page.locator('dialog form').waitFor();
  },
  formEmpty: async (page) => {
    await page.locator('.fields button').click();
    await page.locator('dialog form').waitFor();
  },
  helpSearch: async (page) => {
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    await page.locator('dialog .search').scrollIntoViewIfNeeded();
  },
  operators: async (page) => {
    await page.locator('#search').fill(' ');
    await page.goto(`${page.url().split('#')[0]}#/search/`);
    await page.waitForTimeout(500);
  },
  empty: async (page) => {
    await page.goto(`${page.url().split('#')[0]}#/trash`);
    await page.waitForTimeout(500);
  },
  way: async (page) => {
    await scenes['reading']?.(page);
    await page.keyboard.press('w');
    await page.getByRole('dialog').locator('h3').waitFor();
  },
  wayOut: async (page) => {
    await page.goto(`${page.url().split('#')[0]}#/sent`);
    await page
      .getByRole('row', { name: /Plans for the summer house/ })
      .first()
      .click();
    await page
      .getByRole('button', { name: /^(Fold|Replier)/ })
      .first()
      .waitFor();
    await page.keyboard.press('p');
    await page.waitForTimeout(200);
    await page.keyboard.press('w');
    await page.getByRole('dialog').locator('h3').waitFor();
  },
  help: async (page) => {
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
  },
  selection: async (page) => {
    await page.keyboard.press('x');
    for (let i = 0; i < 3; i += 1) await page.keyboard.press('Shift+ArrowDown');
    await page.waitForTimeout(200);
  },
  menu: async (page) => {
    const folders = page.getByRole('button', { name: /^(Folders|Dossiers)$/ });
    if (await folders.isVisible()) await folders.click();
    await page.getByRole('button', { name: /(Account and|Compte et)/ }).click();
    await page.waitForTimeout(200);
  },
  settings: async (page) => {
    await scenes['menu']?.(page);
    await page.getByRole('menuitem').first().click();
    await page.locator('dialog select').first().waitFor();
  },
  drawer: async (page) => {
    await page.getByRole('button', { name: /^(Folders|Dossiers)$/ }).click();
    await page.waitForTimeout(300);
  },
  labels: async (page) => {
    await scenes['reading']?.(page);
    await page.keyboard.press('l');
    await page.locator('dialog [role=option]').first().waitFor();
    await page.keyboard.press('ArrowDown');
  },
  labelsNew: async (page) => {
    await scenes['labels']?.(page);
    await page.keyboard.type('Pro choir');
  },
  labelled: async (page) => {
    await scenes['reading']?.(page);
  },
  labelList: async (page) => {
    await page.goto(`${page.url().split('#')[0]}#/folder/${family}`);
    await page.locator('[role=row] .chip').first().waitFor();
  },
  labelSelection: async (page) => {
    await scenes['selection']?.(page);
    await page.keyboard.press('l');
    await page.locator('dialog [role=option]').first().waitFor();
  },
  labelColour: async (page) => {
    const folders = page.getByRole('button', { name: /^(Folders|Dossiers)$/ });
    if (await folders.isVisible()) await folders.click();
    await page
      .getByRole('link', { name: /^Family/ })
      .last()
      .hover();
    await page
      .getByRole('button', { name: /(Options for|Options du dossier) Family/ })
      .last()
      .click();
    await page.getByRole('menuitem', { name: /^(Colour|Couleur)$/ }).click();
    await page.locator('dialog input[type=radio]').first().waitFor();
  },
  labelEmpty: async (page) => {
    await page.goto(`${page.url().split('#')[0]}#/trash`);
    await page.locator('.empty-it').click();
    await page.getByRole('dialog').waitFor();
  },
  notice: async (page) => {
    await page.keyboard.press('e');
    await page.waitForTimeout(300);
  },
};

mkdirSync('screenshots', { recursive: true });
const [only, ...sceneNames] = process.argv.slice(2);
const browser = await launch();
const { server, url } = await serve({ letters: 2_000 });

/** Makes a mailbox of a person who uses labels. */
function labelled() {
  const mail = makeWorld({ letters: 2_000 });
  const [projects, house, book, home] = [...mail.folders.values()].filter(({ role }) => role === null);
  const all = [projects, house, book, home].flatMap((one) => one ?? []);
  family = home?.id ?? '';
  if (mail.choices && projects && house && home)
    mail.choices.labelColours = { [projects.id]: 'blue', [house.id]: 'orange', [home.id]: 'green' };
  [...mail.letters.values()]
    .filter((letter) => letter.folders.has(mail.folderOf('inbox').id))
    .sort((a, b) => b.receivedAt.localeCompare(a.receivedAt))
    .slice(0, 40)
    .forEach((letter, at) =>
      all.forEach((one, of) => (at + of) % (of + 2) === 0 && letter.folders.add(one.id)),
    );
  for (const letter of [...mail.letters.values()].slice(0, 9)) {
    letter.folders = new Set([mail.folderOf('trash').id]);
    if (letter.subject.length % 2 === 0) letter.folders.add(family);
  }
  return mail;
}
for (const job of (only ?? 'desktop').split(',')) {
  const [size = 'desktop', ...options] = job.split('-');
  const look = {
    ...sizes[size],
    dark: options.includes('dark'),
    french: options.includes('fr'),
    forced: options.includes('forced'),
  };
  for (const name of sceneNames.length > 0 ? sceneNames : Object.keys(scenes)) {
    const context = await open(browser, look);
    if (name === 'login') {
      const page = await context.newPage();
      await page.goto(url);
      await page.locator('input[name=password]').waitFor();
      await page.waitForTimeout(300);
      await page.screenshot({ path: `screenshots/${job}-${name}.png` });
      await context.close();
      continue;
    }
    if (name === 'welcome') server.use(makeWorld({ letters: 0 }));
    if (name.startsWith('label')) server.use(labelled());
    const { page, problems } = await logIn(context, url);
    try {
      await page.waitForTimeout(300);
      if (name === 'offline') {
        server.setUp(false);
        await page.keyboard.press('e');
      } else if (name === 'ended') {
        server.endSessions();
        await page.keyboard.press('e');
      } else await scenes[name]?.(page);
      await page.waitForTimeout(500);
    } catch (error) {
      console.log(job, name, String(error).split('\n')[0]);
    }
    await page.screenshot({ path: `screenshots/${job}-${name}.png` });
    server.setUp(true);
    server.use(makeWorld({ letters: 2_000 }));
    for (const problem of problems) console.log(job, name, problem);
    await context.close();
  }
}
await browser.close();
server.close();
