import { fold } from './fold';

/** The operators of the search field, each with its names. All names are understood in every language of the pages. */

export type Code = 'en' | 'fr';

export type Operator =
  | 'text'
  | 'from'
  | 'to'
  | 'cc'
  | 'bcc'
  | 'subject'
  | 'body'
  | 'filename'
  | 'list'
  | 'has'
  | 'is'
  | 'in'
  | 'before'
  | 'after'
  | 'date'
  | 'older'
  | 'newer'
  | 'larger'
  | 'smaller';

/** The kinds of values that may stand behind an operator. */
export type Takes = 'words' | 'thing' | 'state' | 'folder' | 'date' | 'span' | 'size';

interface Description {
  takes: Takes;
  en: string;
  fr: string;
  /** Other names, including those of other mail programs. */
  also: string[];
}

/** The operators in the order in which they are proposed. `text`, the words without an operator, has no name. */
export const operators: Record<Exclude<Operator, 'text'>, Description> = {
  from: { takes: 'words', en: 'from', fr: 'de', also: ['expéditeur', 'sender'] },
  to: { takes: 'words', en: 'to', fr: 'à', also: ['pour', 'destinataire'] },
  subject: { takes: 'words', en: 'subject', fr: 'objet', also: ['sujet'] },
  has: { takes: 'thing', en: 'has', fr: 'avec', also: [] },
  is: { takes: 'state', en: 'is', fr: 'est', also: [] },
  in: { takes: 'folder', en: 'in', fr: 'dans', also: ['folder', 'dossier', 'label'] },
  filename: {
    takes: 'words',
    en: 'filename',
    fr: 'fichier',
    also: ['file', 'attachment', 'nom_fichier', 'pj', 'pièce'],
  },
  after: { takes: 'date', en: 'after', fr: 'après', also: ['since', 'depuis'] },
  before: { takes: 'date', en: 'before', fr: 'avant', also: [] },
  date: { takes: 'date', en: 'date', fr: 'date', also: ['on', 'le'] },
  newer: {
    takes: 'span',
    en: 'newer_than',
    fr: 'moins_ancien',
    also: ['moins_ancien_que', 'plus_récent', 'plus_récent_que', 'newer'],
  },
  older: {
    takes: 'span',
    en: 'older_than',
    fr: 'plus_ancien',
    also: ['plus_ancien_que', 'plus_vieux', 'plus_vieux_que', 'older'],
  },
  larger: {
    takes: 'size',
    en: 'larger',
    fr: 'plus',
    also: ['larger_than', 'bigger', 'plus_de', 'plus_grand', 'plus_gros'],
  },
  smaller: {
    takes: 'size',
    en: 'smaller',
    fr: 'moins',
    also: ['smaller_than', 'moins_de', 'plus_petit'],
  },
  cc: { takes: 'words', en: 'cc', fr: 'cc', also: [] },
  bcc: { takes: 'words', en: 'bcc', fr: 'cci', also: [] },
  body: { takes: 'words', en: 'body', fr: 'corps', also: ['texte', 'contenu'] },
  list: { takes: 'words', en: 'list', fr: 'liste', also: [] },
};

const byName = new Map<string, Operator>();
for (const [operator, { en, fr, also }] of Object.entries(operators)) {
  for (const name of [en, fr, ...also]) byName.set(bare(name), operator as Operator);
}

/** Returns a name without signs: `older-than`, `olderthan` and `Older_Than` are one name. */
function bare(name: string): string {
  return fold(name).replace(/[-_]/g, '');
}

export function operatorNamed(name: string): Operator | undefined {
  return byName.get(bare(name));
}

/** Returns the name of an operator in a language; empty for words without one. */
export function nameOf(operator: Operator, code: Code): string {
  return operator === 'text' ? '' : operators[operator][code];
}

export function takenBy(operator: Operator): Takes {
  return operator === 'text' ? 'words' : operators[operator].takes;
}

/** The names by which operators are proposed. */
export const mainNames = [...new Set(Object.values(operators).flatMap(({ en, fr }) => [en, fr]))];
