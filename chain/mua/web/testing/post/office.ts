import { opaque } from './files';
import { attachment, file, html, letter, multipart, type Part, text } from './mime';
import { ago, type Desk, people, type Received } from './people';

/** Invitations, visiting cards, signed and encrypted letters. */
export function office(desk: Desk): Received[] {
  const send = (name: string, hours: number, from: string, subject: string, part: Part): Received => ({
    name,
    octets: letter({ from, to: desk.to, subject, date: ago(desk, hours) }, part),
  });
  const signature = Buffer.from(
    '-----BEGIN PGP SIGNATURE-----\n\niHUEABYKAB0WIQ\n=9sUh\n-----END PGP SIGNATURE-----\n',
  );
  return [
    send('invitation', 7, people.claire, 'Invitation: Choir, winter programme', invitation(desk, 'REQUEST')),
    send('cancelled', 6, people.claire, 'Cancelled: Choir, winter programme', invitation(desk, 'CANCEL')),
    send(
      'card',
      35,
      people.jonas,
      'My new number',
      multipart(
        'mixed',
        text('It is in the card.\n\nJonas'),
        attachment('Jonas Weber.vcf', 'text/vcard', card),
      ),
    ),
    send(
      'signed',
      37,
      people.olga,
      'Ключи',
      signed(
        'application/pgp-signature',
        text('Ключи у соседа.'),
        file('application/pgp-signature; name=signature.asc', signature),
      ),
    ),
    send('encrypted', 38, people.olga, '...', sealed()),
    send(
      'encrypted-smime',
      40,
      people.dubois,
      'Confidentiel',
      file(
        'application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m',
        opaque([0x30, 0x82], 2_400),
        'Content-Disposition: attachment; filename=smime.p7m',
      ),
    ),
  ];
}

function signed(protocol: string, said: Part, signature: Part): Part {
  const whole = multipart('signed', said, signature);
  whole.header[0] += `; micalg=pgp-sha256; protocol="${protocol}"`;
  return whole;
}

function sealed(): Part {
  const message = Buffer.from(
    '-----BEGIN PGP MESSAGE-----\n\nhF4DAAAAAAAAAAAAASA\n=Rz1k\n-----END PGP MESSAGE-----\n',
  );
  const whole = multipart(
    'encrypted',
    { header: ['Content-Type: application/pgp-encrypted'], body: 'Version: 1' },
    {
      header: ['Content-Type: application/octet-stream; name=encrypted.asc'],
      body: message.toString('latin1').replaceAll('\n', '\r\n'),
    },
  );
  whole.header[0] += '; protocol="application/pgp-encrypted"';
  return whole;
}

/** Writes an event of next week, every other Thursday, in a time zone of its own. */
function invitation(desk: Desk, method: 'REQUEST' | 'CANCEL'): Part {
  const day = new Date(desk.now.getTime() + 6 * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
  const isOff = method === 'CANCEL';
  const lines = [
    'BEGIN:VCALENDAR',
    'PRODID:-//Atelier Nord//Choir//EN',
    'VERSION:2.0',
    `METHOD:${method}`,
    'BEGIN:VEVENT',
    'UID:choir-winter@atelier-nord.test',
    `SEQUENCE:${isOff ? 1 : 0}`,
    `STATUS:${isOff ? 'CANCELLED' : 'CONFIRMED'}`,
    'DTSTAMP:20261124T090000Z',
    `DTSTART;TZID=Europe/Paris:${day}T193000`,
    `DTEND;TZID=Europe/Paris:${day}T213000`,
    'RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=6',
    'SUMMARY:Choir: winter programme',
    'LOCATION:Salle des fêtes\\, 4 rue du Moulin',
    'DESCRIPTION:We sing the new pieces for the first time.\\nPlease bring a pencil',
    ' .',
    'ORGANIZER;CN="Claire Fontaine":mailto:claire.fontaine@atelier-nord.test',
    `ATTENDEE;CN=Alice;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:${desk.to}`,
    'ATTENDEE;CN="Tom Whitfield";PARTSTAT=ACCEPTED:mailto:tom@whitfield.test',
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ];
  const calendar = text(lines.join('\r\n'), 'text/calendar');
  calendar.header[0] += `; method=${method}`;
  const words = 'Choir: winter programme, Salle des fêtes';
  return multipart('alternative', text(words), html(`<p>${words}</p>`), calendar);
}

const card = Buffer.from(
  [
    'BEGIN:VCARD',
    'VERSION:3.0',
    'N:Weber;Jonas;;;',
    'FN:Jonas Weber',
    'ORG:Werkstatt Weber',
    'TITLE:Schreiner',
    'TEL;TYPE=CELL:+49 151 0000 0000',
    'EMAIL;TYPE=INTERNET:jonas.weber@werkstatt.test',
    'ADR;TYPE=WORK:;;Am Bach 3;Freiburg;;79098;Germany',
    'END:VCARD',
    '',
  ].join('\r\n'),
);
