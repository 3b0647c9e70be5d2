import DOMPurify from 'dompurify';

/**
 * HTML that may stand in the editor: what a letter needs, and nothing that acts, loads or styles. Letters of others
 * come from the server's sanitiser; this is the second line, and the only one for what is pasted.
 */
const allowed = {
  ALLOWED_TAGS: [
    'a',
    'b',
    'blockquote',
    'br',
    'code',
    'del',
    'div',
    'em',
    'h1',
    'h2',
    'h3',
    'h4',
    'hr',
    'i',
    'li',
    'ol',
    'p',
    'pre',
    's',
    'span',
    'strong',
    'sub',
    'sup',
    'table',
    'tbody',
    'td',
    'tfoot',
    'th',
    'thead',
    'tr',
    'u',
    'ul',
  ],
  ALLOWED_ATTR: ['href', 'title', 'align', 'colspan', 'rowspan', 'dir', 'lang'],
  ALLOWED_URI_REGEXP: /^(?:https?|mailto|tel):/i,
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
};

/** The two marks by which the editor remembers a selection while it undoes. */
const marks = new Set(['squire-selection-start', 'squire-selection-end']);

/**
 * Takes off beforehand what the cleaner takes off anyway, but what the browser already complains of while it reads it
 * under the policy of the pages: styles and handlers. For quiet, not for safety.
 */
function quiet(html: string): string {
  return html
    .replace(/<style\b[\s\S]*?<\/style>/gi, '')
    .replace(/<[a-z][^<>]*>/gi, (tag) =>
      tag.replace(/\s(?:style|on[a-z]+)\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>"']+)/gi, ''),
    );
}

export function cleanFragment(html: string): DocumentFragment {
  return document.importNode(
    DOMPurify.sanitize(quiet(html), { ...allowed, RETURN_DOM_FRAGMENT: true }),
    true,
  );
}

/** The same for what the editor itself wrote, with its marks. */
export function cleanOwn(html: string): DocumentFragment {
  const fragment = DOMPurify.sanitize(html, {
    ...allowed,
    ALLOWED_TAGS: [...allowed.ALLOWED_TAGS, 'input'],
    ALLOWED_ATTR: [...allowed.ALLOWED_ATTR, 'id', 'type'],
    RETURN_DOM_FRAGMENT: true,
  });
  for (const input of fragment.querySelectorAll('input')) if (!marks.has(input.id)) input.remove();
  return document.importNode(fragment, true);
}

export function cleanHtml(html: string): string {
  return DOMPurify.sanitize(quiet(html), { ...allowed, RETURN_TRUSTED_TYPE: false });
}
