import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { en } from '../../src/i18n/en';
import { fr } from '../../src/i18n/fr';
import type { Words } from '../../src/i18n/en';
import { type Look, open, watch } from '../browser';
import { row, until } from '../journeys/stories';
import type { Office } from './demo';

/** A person in front of a window: the words that they see, and their actions on the pages. */
export class Person {
  readonly problems: string[];
  readonly words: Words;
  readonly address: string;
  readonly phone: boolean;
  readonly #password: string;

  constructor(
    readonly context: BrowserContext,
    readonly page: Page,
    readonly office: Office,
    look: Look,
  ) {
    this.words = look.french ? fr : en;
    this.phone = look.touch ?? false;
    const [who] = office.people;
    this.address = who?.address ?? '';
    this.#password = who?.password ?? '';
    this.problems = watch(page);
  }

  static async sitDown(browser: Browser, office: Office, look: Look): Promise<Person> {
    const context = await open(browser, look);
    context.setDefaultTimeout(60_000);
    return Person.in(context, office, look);
  }

  /** Opens another window of the same browser. */
  static beside(other: Person, office: Office, look: Look): Promise<Person> {
    return Person.in(other.context, office, look);
  }

  private static async in(context: BrowserContext, office: Office, look: Look): Promise<Person> {
    const page = await context.newPage();
    const person = new Person(context, page, office, look);
    await page.goto(office.web);
    return person;
  }

  async logIn(password = this.#password): Promise<void> {
    await this.page.locator('input[name=name]').fill(this.address);
    await this.page.locator('input[name=password]').fill(password);
    await this.page.getByRole('button', { name: this.words.login.submit, exact: true }).click();
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true }).first();
  }

  /** Opens a folder by its name, on a phone from the drawer. */
  async openFolder(name: string): Promise<void> {
    const link = (await this.folderList()).getByRole('link', { name: new RegExp(`^${name}`) });
    await link.first().click();
    await this.page.getByRole('heading', { name, exact: true }).waitFor();
  }

  /** Returns the list of folders, which on a phone is in the drawer. */
  async folderList(): Promise<Locator> {
    if (!this.phone) return this.page.getByRole('navigation');
    const drawer = this.page.getByRole('dialog', { name: this.words.app.menu });
    if (!(await drawer.isVisible())) await this.button(this.words.app.menu).click();
    return drawer.getByRole('navigation');
  }

  async createFolder(name: string): Promise<void> {
    const { folders } = this.words;
    await (await this.folderList()).getByRole('button', { name: folders.create, exact: true }).click();
    const dialog = this.page.getByRole('dialog', { name: folders.create });
    await dialog.getByLabel(folders.nameLabel).fill(name);
    await dialog.getByRole('button', { name: folders.createDo, exact: true }).click();
    await this.page.getByText(folders.created(name)).waitFor();
    await this.openFolder(folders.inbox);
  }

  /** Chooses from the menu of a folder in the list. */
  async folderOption(folder: string, option: string): Promise<void> {
    const list = await this.folderList();
    await list.getByRole('link', { name: folder }).hover();
    await list.getByRole('button', { name: this.words.folders.options(folder) }).click();
    await this.page.getByRole('menuitem', { name: option, exact: true }).click();
  }

  /** Presses a button of the toolbar, or behind “More” where the toolbar is narrow. */
  async press(name: string): Promise<void> {
    const bar = this.page.getByRole('toolbar');
    const direct = bar.getByRole('button', { name, exact: true });
    if (await direct.first().isVisible()) return direct.first().click();
    await bar.getByRole('button', { name: this.words.app.more, exact: true }).click();
    await this.page.getByRole('menuitem', { name, exact: true }).click();
  }

  /** Returns the row in the list that has this subject; not the one in the reading pane. */
  row(subject: string): Locator {
    return row(this.page, new RegExp(escaped(subject)));
  }

  async begin(to: string, subject: string): Promise<void> {
    await this.button(this.words.act.compose).click();
    await this.page.getByRole('combobox', { name: this.words.compose.to, exact: true }).fill(to);
    await this.page.keyboard.press('Enter');
    await this.page.getByRole('textbox', { name: this.words.compose.subject }).fill(subject);
    await this.page.getByRole('textbox', { name: this.words.compose.body }).click();
  }

  /** Presses Send, and waits until the seconds in which it can be called back are over. */
  async send(): Promise<void> {
    await this.button(this.words.compose.send).click();
    await this.page.getByText(this.words.compose.sent).waitFor({ timeout: 90_000 });
  }

  /** Sends the letter in so many seconds, which the field of date and time allows by keyboard. */
  async sendIn(seconds: number): Promise<void> {
    const { later } = this.words;
    await this.button(later.open).click();
    await this.page.getByRole('menuitem', { name: later.other }).click();
    const dialog = this.page.getByRole('dialog', { name: later.title });
    await dialog.getByLabel(later.field).fill(await this.page.evaluate(clockIn, seconds));
    await dialog.getByRole('button', { name: later.send }).click();
    await this.page.locator('.composer').waitFor({ state: 'detached' });
  }

  async openLetter(subject: string): Promise<Locator> {
    await this.row(subject).click();
    const letter = this.page.getByRole('article').last();
    await letter.waitFor();
    return letter;
  }

  /** On a phone a letter lies over the list. */
  async back(): Promise<void> {
    if (this.phone) await this.page.goBack();
  }

  /** Takes a screenshot of the window, for a person who looks into a failure. */
  async picture(): Promise<void> {
    await this.page.screenshot({ path: `screenshots/real-${this.office.domain}.png` });
  }

  async vanishes(subject: string): Promise<void> {
    const rows = this.page.getByRole('row', { name: new RegExp(escaped(subject)) });
    await until(`“${subject}” has left the list`, async () => (await rows.count()) === 0);
  }
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Runs in the page: returns the time there in so many seconds, in the form of a field. */
function clockIn(seconds: number): string {
  const at = new Date(Date.now() + seconds * 1_000);
  // The field writes a full minute without seconds.
  if (at.getSeconds() === 0) at.setSeconds(1);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
