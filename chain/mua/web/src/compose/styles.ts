/**
 * The styles that a quoted letter may have in the editor and in an answer: its colours, its type and its tables. No
 * style may load, move or hide anything.
 */

const allowed = new Set([
  'background-color',
  'border-collapse',
  'border-radius',
  'border-spacing',
  'color',
  'font-family',
  'font-size',
  'font-style',
  'font-weight',
  'letter-spacing',
  'line-height',
  'max-width',
  'text-align',
  'text-decoration',
  'text-transform',
  'vertical-align',
  'white-space',
  'width',
]);
/** These include their longer forms, such as `padding-left`. */
const families = ['border', 'margin', 'padding', 'list-style'];
const longest = 200;

/** Returns the declarations of a style attribute that may stay, as name and value. */
export function declarationsOf(style: string): [name: string, value: string][] {
  return style.split(';').flatMap((declaration): [string, string][] => {
    const colon = declaration.indexOf(':');
    const name = nameOf(declaration.slice(0, colon).trim().toLowerCase());
    const value = declaration
      .slice(colon + 1)
      .replace(/!\s*important/i, '')
      .trim();
    return colon > 0 && mayStay(name, value) ? [[name, value]] : [];
  });
}

/** "background" is a colour if it is not more than that. */
function nameOf(name: string): string {
  return name === 'background' ? 'background-color' : name;
}

function mayStay(name: string, value: string): boolean {
  if (!allowed.has(name) && !families.some((family) => name === family || name.startsWith(`${family}-`)))
    return false;
  // A function other than a colour's may load something; a negative length covers other elements.
  if (value.length > longest || /(?:url|image|set|expression|var|env|attr)\s*\(|[\\@]/i.test(value))
    return false;
  return !(name.startsWith('margin') && value.includes('-'));
}
