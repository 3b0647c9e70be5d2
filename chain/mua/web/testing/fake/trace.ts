import type { Trace, TraceStep } from '../../src/store/trace';
import type { FakeLetter, FakeMail } from './mail';

/** Makes a way that a letter may have gone: in from another server, or out to one. */
export function traceOf(mail: FakeMail, letter: FakeLetter): Trace {
  const start = Date.parse(letter.receivedAt);
  const at = (milliseconds: number) => new Date(start + milliseconds).toISOString();
  const mine = letter.from.some((person) => person.email === mail.address);
  return { letter: letter.messageId[0] ?? letter.id, steps: mine ? out(letter, at) : into(mail, letter, at) };
}

function into(mail: FakeMail, letter: FakeLetter, at: (milliseconds: number) => string): TraceStep[] {
  const sender = letter.from[0]?.email ?? '';
  const domain = sender.split('@')[1] ?? '';
  const recipient = mail.address;
  const judged = (milliseconds: number, by: string, decision: string, said: string): TraceStep => ({
    at: at(milliseconds),
    what: 'judged',
    link: 'mda',
    by,
    decision,
    said,
    recipient,
  });
  const [first] = letter.folders;
  const folder = mail.folders.get(first ?? '')?.name ?? '';
  const steps: TraceStep[] = [
    {
      at: at(0),
      what: 'received',
      link: 'mta',
      by: '198.51.100.24',
      hello: `mail.${domain}`,
      tls: 'TLS 1.3, AES-256-GCM',
      returnPath: sender,
      recipients: [recipient],
      messageId: letter.messageId[0] ?? '',
      size: 18_432,
    },
    judged(38, 'spf', 'pass', `198.51.100.24 may send for ${domain}`),
    judged(61, 'dkim', 'pass', `signed by ${domain}`),
    judged(64, 'dmarc', 'pass', 'the From address is who it says it is'),
    judged(92, 'spam', 'ham', 'score 0.4 of 5.0'),
    judged(95, 'sieve', 'keep', 'no rule spoke'),
    { at: at(131), what: 'filed', link: 'mda', recipient, folder },
  ];
  if (letter.keywords.has('$seen')) steps.push({ at: at(754_000), what: 'read', link: 'jmap' });
  return steps;
}

function out(letter: FakeLetter, at: (milliseconds: number) => string): TraceStep[] {
  const recipient = letter.to[0]?.email ?? '';
  const by = `mx.${recipient.split('@')[1] ?? ''}`;
  return [
    {
      at: at(0),
      what: 'received',
      link: 'msa',
      by: '192.0.2.7',
      login: letter.from[0]?.email ?? '',
      tls: 'TLS 1.3, AES-256-GCM',
      returnPath: letter.from[0]?.email ?? '',
      recipients: [recipient],
      size: 4_096,
    },
    { at: at(12), what: 'queued', link: 'queue', recipients: [recipient] },
    {
      at: at(1_400),
      what: 'attempt',
      link: 'queue',
      by,
      recipient,
      said: '451 4.7.1 Greylisted, try again in a minute',
      meaning: {
        en: 'that server makes senders whom it does not know come back some minutes later, against spam',
        fr: 'ce serveur fait revenir quelques minutes plus tard les expéditeurs qu’il ne connaît pas, contre le spam',
      },
      outcome: 'later',
      tls: 'TLS 1.3',
    },
    {
      at: at(61_900),
      what: 'attempt',
      link: 'queue',
      by,
      recipient,
      said: '250 2.0.0 Ok',
      outcome: 'delivered',
      tls: 'TLS 1.3',
    },
  ];
}
