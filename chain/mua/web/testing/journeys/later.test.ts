import { describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { begin, row, tell, until } from './stories';

const story = tell({ letters: 100 });

async function schedule(page: Page, subject: string): Promise<void> {
  await begin(page, 'bob@beta.test', subject);
  await page.keyboard.type('In good time.');
  await page.getByRole('button', { name: 'Send later' }).click();
  await page.getByRole('menuitem', { name: /^Tomorrow morning/ }).click();
  await page.getByText('Goes tomorrow, 08:00').first().waitFor();
}

function submissions() {
  return [...story.server.mail.submissions.values()];
}

function folderNamed(subject: string): string | undefined {
  const { mail } = story.server;
  const found = [...mail.letters.values()].find((one) => one.subject === subject);
  return found && [...mail.folders.values()].find((folder) => found.folders.has(folder.id))?.name;
}

const entry = (page: Page, count: number) =>
  page.getByRole('navigation').getByRole('link', {
    name: `Scheduled, ${count === 1 ? '1 letter waits' : `${count} letters wait`}`,
  });

describe('a letter that goes later', () => {
  it('is chosen by keyboard alone, waits where it is found again, and is sent when wanted', async () => {
    const { page } = story;
    expect(await page.getByRole('link', { name: /^Scheduled/ }).count()).toBe(0);
    await begin(page, 'bob@beta.test', 'By hand');
    await page.keyboard.type('In good time.');
    await page.getByRole('button', { name: 'Send later' }).focus();
    await page.keyboard.press('Enter');
    await page
      .getByRole('menuitem', { name: /morning/ })
      .first()
      .waitFor();
    await page.keyboard.press('Escape');
    expect(await page.locator('.composer').count()).toBe(1);
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: /^Tomorrow morning/ }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('Goes tomorrow, 08:00').first().waitFor();
    const [held] = submissions();
    const at = new Date(held?.goes ?? 0);
    // Paris is an hour or two before UTC.
    expect([6, 7]).toContain(at.getUTCHours());
    await entry(page, 1).click();
    await page.getByRole('heading', { name: 'Scheduled' }).waitFor();
    await page.getByRole('button', { name: 'Send now: By hand' }).click();
    await page.getByText('Letter sent').waitFor();
    await page.getByText('Nothing waits').waitFor();
    expect(submissions().map((one) => [one.canceled, one.goes > Date.now()])).toEqual([
      [true, true],
      [false, false],
    ]);
    expect(folderNamed('By hand')).toBe('Sent');
  });

  it('is there after a reload, and in another window', async () => {
    const { page, context, url } = story;
    await schedule(page, 'Seen twice');
    await entry(page, 1).waitFor();
    await page.reload();
    await entry(page, 1).waitFor();
    const other = await context.newPage();
    await other.goto(`${url}/#/scheduled`);
    await other.getByRole('button', { name: 'Cancel sending: Seen twice' }).click();
    await other.getByText('Not sent. The letter is among your drafts.').waitFor();
    await until('the first window knows', async () => (await entry(page, 1).count()) === 0);
    expect(folderNamed('Seen twice')).toBe('Drafts');
    await other.close();
  });

  it('can be changed, and says when it goes where it is read', async () => {
    const { page } = story;
    await schedule(page, 'Second thoughts');
    await entry(page, 1).click();
    await page.getByRole('button', { name: /^To .*Second thoughts/ }).click();
    const letter = page.getByRole('article').last();
    await letter.getByText('Goes tomorrow, 08:00').waitFor();
    await letter.getByRole('button', { name: 'Edit: Second thoughts' }).click();
    await page.getByRole('textbox', { name: 'Text of the letter' }).getByText('In good time.').waitFor();
    expect(submissions()).toMatchObject([{ canceled: true }]);
    expect(folderNamed('Second thoughts')).toBe('Drafts');
  });

  it('can be called back at once, as it was', async () => {
    const { page } = story;
    await schedule(page, 'Wait');
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('textbox', { name: 'Text of the letter' }).getByText('In good time.').waitFor();
    expect(submissions()).toMatchObject([{ canceled: true }]);
  });

  it('is marked among the sent letters, and not thrown away while it waits', async () => {
    const { page, url } = story;
    await schedule(page, 'Mind the bin');
    await page.goto(`${url}/#/sent`);
    await row(page, /Mind the bin.*Goes tomorrow, 08:00/).waitFor();
    await page.keyboard.press('#');
    await page.getByText('This letter waits to be sent. Cancel its sending first.').waitFor();
    expect(folderNamed('Mind the bin')).toBe('Sent');
  });

  it('goes by itself, and every window knows', async () => {
    const { page, server } = story;
    await schedule(page, 'Off it goes');
    await entry(page, 1).click();
    await page.getByRole('button', { name: 'Send now: Off it goes' }).waitFor();
    const [[id, submission] = []] = [...server.mail.submissions];
    if (id && submission) {
      submission.goes = Date.now() - 1;
      server.mail.note('EmailSubmission', id, 'updated');
      server.push();
    }
    await page.getByText('Nothing waits').waitFor();
    expect(folderNamed('Off it goes')).toBe('Sent');
  });

  it('goes at a time of one’s own, which is not past and not too far', async () => {
    const { page } = story;
    await begin(page, 'bob@beta.test', 'My time');
    await page.keyboard.type('In good time.');
    await page.getByRole('button', { name: 'Send later' }).click();
    await page.getByRole('menuitem', { name: /^Choose date and time/ }).click();
    const dialog = page.getByRole('dialog', { name: 'When should it go?' });
    const field = dialog.getByLabel('Date and time');
    const confirm = dialog.getByRole('button', { name: 'Schedule' });
    const next = new Date().getUTCFullYear() + 1;
    for (const [value, said] of [
      ['2020-01-01T10:00', 'This time is past.'],
      [`${next + 2}-01-01T10:00`, 'That is too far ahead'],
      ['', 'Choose a date and a time.'],
    ] as const) {
      await field.fill(value);
      await confirm.click();
      await dialog.getByRole('alert').getByText(said).waitFor();
    }
    const date = new Date(Date.now() + 40 * 86_400_000).toISOString().slice(0, 10);
    await field.fill(`${date}T09:30`);
    await dialog.getByText('Europe/Paris').waitFor();
    await page.keyboard.press('Enter');
    await entry(page, 1).waitFor();
    const offset = new Date(`${date}T09:30:00Z`).getTime() - (submissions()[0]?.goes ?? 0);
    expect([3_600_000, 7_200_000]).toContain(offset);
  });

  it('asks the same questions as one that goes at once, and remembers when it goes', async () => {
    const { page } = story;
    await begin(page, 'bob@beta.test', '');
    await page.keyboard.type('In good time.');
    await page.getByRole('button', { name: 'Send later' }).click();
    await page.getByRole('menuitem', { name: /^Tomorrow morning/ }).click();
    await page.getByText('Send without a subject?').waitFor();
    expect(submissions()).toEqual([]);
    await page.getByRole('button', { name: 'Send anyway' }).click();
    await entry(page, 1).waitFor();
    expect((submissions()[0]?.goes ?? 0) - Date.now()).toBeGreaterThan(3_600_000);
  });

  it('is not offered where the server does not hold letters', async () => {
    const { page, server } = story;
    server.mail.maxDelayedSend = 0;
    await page.reload();
    await row(page, /botanical/).waitFor();
    await page.keyboard.press('c');
    await page.getByRole('button', { name: 'Send', exact: true }).waitFor();
    expect(await page.getByRole('button', { name: 'Send later' }).count()).toBe(0);
  });
});
