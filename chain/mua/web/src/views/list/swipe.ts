import type { Attachment } from 'svelte/attachments';

export interface Swiped {
  /** Called with the distance of the finger from where it began, in pixels; to the right it is positive. */
  moved(by: number): void;
  /** Called where the finger was lifted. */
  lifted(by: number): void;
}

/** The distance after which a sideways finger means a swipe; one that goes up or down first scrolls. */
const begins = 12;

/**
 * Tells of a finger that goes sideways over an element with `touch-action: pan-y`: scrolling stays the browser's, which
 * takes the finger away from us (`pointercancel`) when it begins. The click that would follow a swipe is suppressed.
 */
export function swipe({ moved, lifted }: Swiped): Attachment<HTMLElement> {
  return (element) => {
    let from: { id: number; x: number; y: number } | undefined;
    let swiping = false;
    let swiped = false;

    function down(event: PointerEvent) {
      swiped = swiping = false;
      from =
        event.pointerType === 'touch' && event.isPrimary
          ? { id: event.pointerId, x: event.clientX, y: event.clientY }
          : undefined;
    }

    function move(event: PointerEvent) {
      if (event.pointerId !== from?.id) return;
      const [across, along] = [event.clientX - from.x, event.clientY - from.y];
      if (!swiping) {
        if (Math.max(Math.abs(across), Math.abs(along)) < begins) return;
        if (Math.abs(along) > Math.abs(across)) return void (from = undefined);
        swiping = swiped = true;
        element.setPointerCapture(event.pointerId);
      }
      moved(across);
    }

    function up(event: PointerEvent) {
      if (swiping && event.pointerId === from?.id) lifted(event.clientX - from.x);
      from = undefined;
      swiping = false;
    }

    function cancel() {
      if (swiping) moved(0);
      from = undefined;
      swiping = false;
    }

    function click(event: MouseEvent) {
      if (!swiped) return;
      swiped = false;
      event.preventDefault();
      event.stopPropagation();
    }

    element.addEventListener('pointerdown', down);
    element.addEventListener('pointermove', move);
    element.addEventListener('pointerup', up);
    element.addEventListener('pointercancel', cancel);
    element.addEventListener('click', click, { capture: true });
    return () => {
      element.removeEventListener('pointerdown', down);
      element.removeEventListener('pointermove', move);
      element.removeEventListener('pointerup', up);
      element.removeEventListener('pointercancel', cancel);
      element.removeEventListener('click', click, { capture: true });
    };
  };
}
