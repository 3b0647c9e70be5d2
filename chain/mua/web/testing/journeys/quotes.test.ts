import { describe, expect, it } from 'vitest';
import { quotings } from '../fake/quotes';
import { row, tell, until } from './stories';

describe('what a letter in HTML quotes of the one it answers', () => {
  const story = tell({ letters: 20 });
  const tom = { name: 'Tom', email: 'tom@whitfield.test' };

  it('is folded away as every mailer marks it, and unfolds; what is written below a quote is not', async () => {
    const { page, server } = story;
    const seen: [string, boolean][] = [];
    for (const { mailer, html, folds } of quotings) {
      server.deliver(tom, `Re: from ${mailer}`, 'Gladly.', html);
      await row(page, new RegExp(`Re: from ${mailer},`)).click();
      await page.getByRole('heading', { name: `Re: from ${mailer}` }).waitFor();
      const inside = page.frameLocator('iframe');
      if (folds) await inside.locator('summary').waitFor();
      await inside
        .getByText(/Gladly|meet at ten/)
        .first()
        .waitFor({ state: 'attached' });
      seen.push([mailer, !(await inside.getByText('Shall we meet at ten?').isVisible())]);
    }
    expect(seen).toEqual(quotings.map(({ mailer, folds }) => [mailer, folds]));
  });

  it('can be unfolded by keyboard, and the frame grows', async () => {
    const { page, server } = story;
    const [gmail] = quotings;
    server.deliver(tom, 'Re: unfolded', 'Gladly.', gmail?.html);
    await row(page, /Re: unfolded/).click();
    const fold = page.frameLocator('iframe').getByLabel('Show quoted text');
    await fold.waitFor();
    const height = () => page.locator('iframe').evaluate((frame) => frame.clientHeight);
    const before = await height();
    await fold.press('Enter');
    await page.frameLocator('iframe').getByText('Shall we meet at ten?').waitFor();
    await until('it has room', async () => (await height()) > before + 40);
    await fold.press('Enter');
    await until('and gives it back', async () => (await height()) === before);
  });

  it('is what a letter that is passed on is about', async () => {
    const { page, server } = story;
    server.deliver(tom, 'Fwd: the wall', 'See below.', quotings[0]?.html);
    await row(page, /Fwd: the wall/).click();
    await page.frameLocator('iframe').getByText('Shall we meet at ten?').waitFor();
    expect(await page.frameLocator('iframe').locator('summary').count()).toBe(0);
  });
});
