import type { Role } from '../jmap';
import type { Room } from '../views/context';
import { type Command, Keys } from './shortcuts';

/** Listens to the keys of the whole page; fields and dialogs keep theirs. */
export function listenToKeys({ post, desk, writing }: Room): () => void {
  const keys = new Keys();
  const go = (role: Role) => () => post.navigation.go({ kind: 'role', role });
  const current = () => post.reading.letters.find((email) => email.id === post.reading.current);

  function answer(kind: 'reply' | 'replyAll' | 'forward') {
    const email = current();
    if (email) void writing.answer(kind, email.id);
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
    search: () => document.getElementById('search')?.focus(),
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
    // While a dialog is open the focus may be nowhere; the page behind it must not hear what is typed then.
    if (isTaken(event.target) || document.querySelector('dialog:modal')) return;
    // A button does on Enter and on the space bar what it says.
    if (event.key === 'Enter' && event.target instanceof HTMLButtonElement) return;
    const arrow = { ArrowDown: '↓', ArrowUp: '↑' }[event.key];
    if (arrow && scrolls(event.target)) return;
    const command = keys.press(arrow ?? event.key, event.timeStamp);
    const run = command && commands[command];
    if (!run) return;
    event.preventDefault();
    run();
  }

  window.addEventListener('keydown', onkeydown);
  return () => window.removeEventListener('keydown', onkeydown);
}

/** Whether what has the focus wants the keys itself. */
function isTaken(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return (
    target.isContentEditable ||
    target.closest('input, textarea, select, dialog, [role=menu], .composer') !== null
  );
}

/** In a letter, the arrows scroll. */
function scrolls(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('.reading, .sidebar') !== null;
}
