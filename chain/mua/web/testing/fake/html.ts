/** HTML letters as shops and newsletters write them. */

export function newsletterHtml(title: string, sentences: string[]): string {
  return `<div style="font-family:Georgia,serif;max-width:600px;margin:0 auto;color:#2b2b2b">
<div style="background:#2f5d50;color:#fff;padding:32px 28px;border-radius:6px"><div style="font:12px Arial;letter-spacing:2px;opacity:.8">JARDIN DES SOURCES</div>
<h1 style="margin:8px 0 0;font-weight:normal;font-size:30px">${title}</h1></div>
<img src="https://pictures.jardin-des-sources.test/header.jpg" width="600" height="180" alt="The garden in autumn" style="width:100%;margin:16px 0;background:#e6efe9">
<p style="font-size:17px;line-height:1.6">${sentences.join(' ')}</p>
<table width="100%" cellpadding="12" style="font-size:15px;border-collapse:collapse"><tr><td style="background:#f4f1e8;width:50%"><b>Open days</b><br>Saturday and Sunday, 10 to 18</td><td style="background:#efe7d6"><b>Guided walk</b><br>Every first Sunday, 14:30</td></tr></table>
<p style="text-align:center;margin:28px"><a href="https://jardin-des-sources.test/visit" style="background:#2f5d50;color:#fff;padding:12px 24px;border-radius:4px;text-decoration:none">Plan your visit</a></p>
<p style="font:12px Arial;color:#777;text-align:center">You receive this letter because you asked for it. <a href="https://jardin-des-sources.test/leave">Unsubscribe</a></p></div>`;
}

export function receiptHtml(title: string, sentences: string[]): string {
  return `<div style="font-family:Arial,sans-serif;color:#222"><p>Hello Alice,</p><p>${sentences.slice(0, 2).join(' ')}</p>
<table style="border-collapse:collapse;margin:16px 0" cellpadding="8"><tr style="background:#eee"><th align="left">${title}</th><th align="right">€</th></tr>
<tr><td style="border-bottom:1px solid #ddd">One of these</td><td align="right" style="border-bottom:1px solid #ddd">24.00</td></tr><tr><td><b>Total</b></td><td align="right"><b>24.00</b></td></tr></table><p>Thank you.</p></div>`;
}
