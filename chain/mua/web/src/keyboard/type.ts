/** Keys typed by the pages themselves, as the browser types those of a person. */

/** Returns true if the element with the focus wants the keys itself. */
export function isTaken(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return (
    target.isContentEditable ||
    target.closest('input, textarea, select, dialog, [role=menu], .composer') !== null
  );
}

/**
 * Types a key into the element with the focus: dispatches it, and acts as the browser would if no listener has handled
 * it.
 */
export function type(pressed: KeyboardEvent): void {
  const focus = document.activeElement ?? document.body;
  const { key, code, shiftKey, ctrlKey, metaKey, altKey } = pressed;
  const told = {
    key,
    code,
    shiftKey,
    ctrlKey,
    metaKey,
    altKey,
    bubbles: true,
    cancelable: true,
    composed: true,
  };
  if (!focus.dispatchEvent(new KeyboardEvent('keydown', told))) return;
  if (key === 'Tab') return toNext(focus, shiftKey ? -1 : 1);
  if (!isWritten(focus)) return;
  if (key === 'Backspace') document.execCommand('delete');
  else if (key === 'Enter') breakLine(focus, ctrlKey || metaKey);
  else if ([...key].length === 1) document.execCommand('insertText', false, key);
}

function isWritten(focus: Element): boolean {
  return focus instanceof HTMLElement && (focus.isContentEditable || focus.matches('input, textarea'));
}

function breakLine(focus: Element, meansMore: boolean): void {
  // In a field of one line, Enter is for its listeners.
  if (meansMore || focus instanceof HTMLInputElement) return;
  if (focus instanceof HTMLTextAreaElement) document.execCommand('insertText', false, '\n');
  else document.execCommand('insertParagraph');
}

/** Moves the focus as Tab does, within the letter or dialog around it. */
function toNext(focus: Element, by: 1 | -1): void {
  const all = [
    ...(focus.closest('dialog, .composer') ?? document.body).querySelectorAll<HTMLElement>('*'),
  ].filter((element) => element.tabIndex >= 0 && !element.matches(':disabled') && element.checkVisibility());
  const at = all.indexOf(focus as HTMLElement);
  all[at + by]?.focus();
}
