import type { BodyPart, EmailBody } from '../jmap';

/** Joins plain texts whose lines were broken for sending (RFC 3676), as the server shows them (flowed.rs). */

/** The property of a part that says whether its lines flow. */
export const flowProperty = 'header:Content-Type';

/** Returns the texts of a letter in whole paragraphs, if their headers say that lines flow. */
export function joined(body: EmailBody): EmailBody['bodyValues'] {
  const flows = body.consistsOf.filter(
    ({ is, ...part }) =>
      (is === 'text' || is === 'otherForm') && part.type === 'text/plain' && says(part, 'format', 'flowed'),
  );
  const values = flows.flatMap((part) => {
    const text = part.partId ? body.bodyValues[part.partId] : undefined;
    const value = text && { ...text, value: join(text.value, says(part, 'delsp', 'yes')) };
    return part.partId && value ? [[part.partId, value] as const] : [];
  });
  return values.length > 0 ? { ...body.bodyValues, ...Object.fromEntries(values) } : body.bodyValues;
}

function says(part: BodyPart, name: string, value: string): boolean {
  return new RegExp(`;\\s*${name}\\s*=\\s*"?${value}\\b`, 'i').test(part[flowProperty] ?? '');
}

/**
 * Joins flowed lines. RFC 3676 §4: a line that ends with a blank continues in the next, unless that is quoted to
 * another depth; `remove` removes that blank (§4.1, for languages without blanks between words). The signature's line
 * stands for itself (§4.3).
 */
export function join(text: string, remove: boolean): string {
  const lines: string[] = [];
  let open: number | undefined;
  for (const line of text.replace(/\r\n?/g, '\n').split('\n')) {
    const depth = line.search(/[^>]|$/);
    // §4.4: the sender puts a blank before text that would be taken for a quote.
    const content = line.slice(depth).replace(/^ /, '');
    const isSignature = content === '-- ';
    const flows = content.endsWith(' ') && !isSignature;
    const said = flows && remove ? content.slice(0, -1) : content;
    // A line without words ends a paragraph, even one whose last line ends with a blank.
    if (open === depth && !isSignature && content !== '') lines.push((lines.pop() ?? '') + said);
    else if (depth > 0) lines.push(`${'>'.repeat(depth)} ${said}`);
    // The line is no quote, and must not become one now.
    else lines.push(said.startsWith('>') ? ` ${said}` : said);
    open = flows ? depth : undefined;
  }
  return lines.join('\n');
}
