import { tick } from 'svelte';
import type { Role } from '../jmap';
import type { Room } from '../views/context';
import { printReading } from '../views/print';
import { alongRows, type Command, forRows, Keys } from './shortcuts';
import { isTaken } from './type';

/** Listens to the keys of the whole page; fields and dialogs keep theirs. */
export function listenToKeys({ post, desk, writing }: Room): () => void {
  const keys = new Keys();
  const go = (role: Role) => () => post.navigation.go({ kind: 'role', role });
  const current = () => post.reading.letters.find((email) => email.id === post.reading.current);

  /** Answers the open letter, even while it is still being opened. */
  function answer(kind: 'reply' | 'replyAll' | 'forward') {
    const coming = post.reading.coming?.then(() => current()?.id);
    const letter = current()?.id ?? coming;
    if (letter) void writing.answer(kind, letter);
  }

  /** Moves the focus to the search field, which is out of sight if a letter has the window for itself. */
  async function search(): Promise<boolean> {
    desk.large = false;
    if (!desk.wide) post.navigation.close();
    const field = document.getElementById('search');
    for (let at = 0; at < 50 && document.activeElement !== field; at += 1) {
      await tick();
      field?.focus();
      if (document.activeElement !== field) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return true;
  }

  function letter(by: 1 | -1) {
    const { letters } = post.reading;
    const at = letters.findIndex((email) => email.id === post.reading.current);
    const next = letters[at + by];
    if (!next) return;
    if (!post.reading.open.has(next.id)) post.reading.toggle(next.id);
    post.reading.current = next.id;
    document.querySelector(`[data-letter="${CSS.escape(next.id)}"]`)?.scrollIntoView({ block: 'start' });
  }

  const commands: Partial<Record<Command, () => void>> = {
    next: () => desk.step(1),
    previous: () => desk.step(-1),
    open: () => desk.enter(),
    back: () => desk.back(),
    large: () => (desk.large = !desk.large && post.reading.threadId !== undefined),
    search: () => void desk.ahead.hold(search(), '#search'),
    searchForm: () => desk.ask({ kind: 'search' }),
    goInbox: go('inbox'),
    goDrafts: go('drafts'),
    goSent: go('sent'),
    goArchive: go('archive'),
    goTrash: go('trash'),
    select: () => {
      const id = post.list?.idAt(post.selection.cursor);
      if (id) post.selection.toggle(id, post.selection.cursor);
    },
    archive: () => desk.archive(),
    remove: () => desk.remove(),
    junk: () => desk.junk(),
    flag: () => desk.flag(),
    read: () => desk.markRead(true),
    unread: () => desk.markRead(false),
    move: () => desk.rows.length > 0 && desk.ask({ kind: 'move' }),
    labels: () => desk.askLabels(),
    undo: () => void desk.undo(),
    compose: () => void writing.begin(),
    reply: () => answer('reply'),
    replyAll: () => answer('replyAll'),
    forward: () => answer('forward'),
    letterNext: () => letter(1),
    letterPrevious: () => letter(-1),
    way: () => {
      const email = current();
      if (email) desk.ask({ kind: 'way', email });
    },
    source: () => {
      const email = current();
      if (email) desk.ask({ kind: 'source', email });
    },
    help: () => desk.ask({ kind: 'help' }),
  };

  function onkeydown(event: KeyboardEvent) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    // While a dialog is open the focus may be nowhere; the page behind it must not hear the keys.
    if (isTaken(event.target) || document.querySelector('dialog:modal')) return;
    // A button performs its own action on Enter and on the space bar.
    if (event.key === 'Enter' && event.target instanceof HTMLButtonElement) return;
    const arrow = { ArrowDown: '↓', ArrowUp: '↑' }[event.key];
    if (arrow && scrolls(event.target)) return;
    const command = keys.press(arrow ?? event.key, event.timeStamp);
    const run = command && commands[command];
    if (!run) return;
    event.preventDefault();
    const needsRow = alongRows.has(command) || (forRows.has(command) && !post.reading.threadId);
    if (needsRow && desk.keepsForRow(event)) return;
    run();
  }

  /** Prints the open conversation, and not the window, on the browser's own key. */
  function onprintkey(event: KeyboardEvent) {
    if (event.defaultPrevented || !isPrintKey(event) || document.querySelector('dialog:modal')) return;
    if (post.reading.letters.length === 0) return;
    event.preventDefault();
    void printReading();
  }

  const stop = desk.ahead.listen();
  window.addEventListener('keydown', onkeydown);
  window.addEventListener('keydown', onprintkey);
  return () => {
    stop();
    window.removeEventListener('keydown', onkeydown);
    window.removeEventListener('keydown', onprintkey);
  };
}

function isPrintKey({ key, ctrlKey, metaKey, altKey, shiftKey }: KeyboardEvent): boolean {
  return ctrlKey !== metaKey && !altKey && !shiftKey && key.toLowerCase() === 'p';
}

/** In a letter, the arrows scroll. */
function scrolls(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('.reading, .sidebar') !== null;
}
