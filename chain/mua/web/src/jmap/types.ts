/** The objects of JMAP that the pages use (RFC 8620, RFC 8621), as they come over the wire. */

export type Id = string;
/** RFC 3339 in UTC, such as `2026-11-24T20:00:00Z` (RFC 8620 §1.4). */
export type UTCDate = string;

/** RFC 8620 §2. */
export interface Session {
  capabilities: Record<string, unknown>;
  accounts: Record<Id, Account>;
  primaryAccounts: Record<string, Id>;
  username: string;
  apiUrl: string;
  downloadUrl: string;
  uploadUrl: string;
  eventSourceUrl: string;
  state: string;
}

export interface Account {
  name: string;
  isPersonal: boolean;
  isReadOnly: boolean;
  accountCapabilities: Record<string, unknown>;
}

/** The limits of the server in `urn:ietf:params:jmap:core` (RFC 8620 §2). */
export interface CoreLimits {
  maxSizeUpload: number;
  maxConcurrentUpload: number;
  maxObjectsInGet: number;
  maxObjectsInSet: number;
}

export type Role =
  'inbox' | 'drafts' | 'sent' | 'archive' | 'junk' | 'trash' | 'important' | 'all' | 'flagged';

/** RFC 8621 §2. */
export interface Mailbox {
  id: Id;
  name: string;
  parentId: Id | null;
  role: Role | null;
  sortOrder: number;
  totalEmails: number;
  unreadEmails: number;
  totalThreads: number;
  unreadThreads: number;
  myRights: MailboxRights;
  isSubscribed: boolean;
}

export interface MailboxRights {
  mayReadItems: boolean;
  mayAddItems: boolean;
  mayRemoveItems: boolean;
  maySetSeen: boolean;
  maySetKeywords: boolean;
  mayCreateChild: boolean;
  mayRename: boolean;
  mayDelete: boolean;
  maySubmit: boolean;
}

/** RFC 8621 §3. */
export interface Thread {
  id: Id;
  emailIds: Id[];
}

export interface EmailAddress {
  name: string | null;
  email: string;
}

/** RFC 8621 §4.1.4. */
export interface BodyPart {
  partId: string | null;
  blobId: Id | null;
  size: number;
  name: string | null;
  type: string;
  charset?: string | null;
  disposition: string | null;
  cid: string | null;
  location?: string | null;
  /** The field as it stands in the header of the part. */
  'header:Content-Type'?: string | null;
}

/** The role that a part has for a person (access/jmap/src/email/consists.rs). */
export type PartRole =
  | 'html'
  | 'text'
  | 'picture'
  | 'pictureOfHtml'
  | 'otherForm'
  | 'letter'
  | 'calendar'
  | 'card'
  | 'signature'
  | 'sealed'
  | 'envelope'
  | 'file';

/** A part of a letter that is no multipart, with the server's description of it: a property of Facteur's own. */
export interface Item extends BodyPart {
  is: PartRole;
  /** True if the part is offered beside the text. */
  isListed: boolean;
  /** The type of picture that it is shown as; null if it is none. */
  picture: string | null;
  /** For a picture that the HTML shows: its addresses in the HTML. */
  calledInHtml: string[];
  /** For a letter: its subject. */
  subject: string | null;
}

/** The protection of a letter that is encrypted or signed; nothing was opened or checked. */
export interface Protection {
  is: 'encrypted' | 'signed' | 'encryptedOrSigned';
  by: 'openpgp' | 'smime';
  /** The part that shows it. */
  partId: string | null;
}

export interface BodyValue {
  value: string;
  isEncodingProblem?: boolean;
  isTruncated?: boolean;
}

/** The properties of a letter that a row of a list needs (RFC 8621 §4.1). */
export interface Email {
  id: Id;
  blobId: Id;
  threadId: Id;
  mailboxIds: Record<Id, true>;
  keywords: Record<string, true>;
  size: number;
  receivedAt: UTCDate;
  from: EmailAddress[] | null;
  to: EmailAddress[] | null;
  subject: string | null;
  hasAttachment: boolean;
  preview: string;
}

/** The properties that reading or answering a letter needs beyond its row. */
export interface EmailBody {
  id: Id;
  cc: EmailAddress[] | null;
  bcc: EmailAddress[] | null;
  replyTo: EmailAddress[] | null;
  sentAt: string | null;
  messageId: string[] | null;
  inReplyTo: string[] | null;
  references: string[] | null;
  /** All of its parts but multiparts, in order. */
  consistsOf: Item[];
  protection: Protection | null;
  bodyValues: Record<string, BodyValue>;
}

/** RFC 8621 §6. */
export interface Identity {
  id: Id;
  name: string;
  email: string;
  replyTo: EmailAddress[] | null;
  bcc: EmailAddress[] | null;
  textSignature: string;
  htmlSignature: string;
  mayDelete: boolean;
}

/** RFC 8621 §7. */
export interface EmailSubmission {
  id: Id;
  identityId: Id;
  emailId: Id;
  threadId: Id;
  envelope: Envelope | null;
  /** The time at which it went, or is to go. */
  sendAt: UTCDate;
  undoStatus: 'pending' | 'final' | 'canceled';
}

export interface Envelope {
  mailFrom: EnvelopeAddress;
  rcptTo: EnvelopeAddress[];
}

/** An address with the parameters of SMTP, such as those of RFC 4865. */
export interface EnvelopeAddress {
  email: string;
  parameters?: Record<string, string | null> | null;
}

/** RFC 8621 §5. */
export interface SearchSnippet {
  emailId: Id;
  subject: string | null;
  preview: string | null;
}

/** RFC 8621 §4.4.1. */
export interface FilterCondition {
  inMailbox?: Id;
  inMailboxOtherThan?: Id[];
  before?: UTCDate;
  after?: UTCDate;
  minSize?: number;
  maxSize?: number;
  hasKeyword?: string;
  notKeyword?: string;
  hasAttachment?: boolean;
  text?: string;
  from?: string;
  to?: string;
  cc?: string;
  bcc?: string;
  subject?: string;
  body?: string;
  /** The field's name, and its content. */
  header?: [name: string, value: string];
  /** Facteur's own condition: a part of an attachment's name. */
  attachmentName?: string;
}

export interface FilterOperator {
  operator: 'AND' | 'OR' | 'NOT';
  conditions: Filter[];
}

export type Filter = FilterCondition | FilterOperator;

export interface Comparator {
  property: string;
  isAscending?: boolean;
  keyword?: string;
}

/** A person's choices (README.md): null for each that was never made. */
export interface Choices {
  language: string | null;
  theme: string | null;
  /** Seconds. */
  undoSend: number | null;
  notifications: string | null;
  /** Senders whose pictures are always shown, in small letters, and since when. */
  picturesFrom: Record<string, UTCDate>;
  /** The colours of labels, by the ids of their folders. */
  labelColours: Record<Id, string>;
}

/** RFC 9425 §4. */
export interface Quota {
  id: Id;
  resourceType: 'octets' | 'count';
  used: number;
  hardLimit: number;
}

/** RFC 8620 §5.3. */
export interface SetError {
  type: string;
  description?: string | null;
  properties?: string[];
  /** RFC 8621 §7.5. */
  invalidRecipients?: string[];
}

export type Patch = Record<string, unknown>;

/** RFC 8620 §7.1. */
export interface StateChange {
  '@type': 'StateChange';
  changed: Record<Id, Record<string, string>>;
}
