import { language } from '../i18n/language.svelte';
import { type Code, isCode } from '../i18n/texts';
import type { Choices, Id, Patch } from '../jmap';
import { type Hue, hueOf } from './labels';
import { read, write } from './local';

export type Theme = 'system' | 'light' | 'dark';
const themes: readonly Theme[] = ['system', 'light', 'dark'];

/** The seconds in which a letter can be called back; 0 for not at all. */
export const undoSpans = [0, 5, 10, 30] as const;
const usualUndo = 10;

/**
 * The amount that notifications tell of new letters: nothing, that there are some, from whom, and their first words.
 */
export const tellings = ['nothing', 'number', 'subject', 'words'] as const;
export type Telling = (typeof tellings)[number];

/** The keys under which this browser keeps the choices that are needed before the server has answered. */
const keys = {
  theme: 'facteur.theme',
  undoSend: 'facteur.undo-send',
  notifications: 'facteur.notifications',
  language: 'facteur.language',
} as const;
type Plain = keyof typeof keys;
type PlainChoices = Pick<Choices, Plain>;

/**
 * A person's choices. Each counts immediately and is kept in this browser for the next first paint; `Preferences`
 * brings it to the server, and shows here the choices that were made in other windows.
 */
export class Settings {
  theme = $state<Theme>('system');
  undoSend = $state<number>(usualUndo);
  telling = $state<Telling>('nothing');
  /** The senders whose pictures are always shown, in small letters, each with the time since when. */
  picturesFrom = $state.raw<Readonly<Record<string, string>>>({});
  /** The colours of labels, by the ids of their folders. */
  labelColours = $state.raw<Readonly<Record<Id, string>>>({});
  /** Called with each choice, as a patch of the preferences. */
  onchosen: (patch: Patch) => void = () => {};

  start(): void {
    this.#take(this.keptHere());
  }

  /** Returns the choices that were made in this browser. */
  keptHere(): PlainChoices {
    const undo = read(keys.undoSend);
    return {
      theme: read(keys.theme),
      undoSend: undo === null ? null : Number(undo),
      notifications: read(keys.notifications),
      language: read(keys.language),
    };
  }

  /** Shows the choices, made here or elsewhere; without a choice, the default applies. */
  show(choices: Choices): void {
    for (const name of Object.keys(keys) as Plain[]) {
      const value = choices[name];
      write(keys[name], value === null ? null : String(value));
    }
    this.picturesFrom = choices.picturesFrom;
    // A server of before labels does not name them.
    this.labelColours = (choices as Partial<Choices>).labelColours ?? {};
    this.#take(choices);
    language.follow(navigator.languages);
  }

  chooseTelling(telling: Telling): void {
    this.telling = telling;
    this.#chosen('notifications', telling);
  }

  chooseUndoSend(seconds: number): void {
    this.undoSend = seconds;
    this.#chosen('undoSend', seconds);
  }

  chooseTheme(theme: Theme): void {
    this.theme = theme;
    this.#chosen('theme', theme);
    this.#paint();
  }

  /** The language changes as soon as its texts are there; if they do not come, the choice is as it was. */
  async chooseLanguage(code: Code): Promise<void> {
    if (await language.choose(code)) this.#chosen('language', code);
  }

  /** Returns true if the pictures of this sender are always shown. */
  showsPicturesOf(address: string): boolean {
    return Object.hasOwn(this.picturesFrom, address.toLowerCase());
  }

  alwaysShowPicturesOf(address: string): void {
    const since = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
    this.#setSender(address.toLowerCase(), since);
  }

  askBeforePicturesOf(address: string): void {
    this.#setSender(address.toLowerCase(), null);
  }

  colourOf(label: Id): Hue | undefined {
    return hueOf(this.labelColours[label]);
  }

  /** Gives a label a colour, or takes its colour away. */
  colour(label: Id, hue: Hue | undefined): void {
    const others = Object.entries(this.labelColours).filter(([one]) => one !== label);
    this.labelColours = Object.fromEntries(hue ? [...others, [label, hue]] : others);
    this.onchosen({ [colourPath(label)]: hue ?? null });
  }

  #setSender(address: string, since: string | null): void {
    const others = Object.entries(this.picturesFrom).filter(([one]) => one !== address);
    this.picturesFrom = Object.fromEntries(since === null ? others : [...others, [address, since]]);
    this.onchosen({ [senderPath(address)]: since });
  }

  #take({ theme, undoSend, notifications }: PlainChoices): void {
    this.theme = themes.find((one) => one === theme) ?? 'system';
    this.undoSend = undoSpans.find((one) => one === undoSend) ?? usualUndo;
    this.telling = tellings.find((one) => one === notifications) ?? 'nothing';
    this.#paint();
  }

  #chosen(name: Plain, value: string | number): void {
    write(keys[name], String(value));
    this.onchosen({ [name]: value });
  }

  #paint(): void {
    if (this.theme === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = this.theme;
  }
}

const senders = 'picturesFrom/';
const colours = 'labelColours/';

/** Returns the path of a sender in the preferences (RFC 6901 §4). */
export function senderPath(address: string): string {
  return senders + address.replace(/~/g, '~0').replace(/\//g, '~1');
}

/** Returns the path of a label's colour; an id has no character that a pointer would need to write otherwise. */
function colourPath(label: Id): string {
  return colours + label;
}

/** Returns the preferences with a patch applied, of the kinds of pointers that `Settings` writes. */
export function patched(choices: Choices, patch: Patch): Choices {
  const after: Choices = {
    ...choices,
    picturesFrom: { ...choices.picturesFrom },
    labelColours: { ...choices.labelColours },
  };
  for (const [path, value] of Object.entries(patch)) {
    if (path in keys) Object.assign(after, { [path]: value });
    else if (path.startsWith(senders)) {
      const address = path.slice(senders.length).replace(/~1/g, '/').replace(/~0/g, '~');
      setEntry(after.picturesFrom, address, value);
    } else if (path.startsWith(colours)) setEntry(after.labelColours, path.slice(colours.length), value);
  }
  return after;
}

function setEntry(entries: Record<string, string>, key: string, value: unknown): void {
  if (value === null) Reflect.deleteProperty(entries, key);
  else entries[key] = String(value);
}

/** Returns the choices of this browser that the server has not heard of. */
export function neverSaid(here: PlainChoices, there: Choices): Patch {
  const names = (Object.keys(keys) as Plain[]).filter(
    (name) => there[name] === null && isChoice(name, here[name]),
  );
  return Object.fromEntries(names.map((name) => [name, here[name]]));
}

/** Storage can contain anything: another version's words, or a stranger's. */
function isChoice(name: Plain, value: unknown): boolean {
  const known: Record<Plain, boolean> = {
    theme: themes.some((one) => one === value),
    undoSend: undoSpans.some((one) => one === value),
    notifications: tellings.some((one) => one === value),
    language: isCode(value),
  };
  return known[name];
}
