import { MethodFailed, NotSet, RequestRefused, SessionEnded, Unreachable } from '../jmap/errors';
import type { Words } from './en';

/*
 * Explains in the reader's language why the server refused something, and what to do then. The server's own words are
 * for authors of clients, and are shown to nobody. A test takes the codes from the server's source, and fails if one of
 * them has no words here.
 */

type Reason = keyof Words['refusals']['reasons'];
type Property = keyof Words['refusals']['properties'];

/** Errors of one record (RFC 8620 §5.3, RFC 8621, RFC 9404) and of methods (RFC 8620 §3.6.2, §5). */
const reasons: Record<string, Reason | undefined> = {
  overQuota: 'full',
  alreadyExists: 'exists',
  blobNotFound: 'fileGone',
  forbidden: 'forbidden',
  forbiddenFrom: 'sender',
  forbiddenMailFrom: 'sender',
  forbiddenToSend: 'notSent',
  invalidEmail: 'badLetter',
  invalidRecipients: 'badRecipients',
  noRecipients: 'noRecipients',
  tooManyRecipients: 'manyRecipients',
  tooLarge: 'tooLarge',
  mailboxHasChild: 'hasFolders',
  mailboxHasEmail: 'hasLetters',
  notFound: 'gone',
  willDestroy: 'gone',
  tooManyKeywords: 'manyLabels',
  tooManyMailboxes: 'oneFolder',
  cannotUnsend: 'tooLate',
  singleton: 'single',
  rateLimit: 'slowDown',
  invalidPatch: 'misunderstood',
  serverUnavailable: 'busy',
  serverFail: 'broke',
  serverPartialFail: 'partly',
  requestTooLarge: 'tooMuch',
  tooManyChanges: 'tooMuch',
  stateMismatch: 'changed',
  cannotCalculateChanges: 'changed',
  anchorNotFound: 'changed',
  unsupportedFilter: 'wideSearch',
  unsupportedSort: 'misunderstood',
  unknownMethod: 'misunderstood',
  unknownDataType: 'misunderstood',
  invalidArguments: 'misunderstood',
  invalidResultReference: 'misunderstood',
  accountNotFound: 'noAccount',
  fromAccountNotFound: 'noAccount',
  accountNotSupportedByMethod: 'noAccount',
  fromAccountNotSupportedByMethod: 'noAccount',
  accountReadOnly: 'readOnly',
};

/**
 * Errors of whole requests (RFC 8620 §3.6.1): the end of the problem's type, or the limit that was passed; and those of
 * the account page.
 */
const problems: Record<string, Reason | undefined> = {
  unknownCapability: 'misunderstood',
  notJSON: 'misunderstood',
  notRequest: 'misunderstood',
  maxSizeUpload: 'tooLarge',
  maxSizeRequest: 'tooMuch',
  maxCallsInRequest: 'tooMuch',
  maxObjectsInGet: 'tooMuch',
  maxObjectsInSet: 'tooMuch',
  maxConcurrentRequests: 'slowDown',
  maxConcurrentUpload: 'slowDown',
  wrongPassword: 'wrongPassword',
  passwordTooShort: 'passwordShort',
  passwordTooLong: 'passwordLong',
  passwordGuessable: 'passwordGuessable',
  tooManyAttempts: 'slowDown',
  busy: 'busy',
  broke: 'broke',
  badRequest: 'misunderstood',
};

/** The meaning of a status that came without a code (RFC 9110 §15). */
const statuses: Record<number, Reason | undefined> = {
  400: 'misunderstood',
  401: 'loggedOut',
  403: 'forbidden',
  404: 'gone',
  405: 'misunderstood',
  408: 'notWhole',
  413: 'tooLarge',
  415: 'misunderstood',
  416: 'gone',
  421: 'misunderstood',
  422: 'misunderstood',
  429: 'slowDown',
  500: 'broke',
  502: 'away',
  503: 'busy',
  504: 'away',
  507: 'diskFull',
};

/** The meaning of the properties that the server may refuse. */
const properties: Record<string, Property | undefined> = {
  name: 'name',
  parentId: 'place',
  role: 'place',
  sortOrder: 'place',
  email: 'address',
  replyTo: 'address',
  bcc: 'address',
  to: 'recipients',
  cc: 'recipients',
  from: 'sender',
  sender: 'sender',
  htmlSignature: 'signature',
  textSignature: 'signature',
  bodyValues: 'text',
  textBody: 'text',
  htmlBody: 'text',
  bodyStructure: 'text',
  attachments: 'file',
  blobId: 'file',
  data: 'file',
  mailboxIds: 'folder',
  keywords: 'labels',
  identityId: 'sender',
  emailId: 'letter',
  envelope: 'recipients',
  receivedAt: 'time',
  sendAt: 'time',
  expires: 'time',
};

/** Returns the reason why something was not done, and what to do then; `undefined` if the server did not refuse it. */
export function whyRefused(words: Words, error: unknown): string | undefined {
  const { refusals } = words;
  if (error instanceof NotSet && error.type === 'invalidProperties') return whatIsWrong(words, error);
  if (error instanceof NotSet && error.type === 'invalidRecipients' && error.recipients.length > 0)
    return refusals.whom(error.recipients.join(', '));
  const reason = reasonOf(error);
  if (reason) return refusals.reasons[reason];
  const code = codeOf(error);
  return code === undefined ? undefined : refusals.unknown(code);
}

/** Returns true if the mailbox has no room for it; its owner can make room. */
export function isFull(error: unknown): boolean {
  return reasonOf(error) === 'full';
}

/** Returns the words beside the title of a letter that could not be saved. */
export function whyNotSaved(words: Words, error: unknown): string {
  return words.refusals.short[reasonOf(error) ?? ''] ?? words.refusals.notSaved;
}

/** Returns the fault of a folder's name that the server does not accept. */
export function whyNoName(words: Words, name: string): string {
  const { folderName } = words.refusals;
  if (name.includes('/')) return folderName.separator;
  if (name === '.' || name === '..') return folderName.dots;

  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff\u202a-\u202e\u2066-\u2069]/.test(name))
    return folderName.control;
  if (name.length > 200) return folderName.tooLong;
  return words.folders.badName(name);
}

/** The kinds of refusals that have words, for the test. */
export const known = { reasons, problems, statuses, properties };

function reasonOf(error: unknown): Reason | undefined {
  if (error instanceof Unreachable) return error.answered ? 'away' : 'noConnection';
  if (error instanceof SessionEnded) return 'loggedOut';
  // Objects of every type are limited in number; letters are limited only in octets.
  if (error instanceof NotSet && error.type === 'overQuota' && error.of !== '') return 'tooMany';
  if (error instanceof NotSet || error instanceof MethodFailed) return reasons[error.type];
  if (error instanceof RequestRefused) return problems[error.code] ?? statuses[error.status];
  return undefined;
}

function codeOf(error: unknown): string | undefined {
  if (error instanceof NotSet || error instanceof MethodFailed) return error.type;
  if (error instanceof RequestRefused) return error.code || String(error.status);
  return undefined;
}

function whatIsWrong({ refusals }: Words, error: NotSet): string {
  const [first = ''] = error.properties;
  return refusals.wrong(refusals.properties[properties[first.split('/')[0] ?? ''] ?? 'other']);
}
