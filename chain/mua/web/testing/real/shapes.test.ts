import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Browser, FrameLocator, Locator } from 'playwright-core';
import { faults } from '../axe';
import { launch } from '../browser';
import { until } from '../journeys/stories';
import { type Demo, door, startDemo } from './demo';
import { Person } from './person';
import { deliver } from './smtp';

// Letters in the shapes that people's mailers send, through the program itself: each part is shown, or listed.

let demo: Demo;
let browser: Browser;
let alice: Person;

const picture =
  'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAGCAIAAABxZ0isAAAAFElEQVR4nGO0yZvGgA0wYRWlkwQAvMABTO3b9QYAAAAASUVORK5CYII=';

function part(type: string, body: string, ...header: string[]): string {
  return [`Content-Type: ${type}`, ...header, '', body].join('\r\n');
}

function image(name: string, ...header: string[]): string {
  return part(`image/png; name=${name}`, picture, 'Content-Transfer-Encoding: base64', ...header);
}

const inline = (name: string) => `Content-Disposition: inline; filename=${name}`;

function multipart(kind: string, boundary: string, ...parts: string[]): string {
  const inside = parts.map((one) => `--${boundary}\r\n${one}\r\n`).join('');
  return part(`multipart/${kind}; boundary=${boundary}`, `${inside}--${boundary}--\r\n`);
}

async function receive(subject: string, body: string): Promise<void> {
  const head = [
    'From: Théo <theo@alpine.test>',
    `To: ${alice.address}`,
    `Subject: ${subject}`,
    `Message-ID: <${subject.replace(/\W/g, '-')}@alpine.test>`,
    'MIME-Version: 1.0',
  ];
  const letter = Buffer.from(`${head.join('\r\n')}\r\n${body}\r\n`);
  await deliver(door(demo.alpha, 'smtp'), 'theo@alpine.test', alice.address, letter);
}

/** Waits until so many pictures are there and can be seen. */
async function seen(where: Locator | FrameLocator, count: number): Promise<void> {
  const images = where.locator('img[alt], img[src]');
  await until(`${count} pictures are seen`, async () => {
    const widths = await images.evaluateAll((all) =>
      all.map((one) => (one as HTMLImageElement).naturalWidth),
    );
    return widths.length === count && widths.every((width) => width > 0);
  });
}

const files = (letter: Locator) => letter.locator('section li .name');

beforeAll(async () => {
  demo = await startDemo();
  browser = await launch();
  alice = await Person.sitDown(browser, demo.alpha, { width: 1440, height: 900 });
  await alice.logIn();
  await alice.page.getByRole('heading', { name: alice.words.folders.inbox }).waitFor();
});
afterAll(async () => {
  await browser?.close();
  await demo?.stop();
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await alice.picture();
  expect(alice.problems).toEqual([]);
});

it('photos between texts, as phones send them, stand in their places, are listed, and go along', async () => {
  const text = (words: string) => part('text/plain; charset=utf-8', words);
  await receive(
    'Photos of the pier',
    multipart(
      'mixed',
      'm1',
      text('Coucou, voici le ponton !'),
      image('IMG_0412.png', inline('IMG_0412.png')),
      text('\r\n'),
      image('IMG_0413.png', inline('IMG_0413.png')),
      text('Sent from my phone'),
    ),
  );
  const letter = await alice.openLetter('Photos of the pier');
  expect(await alice.row('Photos of the pier').getAttribute('aria-label')).toContain(
    alice.words.list.attachment,
  );
  await letter.getByText('voici le ponton').waitFor();
  await letter.getByText('Sent from my phone').waitFor();
  await until('both are listed', async () => (await files(letter).count()) === 2);
  await seen(letter.locator('p'), 2);
  expect(await faults(alice.page)).toEqual([]);
  await letter.getByRole('button', { name: alice.words.act.forward }).click();
  await seen(alice.page.locator('.composer [contenteditable]'), 2);
  await alice.page.locator('.composer').getByText('Sent from my phone').waitFor();
  await alice.button(alice.words.compose.discard).click();
});

it('two pieces of HTML with a picture between them are shown and forwarded whole', async () => {
  const html = (words: string) =>
    part('text/html; charset=utf-8', `<html><body><p>${words}</p></body></html>`);
  const rich = multipart(
    'mixed',
    'm2',
    html('Before the photo'),
    image('photo.png', inline('photo.png')),
    html('After it'),
  );
  await receive('Pieces', multipart('alternative', 'a1', part('text/plain', 'Before\r\nAfter'), rich));
  const letter = await alice.openLetter('Pieces');
  const frame = letter.frameLocator('iframe');
  await frame.getByText('After it').waitFor();
  await seen(frame, 1);
  await letter.getByRole('button', { name: alice.words.act.forward }).click();
  const written = alice.page.locator('.composer [contenteditable]');
  await written.getByText('After it').waitFor();
  await written.getByText('Before the photo').waitFor();
  await seen(written, 1);
  await alice.button(alice.words.compose.discard).click();
});

it('what a scanner sends is listed, and said to be all there is', async () => {
  const pdf = Buffer.from('%PDF-1.4\n%%EOF\n').toString('base64');
  const header = ['Content-Transfer-Encoding: base64', 'Content-Disposition: attachment; filename=scan.pdf'];
  await receive('Scan', part('application/pdf; name=scan.pdf', pdf, ...header));
  const letter = await alice.openLetter('Scan');
  await letter.getByText(alice.words.read.onlyFiles).waitFor();
  const opening = alice.page.waitForEvent('popup');
  await letter.getByRole('link', { name: 'scan.pdf', exact: false }).first().click();
  await (await opening).close();
  await receive(
    'Note with a document',
    multipart(
      'mixed',
      'm3',
      part('text/plain', 'document'),
      part('application/pdf; name=doc.pdf', pdf, 'Content-Transfer-Encoding: base64', inline('doc.pdf')),
      part('text/plain', 'Sent from my phone'),
    ),
  );
  const other = await alice.openLetter('Note with a document');
  await other.getByText('Sent from my phone').waitFor();
  expect(await files(other).allTextContents()).toEqual(['doc.pdf']);
});

it('a picture that the HTML names is in its place and not listed, however it is named', async () => {
  const named: [string, string, ...string[]][] = [
    ['Encoded', 'cid:foo%40bar.test', 'Content-ID: <foo@bar.test>'],
    ['Capitals', 'CID:FOO@bar.test', 'Content-ID: <foo@bar.test>'],
    ['Message and part', 'mid:Message-and-part%40alpine.test/foo%40bar.test', 'Content-ID: <foo@bar.test>'],
    ['By its location', 'image001.png', 'Content-Location: image001.png'],
  ];
  for (const [subject, src, ...header] of named) {
    const page = part('text/html', `<p>a<img src="${src}" width="200">b</p>`);
    await receive(subject, multipart('related', 'r1', page, image('a.png', ...header, inline('a.png'))));
    const letter = await alice.openLetter(subject);
    await seen(letter.frameLocator('iframe'), 1);
    expect([subject, await files(letter).allTextContents()]).toEqual([subject, []]);
  }
});

it('a search in the language of the field finds them, and says what it does not know', async () => {
  const { page, words } = alice;
  const field = page.locator('#search');
  await field.fill('subject:scan OR subject:pieces from:theo -is:flagged newer_than:1d');
  await alice.row('Scan').waitFor();
  await alice.row('Pieces').waitFor();
  await until('nothing else is found', async () => (await page.getByRole('row').count()) === 2);
  await field.fill('frm:theo scan');
  await page.getByText(words.search.wrong.operator('frm')).waitFor();
  await page.getByRole('button', { name: 'from:theo' }).click();
  await until('it is mended', async () => (await field.inputValue()) === 'from:theo scan');
  await alice.row('Scan').waitFor();
  expect(await faults(page)).toEqual([]);
});
