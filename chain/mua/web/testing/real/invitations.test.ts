import ICAL from 'ical.js';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { faults } from '../axe';
import { door } from './demo';
import { Person } from './person';
import { deliver } from './smtp';
import { stage } from './stage';

// Bob invites Alice, and reads her answer as the calendar of any other server would (RFC 5546, RFC 6047).

const on = stage();
let alice: Person;
let bob: Person;

const zone = [
  'BEGIN:VTIMEZONE',
  'TZID:Chez nous',
  'BEGIN:STANDARD',
  'DTSTART:16010101T030000',
  'TZOFFSETFROM:+0200',
  'TZOFFSETTO:+0100',
  'END:STANDARD',
  'END:VTIMEZONE',
];

function event(...lines: string[]): string[] {
  const people = [
    `ORGANIZER;CN="Bob, of Beta":mailto:${bob.address}`,
    `ATTENDEE;CN=Alice Märtin;ROLE=REQ-PARTICIPANT;RSVP=TRUE:mailto:${alice.address}`,
    'ATTENDEE;CN=Carl;RSVP=TRUE:mailto:carl@gamma.test',
  ];
  return ['BEGIN:VEVENT', 'DTSTAMP:20261120T100000Z', ...lines, ...people, 'END:VEVENT'];
}

/** Makes an invitation to a series of walks of which one is later. */
function calendar(method: string, sequence: number): string {
  const common = ['UID:walk-7@beta.test', `SEQUENCE:${sequence}`, 'SUMMARY:Walk\\, round the lake'];
  return [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//test//EN',
    `METHOD:${method}`,
    ...zone,
    ...event(...common, 'DTSTART;TZID=Chez nous:20261205T100000', 'RRULE:FREQ=WEEKLY;COUNT=4'),
    ...event(
      ...common,
      'RECURRENCE-ID;TZID=Chez nous:20261212T100000',
      'DTSTART;TZID=Chez nous:20261212T110000',
    ),
    'END:VCALENDAR',
    '',
  ].join('\r\n');
}

async function invite(subject: string, method: string, sequence: number): Promise<void> {
  const parts = [
    ['Content-Type: text/plain', '', 'You are invited.'],
    [
      `Content-Type: text/calendar; charset=utf-8; method=${method}`,
      'Content-Transfer-Encoding: base64',
      '',
      Buffer.from(calendar(method, sequence)).toString('base64').replace(/.{76}/g, '$&\r\n'),
    ],
  ];
  const letter = [
    `From: Bob <${bob.address}>`,
    `To: ${alice.address}`,
    `Subject: ${subject}`,
    `Message-ID: <${method}-${sequence}@beta.test>`,
    'MIME-Version: 1.0',
    'Content-Type: multipart/alternative; boundary=b',
    '',
    ...parts.flatMap((part) => ['--b', ...part]),
    '--b--',
    '',
  ].join('\r\n');
  await deliver(door(on.demo.alpha, 'smtp'), bob.address, alice.address, Buffer.from(letter));
}

const invitation = () =>
  alice.page.getByRole('region', { name: alice.words.read.cards.label('Walk, round the lake') }).first();

/** Returns the part for calendars in the newest letter of this subject: its media type as it was sent, and its text. */
async function calendarIn(person: Person, subject: string): Promise<{ type: string; text: string }> {
  return person.page.evaluate(async (subject) => {
    const session = (await (await fetch('/jmap/session')).json()) as {
      primaryAccounts: Record<string, string>;
    };
    const accountId = session.primaryAccounts['urn:ietf:params:jmap:mail'] ?? '';
    const methodCalls = [
      ['Email/query', { accountId, filter: { subject }, limit: 1 }, 'q'],
      [
        'Email/get',
        {
          accountId,
          '#ids': { resultOf: 'q', name: 'Email/query', path: '/ids' },
          properties: ['bodyStructure'],
          bodyProperties: ['type', 'blobId', 'subParts', 'header:Content-Type:asRaw'],
        },
        'g',
      ],
    ];
    const asked = await fetch('/jmap/api', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Facteur': '1' },
      body: JSON.stringify({
        using: ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail'],
        methodCalls,
      }),
    });
    type Part = { type: string; blobId: string; 'header:Content-Type:asRaw': string };
    const answer = (await asked.json()) as {
      methodResponses: [string, { list: { bodyStructure: { subParts: Part[] } }[] }][];
    };
    const { subParts } = answer.methodResponses[1]?.[1].list[0]?.bodyStructure ?? { subParts: [] };
    const part = subParts.find(({ type }) => type === 'text/calendar');
    const url = `/jmap/download/${accountId}/${part?.blobId}/a.ics?accept=text/calendar`;
    return { type: part?.['header:Content-Type:asRaw'] ?? '', text: await (await fetch(url)).text() };
  }, subject);
}

beforeAll(async () => {
  alice = await Person.sitDown(on.browser, on.demo.alpha, { width: 1440, height: 900, french: true });
  bob = await Person.sitDown(on.browser, on.demo.beta, { width: 1440, height: 900 });
  for (const person of [alice, bob]) {
    await person.logIn();
    await person.page.getByRole('heading', { name: person.words.folders.inbox }).waitFor();
  }
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await Promise.all([alice.picture(), bob.picture()]);
  expect([...alice.problems, ...bob.problems]).toEqual([]);
});

it('is answered in French, and the answer is one that another calendar understands', async () => {
  const words = alice.words.read.invitation;
  await invite('Come for a walk', 'REQUEST', 2);
  await alice.openLetter('Come for a walk');
  await invitation().getByRole('button', { name: words.addComment }).click();
  await invitation()
    .getByLabel(words.comment)
    .fill('Avec joie ; j’apporte un thé, et des gâteaux\nÀ bientôt');
  expect(await faults(alice.page)).toEqual([]);
  await invitation().getByRole('button', { name: words.choose.accepted, exact: true }).click();
  await invitation().getByText(words.said.accepted).waitFor();

  const subject = words.subject.accepted('Walk, round the lake');
  // The label of a row has usual blanks, and French puts others before its colons.
  const spoken = subject.replace(/\s/g, ' ');
  await bob.row(spoken).waitFor({ timeout: 90_000 });
  const { type, text } = await calendarIn(bob, 'Walk, round the lake');
  expect(type).toMatch(/^\s*text\/calendar;\s*method="?REPLY"?/);
  expect(type).toMatch(/charset="?utf-8"?/i);
  for (const line of text.split('\r\n')) expect(Buffer.from(line).length).toBeLessThanOrEqual(75);
  const reply = new ICAL.Component(ICAL.parse(text) as unknown as unknown[]);
  expect(reply.getFirstPropertyValue('method')).toBe('REPLY');
  expect(reply.getFirstPropertyValue('version')).toBe('2.0');
  expect(reply.getAllSubcomponents('vtimezone')).toHaveLength(1);
  const events = reply.getAllSubcomponents('vevent');
  expect(events).toHaveLength(2);
  for (const one of events) {
    expect(one.getFirstPropertyValue('uid')).toBe('walk-7@beta.test');
    expect(one.getFirstPropertyValue('sequence')).toBe(2);
    expect(one.getFirstPropertyValue('organizer')).toBe(`mailto:${bob.address}`);
    expect(one.getFirstPropertyValue('comment')).toBe(
      'Avec joie ; j’apporte un thé, et des gâteaux\nÀ bientôt',
    );
    const guests = one.getAllProperties('attendee');
    expect(guests.map((guest) => [guest.getFirstValue(), guest.getParameter('partstat')])).toEqual([
      [`mailto:${alice.address}`, 'ACCEPTED'],
    ]);
    expect(guests[0]?.getParameter('cn')).toBe('Alice Märtin');
    expect(String(one.getFirstPropertyValue('dtstamp'))).not.toBe('2026-11-20T10:00:00Z');
  }
  const moved = events.map((one) => String(one.getFirstPropertyValue('recurrence-id') ?? ''));
  expect(moved).toEqual(['', '2026-12-12T10:00:00']);

  // The person who invites sees who comes.
  const letter = await bob.openLetter(spoken);
  await letter.getByText(/accepte l’invitation/).waitFor();
  await letter
    .getByText(bob.words.read.cards.replied('Alice Märtin', bob.words.read.cards.accepted), { exact: true })
    .first()
    .waitFor();
});

it('is as answered in another browser, and can be answered anew when it was changed', async () => {
  const words = alice.words.read.invitation;
  const elsewhere = await Person.sitDown(on.browser, on.demo.alpha, {
    width: 1000,
    height: 800,
    french: true,
  });
  await elsewhere.logIn();
  await elsewhere.row('Come for a walk').click();
  const first = elsewhere.page.getByRole('article').first();
  const unfold = first.getByRole('button', { name: elsewhere.words.read.unfold, exact: true });
  if ((await unfold.count()) > 0) await unfold.click();
  await first.getByText(words.said.accepted).waitFor();
  expect(elsewhere.problems).toEqual([]);
  await elsewhere.context.close();

  await invite('The walk is later', 'REQUEST', 3);
  await alice.openLetter('The walk is later');
  await invitation().getByText(alice.words.read.cards.changed).waitFor();
  await invitation().getByRole('button', { name: words.choose.declined, exact: true }).click();
  await invitation().getByText(words.said.declined).waitFor();
  await alice.button(alice.words.act.undo).click();
  await alice.page.getByText(words.recalled).waitFor();
  await invitation().getByText(words.said.declined).waitFor({ state: 'hidden' });

  await invite('The walk is off', 'CANCEL', 4);
  await alice.openLetter('The walk is off');
  await invitation().getByText(alice.words.read.cards.cancelled).waitFor();
  expect(await invitation().getByRole('button').count()).toBe(0);
});
