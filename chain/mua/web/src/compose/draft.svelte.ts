import type { EmailAddress, Id } from '../jmap';
import { unique } from '../store/addresses';
import { type Picture, Pictures } from './pictures.svelte';

export interface Attachment {
  key: number;
  name: string;
  type: string;
  size: number;
  blobId?: Id;
  /** The part that has arrived at the server, from 0 to 1. */
  progress: number;
  failed: boolean;
  /** The reason why it failed. */
  trouble?: unknown;
  cancel: () => void;
  /** Sends it once more after it failed. Returns its new state. */
  again?: () => Promise<'attached' | 'failed'>;
}

/** The contents that a draft begins with. */
export interface Beginning {
  identityId?: Id | undefined;
  to?: EmailAddress[];
  cc?: EmailAddress[];
  bcc?: EmailAddress[];
  subject?: string;
  html?: string;
  text?: string;
  rich?: boolean;
  inReplyTo?: string[];
  references?: string[];
  attachments?: { blobId: Id; name: string; type: string; size: number }[];
  pictures?: Picture[];
  /** The letter that this one answers or forwards, and the mark it gets once this is sent. */
  answers?: { id: Id; keyword: '$answered' | '$forwarded'; already: boolean };
  /** The letter in the drafts that this one continues. */
  emailId?: Id;
}

export type SaveStatus = 'new' | 'unsaved' | 'saving' | 'saved' | 'failed';

let nextKey = 1;

/** A letter that is being written. */
export class Draft {
  readonly key = nextKey++;
  identityId = $state<Id>();
  to = $state<EmailAddress[]>([]);
  cc = $state<EmailAddress[]>([]);
  bcc = $state<EmailAddress[]>([]);
  subject = $state('');
  html = $state('');
  text = $state('');
  rich = $state(true);
  attachments = $state<Attachment[]>([]);
  status = $state<SaveStatus>('new');
  /** The reason why it could not be saved, if it could not. */
  trouble = $state.raw<unknown>();
  /** The letter at the server that holds the last saved state. */
  emailId = $state<Id>();
  /** True if a state of it was sent, replaced or thrown away elsewhere, and its writer does not know yet. */
  gone = false;
  /** The pictures that the HTML shows; the HTML names them by Content-ID. */
  readonly pictures: Pictures;
  readonly inReplyTo: string[];
  readonly references: string[];
  readonly answers: Beginning['answers'];

  constructor(beginning: Beginning = {}) {
    this.identityId = beginning.identityId;
    // Drafts of other programs, and links, may name an address twice.
    this.to = unique(beginning.to ?? []);
    this.cc = unique(beginning.cc ?? []);
    this.bcc = unique(beginning.bcc ?? []);
    this.subject = beginning.subject ?? '';
    this.html = beginning.html ?? '';
    this.text = beginning.text ?? '';
    this.rich = beginning.rich ?? true;
    this.inReplyTo = beginning.inReplyTo ?? [];
    this.references = beginning.references ?? [];
    this.answers = beginning.answers;
    this.pictures = new Pictures(beginning.pictures);
    this.emailId = beginning.emailId;
    for (const there of beginning.attachments ?? []) this.addAttachment({ ...there, progress: 1 });
    if (beginning.emailId) this.status = 'saved';
  }

  get recipients(): EmailAddress[] {
    return [...this.to, ...this.cc, ...this.bcc];
  }

  get uploading(): boolean {
    return [...this.attachments, ...this.shownPictures].some(
      (one) => one.blobId === undefined && !one.failed,
    );
  }

  /** Returns the pictures that are in the text. */
  get shownPictures(): Picture[] {
    return this.rich ? this.pictures.used(this.html) : [];
  }

  addAttachment(found: Pick<Attachment, 'name' | 'type' | 'size'> & Partial<Attachment>): Attachment {
    const attachment = { key: nextKey++, progress: 0, failed: false, cancel: () => {}, ...found };
    this.attachments.push(attachment);
    // The proxy in the list reacts to changes; the original object does not.
    return this.attachments.find((one) => one.key === attachment.key) ?? attachment;
  }

  removeAttachment(key: number): void {
    this.attachments.find((one) => one.key === key)?.cancel();
    this.attachments = this.attachments.filter((one) => one.key !== key);
  }
}
