import { type Id, RequestRefused, upload, type Uploaded, type UploadOptions } from '../jmap';
import type { Connection } from '../store/connection.svelte';
import type { Attachment, Draft } from './draft.svelte';
import type { Picture } from './pictures.svelte';
import { Turns } from './turns';

/**
 * The pause between two tries, and the number of tries, while others of the same person take all turns at the server.
 */
const pause = 1_000;
const patience = 30;

/** Sends the files of letters to the server, no more at one time than it takes (RFC 8620 §2). */
export class Uploads {
  readonly #turns = new Turns(() => this.connection.client.limits.maxConcurrentUpload);

  constructor(
    private readonly connection: Connection,
    /** Called when a letter has something more at the server. */
    private readonly onkept: (draft: Draft) => void,
    private readonly sending: typeof upload = upload,
  ) {}

  /** Attaches a file; it shows immediately, and goes when its turn comes. */
  async attach(draft: Draft, file: File): Promise<'attached' | 'too-large' | 'failed'> {
    if (file.size > this.connection.client.limits.maxSizeUpload) return 'too-large';
    const { name, type, size } = file;
    const attachment = draft.addAttachment({ name, type, size });
    return this.#attach(draft, file, attachment);
  }

  async #attach(draft: Draft, file: File, attachment: Attachment): Promise<'attached' | 'failed'> {
    const stop = new AbortController();
    attachment.progress = 0;
    attachment.failed = false;
    attachment.cancel = () => stop.abort();
    const progress = (part: number) => (attachment.progress = part);
    if (await this.#send(draft, file, attachment, { signal: stop.signal, progress })) attachment.progress = 1;
    if (attachment.failed) attachment.again = () => this.#attach(draft, file, attachment);
    return attachment.failed ? 'failed' : 'attached';
  }

  /** Sends a picture of the text to the server. Returns true if it has arrived. */
  async keep(draft: Draft, picture: Picture, file: File): Promise<boolean> {
    return this.#send(draft, file, picture, { signal: new AbortController().signal, progress: () => {} });
  }

  async #send(
    draft: Draft,
    file: File,
    into: { blobId?: Id | undefined; type: string; failed: boolean; trouble?: unknown },
    options: UploadOptions,
  ): Promise<boolean> {
    try {
      const sent = await this.#turns.run(() => this.#upload(file, options));
      into.blobId = sent.blobId;
      into.type = file.type || sent.type;
      this.onkept(draft);
      return true;
    } catch (error) {
      into.failed = !(error instanceof DOMException && error.name === 'AbortError');
      into.trouble = error;
      return false;
    }
  }

  /**
   * Another window may be sending, too, and an upload that was stopped here may not be over there yet: then it is tried
   * again.
   */
  async #upload(file: File, options: UploadOptions, tries = patience): Promise<Uploaded> {
    try {
      return await this.connection.run((client) => {
        options.signal.throwIfAborted();
        return this.sending(client.uploadUrl, file, options);
      });
    } catch (error) {
      const busy = error instanceof RequestRefused && error.code === 'maxConcurrentUpload';
      if (!busy || tries === 0) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
    return this.#upload(file, options, tries - 1);
  }
}
