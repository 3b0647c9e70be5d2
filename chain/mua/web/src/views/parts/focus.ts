import type { Attachment } from 'svelte/attachments';

/** Takes the focus when the element appears, wherever the focus was; `autofocus` does so only if no element has it. */
export function takesFocus(wanted = true): Attachment<HTMLElement> {
  return (element) => {
    if (wanted) element.focus();
  };
}

/** Shows a dialog before everything else; once it is taken away, the focus is where it was. */
export const isModal: Attachment<HTMLDialogElement> = (dialog) => {
  const before = document.activeElement;
  dialog.showModal();
  return () => {
    // The browser returns the focus only from a dialog that is closed, not from one that is taken away.
    if (before instanceof HTMLElement && before.isConnected) before.focus();
  };
};
