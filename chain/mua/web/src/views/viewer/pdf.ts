import * as pdfjs from 'pdfjs-dist';
import worker from 'pdfjs-dist/build/pdf.worker.min.mjs?url';

/** The most octets of a PDF that is shown; a larger one would fill the memory of a telephone. */
const largest = 64_000_000;

/** The reason why a PDF is not shown. */
export type Trouble = 'broken' | 'encrypted' | 'tooLarge' | 'unreachable';

export class NotShown extends Error {
  constructor(readonly trouble: Trouble) {
    super(trouble);
  }
}

export interface OpenPdf {
  pdf: pdfjs.PDFDocumentProxy;
  /** Begins to draw into an element of this width. */
  begin: (into: HTMLElement, width: number) => Drawing;
  close: () => void;
}

interface Policies {
  createPolicy(
    name: string,
    rules: { createScriptURL: (url: string) => string },
  ): { createScriptURL(url: string): string };
}

/**
 * Starts the worker. The pages allow an address of a script only through a policy (Trusted Types); this policy allows
 * one address.
 */
function begun(): Worker {
  const { trustedTypes } = window as unknown as { trustedTypes?: Policies };
  const same = (url: string) => (url === worker ? url : '');
  policy ??= trustedTypes?.createPolicy('facteur-pdf', { createScriptURL: same });
  return new Worker(policy?.createScriptURL(worker) ?? worker, { type: 'module' });
}

let policy: ReturnType<Policies['createPolicy']> | undefined;

/** Returns the folder where the build puts the extra files of PDFs (vite.config.ts). */
const beside = (name: string) => `/assets/pdf-${pdfjs.version}/${name}/`;

/** Asks for the password of a PDF; `wrong`: the last one was not right. */
export type AskPassword = (give: (password: string) => void, wrong: boolean) => void;

/** Opens a PDF in a worker of its own. Its scripts do not run, and its links and forms are left out. */
export async function openPdf(url: string, signal: AbortSignal, ask: AskPassword): Promise<OpenPdf> {
  const data = await octets(url, signal);
  signal.throwIfAborted();
  const thread = begun();
  // Its types do not accept a worker as a port.
  const port = new pdfjs.PDFWorker({ port: thread as unknown as undefined });
  const loading = pdfjs.getDocument({
    data,
    worker: port,
    isEvalSupported: false,
    enableXfa: false,
    stopAtErrors: false,
    cMapUrl: beside('cmaps'),
    cMapPacked: true,
    standardFontDataUrl: beside('standard_fonts'),
    wasmUrl: beside('wasm'),
    useWorkerFetch: true,
    useSystemFonts: false,
    // Pixels of a picture in it.
    maxImageSize: 50_000_000,
    canvasMaxAreaInBytes: 256 << 20,
    verbosity: 0,
  });
  loading.onPassword = (give: (password: string) => void, reason: number) =>
    ask(give, reason === pdfjs.PasswordResponses.INCORRECT_PASSWORD);
  const close = () => {
    void loading.destroy().finally(() => {
      port.destroy();
      thread.terminate();
    });
  };
  // A person who opens something else is asked for nothing any more.
  signal.addEventListener('abort', close, { once: true });
  try {
    const pdf = await loading.promise;
    signal.removeEventListener('abort', close);
    return { pdf, begin: (into, width) => new Drawing(into, width, pdf), close };
  } catch (error) {
    close();
    throw new NotShown(error instanceof Error && error.name === 'PasswordException' ? 'encrypted' : 'broken');
  }
}

async function octets(url: string, signal: AbortSignal): Promise<Uint8Array> {
  const response = await fetch(url, { signal }).catch((error: unknown) => {
    throw signal.aborted ? error : new NotShown('unreachable');
  });
  if (!response.ok) throw new NotShown('unreachable');
  if (Number(response.headers.get('Content-Length') ?? 0) > largest) throw new NotShown('tooLarge');
  const data = new Uint8Array(await response.arrayBuffer());
  if (data.length > largest) throw new NotShown('tooLarge');
  return data;
}

/** The most pixels of one drawn page: more would fill the memory of a telephone. */
const most = 12_000_000;

/** One page, drawn into an element: its picture, and its text over it. */
export class Drawing {
  stopped = false;
  #task: pdfjs.RenderTask | undefined;
  #text: pdfjs.TextLayer | undefined;

  constructor(
    private readonly into: HTMLElement,
    private readonly width: number,
    private readonly pdf: pdfjs.PDFDocumentProxy,
  ) {}

  /** Draws, and returns the height of the page for each pixel of width; `undefined` if it was stopped before. */
  async draw(number: number): Promise<number | undefined> {
    const page = await this.pdf.getPage(number);
    if (this.stopped) return undefined;
    const whole = page.getViewport({ scale: 1 });
    const viewport = page.getViewport({ scale: this.width / whole.width });
    const sharp = Math.min(devicePixelRatio, Math.sqrt(most / (viewport.width * viewport.height)));
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.floor(viewport.width * sharp));
    canvas.height = Math.max(1, Math.floor(viewport.height * sharp));
    this.#task = page.render({ canvas, viewport, transform: [sharp, 0, 0, sharp, 0, 0] });
    await this.#task.promise;
    if (!this.stopped) await this.#write(page, viewport, canvas);
    return whole.height / whole.width;
  }

  async #write(page: pdfjs.PDFPageProxy, viewport: pdfjs.PageViewport, canvas: HTMLCanvasElement) {
    const container = document.createElement('div');
    container.className = 'text';
    container.style.setProperty('--total-scale-factor', String(viewport.scale));
    this.into.replaceChildren(canvas, container);
    this.#text = new pdfjs.TextLayer({ textContentSource: page.streamTextContent(), container, viewport });
    await this.#text.render();
  }

  /** Ends the work, and forgets the drawing. */
  stop(): void {
    this.stopped = true;
    this.#task?.cancel();
    this.#text?.cancel();
    // A browser releases the memory of a canvas late; one without size has none.
    for (const canvas of this.into.querySelectorAll('canvas')) canvas.width = canvas.height = 0;
    this.into.replaceChildren();
  }
}
