import { language } from '../i18n/language.svelte';
import { type Email, type EmailBody, type Id, NotSet } from '../jmap';
import type { Post } from '../store/post.svelte';
import type { Desk } from '../views/desk.svelte';
import { type AnswerKind, recipientsOf, subjectOf, threadingOf } from './answer';
import { textOf } from './convert';
import { type Beginning, Draft } from './draft.svelte';
import { Drafts } from './drafts.svelte';
import { Outbox, secondThoughts } from './outbox.svelte';
import { type Picture, shownIn } from './pictures.svelte';
import { quoted, signed } from './quote';

/** The letters being written, from the blank sheet to the moment they are gone. */
export class Bench {
  #open = $state.raw<Draft[]>([]);
  readonly drafts: Drafts;
  readonly outbox: Outbox;

  constructor(
    private readonly post: Post,
    private readonly desk: Desk,
  ) {
    this.drafts = new Drafts(post.connection, post.folders, textOf);
    this.outbox = new Outbox(post.connection, post.folders, this.drafts);
    this.outbox.onsent = (draft) => this.#sent(draft);
    this.outbox.onfailed = (draft, error) => this.#failed(draft, error);
  }

  get letters(): Draft[] {
    return this.#open;
  }

  async open(): Promise<void> {
    window.addEventListener('pagehide', () => this.outbox.flush());
    window.addEventListener('beforeunload', (event) => {
      if (
        this.#open.some(
          (draft) => draft.status === 'unsaved' || draft.status === 'saving' || draft.status === 'failed',
        )
      ) {
        event.preventDefault();
      }
    });
    const { connection } = this.post;
    const before = connection.onback;
    connection.onback = () => {
      before();
      for (const draft of this.#open) if (draft.status === 'failed') void this.drafts.save(draft);
    };
    void this.post.people.load();
    await this.drafts.loadIdentities();
  }

  begin(beginning: Beginning): Draft {
    const identity =
      this.drafts.identities.find((one) => one.id === beginning.identityId) ?? this.drafts.identities[0];
    const html = beginning.emailId ? beginning.html : signed(beginning.html ?? '', identity);
    const draft = new Draft({ identityId: identity?.id, ...beginning, html });
    // On a small screen there is room for one; the others are kept, folded up.
    this.#open = [...this.#open, draft];
    return draft;
  }

  async answer(kind: AnswerKind, emailId: Id): Promise<void> {
    const found = await this.#load(emailId);
    if (!found) return;
    const { email, body, html } = found;
    const own = this.drafts.identities.map((identity) => identity.email);
    const pictures = this.#picturesOf(html, body);
    const taken = new Set(pictures.map((picture) => picture.blobId));
    const attachments =
      kind === 'forward' ? body.attachments.filter((part) => part.blobId && !taken.has(part.blobId)) : [];
    const to = new Set([...(email.to ?? []), ...(body.cc ?? [])].map((person) => person.email.toLowerCase()));
    this.begin({
      // One answers as whom one was written to.
      identityId: this.drafts.identities.find((identity) => to.has(identity.email.toLowerCase()))?.id,
      ...recipientsOf(kind, email, body, own),
      subject: subjectOf(kind, email.subject),
      html: quoted(language.words, kind, email, body, html),
      ...threadingOf(kind, body),
      answers: { id: emailId, keyword: kind === 'forward' ? '$forwarded' : '$answered' },
      attachments: attachments.map((part) => ({
        blobId: part.blobId ?? '',
        name: part.name ?? language.words.read.unnamed,
        type: part.type,
        size: part.size,
      })),
      pictures,
    });
  }

  async resume(emailId: Id): Promise<void> {
    if (this.#open.some((draft) => draft.emailId === emailId)) return;
    const found = await this.#load(emailId);
    if (!found) return;
    const { email, body, html } = found;
    const text = body.textBody
      .map((part) => (part.partId ? (body.bodyValues[part.partId]?.value ?? '') : ''))
      .join('\n');
    const pictures = this.#picturesOf(html, body);
    const taken = new Set(pictures.map((picture) => picture.blobId));
    this.begin({
      to: email.to ?? [],
      cc: body.cc ?? [],
      bcc: body.bcc ?? [],
      subject: email.subject ?? '',
      ...(html === undefined ? { text, rich: false } : { html }),
      inReplyTo: body.inReplyTo ?? [],
      references: body.references ?? [],
      attachments: body.attachments.flatMap((part) =>
        part.blobId && !taken.has(part.blobId)
          ? [{ blobId: part.blobId, name: part.name ?? '', type: part.type, size: part.size }]
          : [],
      ),
      pictures,
      emailId,
    });
  }

  async send(draft: Draft): Promise<void> {
    const { compose } = language.words;
    this.#take(draft);
    if (!(await this.outbox.send(draft))) {
      this.#open = [...this.#open, draft];
      this.post.notices.say('failed', compose.saveFailed);
      return;
    }
    this.post.people.learn(draft.recipients, 10);
    const undo = { label: language.words.act.undo, run: () => this.#recall(draft) };
    this.post.notices.say('done', compose.sending, undo, secondThoughts);
  }

  /** Puts a letter away among the drafts; an untouched one leaves nothing behind. */
  async close(draft: Draft): Promise<void> {
    this.#take(draft);
    if (draft.status === 'new' || draft.status === 'saved') return;
    if (await this.drafts.save(draft)) this.post.notices.say('done', language.words.compose.saved);
    else {
      this.#open = [...this.#open, draft];
      this.post.notices.say('failed', language.words.compose.notSaved);
    }
  }

  async discard(draft: Draft): Promise<void> {
    this.#take(draft);
    draft.pictures.release();
    try {
      await this.drafts.discard(draft);
      this.post.notices.say('done', language.words.compose.discarded);
    } catch (error) {
      this.desk.failed(error);
    }
  }

  /** The pictures a letter shows, for the HTML taken from it; they need not be sent to the server again. */
  #picturesOf(html: string | undefined, body: EmailBody): Picture[] {
    const parts = [...body.attachments, ...body.htmlBody, ...body.textBody];
    return shownIn(html ?? '', parts).map(({ cid, blobId, name, type, size }) => {
      const path = this.post.connection.client.downloadUrl(blobId, name ?? 'picture', type);
      return {
        cid,
        blobId,
        name: name ?? '',
        type,
        size,
        url: new URL(path, location.href).href,
        failed: false,
      };
    });
  }

  #take(draft: Draft): void {
    this.#open = this.#open.filter((other) => other !== draft);
  }

  #recall(draft: Draft): void {
    if (!this.outbox.recall(draft)) return;
    this.#open = [...this.#open, draft];
    this.post.notices.say('done', language.words.compose.recalled);
  }

  #sent(draft: Draft): void {
    draft.pictures.release();
    this.post.notices.say('done', language.words.compose.sent);
    if (draft.answers) void this.post.reading.again();
    this.post.sync.soon();
  }

  #failed(draft: Draft, error: unknown): void {
    const { compose } = language.words;
    const text =
      error instanceof NotSet && error.description
        ? compose.sendRefused(error.description)
        : compose.sendFailed;
    this.#open = [...this.#open, draft];
    this.post.notices.say('failed', text);
  }

  /** A letter with its body and, where it has some, its HTML. */
  async #load(id: Id): Promise<{ email: Email; body: EmailBody; html: string | undefined } | undefined> {
    try {
      const request = this.post.connection.client.request();
      const get = request.call('Email/get', {
        ids: [id],
        properties: [
          'id',
          'blobId',
          'threadId',
          'mailboxIds',
          'keywords',
          'size',
          'receivedAt',
          'from',
          'to',
          'subject',
          'hasAttachment',
          'preview',
          'cc',
          'bcc',
          'replyTo',
          'sentAt',
          'messageId',
          'inReplyTo',
          'references',
          'textBody',
          'htmlBody',
          'attachments',
          'bodyValues',
        ],
        bodyProperties: ['partId', 'blobId', 'size', 'name', 'type', 'charset', 'disposition', 'cid'],
        fetchTextBodyValues: true,
        fetchHTMLBodyValues: true,
        maxBodyValueBytes: 262_144,
      });
      const letter = (await this.post.connection.send(request)).of(get).list[0];
      if (!letter) return undefined;
      const part = letter.htmlBody.find((one) => one.type === 'text/html');
      const html = part?.partId ? letter.bodyValues[part.partId]?.value : undefined;
      return { email: letter, body: letter, html };
    } catch (error) {
      this.desk.failed(error);
      return undefined;
    }
  }
}
