import { crc32, deflateSync } from 'node:zlib';
import { assembled } from '../pdf';

/** Files as people attach them, generated: pictures, documents, sound. They contain nobody's photo. */

type Colour = [number, number, number];

/** Returns a landscape in a few colours: sky, sun, hills. */
export function photo(width: number, height: number, sky: Colour, land: Colour): Buffer {
  return png(width, height, (x, y) => {
    const sun = Math.hypot(x - width * 0.72, y - height * 0.28) < height * 0.11;
    const hill = height * (0.62 + 0.1 * Math.sin((x / width) * 7) + 0.04 * Math.sin((x / width) * 23));
    const depth = y / height;
    if (y > hill) return shade(land, 1.15 - 0.5 * depth);
    return sun ? [255, 244, 214] : shade(sky, 0.75 + 0.45 * depth);
  });
}

/** Returns a page as a scanner sees it: lines of writing on paper. */
export function scan(width: number, height: number): Buffer {
  return png(width, height, (x, y) => {
    const [line, margin] = [Math.floor(y / 18), width * 0.12];
    const isInk = y % 18 > 11 && x > margin && x < width - margin * (1 + (line % 5) / 3);
    return isInk && (x * 7 + line * 13) % 11 > 3 ? [70, 70, 80] : [250, 248, 242];
  });
}

function shade([red, green, blue]: Colour, by: number): Colour {
  const lit = (value: number): number => Math.max(0, Math.min(255, Math.round(value * by)));
  return [lit(red), lit(green), lit(blue)];
}

function png(width: number, height: number, at: (x: number, y: number) => Colour): Buffer {
  const rows = Buffer.alloc(height * (1 + width * 3));
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) rows.set(at(x, y), y * (1 + width * 3) + 1 + x * 3);
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(name: string, data: Buffer): Buffer {
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  const named = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}

/** Makes a document of so many pages, each with a heading and lines below it. */
export function pdf(title: string, pages: string[][]): Buffer {
  const kids = pages.map((_, index) => `${4 + index * 2} 0 R`).join(' ');
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    `<< /Type /Pages /Kids [${kids}] /Count ${pages.length} >>`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>',
  ];
  for (const [index, lines] of pages.entries()) {
    const drawn = drawing(index === 0 ? title : `${title} (${index + 1})`, lines);
    objects.push(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents ${5 + index * 2} 0 R >>`,
      `<< /Length ${drawn.length} >>\nstream\n${drawn}\nendstream`,
    );
  }
  return assembled(objects);
}

function drawing(title: string, lines: string[]): string {
  const said = (line: string): string => line.replace(/[()\\]/g, '\\$&');
  const rest = lines.map((line) => `0 -18 Td (${said(line)}) Tj`).join('\n');
  return `BT /F1 20 Tf 60 770 Td (${said(title)}) Tj /F1 11 Tf 0 -18 Td\n${rest}\nET`;
}

/** Makes a tone that fades, of so many seconds, as an answering machine sends it. */
export function wav(seconds: number): Buffer {
  const rate = 8_000;
  const samples = Buffer.alloc(Math.round(seconds * rate));
  for (const index of samples.keys())
    samples[index] = 128 + Math.round(90 * Math.sin(index / 4) * Math.exp(-index / rate));
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + samples.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write('data', 36);
  head.writeUInt32LE(samples.length, 40);
  return Buffer.concat([head, samples]);
}

/** Makes a file with the first octets of a type that no browser shows, and of its usual length. */
export function opaque(start: number[], length: number): Buffer {
  const data = Buffer.alloc(length);
  for (const index of data.keys()) data[index] = (index * 73 + (index >> 5)) & 255;
  data.set(start);
  return data;
}

/** Returns a picture as iPhones keep them. */
export function heic(): Buffer {
  return opaque([0, 0, 0, 24, 0x66, 0x74, 0x79, 0x70, 0x68, 0x65, 0x69, 0x63], 48_000);
}

/** Returns an office file or another archive. */
export function zipped(length: number): Buffer {
  return opaque([0x50, 0x4b, 3, 4, 20, 0], length);
}
