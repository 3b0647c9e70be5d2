import type { EmailAddress } from '../../src/jmap/types';
import { type FakeLetter, FakeMail } from './mail';
import { newsletterHtml, receiptHtml } from './html';

/** Makes mailboxes that look like a person's: the same one for the same seed. */

const people: [string, string][] = [
  ['Claire Fontaine', 'claire.fontaine@atelier-nord.test'],
  ['Tom Whitfield', 'tom@whitfield.test'],
  ['Nadia Benali', 'nadia.benali@beta.test'],
  ['Jonas Weber', 'jonas.weber@werkstatt.test'],
  ['Marie-Hélène Dubois', 'mh.dubois@mairie-saint-jean.test'],
  ['Priya Raman', 'priya@raman.test'],
  ['Luca Moretti', 'luca@moretti.test'],
  ['Sofia Lindqvist', 'sofia.lindqvist@beta.test'],
  ['Bob Carver', 'bob@beta.test'],
  ['Étienne Roux', 'etienne@librairie-roux.test'],
  ['Hannah O’Brien', 'hannah@obrien.test'],
  ['Kenji Sato', 'kenji.sato@sato.test'],
];

const subjects = [
  'Lunch on Thursday?',
  'The photographs from Brittany',
  'Minutes of the meeting of 12 November',
  'Réunion de copropriété : ordre du jour',
  'Your proofs are ready',
  'Train tickets for Lyon',
  'A question about the garden wall',
  'Draft of chapter three',
  'Devis pour la toiture',
  'Re-using the old workshop',
  'Choir: programme for the winter concert',
  'Keys',
  'Invoice 2026-118',
  'Retour sur la maquette',
  'Holiday dates',
  'The bread recipe you asked for',
  'Book club: next title',
  'Convocation à l’assemblée générale',
  'New address',
  'Notes on the translation',
];

const sentences = [
  'I had a look at it last night and I think we are nearly there.',
  'Could you tell me whether the afternoon suits you better?',
  'J’ai bien reçu votre courrier et je vous en remercie.',
  'The second half reads much better than the first.',
  'We should order the wood before the end of the month.',
  'Peux-tu me dire si tu viens samedi ?',
  'The weather has been kind to us so far.',
  'I have put the figures in the attached table.',
  'Il reste deux places, mais il faut répondre avant vendredi.',
  'Tell me what you think, and be honest.',
  'The keys are with the neighbour on the left.',
  'There is no hurry at all.',
  'Je te rappelle demain matin pour en parler.',
  'It took a little longer than we thought, but it was worth it.',
];

export interface World {
  letters: number;
  seed?: number;
  /** The time in this world, which stands still if it is given. */
  now?: Date;
}

export function makeWorld({ letters, seed = 7, now: still }: World): FakeMail {
  const mail = new FakeMail('Alice Martin', 'alice@alpha.test');
  const now = still ?? new Date();
  if (still) mail.clock = () => still.getTime();
  const folders = addFolders(mail);
  const random = randomFrom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  let when = now.getTime() - 4 * 60_000;
  let made = 0;
  while (made < letters) {
    const size = Math.min(letters - made, random() < 0.72 ? 1 : 2 + Math.floor(random() * 4));
    const where = random();
    const folder = where < 0.82 ? folders.inbox : where < 0.9 ? folders.archive : pick(folders.others);
    conversation(mail, { size, folder, when, random, pick, recent: made < 14 });
    made += size;
    when -= Math.floor((made < 60 ? 95 : 11) * 60_000 * (0.2 + random() * 2));
  }
  // A mailbox without letters does not have these either.
  if (letters > 0) special(mail, now);
  return mail;
}

interface Making {
  size: number;
  folder: string;
  when: number;
  random: () => number;
  pick: <T>(list: readonly T[]) => T;
  recent: boolean;
}

function conversation(mail: FakeMail, { size, folder, when, random, pick, recent }: Making): void {
  const threadId = mail.newId('t');
  const subject = pick(subjects);
  const [name, email] = pick(people);
  const other = { name, email };
  const me = { name: mail.name, email: mail.address };
  let previous: FakeLetter | undefined;
  for (let index = 0; index < size; index += 1) {
    const mine = index % 2 === 1;
    const id = mail.newId('e');
    const count = 2 + Math.floor(random() * 4);
    const body = Array.from({ length: count }, () => pick(sentences));
    const last = index === size - 1;
    const letter: FakeLetter = {
      id,
      threadId,
      folders: new Set([mine ? mail.folderOf('sent').id : folder]),
      keywords: new Set(mine || !(recent && last && random() < 0.6) ? ['$seen'] : []),
      receivedAt: iso(when - (size - 1 - index) * 3_600_000),
      from: [mine ? me : other],
      to: [mine ? other : me],
      cc: [],
      bcc: [],
      replyTo: null,
      subject: index > 0 ? `Re: ${subject}` : subject,
      messageId: [`${id}@alpha.test`],
      inReplyTo: previous ? previous.messageId : null,
      references: previous ? previous.messageId : null,
      text: textOf(body, mine ? 'Alice' : (name.split(' ')[0] ?? name), previous),
      html: null,
      attachments: [],
    };
    if (random() < 0.06) letter.keywords.add('$flagged');
    if (!mine && random() < 0.12)
      letter.attachments.push(fileOf(mail, 'plan.pdf', 'application/pdf', 184_320));
    if (!mine && !previous && random() < 0.18) {
      letter.html = random() < 0.5 ? newsletterHtml(subject, body) : receiptHtml(subject, body);
    }
    mail.add(letter);
    previous = letter;
  }
}

/** Makes a letter that came so many minutes ago. */
type LetterMaker = (
  minutes: number,
  rest: Partial<FakeLetter> & Pick<FakeLetter, 'subject' | 'from'>,
) => FakeLetter;

/** Adds a few letters that every mailbox of the tests has, newest of all, so that a story can rely on them. */
function special(mail: FakeMail, now: Date): void {
  const inbox = mail.folderOf('inbox').id;
  const me = { name: mail.name, email: mail.address };
  const base = { to: [me], cc: [], bcc: [], replyTo: null, inReplyTo: null, references: null };
  const letter: LetterMaker = (minutes, rest) => {
    const id = mail.newId('e');
    return {
      ...base,
      id,
      folders: new Set([inbox]),
      threadId: mail.newId('t'),
      keywords: new Set<string>(),
      receivedAt: iso(now.getTime() - minutes * 60_000),
      messageId: [`${id}@beta.test`],
      text: null,
      html: null,
      attachments: [],
      ...rest,
    };
  };
  mail.add(
    letter(3, {
      subject: 'Autumn at the botanical garden',
      from: [{ name: 'Jardin des Sources', email: 'lettre@jardin-des-sources.test' }],
      text: 'See the web version.',
      html: newsletterHtml('Autumn at the botanical garden', sentences.slice(0, 4)),
    }),
  );
  wall(mail, letter, me);
  const offer = letter(60 * 5, {
    subject: 'Plans for the summer house',
    from: [{ name: 'Claire Fontaine', email: 'claire.fontaine@atelier-nord.test' }],
    cc: [{ name: 'Jonas Weber', email: 'jonas.weber@werkstatt.test' }],
    text: 'Dear Alice,\n\nhere are the plans we spoke of, with the larger window to the south.\nThe joiner can begin in March: https://atelier-nord.test/summer-house\n\nTell me what you think,\nClaire\n-- \nAtelier Nord, architects',
    keywords: new Set(['$seen']),
    attachments: [
      fileOf(mail, 'Summer house – plan.pdf', 'application/pdf', 1_482_330),
      fileOf(mail, 'south-front.png', 'image/png', 70),
    ],
  });
  mail.add(offer);
  const answer = letter(60 * 3, {
    threadId: offer.threadId,
    folders: new Set([mail.folderOf('sent').id]),
    subject: 'Re: Plans for the summer house',
    from: [me],
    to: offer.from,
    inReplyTo: offer.messageId,
    references: offer.messageId,
    keywords: new Set(['$seen']),
    text: 'Dear Claire,\n\nthey are beautiful. Could the door be a little wider?\n\nAlice\n\nOn Tue, Claire Fontaine wrote:\n> Dear Alice,\n>\n> here are the plans we spoke of, with the larger window to the south.',
  });
  mail.add(answer);
  mail.add(
    letter(1, {
      threadId: offer.threadId,
      subject: 'Re: Plans for the summer house',
      from: offer.from,
      inReplyTo: answer.messageId,
      references: [...offer.messageId, ...answer.messageId],
      text: 'Dear Alice,\n\nof course: ninety centimetres then. I will send the new drawing on Friday.\n\nWarmly,\nClaire\n\nOn Tue, Alice Martin wrote:\n> they are beautiful. Could the door be a little wider?',
    }),
  );
}

/** Files a conversation as people lead it from programs that write HTML: short, long, and with a table. */
function wall(mail: FakeMail, letter: LetterMaker, me: EmailAddress): void {
  const tom = { name: 'Tom Whitfield', email: 'tom@whitfield.test' };
  const first = letter(60 * 9, {
    subject: 'The garden wall',
    from: [tom],
    keywords: new Set(['$seen']),
    text: sentences.join(' '),
    html: receiptHtml('Stones, by the tonne', sentences) + `<p>${sentences.join('</p><p>')}</p>`,
  });
  mail.add(first);
  const answer = letter(60 * 8, {
    threadId: first.threadId,
    folders: new Set([mail.folderOf('sent').id]),
    subject: 'Re: The garden wall',
    from: [me],
    to: [tom],
    keywords: new Set(['$seen']),
    text: 'Thank you. Tomorrow at ten?',
    html: '<div>Thank you. Tomorrow at ten?</div>',
  });
  mail.add(answer);
  mail.add(
    letter(60 * 7, {
      threadId: first.threadId,
      subject: 'Re: The garden wall',
      from: [tom],
      keywords: new Set(['$seen']),
      text: 'Ten it is.\n\nTom',
      html: '<div>Ten <b>it is</b>.</div><div><br></div><div>Tom</div>',
    }),
  );
}

function addFolders(mail: FakeMail): { inbox: string; archive: string; others: string[] } {
  const inbox = mail.addFolder('Inbox', 'inbox').id;
  mail.addFolder('Drafts', 'drafts');
  mail.addFolder('Sent', 'sent');
  const archive = mail.addFolder('Archive', 'archive').id;
  mail.addFolder('Junk', 'junk');
  mail.addFolder('Trash', 'trash');
  const projects = mail.addFolder('Projects', null).id;
  const house = mail.addFolder('Summer house', null, projects).id;
  const book = mail.addFolder('Translation', null, projects).id;
  const family = mail.addFolder('Family', null).id;
  return { inbox, archive, others: [projects, house, book, family] };
}

function fileOf(mail: FakeMail, name: string, type: string, size: number): FakeLetter['attachments'][number] {
  const blobId = mail.newId('b');
  const png = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
    'base64',
  );
  mail.blobs.set(blobId, { type, data: type === 'image/png' ? png : Buffer.alloc(64, 'x') });
  return { blobId, name, type, size, disposition: 'attachment' };
}

function textOf(body: string[], name: string, previous: FakeLetter | undefined): string {
  const quote = previous?.text
    ?.split('\n')
    .slice(0, 6)
    .map((line) => `> ${line}`)
    .join('\n');
  const own = `Hello,\n\n${body.slice(0, 2).join(' ')}\n\n${body.slice(2).join(' ')}\n\n${name}`;
  return quote
    ? `${own}\n\nOn ${previous?.receivedAt.slice(0, 10)}, ${nameOf(previous?.from[0])} wrote:\n${quote}`
    : own;
}

function nameOf(person: EmailAddress | undefined): string {
  return person?.name ?? person?.email ?? '';
}

function iso(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** Makes a small generator of numbers that is the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
