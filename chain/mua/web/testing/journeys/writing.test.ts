import { describe, expect, it } from 'vitest';
import { begin, choose, gone, letter, lettersIn, row, tell, until } from './stories';

const story = tell({ letters: 300 });

describe('writing', () => {
  it('completes an address, keeps the draft as one types, and sends text and HTML', async () => {
    const { page } = story;
    await begin(page, 'fontai', 'The joiner');
    await page.getByText('Claire Fontaine').last().waitFor();
    await page.keyboard.type('Dear ');
    await page.keyboard.press('ControlOrMeta+b');
    await page.keyboard.type('Claire');
    await page.keyboard.press('ControlOrMeta+b');
    await page.keyboard.type(', see you soon.');
    await until(
      'the draft is kept',
      () => lettersIn(story, 'drafts', 'The joiner')[0]?.text === 'Dear Claire, see you soon.',
    );
    expect(lettersIn(story, 'drafts', 'The joiner').length).toBe(1);
    await page.keyboard.press('Control+Enter');
    await gone(page);
    const [sent] = lettersIn(story, 'sent', 'The joiner');
    expect(sent?.to).toEqual([{ name: 'Claire Fontaine', email: 'claire.fontaine@atelier-nord.test' }]);
    expect(sent?.html).toContain('<b>Claire</b>');
    expect(sent?.text).toBe('Dear Claire, see you soon.');
    expect(lettersIn(story, 'drafts', 'The joiner').length).toBe(0);
  });

  it('takes a list of addresses that is pasted, gives back what is none, and keeps room for the letter', async () => {
    const { page } = story;
    const paste = async (text: string) => {
      await page.evaluate((it) => navigator.clipboard.writeText(it), text);
      await page.keyboard.press('ControlOrMeta+v');
    };
    await page.keyboard.press('c');
    const to = page.getByRole('combobox', { name: 'To', exact: true });
    const people = page.locator('.composer .person');
    await to.pressSequentially('Cla');
    await paste('"Lee, Ann" <ann@x.test>, bob at x.test; carol@x.test, Ann@x.test');
    expect(await to.inputValue()).toBe('Cla, bob at x.test');
    expect((await people.allInnerTexts()).map((name) => name.trim())).toEqual(['Lee, Ann', 'carol@x.test']);

    await page.getByRole('textbox', { name: 'Subject' }).fill('To everybody');
    await page.getByRole('button', { name: 'Remove Cla' }).click();
    await page.getByRole('button', { name: 'bob at x.test', exact: true }).click();
    expect(await to.inputValue()).toBe('bob at x.test');
    await to.fill('bob@x.test');
    await page.keyboard.press('Enter');
    expect(await people.count()).toBe(3);

    await paste(Array.from({ length: 200 }, (_, number) => `Member ${number} <m${number}@x.test>`).join(' '));
    await until('all are there', async () => (await people.count()) === 203);
    const text = page.getByRole('textbox', { name: 'Text of the letter' });
    expect((await text.boundingBox())?.height).toBeGreaterThan(200);
    await text.click();
    await page.keyboard.press('Control+Enter');
    await gone(page);
    const [sent] = lettersIn(story, 'sent', 'To everybody');
    expect(sent?.to.length).toBe(203);
    expect(sent?.to.slice(0, 3)).toEqual([
      { name: 'Lee, Ann', email: 'ann@x.test' },
      { name: null, email: 'carol@x.test' },
      { name: null, email: 'bob@x.test' },
    ]);
  });

  it('goes on with all of a long draft, where reading would show the beginning', async () => {
    const { page, server } = story;
    const text = 'A very long story. '.repeat(20_000);
    const draft = server.deliver({ name: 'Alice', email: 'alice@alpha.test' }, 'My novel', `${text}The end`);
    draft.folders = new Set([server.mail.folderOf('drafts').id]);
    draft.keywords = new Set(['$draft', '$seen']);
    await page.goto(`${story.url}/#/drafts`);
    await row(page, /My novel/).click();
    await page.getByRole('textbox', { name: 'Text of the letter' }).waitFor();
    await page.getByRole('textbox', { name: 'Subject' }).press('End');
    await page.keyboard.type('!');
    await until('the change is kept', () => lettersIn(story, 'drafts', 'My novel!').length === 1);
    expect(lettersIn(story, 'drafts', 'My novel!')[0]?.text?.endsWith('The end')).toBe(true);
  });

  it('leaves a draft alone that it could not go on with as a whole', async () => {
    const { page, server } = story;
    const text = 'A story without end. '.repeat(300_000);
    const draft = server.deliver({ name: 'Alice', email: 'alice@alpha.test' }, 'My saga', text);
    draft.folders = new Set([server.mail.folderOf('drafts').id]);
    draft.keywords = new Set(['$draft', '$seen']);
    await page.goto(`${story.url}/#/drafts`);
    await row(page, /My saga/).click();
    await page.getByText('This draft is too long to be changed here.').waitFor();
    expect(await page.locator('.composer').count()).toBe(0);
    expect(lettersIn(story, 'drafts', 'My saga')[0]?.text).toBe(text);
  });

  it('leaves the keys to what is composed of several, as Japanese is', async () => {
    const { page } = story;
    await page.keyboard.press('c');
    const to = page.getByRole('combobox', { name: 'To', exact: true });
    await to.fill('み');
    const pressed = await to.evaluate((input) =>
      ['Enter', 'Escape', 'Backspace'].map((key) => {
        const event = { key, isComposing: true, bubbles: true, cancelable: true };
        return input.dispatchEvent(new KeyboardEvent('keydown', event));
      }),
    );
    expect(pressed).toEqual([true, true, true]);
    const text = page.getByRole('textbox', { name: 'Text of the letter' });
    await text.dispatchEvent('keydown', { key: 'Escape', isComposing: true, bubbles: true });
    expect(await to.inputValue()).toBe('み');
  });

  it('can be called back before it goes', async () => {
    const { page } = story;
    await begin(page, 'bob@beta.test', 'In a hurry');
    await page.keyboard.type('Yes!');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByText('Not sent. You can go on writing.').waitFor();
    await page.getByRole('textbox', { name: 'Text of the letter' }).getByText('Yes!').waitFor();
    expect(lettersIn(story, 'sent', 'In a hurry').length).toBe(0);
    expect(lettersIn(story, 'drafts', 'In a hurry').length).toBe(1);
    expect([...story.server.mail.submissions.values()]).toMatchObject([{ canceled: true }]);
  });

  it('is with the server at once, whatever becomes of the page', async () => {
    const { page } = story;
    await begin(page, 'bob@beta.test', 'Going home');
    await page.keyboard.type('Bye.');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await until('it is there', () => lettersIn(story, 'sent', 'Going home').length === 1);
    await page.goto('about:blank');
    expect([...story.server.mail.submissions.values()]).toMatchObject([{ canceled: false }]);
  });

  it('goes without a second thought where that is wanted, and says what a late one is worth', async () => {
    const { page, server } = story;
    await begin(page, 'bob@beta.test', 'Too late');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await until('it is there', () => server.mail.submissions.size === 1);
    for (const submission of server.mail.submissions.values()) submission.goes = Date.now() - 1;
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByText('Too late: the letter has already gone.').waitFor();

    await choose(page, 'Undo sending', 'Off');
    await page.keyboard.press('Escape');
    await begin(page, 'bob@beta.test', 'At once');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByText('Letter sent').waitFor();
    expect(await page.getByRole('button', { name: 'Undo' }).count()).toBe(0);
    expect(server.mail.submissions.size).toBe(2);
  });

  it('answers all in the conversation, with what was said before, and marks the letter as answered', async () => {
    const { page, server } = story;
    await row(page, /summer house/).click();
    await letter(page).getByText('ninety centimetres then').waitFor();
    await page.keyboard.press('p');
    await page.keyboard.press('p');
    await page.keyboard.press('a');
    const text = page.getByRole('textbox', { name: 'Text of the letter' });
    await text.waitFor();
    await page.keyboard.type('Splendid.');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await gone(page);
    const answer = lettersIn(story, 'sent', 'Re: Plans for the summer house').at(-1);
    expect(answer?.to[0]?.email).toBe('claire.fontaine@atelier-nord.test');
    expect(answer?.cc[0]?.email).toBe('jonas.weber@werkstatt.test');
    expect(answer?.text).toMatch(/^Splendid\.\n\nOn .* Claire Fontaine wrote:\n\n> Dear Alice,/);
    expect(answer?.references?.length).toBe(1);
    const first = [...server.mail.letters.values()].find(
      (one) => one.subject === 'Plans for the summer house',
    );
    expect(first?.keywords.has('$answered')).toBe(true);
    expect(answer?.threadId).toBe(first?.threadId);
  });

  it('forwards with the attachments', async () => {
    const { page } = story;
    await row(page, /summer house/).click();
    await page.getByRole('button', { name: 'Unfold this letter' }).first().click();
    await page.getByRole('button', { name: 'Forward' }).first().click();
    await page.locator('.composer').getByText('south-front.png').waitFor();
    await page.getByRole('combobox', { name: 'To', exact: true }).fill('nadia.benali@beta.test,');
    await page.keyboard.press('Control+Enter');
    await gone(page);
    expect(lettersIn(story, 'sent', 'Fwd: Plans for the summer house')[0]?.attachments.length).toBe(2);
  });

  it('lets nothing that acts into the editor, whoever wrote it', async () => {
    const { page } = story;
    await begin(page, 'bob@beta.test', 'Pasted');
    await page.evaluate(() => {
      const data = new DataTransfer();
      data.setData(
        'text/html',
        '<p onclick="x()">safe<img src="https://t.test/p.gif"><script>x()</' +
          'script><a href="javascript:x()">link</a></p>',
      );
      const event = new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true });
      document.querySelector('.composer [contenteditable]')?.dispatchEvent(event);
    });
    const text = page.locator('.composer [contenteditable]');
    await text.getByText('safe').waitFor();
    expect(await text.innerHTML()).not.toMatch(/onclick|<img|<script|javascript:/);
    await page.keyboard.press('ControlOrMeta+z');
    await page.keyboard.press('ControlOrMeta+Shift+z');
  });

  it('asks about a forgotten attachment and a missing subject', async () => {
    const { page } = story;
    await begin(page, 'bob@beta.test', '');
    await page.keyboard.type('The plan is attached.');
    await page.keyboard.press('Control+Enter');
    await page.getByText('Send without a subject?').waitFor();
    await page.getByRole('button', { name: 'Send anyway' }).click();
    await page.getByText('Did you forget the attachment?').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    expect(lettersIn(story, 'sent', '').length).toBe(0);
  });

  it('writes plain text alone where that is wanted', async () => {
    const { page } = story;
    await begin(page, 'bob@beta.test', 'Plainly');
    await page.keyboard.type('Just words');
    await page.getByRole('button', { name: 'Plain text' }).click();
    await page.getByRole('textbox', { name: 'Text of the letter' }).press('End');
    await page.keyboard.type(', no more.');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await gone(page);
    expect(lettersIn(story, 'sent', 'Plainly')[0]).toMatchObject({
      text: 'Just words, no more.',
      html: null,
    });
  });

  it('goes on with a draft that was put away', async () => {
    const { page, url } = story;
    await begin(page, 'bob@beta.test', 'To be continued');
    await page.keyboard.type('First half');
    await page.keyboard.press('Escape');
    await page.getByText('Draft saved').waitFor();
    await page.goto(`${url}/#/drafts`);
    await row(page, /To be continued/).click();
    await page.getByRole('textbox', { name: 'Text of the letter' }).getByText('First half').waitFor();
  });

  it('marks what an answer answers, when it was put away and is gone on with', async () => {
    const { page, server, url } = story;
    await row(page, /summer house/).click();
    await letter(page).getByText('ninety centimetres then').waitFor();
    await page.keyboard.press('r');
    await page.getByRole('textbox', { name: 'Text of the letter' }).waitFor();
    await page.keyboard.type('Splendid.');
    await page.keyboard.press('Escape');
    await page.getByText('Draft saved').waitFor();
    await page.goto(`${url}/#/drafts`);
    await page.reload();
    await row(page, /summer house/).dblclick();
    await page.getByRole('textbox', { name: 'Text of the letter' }).getByText('Splendid.').waitFor();
    expect(await page.locator('.composer').count()).toBe(1);
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await gone(page);
    const [answer] = lettersIn(story, 'sent', 'Re: Plans for the summer house').slice(-1);
    const answered = [...server.mail.letters.values()].filter((one) => one.keywords.has('$answered'));
    expect(answered.map((one) => one.messageId)).toContainEqual(answer?.inReplyTo);
  });

  it('is refused in words, and stays open', async () => {
    const { page } = story;
    await begin(page, 'eve@refused.test', 'Refused');
    await page.keyboard.type('Hello');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByText('The server does not send this letter.').first().waitFor();
    await page.getByRole('textbox', { name: 'Text of the letter' }).getByText('Hello').waitFor();
  });
});
