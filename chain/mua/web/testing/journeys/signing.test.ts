import { describe, expect, it } from 'vitest';
import { begin, lettersIn, row, tell, until } from './stories';

const story = tell({ letters: 50 });

const nothing = { replyTo: null, bcc: null, htmlSignature: '', mayDelete: false };

/** Alice has one signature for herself, and another one, or none, for a club. */
async function sign(own: string, club: string): Promise<void> {
  const { page, server } = story;
  for (const identity of server.mail.identities) identity.textSignature = own;
  server.mail.identities.push({
    ...nothing,
    id: 'i2',
    name: 'Garden club',
    email: 'club@alpha.test',
    textSignature: club,
  });
  await page.reload();
  // Keys pressed before the pages are there go to no one.
  await page.locator('[role=row] .who').first().waitFor();
}

async function writeAs(name: string): Promise<void> {
  await story.page.getByLabel('From').selectOption({ label: name });
}

const club = 'Garden club <club@alpha.test>';
const alice = 'Alice Martin <alice@alpha.test>';

describe('a signature', () => {
  it('keeps the line before a signature as mail programs know it', async () => {
    const { page, server } = story;
    for (const identity of server.mail.identities) identity.textSignature = 'Alice, Alpha Ltd';
    await page.reload();
    // Keys pressed before the pages are there go to no one.
    await page.locator('[role=row] .who').first().waitFor();
    await begin(page, 'bob@beta.test', 'Signed');
    await page.keyboard.press('Control+Home');
    await page.keyboard.type('Yours');
    await until(
      'it is kept',
      () => lettersIn(story, 'drafts', 'Signed')[0]?.text?.includes('Yours') === true,
    );
    expect(lettersIn(story, 'drafts', 'Signed')[0]?.text).toMatch(/\n-- \nAlice, Alpha Ltd$/);
  });

  it('follows who writes, wherever one has come in the letter, and comes back', async () => {
    const { page } = story;
    await sign('Alice, Alpha Ltd', 'For the garden club\nAlice, treasurer');
    await begin(page, 'bob@beta.test', 'Bulbs');
    await page.keyboard.press('Control+Home');
    await page.keyboard.type('Dear Bob');
    await writeAs(club);
    const text = page.getByRole('textbox', { name: 'Text of the letter' });
    await text.getByText('For the garden club').waitFor();
    expect(await text.innerText()).not.toContain('Alpha Ltd');
    await until('it is kept', () => {
      const [kept] = lettersIn(story, 'drafts', 'Bulbs');
      return kept?.from?.[0]?.email === 'club@alpha.test' && kept.text?.includes('treasurer') === true;
    });
    expect(lettersIn(story, 'drafts', 'Bulbs')[0]?.text).toBe(
      'Dear Bob\n\n-- \nFor the garden club\nAlice, treasurer',
    );
    await text.click();
    await page.keyboard.press('ControlOrMeta+z');
    await text.getByText('Alice, Alpha Ltd').waitFor();
    await until(
      'what was undone is kept, too',
      () => lettersIn(story, 'drafts', 'Bulbs')[0]?.text === 'Dear Bob\n\n-- \nAlice, Alpha Ltd',
    );
    await page.keyboard.press('ControlOrMeta+Shift+z');
    await text.getByText('For the garden club').waitFor();
    await writeAs(alice);
    await text.getByText('Alice, Alpha Ltd').waitFor();
    expect((await text.innerText()).match(/--/g)?.length).toBe(1);
  });

  it('comes above what is answered where there was none, and goes where there is none', async () => {
    const { page, server } = story;
    const from = { name: 'Bob Carver', email: 'bob@beta.test' };
    server.deliver(from, 'Hedge', 'Shall we?');
    await sign('', 'The club');
    await row(page, /Hedge/).click();
    await page.getByText('Shall we?').last().waitFor();
    await page.keyboard.press('r');
    const text = page.getByRole('textbox', { name: 'Text of the letter' });
    await text.getByText('Shall we?').waitFor();
    await page.keyboard.type('Yes');
    await writeAs(club);
    await text.getByText('The club').waitFor();
    await until('it is kept', () => /The club/.test(lettersIn(story, 'drafts', 'Re: Hedge')[0]?.text ?? ''));
    expect(lettersIn(story, 'drafts', 'Re: Hedge')[0]?.text).toMatch(
      /^Yes\n\n-- \nThe club\n\n.*Bob Carver wrote:\n\n?> Shall we\?$/,
    );
    await writeAs(alice);
    await until(
      'it is gone',
      () => !/The club/.test(lettersIn(story, 'drafts', 'Re: Hedge')[0]?.text ?? 'The club'),
    );
  });

  it('follows in plain text, and stays where it was changed by hand', async () => {
    const { page } = story;
    await sign('Alice, Alpha Ltd', 'The club');
    await begin(page, 'bob@beta.test', 'Plain');
    await page.getByRole('button', { name: 'Plain text' }).click();
    const text = page.getByRole('textbox', { name: 'Text of the letter' });
    await writeAs(club);
    expect(await text.inputValue()).toMatch(/-- \nThe club$/);
    await text.fill('Hello\n-- \nThe club, Lyon');
    await writeAs(alice);
    expect(await text.inputValue()).toBe('Hello\n-- \nThe club, Lyon');
  });
});
