import { expect, it } from 'vitest';
import { randomFrom } from '../fake/world';
import { gone, lettersIn, row, tell } from './stories';

const story = tell({ letters: 40 });

/** Makes lines as they stand in tables, patches and programs. */
function linesFrom(seed: number): string[] {
  const random = randomFrom(seed);
  const pieces = [
    'a',
    'Jo:',
    '+1',
    ' ',
    '  ',
    '   ',
    '\t',
    '\t\t',
    '\u00A0',
    '<b>',
    '&amp;',
    '--',
    'fin',
    '|',
  ];
  const line = () =>
    Array.from({ length: Math.floor(random() * 8) }, () => pieces[Math.floor(random() * pieces.length)]).join(
      '',
    );
  const middle = Array.from({ length: 40 }, line).map((one) => (/^\s*$/.test(one) ? '' : one));
  return ['Dear Alice,', '', '', ...middle, '', '  indented\twith a tab', 'end'];
}

it.each([1, 2, 3])(
  'a plain letter that is answered and forwarded keeps its lines as they are (%i)',
  async (seed) => {
    const { page, server } = story;
    const lines = linesFrom(seed);
    const one = [...server.mail.letters.values()].find(({ subject }) => /botanical/.test(subject));
    if (!one) throw new Error('no letter');
    Object.assign(one, { html: null, text: lines.join('\n') });
    await page.reload();
    await row(page, /botanical/).click();
    await page.getByRole('article').getByText('indented').waitFor();

    const sent = async (key: 'r' | 'f') => {
      await page.keyboard.press(key);
      const dialog = page.getByRole('dialog', { name: /botanical|New letter/ });
      await dialog.getByText('indented').waitFor();
      if (key === 'f') {
        await page.keyboard.type('bob@beta.test,');
      }
      await page.keyboard.press('Control+Enter');
      await gone(page);
      const subject = `${key === 'r' ? 'Re' : 'Fwd'}: Autumn at the botanical garden`;
      return lettersIn(story, 'sent', subject)[0]?.text ?? '';
    };
    const quoted = lines.map((line) => (line === '' ? '>' : `> ${line}`)).join('\n');
    expect(await sent('r')).toContain(quoted);
    expect(await sent('f')).toContain(lines.join('\n'));
  },
);

it('blanks that are typed stay, in plain text and in rich text made of it', async () => {
  const { page } = story;
  const table = 'Name      Price\n\tTea    2,50\n\n\n\nif (x) {\n    y();\n}';
  await page.keyboard.press('c');
  await page.keyboard.type('bob@beta.test,');
  await page.getByRole('textbox', { name: 'Subject' }).fill('Table');
  await page.getByRole('button', { name: 'Plain text' }).click();
  const plain = page.locator('.composer textarea');
  await plain.fill(table);
  await page.getByRole('button', { name: 'Rich text' }).click();
  await page.getByRole('textbox', { name: 'Text of the letter' }).getByText('Tea').waitFor();
  await page.keyboard.press('Control+Enter');
  await gone(page);
  expect(lettersIn(story, 'sent', 'Table')[0]?.text).toContain(table);
});
