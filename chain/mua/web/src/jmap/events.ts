import type { StateChange } from './types';

export interface Listener {
  changed(change: StateChange): void;
  /** The stream is there, at first or again: anything may have changed before it was. */
  opened(): void;
  interrupted(): void;
}

const firstPause = 1_000;
const longestPause = 60_000;

/** Listens to the server's event source (RFC 8620 §7.3) until the returned function is called. */
export function listen(url: string, listener: Listener): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pause = firstPause;
  let wasInterrupted = false;
  let stopped = false;

  function open(): void {
    source = new EventSource(url);
    source.addEventListener('open', () => {
      pause = firstPause;
      wasInterrupted = false;
      listener.opened();
    });
    source.addEventListener('state', (event) => {
      const change = read(event.data);
      if (change) listener.changed(change);
    });
    source.addEventListener('error', () => {
      if (!wasInterrupted) listener.interrupted();
      wasInterrupted = true;
      // The browser tries again by itself unless the answer was not a stream.
      if (source?.readyState === EventSource.CLOSED) retry();
    });
  }

  function retry(): void {
    if (stopped) return;
    timer = setTimeout(open, pause);
    pause = Math.min(pause * 2, longestPause);
  }

  open();
  return () => {
    stopped = true;
    clearTimeout(timer);
    source?.close();
  };
}

function read(data: unknown): StateChange | undefined {
  try {
    const parsed = JSON.parse(String(data)) as StateChange;
    return typeof parsed.changed === 'object' ? parsed : undefined;
  } catch {
    return undefined;
  }
}
