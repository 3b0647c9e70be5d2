import { photo, scan, heic, pdf, wav, zipped } from './files';
import { attachment, file, html, inline, letter, multipart, type Part, text } from './mime';
import { ago, type Desk, people, type Received } from './people';

/**
 * Sends letters as telephones, scanners and families do: pictures in their places, files alone, kinds that no browser
 * shows.
 */
export function photos(desk: Desk): Received[] {
  const send = (
    name: string,
    hours: number,
    from: string,
    subject: string,
    part: Part,
    ...more: string[]
  ) => ({
    name,
    octets: letter({ from, to: desk.to, subject, date: ago(desk, hours), more }, part),
  });
  const phone = 'X-Mailer: iPhone Mail (23B85)';
  const beach = photo(1200, 800, [120, 170, 220], [196, 170, 120]);
  const garden = photo(800, 1000, [170, 200, 230], [90, 130, 80]);
  const dusk = photo(1000, 560, [220, 140, 110], [60, 60, 90]);
  return [
    send(
      'photo-between-texts',
      2,
      people.theo,
      'Les enfants à la plage',
      multipart(
        'mixed',
        text('Coucou Mamie,\n\nvoilà la mer ce matin :\n'),
        inline('IMG_2041.png', 'image/png', beach),
        text('\n\net le jardin de la maison :\n'),
        inline('IMG_2042.png', 'image/png', garden),
        text('\n\nOn t’embrasse !\n\nEnvoyé de mon iPhone'),
      ),
      phone,
    ),
    send('photo-alone', 27, people.grandmother, '', inline('Photo.png', 'image/png', dusk), phone),
    send(
      'scan-alone',
      31,
      'Copieur 2e étage <copieur@mairie-saint-jean.test>',
      'Numérisation du 27/11/2026',
      attachment(
        'SKM_C25826112711.pdf',
        'application/pdf',
        pdf('Convocation', [['Madame, Monsieur,'], ['Page deux']]),
      ),
    ),
    send('scan-inline', 33, 'scanner@atelier-nord.test', 'Scan', file('image/png', scan(620, 877))),
    send(
      'html-photo-html',
      52,
      people.claire,
      'The colours for the hall',
      multipart(
        'alternative',
        text('The first wall:\n\n\nAnd the second, a little warmer.'),
        multipart(
          'mixed',
          html('<html><body>The <b>first</b> wall:<br></body></html>'),
          inline('first wall.png', 'image/png', garden),
          html('<html><body>And the second, a little <i>warmer</i>.<br><br>Claire</body></html>'),
        ),
      ),
      'X-Mailer: Apple Mail (2.3864.200.81)',
    ),
    send(
      'photo-by-encoded-id',
      76,
      people.priya,
      'The kiln is finished',
      multipart(
        'related',
        html(
          '<p>Look, it holds the heat at last:</p><p><img src="cid:kiln%20one%2B@raman.test" alt="The kiln"></p><p>Priya</p>',
        ),
        inline('kiln.png', 'image/png', dusk, 'Content-ID: <kiln one+@raman.test>'),
      ),
    ),
    send(
      'many-files',
      99,
      people.dubois,
      'Dossier complet : toiture de l’école',
      multipart(
        'mixed',
        text(
          'Bonjour,\n\nvous trouverez ci-joint l’ensemble du dossier.\n\nBien cordialement,\nMarie-Hélène Dubois',
        ),
        attachment(
          'Devis n° 118 – toiture de l’école primaire Jean-Moulin (version définitive).pdf',
          'application/pdf',
          pdf('Devis', [['Tuiles : 4 200,00', 'Main-d’oeuvre : 6 150,00']]),
        ),
        attachment(
          'Plan.docx',
          'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
          zipped(61_000),
        ),
        attachment(
          'Chiffres 2026.xlsx',
          'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
          zipped(23_000),
        ),
        attachment('IMG_0007.HEIC', 'image/heic', heic()),
        attachment('toit.png', 'image/png', garden),
        attachment('réponses.csv', 'text/csv', Buffer.from('nom;réponse\nDupont;oui\nMartin;non\n')),
      ),
    ),
    send(
      'voice',
      120,
      'Répondeur <voix@telephone.test>',
      'Message vocal de 04 93 00 00 00',
      multipart('mixed', text('Durée : 3 secondes'), inline('message.wav', 'audio/wav', wav(3))),
    ),
  ];
}
