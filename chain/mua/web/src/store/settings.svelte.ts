export type Theme = 'system' | 'light' | 'dark';

const themeKey = 'facteur.theme';
const tellingKey = 'facteur.notifications';
const undoKey = 'facteur.undo-send';

/** The seconds in which a letter can be called back; 0 for not at all. */
export const undoSpans = [0, 5, 10, 30] as const;

/** How much is told of new letters outside the pages: nothing, that there are some, from whom, and their first words. */
export const tellings = ['nothing', 'number', 'subject', 'words'] as const;
export type Telling = (typeof tellings)[number];

/** What a person chose for this browser. */
export class Settings {
  theme = $state<Theme>('system');
  undoSend = $state<number>(10);
  telling = $state<Telling>('nothing');

  start(): void {
    const kept = read(themeKey);
    if (kept === 'light' || kept === 'dark') this.theme = kept;
    const undo = Number(read(undoKey) ?? 'none');
    if (undoSpans.some((span) => span === undo)) this.undoSend = undo;
    this.telling = tellings.find((one) => one === read(tellingKey)) ?? 'nothing';
    this.#show();
  }

  chooseTelling(telling: Telling): void {
    this.telling = telling;
    write(tellingKey, telling);
  }

  chooseUndoSend(seconds: number): void {
    this.undoSend = seconds;
    write(undoKey, String(seconds));
  }

  chooseTheme(theme: Theme): void {
    this.theme = theme;
    write(themeKey, theme);
    this.#show();
  }

  #show(): void {
    if (this.theme === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = this.theme;
  }
}

/** Storage can be switched off or full; then a choice lasts as long as the page. */
export function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // nothing to do
  }
}
