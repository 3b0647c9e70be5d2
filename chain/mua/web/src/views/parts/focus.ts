import type { Attachment } from 'svelte/attachments';

/** Takes the focus when the element appears, wherever it was; `autofocus` does so only where nothing has it. */
export function takesFocus(wanted = true): Attachment<HTMLElement> {
  return (element) => {
    if (wanted) element.focus();
  };
}
