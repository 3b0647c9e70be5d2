import { enclosed, html, letter, multipart, type Part, text } from './mime';
import { ago, type Desk, people, type Received } from './people';

/**
 * Writes letters of people who answer each other: long threads, quotes in quotes, lists, patches, letters passed on.
 */
export function talk(desk: Desk): Received[] {
  return [
    ...thread(desk),
    quoted(desk),
    outlook(desk),
    flowed(desk),
    patch(desk),
    passedOn(desk),
    returned(desk),
  ];
}

const turns = [
  'Shall we rebuild the garden wall before the winter? I would rather not wait for spring.',
  'Yes. Jonas knows somebody who has stones from the old station.',
  'He does, and they cost nothing if we fetch them. I have a trailer until Friday.',
  'Then Thursday. I bring gloves and soup.',
  'Thursday is fine. What about the lime? The shed is empty.',
  'I order ten bags; they deliver on Wednesday afternoon.',
  'Somebody has to be there between two and five. I cannot.',
  'I can. I work at home anyway.',
];

/** Writes a thread as long as real ones get: each answer quotes the one before. */
function thread(desk: Desk): Received[] {
  const writers = [people.claire, people.tom, people.jonas];
  const ids = turns.map((_, index) => `<wall-${index}@whitfield.test>`);
  return turns.map((said, index) => {
    const before = turns[index - 1];
    const quote = before ? `\n\nOn Thursday, ${writers[(index - 1) % 3]} wrote:\n> ${before}` : '';
    const head = {
      from: writers[index % 3] ?? people.claire,
      to: desk.to,
      subject: index === 0 ? 'The garden wall' : 'Re: The garden wall',
      date: ago(desk, 90 - index * 9),
      more: [
        `Message-ID: ${ids[index]}`,
        ...(index > 0
          ? [`In-Reply-To: ${ids[index - 1]}`, `References: ${ids.slice(0, index).join('\r\n ')}`]
          : []),
      ],
    };
    return { name: `wall-${index + 1}`, octets: letter(head, text(`${said}${quote}\n`)) };
  });
}

function quoted(desk: Desk): Received {
  const inner =
    '<blockquote class="gmail_quote" style="margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex">';
  const body = `<div dir="ltr">Saturday suits me.<div><br></div><div>Nadia</div></div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">On Tue, 24 Nov 2026 at 18:02, Alice Martin &lt;<a href="mailto:alice@alpha.test">alice@alpha.test</a>&gt; wrote:<br></div>${inner}<div>Saturday or Sunday?<br></div><br><div class="gmail_quote"><div class="gmail_attr">On Mon, 23 Nov 2026, Nadia Benali wrote:</div>${inner}<p>When do we rehearse? The hall is free at the weekend, and the piano has been tuned.</p></blockquote></div></blockquote></div>`;
  return one(desk, 'quoted-html', 12, people.nadia, 'Re: Rehearsal', html(body));
}

function outlook(desk: Desk): Received {
  const body = `<html xmlns:o="urn:schemas-microsoft-com:office:office"><body lang="FR"><div class="WordSection1"><p class="MsoNormal"><span style="font-size:11.0pt;font-family:&quot;Calibri&quot;,sans-serif">Bonjour,<o:p></o:p></span></p><p class="MsoNormal">c’est noté pour mardi.</p><p class="MsoNormal"><o:p>&nbsp;</o:p></p>
<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal"><b>De :</b> Alice Martin &lt;alice@alpha.test&gt;<br><b>Envoyé :</b> lundi 23 novembre 2026 09:12<br><b>À :</b> Marie-Hélène Dubois<br><b>Objet :</b> Rendez-vous</p></div><p class="MsoNormal">Bonjour, mardi à dix heures vous convient-il ?</p></div></body></html>`;
  return one(desk, 'quoted-outlook', 15, people.dubois, 'RE: Rendez-vous', html(body));
}

function flowed(desk: Desk): Received {
  const words =
    'I have read the chapter twice now, and what I like \nmost is how little happens in it. The letter on the \ntable stays closed until the end.\n\n> Does the middle \n> drag?\n\nNot at all. \n-- \nPriya';
  const part = text(words, 'text/plain');
  part.header[0] += '; format=flowed; delsp=no';
  return one(desk, 'flowed', 18, people.priya, 'Re: Chapter three', part);
}

function patch(desk: Desk): Received {
  const words = `Fix the width of the first column.

---
 src/table.c | 4 ++--
 1 file changed, 2 insertions(+), 2 deletions(-)

diff --git a/src/table.c b/src/table.c
--- a/src/table.c
+++ b/src/table.c
@@ -12,7 +12,7 @@ static int width(const char *s)
 \tint w = 0;
 
 \tfor (; *s; s++)
-\t\tw += 1;
+\t\tw += cell(*s);
 \treturn w;

name      |  old |  new
----------+------+-----
first     |   12 |    9
`;
  const part = text(words);
  const more = [
    'List-ID: Table tools <table.lists.test>',
    'List-Post: <mailto:table@lists.test>',
    'Reply-To: <table@lists.test>',
  ];
  return one(desk, 'patch', 39, people.jonas, '[PATCH] table: count cells, not octets', part, ...more);
}

function passedOn(desk: Desk): Received {
  const head = { from: people.kenji, to: people.tom, subject: '展示会のご案内', date: ago(desk, 130) };
  const within = letter(head, text('十二月五日に小さな展示会を開きます。お待ちしています。'));
  const whole = multipart(
    'mixed',
    text('Kenji writes from Kyoto – I thought you would like it.\n\nTom'),
    enclosed(within),
  );
  return one(desk, 'passed-on', 41, people.tom, 'Fwd: 展示会のご案内', whole);
}

function returned(desk: Desk): Received {
  const head = { from: desk.to, to: 'hannah@obrian.test', subject: 'Keys', date: ago(desk, 66) };
  const lost = letter(head, text('The keys are with the neighbour.'));
  const status: Part = {
    header: ['Content-Type: message/delivery-status'],
    body: 'Reporting-MTA: dns; mail.alpha.test\r\n\r\nFinal-Recipient: rfc822; hannah@obrian.test\r\nAction: failed\r\nStatus: 5.1.2\r\n',
  };
  const report = multipart(
    'report',
    text('Your letter to hannah@obrian.test could not be delivered: the domain does not exist.'),
    status,
    enclosed(lost),
  );
  report.header[0] = report.header[0]?.replace('report;', 'report; report-type=delivery-status;') ?? '';
  return one(
    desk,
    'returned',
    65,
    'Mail Delivery System <postmaster@alpha.test>',
    'Undelivered: Keys',
    report,
  );
}

function one(
  desk: Desk,
  name: string,
  hours: number,
  from: string,
  subject: string,
  part: Part,
  ...more: string[]
): Received {
  return { name, octets: letter({ from, to: desk.to, subject, date: ago(desk, hours), more }, part) };
}
