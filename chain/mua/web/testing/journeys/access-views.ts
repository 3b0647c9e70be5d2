import type { Page } from 'playwright-core';
import { letter, row } from './stories';

/** More conversations than can be chosen row by row, so that the page asks about "everything". */
export const mailbox = { letters: 2_600 };

/** Opens the menu of the account, which is in the drawer if there is no room beside it. */
async function openMenu(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/#/inbox`);
  await page.getByRole('grid').waitFor();
  const folders = page.getByRole('button', { name: /^(Folders|Dossiers)$/ });
  if ((page.viewportSize()?.width ?? 0) < 1_100) await folders.click();
  await page
    .getByRole('button', { name: /(Account and|Compte et)/ })
    .last()
    .click();
}

/** Leads from the previous view to a view, and waits until it is there. */
type Show = (page: Page, url: string) => Promise<void>;

/** Every view of the pages, one after the other as a person might come through them. */
export const views: Record<string, Show> = {
  list: async () => {},
  selection: async (page) => {
    await page.keyboard.press('x');
  },
  reading: async (page) => {
    await page.keyboard.press('Escape');
    await row(page, /summer house/).click();
    await letter(page).getByText('ninety centimetres then').waitFor();
    await page.locator('article .fold').first().click();
  },
  pictures: async (page) => {
    await page
      .getByRole('link', { name: /^south-front.png/ })
      .first()
      .click();
    await page.locator('dialog img').waitFor();
  },
  closed: async (page) => {
    await page.keyboard.press('Escape');
    await page.locator('dialog img').waitFor({ state: 'detached' });
  },
  way: async (page) => {
    await page.keyboard.press('w');
    await page.locator('dialog ol').first().waitFor();
  },
  source: async (page) => {
    await page.keyboard.press('Escape');
    await page.keyboard.press('v');
    await page.locator('dialog pre').waitFor();
  },
  move: async (page) => {
    await page.keyboard.press('Escape');
    await page.keyboard.press('m');
    await page.locator('dialog [role=listbox]').waitFor();
  },
  labels: async (page) => {
    await page.keyboard.press('Escape');
    await page.keyboard.press('l');
    await page.locator('dialog [role=listbox]').waitFor();
    await page.keyboard.press('ArrowDown');
  },
  labelled: async (page) => {
    await page.keyboard.press('Enter');
    await page.locator('.head .chip').waitFor();
  },
  labelColour: async (page, url) => {
    await page.goto(`${url}/#/inbox`);
    await row(page, /botanical/).waitFor();
    const folders = page.getByRole('button', { name: /^(Folders|Dossiers)$/ });
    if (await folders.isVisible()) await folders.click();
    const list = page.getByRole('navigation').last();
    await list.getByRole('link', { name: /^Family/ }).hover();
    await list.getByRole('button', { name: /(Options for|Options du dossier) Family/ }).click();
    await page.getByRole('menuitem', { name: /^(Colour|Couleur)$/ }).click();
    await page.locator('dialog input[type=radio]').nth(4).click();
  },
  help: async (page) => {
    // Closes the open window, and the drawer under it.
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await page.locator('dialog kbd').first().waitFor();
  },
  destroy: async (page, url) => {
    await page.keyboard.press('Escape');
    await page.goto(`${url}/#/archive`);
    await page.locator('[role=row] .who').first().waitFor();
    await page.keyboard.press('x');
    await page.keyboard.press('#');
    await page.locator('.notice').first().waitFor();
    await page.goto(`${url}/#/trash`);
    await page.locator('[role=row] .who').first().waitFor();
    await page.keyboard.press('#');
    await page.locator('dialog .danger').waitFor();
  },
  empty: async (page) => {
    await page.keyboard.press('Escape');
    await page.locator('.empty-it').click();
    await page.locator('dialog .danger').waitFor();
  },
  everything: async (page, url) => {
    await page.keyboard.press('Escape');
    await page.goto(`${url}/#/inbox`);
    await row(page, /botanical/).waitFor();
    await page.keyboard.press('x');
    await page.getByRole('button', { name: /^(Select all|Sélectionner les|Tout sélectionner)/ }).click();
    await page
      .getByRole('status')
      .getByText(/^(All|Tout) /)
      .waitFor();
    await page.keyboard.press('e');
    await page.locator('dialog .primary').waitFor();
  },
  html: async (page) => {
    await page.keyboard.press('Escape');
    // The page shows the first rows again, with nothing chosen.
    await page.reload();
    await row(page, /botanical/).click();
    await page.locator('iframe').waitFor();
  },
  account: async (page, url) => {
    await openMenu(page, url);
    await page.getByRole('menuitem').first().click();
    await page.locator('dialog h2').first().waitFor();
  },
  settings: async (page, url) => {
    // Closes the open window, and the drawer under it.
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await openMenu(page, url);
    await page.getByRole('menuitem', { name: /^(Settings|Réglages)/ }).click();
    await page.locator('dialog select').first().waitFor();
  },
  signature: async (page, url) => {
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await openMenu(page, url);
    await page.getByRole('menuitem', { name: /signature/ }).click();
    await page.locator('dialog textarea').waitFor();
  },
  writing: async (page) => {
    await page.keyboard.press('Escape');
    await page.locator('dialog textarea').waitFor({ state: 'detached' });
    if (await page.locator('dialog[open]').count()) await page.keyboard.press('Escape');
    await page.keyboard.press('c');
    await page.locator('.composer [role=combobox]').first().pressSequentially('cla');
    await page.locator('.composer [role=option]').first().waitFor();
  },
  written: async (page) => {
    await page.keyboard.press('Enter');
  },
  later: async (page) => {
    await page.locator('.send .opener').click();
    await page.locator('.send [role=menuitem]').first().waitFor();
  },
  laterOther: async (page) => {
    await page.locator('.send [role=menuitem]').last().click();
    await page.locator('dialog input').fill('2020-01-01T10:00');
    await page.keyboard.press('Enter');
    await page.locator('dialog [role=alert]').waitFor();
  },
  notice: async (page) => {
    await page.keyboard.press('Escape');
    await page.locator('dialog input').waitFor({ state: 'detached' });
    // A draft that was not saved by itself meanwhile is saved now, and a notice says so.
    await page.locator('.composer input[type=text]').last().fill('Soon');
    await page.keyboard.press('Escape');
    await page.locator('.notice').first().waitFor();
  },
  nothingScheduled: async (page, url) => {
    await page.goto(`${url}/#/scheduled`);
    await page.locator('.empty').first().waitFor();
  },
  scheduled: async (page) => {
    await page.keyboard.press('c');
    await page.locator('.composer [role=combobox]').first().fill('bob@beta.test,');
    await page.locator('.composer input[type=text]').last().fill('Later');
    await page.locator('.send .opener').click();
    await page.locator('.send [role=menuitem]').first().click();
    await page.locator('li .acts').waitFor();
  },
  scheduledRead: async (page) => {
    await page.locator('button.letter').click();
    await page.locator('article .note').waitFor();
  },
  scheduledSent: async (page, url) => {
    await page.goto(`${url}/#/sent`);
    await page.locator('.waits').first().waitFor();
  },
  nothingHere: async (page, url) => {
    await page.goto(`${url}/#/junk`);
    // The region of the list, which has the head of a folder: there may be another beside it with the open letter.
    const list = page.getByRole('region').filter({ has: page.getByRole('heading', { level: 1 }) });
    await list.getByRole('heading', { level: 2 }).first().waitFor();
  },
  search: async (page, url) => {
    await page.goto(`${url}/#/search/`);
    await page.locator('.start').waitFor();
  },
  unknown: async (page, url) => {
    await page.goto(`${url}/#/search/frm:claire`);
    await page.locator('.complaint').waitFor();
  },
  form: async (page) => {
    await page.locator('.fields button').click();
    await page.locator('dialog form').waitFor();
  },
  found: async (page, url) => {
    await page.keyboard.press('Escape');
    await page.goto(`${url}/#/search/drawing`);
    await page.locator('mark').waitFor();
  },
  drawer: async (page, url) => {
    await page.keyboard.press('Escape');
    await page.goto(`${url}/#/inbox`);
    await row(page, /botanical/).waitFor();
    const folders = page.getByRole('button', { name: /^(Folders|Dossiers)$/ });
    if (await folders.isVisible()) await folders.click();
  },
  menu: async (page, url) => {
    await page.keyboard.press('Escape');
    await openMenu(page, url);
    await page.getByRole('menuitem').first().waitFor();
  },
  programs: async (page) => {
    await page.getByRole('menuitem').first().click();
    await page.locator('dialog .ways button').first().click();
    await page.locator('dialog code').first().waitFor();
  },
  bring: async (page, url) => {
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await openMenu(page, url);
    await page.getByRole('menuitem').first().click();
    await page.locator('dialog .ways button').last().click();
    await page.locator('dialog h3').nth(2).waitFor();
  },
  newFolder: async (page, url) => {
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await openMenu(page, url);
    await page.keyboard.press('Escape');
    await page
      .getByRole('button', { name: /^(New folder|Nouveau dossier)$/ })
      .last()
      .click();
    await page.locator('dialog input').waitFor();
  },
  folderMenu: async (page) => {
    await page.keyboard.press('Escape');
    await page.locator('dialog input').waitFor({ state: 'detached' });
    await page
      .getByRole('button', { name: /Family/ })
      .last()
      .click();
    await page.getByRole('menuitem').last().waitFor();
  },
  removeFolder: async (page) => {
    await page.getByRole('menuitem').last().click();
    await page.locator('dialog .danger').last().waitFor();
  },
};
