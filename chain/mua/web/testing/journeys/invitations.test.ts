import { describe, expect, it } from 'vitest';
import { en } from '../../src/i18n/en';
import { fr } from '../../src/i18n/fr';
import type { Entry } from '../../src/store/cards';
import { faults } from '../axe';
import { entryOf } from '../fake/entry';
import { lettersIn, row, type Story, tell, until } from './stories';

const claire = { name: 'Claire Fontaine', email: 'claire@atelier-nord.test' };

/** Delivers a letter that invites, and opens it; returns it and its card. */
async function invite(
  story: Story,
  subject: string,
  more: Partial<Entry> = {},
  from = claire,
  { label }: { label: (what: string) => string } = en.read.cards,
) {
  const made = story.server.deliver(from, subject, 'You are invited.');
  made.entries = [entryOf(more)];
  await row(story.page, new RegExp(subject)).click();
  const card = story.page.getByRole('region', { name: label(made.entries[0]?.summary ?? '') });
  await card.waitFor();
  return { made, card };
}

describe('an invitation', () => {
  const story = tell({ letters: 20 });
  const words = en.read.invitation;

  it('is answered with a click, and with a comment; the card says so, also when it is opened again', async () => {
    const { page } = story;
    const { made, card } = await invite(story, 'Choir night');
    const choice = (name: string) => card.getByRole('button', { name, exact: true });
    // No button is higher than one line.
    for (const button of await card.getByRole('button').all())
      expect((await button.boundingBox())?.height).toBeLessThan(50);
    await card.getByRole('button', { name: words.addComment }).click();
    await card.getByLabel(words.comment).fill('With cake');
    // The typed text stays when the letter changes meanwhile.
    await page.getByRole('button', { name: en.act.flag, exact: true }).first().click();
    await until('it is flagged', async () => made.keywords.has('$flagged'));
    expect(await faults(page)).toEqual([]);
    await choice(words.choose.accepted).click();
    await card.getByText(words.said.accepted).waitFor();
    const subject = words.subject.accepted('Choir');
    // The card shows it as soon as the letter is handed over; it lies among the sent ones a moment later.
    await until('the answer is sent', async () => lettersIn(story, 'sent', subject).length === 1);
    const [sent] = lettersIn(story, 'sent', subject);
    expect(sent?.to.map(({ email }) => email)).toEqual([claire.email]);
    expect(sent?.from[0]?.email).toBe('alice@alpha.test');
    expect(sent?.text).toMatch(/accepts the invitation: Choir\n[^]*With cake/u);
    const asked = new URLSearchParams(sent?.calendar?.replace('METHOD:REPLY ', ''));
    const wish = { uid: 'choir@atelier-nord.test', email: 'alice@alpha.test', answer: 'accepted' };
    expect(Object.fromEntries(asked)).toEqual({ ...wish, comment: 'With cake' });
    expect(sent?.inReplyTo).toEqual(made.messageId);
    await page.reload();
    // The answer is the last letter of the conversation now.
    await page
      .getByRole('article')
      .first()
      .getByRole('button', { name: en.read.unfold, exact: true })
      .click();
    await card.getByText(words.said.accepted).waitFor();
    await until(
      'it is marked',
      async () => (await choice(words.choose.accepted).getAttribute('aria-pressed')) === 'true',
    );
    // The person changes their mind.
    await choice(words.choose.declined).click();
    await card.getByText(words.said.declined).waitFor();
    const kept = () => [...made.keywords].filter((keyword) => keyword.startsWith('invitation')).join();
    await until('the new answer is kept', async () => kept() === 'invitation-declined');
    const declined = () => lettersIn(story, 'sent', words.subject.declined('Choir')).length;
    await until('the new answer is sent', async () => declined() === 1);
  });

  it('can be answered by keyboard, and the answer called back: nothing of it stays', async () => {
    const { page } = story;
    const { made, card } = await invite(story, 'Choir night');
    await card.getByRole('button', { name: words.choose.tentative }).press('Enter');
    await card.getByText(words.said.tentative).waitFor();
    await page.getByRole('button', { name: en.act.undo }).click();
    await page.getByText(words.recalled).waitFor();
    await until('it is unanswered', async () => !(await card.getByText(words.said.tentative).isVisible()));
    const subject = words.subject.tentative('Choir');
    await until('nothing of it stays', async () => {
      const letters = [...lettersIn(story, 'sent', subject), ...lettersIn(story, 'drafts', subject)];
      return letters.length === 0 && ![...made.keywords].some((keyword) => keyword.startsWith('invitation'));
    });
  });

  it('whose answer is refused says so, stays unanswered, and leaves no draft', async () => {
    const { page } = story;
    const organizer = { name: null, email: 'claire@refused.test', answer: null };
    const { made, card } = await invite(story, 'Choir night', { organizer });
    await card.getByRole('button', { name: words.choose.accepted }).click();
    await page.getByText(words.failed(''), { exact: false }).waitFor();
    expect(lettersIn(story, 'drafts', words.subject.accepted('Choir'))).toEqual([]);
    expect(made.keywords.has('invitation-accepted')).toBe(false);
  });

  it('to a series of which a day is another has a name for each of its cards', async () => {
    const { page } = story;
    const made = story.server.deliver(claire, 'A series', 'You are invited.');
    made.entries = [entryOf({}), entryOf({})];
    await row(page, /A series/).click();
    const name = en.read.cards.label(made.entries[0]?.summary ?? '');
    for (const n of [1, 2]) await page.getByRole('region', { name: `${name} (${n})`, exact: true }).waitFor();
    expect(await faults(page)).toEqual([]);
  });

  it('that cannot be answered says why, and one of a stranger is warned of', async () => {
    for (const not of ['notInvited', 'organizer', 'noOrganizer', 'notAsked', 'noName'] as const) {
      const { card } = await invite(story, `Not ${not}`, { answering: { not } });
      await card.getByText(words.why[not]).waitFor();
      expect(await card.getByRole('button').count()).toBe(0);
    }
    const eve = { name: 'Claire Fontaine', email: 'eve@evil.test' };
    const { card } = await invite(story, 'From elsewhere', {}, eve);
    await card.getByText(words.stranger(eve.email, claire.email)).waitFor();
    expect(lettersIn(story, 'sent', words.subject.accepted('Choir'))).toEqual([]);
  });

  it('that was changed or called off is said to be, and an answer says who comes', async () => {
    const { cards } = en.read;
    const later = await invite(story, 'Changed', { sequence: 1 });
    await later.card.getByText(cards.changed).waitFor();
    const off = await invite(story, 'Called off', { method: 'CANCEL', answering: null });
    await off.card.getByText(cards.cancelled).waitFor();
    expect(await off.card.getByRole('button').count()).toBe(0);
    const bob = { name: 'Bob', email: 'bob@beta.test', answer: 'ACCEPTED' };
    const said = { method: 'REPLY', attendees: [bob], comment: 'Gladly', answering: null };
    const { card } = await invite(story, 'An answer', said, { name: 'Bob', email: 'bob@beta.test' });
    await card.getByText('Bob comes', { exact: true }).waitFor();
    await card.getByText('Gladly').waitFor();
  });
});

describe('une invitation', () => {
  const story = tell({ letters: 20 }, { french: true, touch: true, width: 390, height: 844 });
  const words = fr.read.invitation;

  it('est répondue en français, sur un téléphone', async () => {
    const { card } = await invite(story, 'Chorale', { summary: 'Chorale' }, claire, fr.read.cards);
    await card.getByText(words.question).waitFor();
    expect(await faults(story.page)).toEqual([]);
    await card.getByRole('button', { name: words.choose.declined }).click();
    await card.getByText(words.said.declined).waitFor();
    const [sent] = lettersIn(story, 'sent', words.subject.declined('Chorale'));
    expect(sent?.text).toContain('décline l’invitation\u00A0: Chorale');
  });
});
