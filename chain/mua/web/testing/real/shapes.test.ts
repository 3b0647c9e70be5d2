import { afterEach, beforeAll, expect, it } from 'vitest';
import type { FrameLocator, Locator } from 'playwright-core';
import { faults } from '../axe';
import { until } from '../journeys/stories';
import { pdfOf } from '../pdf';
import { door } from './demo';
import { Person } from './person';
import { deliver } from './smtp';
import { stage } from './stage';

// Letters in the shapes that people's mailers send, through the program itself: each part is shown, or listed.

const on = stage();
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
  await deliver(door(on.demo.alpha, 'smtp'), 'theo@alpine.test', alice.address, letter);
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
  alice = await Person.sitDown(on.browser, on.demo.alpha, { width: 1440, height: 900 });
  await alice.logIn();
  await alice.page.getByRole('heading', { name: alice.words.folders.inbox }).waitFor();
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
  const pdf = Buffer.from(pdfOf(['All that was scanned'])).toString('base64');
  const header = ['Content-Transfer-Encoding: base64', 'Content-Disposition: attachment; filename=scan.pdf'];
  await receive('Scan', part('application/pdf; name=scan.pdf', pdf, ...header));
  const letter = await alice.openLetter('Scan');
  await letter.getByText(alice.words.read.onlyFiles).waitFor();
  await letter.getByRole('link', { name: 'scan.pdf', exact: false }).first().click();
  const viewer = alice.page.getByRole('dialog', { name: 'scan.pdf' });
  await viewer.getByText('All that was scanned').waitFor();
  await alice.page.keyboard.press('Escape');
  await viewer.waitFor({ state: 'detached' });
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

it('what came without a name is called what it is', async () => {
  const bare = (type: string, ...header: string[]) =>
    part(type, picture, 'Content-Transfer-Encoding: base64', ...header);
  await receive(
    'No names',
    multipart(
      'mixed',
      'n1',
      part('text/plain', 'two'),
      bare('image/heic'),
      bare('image/heic'),
      bare('application/pdf'),
    ),
  );
  const letter = await alice.openLetter('No names');
  await letter.getByText('two').waitFor();
  const { files: called } = alice.words.read;
  const names = [`${called.picture} 1.heic`, `${called.picture} 2.heic`, `${called.document}.pdf`];
  await until('all are listed', async () => (await files(letter).count()) === 3);
  expect(await files(letter).allTextContents()).toEqual(names);
});

it('a picture beside the alternative that shows it is shown once', async () => {
  const html = part('text/html', '<p>See <img src="cid:logo%40alpine.test" width="100"></p>');
  const both = multipart('alternative', 'a2', part('text/plain', 'See'), html);
  const logo = image('logo.png', 'Content-ID: <logo@alpine.test>', inline('logo.png'));
  await receive('Once', multipart('mixed', 'm4', both, logo));
  const letter = await alice.openLetter('Once');
  await seen(letter.frameLocator('iframe'), 1);
  expect(await files(letter).count()).toBe(0);
});

it('an attached letter opens as a letter, with its picture, its files and the letter in it', async () => {
  const inner = (subject: string, body: string) =>
    [
      'From: Claire <claire@alpine.test>',
      'To: theo@alpine.test',
      'Date: Tue, 1 Dec 2026 14:00:00 +0100',
      `Subject: ${subject}`,
      'MIME-Version: 1.0',
      body,
    ].join('\r\n');
  const deepest = inner('The deepest', part('text/plain', 'words at the bottom'));
  const page = part(
    'text/html',
    '<p>The plan <img src="cid:plan@x"><script>document.title = "run"</script></p>',
  );
  const related = multipart('related', 'r2', page, image('plan.png', 'Content-ID: <plan@x>'));
  const eml = Buffer.from(deepest).toString('base64');
  const file = part('application/octet-stream; name=deepest.eml', eml, 'Content-Transfer-Encoding: base64');
  const attached = part('message/rfc822', inner('The plan', multipart('mixed', 'm6', related, file)));
  await receive('Fwd: The plan', multipart('mixed', 'm5', part('text/plain', 'See below'), attached));
  const letter = await alice.openLetter('Fwd: The plan');
  await letter.getByText('See below').waitFor();
  const name = `${alice.words.read.files.letterAbout('The plan')}.eml`;
  await letter.getByRole('link', { name, exact: false }).first().click();
  const dialog = alice.page.getByRole('dialog', { name: alice.words.read.inside.title });
  await dialog.getByRole('heading', { name: 'The plan', exact: true }).waitFor();
  await dialog.getByText('claire@alpine.test').waitFor();
  await seen(dialog.frameLocator('iframe'), 1);
  expect(await faults(alice.page)).toEqual([]);
  await dialog.getByRole('link', { name: 'deepest.eml', exact: false }).first().click();
  await dialog.getByText('words at the bottom').waitFor();
  await dialog.getByRole('button', { name: alice.words.read.inside.back }).click();
  await dialog.getByRole('heading', { name: 'The plan', exact: true }).waitFor();
  await alice.page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
});

it('encrypted and signed letters say what they are, and their files can be saved', async () => {
  const { sealed } = alice.words.read;
  const base64 = 'Content-Transfer-Encoding: base64';
  const pgp = '-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA5vJzQ\r\n-----END PGP MESSAGE-----';
  const shapes: [string, string, string, string | undefined][] = [
    [
      'Sealed by key',
      multipart(
        'encrypted; protocol="application/pgp-encrypted"',
        'e1',
        part('application/pgp-encrypted', 'Version: 1'),
        part('application/octet-stream; name=encrypted.asc', pgp),
      ),
      sealed.encrypted('OpenPGP'),
      sealed.save,
    ],
    ['Sealed inline', part('text/plain', pgp), sealed.encrypted('OpenPGP'), undefined],
    [
      'Sealed at work',
      part(
        'application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m',
        'MIAGCSqGSIb3DQEHA6CA',
        base64,
      ),
      sealed.encrypted('S/MIME'),
      sealed.save,
    ],
    [
      'Wrapped',
      part('application/pkcs7-mime; name=smime.p7m', 'MIAGCSqGSIb3DQEHAqCA', base64),
      sealed.signedWhole('S/MIME'),
      sealed.save,
    ],
    [
      'With a seal',
      multipart(
        'signed; micalg=sha-256; protocol="application/pkcs7-signature"',
        's1',
        part('text/plain', 'words that are signed'),
        part('application/pkcs7-signature; name=smime.p7s', 'MIAGCSqGSIb3DQEHAqCA', base64),
      ),
      sealed.signed('S/MIME'),
      sealed.saveSignature,
    ],
  ];
  for (const [subject, body, words, save] of shapes) {
    await receive(subject, body);
    const letter = await alice.openLetter(subject);
    await letter.getByText(words).waitFor();
    expect([subject, await letter.getByText(alice.words.read.empty).count()]).toEqual([subject, 0]);
    if (!save) continue;
    const saving = alice.page.waitForEvent('download');
    await letter.getByRole('link', { name: save, exact: true }).click();
    expect([subject, (await saving).suggestedFilename()]).toEqual([
      subject,
      expect.stringMatching(/^(smime|encrypted)\./),
    ]);
  }
  expect(await faults(alice.page)).toEqual([]);
});

it('invitations and visiting cards are shown as such', async () => {
  const event = [
    'BEGIN:VCALENDAR',
    'METHOD:REQUEST',
    'VERSION:2.0',
    'BEGIN:VEVENT',
    'UID:pier@alpine.test',
    'SUMMARY:The pier, second meeting',
    'DTSTART;TZID=Europe/Paris:20261201T140000',
    'DTEND;TZID=Europe/Paris:20261201T153000',
    'LOCATION:Harbour office',
    'RRULE:FREQ=WEEKLY;BYDAY=TU',
    'ORGANIZER;CN=Claire Fontaine:mailto:claire@alpine.test',
    'ATTENDEE;CN=Alice;PARTSTAT=ACCEPTED:mailto:alice@alpha.test',
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ].join('\r\n');
  const both = multipart(
    'alternative',
    'a3',
    part('text/plain', 'You are invited.'),
    part('text/html', '<p>You are invited.</p>'),
    part('text/calendar; method=REQUEST; charset=utf-8', event),
  );
  const card = part(
    'text/vcard; name=claire.vcf',
    'BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Claire Fontaine\r\nORG:Harbour\r\nTEL:+33 2 98\r\nEND:VCARD\r\n',
  );
  await receive(
    'Invitation: the pier',
    multipart('mixed', 'm7', both, part('application/ics; name=invite.ics', event), card),
  );
  const { cards } = alice.words.read;
  const letter = await alice.openLetter('Invitation: the pier');
  const invitation = letter.getByRole('region', { name: cards.label('The pier, second meeting') });
  await invitation.getByText('Harbour office').waitFor();
  // The invitation came twice, as invitations do.
  expect(await invitation.count()).toBe(1);
  await invitation.getByText(cards.every.weekly(1), { exact: false }).waitFor();
  await invitation.getByText('Claire Fontaine', { exact: true }).waitFor();
  await invitation.getByText(cards.accepted, { exact: false }).waitFor();
  await letter
    .getByRole('region', { name: cards.cardOf('Claire Fontaine') })
    .getByText('+33 2 98')
    .waitFor();
  expect(await faults(alice.page)).toEqual([]);
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
