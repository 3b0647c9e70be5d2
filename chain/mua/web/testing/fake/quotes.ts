/** Answers in HTML as mailers write them, each with the letter that it answers below. */
export interface Quoting {
  mailer: string;
  html: string;
  /** True if the quoted text is folded away. */
  folds: boolean;
}

const old = '<p>Shall we meet at ten?</p><p>Tom</p>';
const outlook = (top: string): string =>
  `<div class="WordSection1"><p class="MsoNormal">Gladly.</p><p class="MsoNormal">&nbsp;</p>` +
  `<div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal">${top}</p></div></div>` +
  `<p class="MsoNormal">&nbsp;</p>${old}</div>`;

export const quotings: Quoting[] = [
  {
    mailer: 'Gmail',
    folds: true,
    html: `<div dir="ltr">Gladly.</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">On Mon, 30 Nov 2026 at 09:00, Tom &lt;<a href="mailto:tom@whitfield.test">tom@whitfield.test</a>&gt; wrote:<br></div><blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex">${old}</blockquote></div>`,
  },
  {
    mailer: 'Apple Mail',
    folds: true,
    html: `<div>Gladly.</div><div><br><blockquote type="cite"><div>On 30 Nov 2026, at 09:00, Tom &lt;tom@whitfield.test&gt; wrote:</div><br class="Apple-interchange-newline"><div>${old}</div></blockquote></div><br>`,
  },
  {
    mailer: 'Thunderbird',
    folds: true,
    html: `<p>Gladly.</p><div class="moz-cite-prefix">Le 30/11/2026 à 09:00, Tom a écrit :<br></div><blockquote type="cite" cite="mid:1@whitfield.test">${old}</blockquote>`,
  },
  {
    mailer: 'Outlook for Windows',
    folds: true,
    html: outlook(
      '<b>From:</b> Tom &lt;tom@whitfield.test&gt; <br><b>Sent:</b> Monday, 30 November 2026 09:00<br><b>To:</b> Alice<br><b>Subject:</b> The wall',
    ),
  },
  {
    mailer: 'Outlook in French',
    folds: true,
    html: outlook(
      '<b>De&nbsp;:</b> Tom &lt;tom@whitfield.test&gt; <br><b>Envoyé&nbsp;:</b> lundi 30 novembre 2026 09:00<br><b>À&nbsp;:</b> Alice<br><b>Objet&nbsp;:</b> Le mur',
    ),
  },
  {
    mailer: 'Outlook on the web',
    folds: true,
    html: `<div>Gladly.</div><div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr"><font face="Calibri, sans-serif"><b>From:</b> Tom &lt;tom@whitfield.test&gt;<br><b>Sent:</b> Monday<br><b>To:</b> Alice<br><b>Subject:</b> The wall</font><div>&nbsp;</div></div><div>${old}</div>`,
  },
  {
    mailer: 'Yahoo',
    folds: true,
    html: `<div class="ydp1"><div>Gladly.</div></div><div id="yahoo_quoted_1" class="yahoo_quoted"><div>On Monday, 30 November 2026, Tom &lt;tom@whitfield.test&gt; wrote:</div><div>${old}</div></div>`,
  },
  {
    mailer: 'Proton',
    folds: true,
    html: `<div>Gladly.</div><div class="protonmail_quote">On Monday, Tom wrote:<br><blockquote class="protonmail_quote" type="cite">${old}</blockquote></div>`,
  },
  {
    mailer: 'Gmail, answered below',
    folds: false,
    html: `<div class="gmail_quote"><blockquote class="gmail_quote">${old}</blockquote></div><div>Gladly.</div>`,
  },
  {
    mailer: 'Apple Mail, answered in between',
    folds: false,
    html: `<div>As you ask:</div><blockquote type="cite"><p>Shall we meet at ten?</p></blockquote><div>Gladly.</div>`,
  },
  {
    mailer: 'a quote and nothing else',
    folds: false,
    html: `<blockquote type="cite">${old}</blockquote>`,
  },
  {
    mailer: 'a ticket that says from where and when',
    folds: false,
    html: `<p>Your ticket. Gladly.</p><p>De : Paris<br>À : Lyon<br>Date : 30 novembre</p><p>Shall we meet at ten?</p>`,
  },
];
