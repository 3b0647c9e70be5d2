import { letter, octets, text } from './mime';
import { ago, type Desk, people, type Received } from './people';

/** Writes letters in six scripts, two directions, charsets from before Unicode, and signs that stack. */
export function scripts(desk: Desk): Received[] {
  const said: [name: string, hours: number, from: string, subject: string, words: string][] = [
    [
      'japanese',
      46,
      people.kenji,
      '十二月の予定について',
      '佐藤です。\n\n十二月十二日の午後はいかがでしょうか。お返事をお待ちしています。',
    ],
    [
      'russian',
      48,
      people.olga,
      'Фотографии из Бретани',
      'Здравствуйте, Алиса!\n\nСпасибо за прекрасные снимки. Маяк получился лучше всего.\n\nОльга',
    ],
    [
      'arabic',
      50,
      people.layla,
      'موعد القراءة يوم الخميس',
      'مرحبا أليس،\n\nهل يناسبك الساعة 18:30 في مكتبة Roux؟\n\nليلى',
    ],
    [
      'hebrew',
      54,
      people.noa,
      'התרגום מוכן',
      'שלום אליס,\n\nהתרגום של פרק 3 מוכן. הקובץ נקרא chapter-3.txt.\n\nנועה',
    ],
    ['chinese', 56, people.wei, '茶的订单', '您好:\n\n龙井茶下周二寄出,一共四百克。\n\n王伟'],
    [
      'greek',
      58,
      people.eleni,
      'Το σπίτι στη θάλασσα',
      'Αγαπητή Αλίκη,\n\nτο σπίτι είναι ελεύθερο τον Ιούνιο.\n\nΕλένη',
    ],
    [
      'stacked',
      62,
      people.tom,
      'Z̸̢͔̑ͫa̵̛͉ͦlg̶̡̑o',
      `Look what the children found: h̷̨͔̭͙̑̊͒̚e̶̢̗̼͖͆̋̄͘l̶̖̮̐l̵̢̺͆o̸̘͛\n\nThe line below stays readable.`,
    ],
  ];
  const modern = said.map(([name, hours, from, subject, words]) => ({
    name,
    octets: letter({ from, to: desk.to, subject, date: ago(desk, hours) }, text(words)),
  }));
  return [...modern, old(desk)];
}

/** Writes a letter as a program of 1998 does: its charset is wrong, and the lines are wrapped by hand. */
function old(desk: Desk): Received {
  const words = Buffer.from(
    'Cher ami,\r\n\r\nle caf\xe9 est pr\xeat, et l\x92\xe9t\xe9 fut long.\r\n\r\n\x96 Ren\xe9\r\n',
    'latin1',
  );
  const head = { from: 'rene@vieux-moulin.test', to: desk.to, subject: 'Le cafe', date: ago(desk, 70) };
  return { name: 'old-charset', octets: letter(head, octets(words, 'iso-8859-1')) };
}
