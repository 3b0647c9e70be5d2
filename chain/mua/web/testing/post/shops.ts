import { pdf } from './files';
import { attachment, html, letter, multipart, text } from './mime';
import { ago, type Desk, type Received } from './people';

/**
 * Writes newsletters, receipts and notices: tables in tables, pictures elsewhere, counting pixels, hidden words at the
 * beginning.
 */
export function shops(desk: Desk): Received[] {
  return [newsletter(desk), receipt(desk), parcel(desk), bank(desk), wide(desk)];
}

const filler = '&#847;&zwnj;&nbsp;'.repeat(60);

function newsletter(desk: Desk): Received {
  const host = 'https://news.jardin-des-sources.test';
  const story = (title: string, words: string): string => `
<tr><td style="padding:24px 32px"><table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr>
<td width="180" valign="top"><img src="${host}/p/${title.length}.jpg" width="160" height="120" alt="${title}" style="display:block;border-radius:6px"></td>
<td valign="top" style="font:15px/1.5 Arial,sans-serif;color:#3a3a3a"><h2 style="margin:0 0 8px;font:20px Georgia,serif">${title}</h2>${words}
<p><a href="${host}/c/4f1?u=https%3A%2F%2Fjardin-des-sources.test%2F${title.length}" style="color:#2f5d50">Read on</a></p></td></tr></table></td></tr>`;
  const body = `<!doctype html><html><head><meta charset="utf-8"><title>November</title>
<style>@media (max-width:480px){.side{display:block!important;width:100%!important}} a:hover{color:#123}</style></head>
<body style="margin:0;background:#eef1ea"><div style="display:none;max-height:0;overflow:hidden">Bulbs to plant before the frost, and a walk on Sunday.${filler}</div>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" bgcolor="#eef1ea"><tr><td align="center">
<table role="presentation" width="640" cellpadding="0" cellspacing="0" style="background:#fff;margin:24px 0">
<tr><td style="background:#2f5d50;padding:28px 32px;color:#fff;font:28px Georgia,serif">Jardin des Sources</td></tr>
${story('Bulbs before the frost', 'Tulips and alliums like the cold. Put them in until the middle of December, three times as deep as they are high.')}
${story('A walk on Sunday', 'We meet at the northern gate at half past two. Bring shoes that may get wet, and a friend.')}
<tr><td align="center" style="padding:16px 32px 40px"><a href="${host}/c/visit" style="display:inline-block;background:#2f5d50;color:#fff;padding:14px 28px;border-radius:4px;font:16px Arial;text-decoration:none">Plan your visit</a></td></tr>
<tr><td style="padding:24px 32px;background:#f6f4ee;font:12px/1.5 Arial;color:#777">You receive this letter because you asked for it on 3 March. <a href="${host}/leave/4f1">Unsubscribe</a> · <a href="${host}/view/4f1">In the browser</a></td></tr>
</table></td></tr></table><img src="${host}/o/4f1.gif" width="1" height="1" alt=""></body></html>`;
  const head = {
    from: 'Jardin des Sources <news@jardin-des-sources.test>',
    to: desk.to,
    subject: 'November: bulbs, a walk, and soup',
    date: ago(desk, 5),
    more: [
      'List-Unsubscribe: <https://news.jardin-des-sources.test/leave/4f1>, <mailto:leave@jardin-des-sources.test?subject=4f1>',
      'List-Unsubscribe-Post: List-Unsubscribe=One-Click',
      'List-ID: <news.jardin-des-sources.test>',
      'Precedence: bulk',
    ],
  };
  const plain = text(
    'Bulbs before the frost\nA walk on Sunday\n\nIn the browser: https://news.jardin-des-sources.test/view/4f1',
  );
  return { name: 'newsletter', octets: letter(head, multipart('alternative', plain, html(body))) };
}

function receipt(desk: Desk): Received {
  const line = (what: string, price: string): string =>
    `<tr><td style="padding:8px 0;border-bottom:1px solid #eee">${what}</td><td align="right" style="padding:8px 0;border-bottom:1px solid #eee">${price}&nbsp;€</td></tr>`;
  const body = `<div style="font-family:Arial,sans-serif;max-width:560px;margin:auto"><p>Bonjour Alice,</p><p>merci pour votre commande <b>n° 2026-11-4471</b>.</p>
<table width="100%" style="border-collapse:collapse;font-size:15px">${line('Théière en fonte, 0,8 l', '64,00')}${line('Thé vert Sencha, 100 g', '11,50')}${line('Livraison', '4,90')}
<tr><td style="padding:12px 0"><b>Total</b></td><td align="right"><b>80,40&nbsp;€</b></td></tr></table><p>La facture est jointe à cette lettre.</p></div>`;
  const invoice = pdf('Facture 2026-11-4471', [
    ['Théière en fonte, 0,8 l      64,00', 'Thé vert Sencha, 100 g      11,50'],
  ]);
  const head = {
    from: 'Maison de Thé <commandes@maison-de-the.test>',
    to: desk.to,
    subject: 'Votre commande n° 2026-11-4471 est confirmée',
    date: ago(desk, 9),
  };
  // The plain part says nothing: all is in the HTML.
  const stub = text('Votre logiciel de courrier n’affiche pas le HTML.');
  const whole = multipart(
    'mixed',
    multipart('alternative', stub, html(body)),
    attachment('Facture 2026-11-4471.pdf', 'application/pdf', invoice),
  );
  return { name: 'receipt', octets: letter(head, whole) };
}

function parcel(desk: Desk): Received {
  const body = `<table width="100%" bgcolor="#111111"><tr><td style="padding:32px;color:#fff;font:18px Arial"><b>Your parcel is on its way</b><br><span style="font-size:14px;color:#bbb">Tuesday, between 10 and 12</span></td></tr></table>
<p style="font:15px Arial">Number <a href="https://track.parcels.test/t/LX993">LX 993 221 004 FR</a></p>`;
  const head = {
    from: 'Parcels <no-reply@parcels.test>',
    to: desk.to,
    subject: 'Your parcel arrives on Tuesday',
    date: ago(desk, 20),
  };
  return { name: 'parcel', octets: letter(head, html(body)) };
}

/** Writes a letter that is not what it seems: another host behind the words, another address in the name. */
function bank(desk: Desk): Received {
  const body = `<p>Cher client,</p><p>votre accès sera fermé demain. Confirmez vos données : <a href="https://banque-postale.secure-login.test/a?c=1">https://www.banque-postale.test</a></p><p>Le service clientèle</p>`;
  const head = {
    from: 'service@banque-postale.test <ne-pas-repondre@mail-77.test>',
    to: desk.to,
    subject: 'Action requise : votre accès',
    date: ago(desk, 44),
    more: ['Reply-To: <aide@mail-reponse.test>'],
  };
  return { name: 'not-a-bank', octets: letter(head, html(body)) };
}

/** Writes a report with more columns than a screen has room for. */
function wide(desk: Desk): Received {
  const weeks = Array.from({ length: 26 }, (_, index) => index + 1);
  const row = (name: string, by: number): string =>
    `<tr><td nowrap>${name}</td>${weeks.map((week) => `<td align="right">${(week * by) % 977}</td>`).join('')}</tr>`;
  const body = `<p>Hello all,</p><p>the figures by week:</p><table border="1" cellpadding="6" style="border-collapse:collapse;font:13px Arial"><tr><th>Workshop</th>${weeks.map((week) => `<th>Week&nbsp;${week}</th>`).join('')}</tr>${row('Pottery', 37)}${row('Bookbinding', 91)}${row('Watercolours for beginners', 53)}</table><p>Jonas</p>`;
  const head = {
    from: 'Jonas Weber <jonas.weber@werkstatt.test>',
    to: desk.to,
    subject: 'Figures of the first half-year',
    date: ago(desk, 61),
  };
  return { name: 'wide-table', octets: letter(head, html(body)) };
}
