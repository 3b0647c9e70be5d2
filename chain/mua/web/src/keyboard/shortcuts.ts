/** The keys of the pages: the help shows exactly the keys that the pages listen to. */

export type Command =
  | 'next'
  | 'previous'
  | 'open'
  | 'back'
  | 'search'
  | 'searchForm'
  | 'goInbox'
  | 'goDrafts'
  | 'goSent'
  | 'goArchive'
  | 'goTrash'
  | 'select'
  | 'extend'
  | 'archive'
  | 'remove'
  | 'junk'
  | 'flag'
  | 'read'
  | 'unread'
  | 'move'
  | 'labels'
  | 'undo'
  | 'compose'
  | 'reply'
  | 'replyAll'
  | 'forward'
  | 'send'
  | 'letterNext'
  | 'letterPrevious'
  | 'large'
  | 'way'
  | 'source'
  | 'help';

export interface Shortcut {
  command: Command;
  group: 'move' | 'act' | 'write';
  /** Each a key or two in turn, as `KeyboardEvent.key` names them. */
  keys: string[];
  /** True if the part of the page with the focus handles it; it is here only for the help. */
  local?: boolean;
}

export const shortcuts: Shortcut[] = [
  { command: 'next', group: 'move', keys: ['j', '↓'] },
  { command: 'previous', group: 'move', keys: ['k', '↑'] },
  { command: 'open', group: 'move', keys: ['o', 'Enter'] },
  { command: 'back', group: 'move', keys: ['Escape'] },
  { command: 'letterNext', group: 'move', keys: ['n'] },
  { command: 'letterPrevious', group: 'move', keys: ['p'] },
  { command: 'large', group: 'move', keys: ['b'] },
  { command: 'search', group: 'move', keys: ['/'] },
  { command: 'searchForm', group: 'move', keys: ['g /'] },
  { command: 'goInbox', group: 'move', keys: ['g i'] },
  { command: 'goDrafts', group: 'move', keys: ['g d'] },
  { command: 'goSent', group: 'move', keys: ['g s'] },
  { command: 'goArchive', group: 'move', keys: ['g a'] },
  { command: 'goTrash', group: 'move', keys: ['g t'] },
  { command: 'select', group: 'act', keys: ['x'] },
  { command: 'extend', group: 'act', keys: ['Shift ↓', 'Shift ↑'], local: true },
  { command: 'archive', group: 'act', keys: ['e'] },
  { command: 'remove', group: 'act', keys: ['#', 'Delete'] },
  { command: 'junk', group: 'act', keys: ['!'] },
  { command: 'flag', group: 'act', keys: ['s'] },
  { command: 'read', group: 'act', keys: ['i'] },
  { command: 'unread', group: 'act', keys: ['u'] },
  { command: 'move', group: 'act', keys: ['m'] },
  { command: 'labels', group: 'act', keys: ['l'] },
  { command: 'undo', group: 'act', keys: ['z'] },
  { command: 'way', group: 'act', keys: ['w'] },
  { command: 'source', group: 'act', keys: ['v'] },
  { command: 'compose', group: 'write', keys: ['c'] },
  { command: 'reply', group: 'write', keys: ['r'] },
  { command: 'replyAll', group: 'write', keys: ['a'] },
  { command: 'forward', group: 'write', keys: ['f'] },
  { command: 'send', group: 'write', keys: ['Ctrl Enter'], local: true },
  { command: 'help', group: 'move', keys: ['?'] },
];

/** The commands that are meant for a row of the list, or for the conversation that is open. */
export const forRows: ReadonlySet<Command> = new Set([
  'open',
  'select',
  'archive',
  'remove',
  'junk',
  'flag',
  'read',
  'unread',
  'move',
  'labels',
]);
/** The commands that go from one row to the next, even with a conversation open. */
export const alongRows: ReadonlySet<Command> = new Set(['next', 'previous']);

/** The time that the second of two keys may take, in milliseconds. */
const together = 1_200;

/** Turns keys into commands, even two keys in turn. `now` is the time of the key in milliseconds. */
export class Keys {
  #first: { key: string; at: number } | undefined;

  press(key: string, now: number): Command | undefined {
    const first = this.#first && now - this.#first.at <= together ? this.#first.key : undefined;
    this.#first = undefined;
    // With Caps Lock a letter is still that letter.
    const wanted = key.length === 1 ? key.toLowerCase() : key;
    const both = first === undefined ? undefined : find(`${first} ${wanted}`);
    if (both) return both;
    const alone = find(wanted);
    if (!alone && shortcuts.some((shortcut) => shortcut.keys.some((one) => one.startsWith(`${wanted} `)))) {
      this.#first = { key: wanted, at: now };
    }
    return alone;
  }
}

function find(keys: string): Command | undefined {
  return shortcuts.find((shortcut) => !shortcut.local && shortcut.keys.includes(keys))?.command;
}
