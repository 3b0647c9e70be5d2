/** The arguments and the answer of each method, so that a call and its answer are typed by the name of the method. */
import type {
  Choices,
  Comparator,
  Email,
  EmailBody,
  EmailSubmission,
  Filter,
  Id,
  Identity,
  Mailbox,
  Patch,
  Quota,
  SearchSnippet,
  SetError,
  Thread,
} from './types';

/** An argument that is part of the answer of an earlier call in the same request (RFC 8620 §3.7). */
export interface ResultReference {
  resultOf: string;
  name: string;
  path: string;
}

interface Get {
  ids?: Id[] | null;
  '#ids'?: ResultReference;
  properties?: string[];
}

interface Got<T> {
  state: string;
  list: T[];
  notFound: Id[];
}

interface Changes {
  sinceState: string;
  maxChanges?: number;
}

interface Changed {
  oldState: string;
  newState: string;
  hasMoreChanges: boolean;
  created: Id[];
  updated: Id[];
  destroyed: Id[];
}

interface SetArguments {
  ifInState?: string | null;
  create?: Record<string, unknown>;
  update?: Record<Id, Patch>;
  destroy?: Id[];
}

export interface SetAnswer {
  oldState: string | null;
  newState: string;
  created: Record<string, { id: Id; [property: string]: unknown }> | null;
  updated: Record<Id, Patch | null> | null;
  destroyed: Id[] | null;
  notCreated: Record<string, SetError> | null;
  notUpdated: Record<Id, SetError> | null;
  notDestroyed: Record<Id, SetError> | null;
}

interface EmailQuery {
  filter?: Filter | null;
  sort?: Comparator[];
  collapseThreads?: boolean;
  position?: number;
  limit?: number;
  calculateTotal?: boolean;
}

/** RFC 8621 §7.3. */
interface SubmissionQuery {
  filter?: { undoStatus?: EmailSubmission['undoStatus'] };
  sort?: Comparator[];
  limit?: number;
}

interface QueryAnswer {
  queryState: string;
  canCalculateChanges: boolean;
  position: number;
  ids: Id[];
  total?: number;
}

interface EmailQueryChanges {
  filter?: Filter | null;
  sort?: Comparator[];
  collapseThreads?: boolean;
  sinceQueryState: string;
  maxChanges?: number;
  upToId?: Id;
  calculateTotal?: boolean;
}

export interface EmailQueryChangesAnswer {
  oldQueryState: string;
  newQueryState: string;
  total?: number;
  removed: Id[];
  added: { id: Id; index: number }[];
}

interface BodyOptions {
  bodyProperties?: string[];
  fetchTextBodyValues?: boolean;
  fetchHTMLBodyValues?: boolean;
  maxBodyValueBytes?: number;
}

export interface Methods {
  'Mailbox/get': { takes: Get; gives: Got<Mailbox> };
  'Mailbox/changes': { takes: Changes; gives: Changed & { updatedProperties: string[] | null } };
  'Mailbox/set': { takes: SetArguments & { onDestroyRemoveEmails?: boolean }; gives: SetAnswer };
  'Thread/get': { takes: Get; gives: Got<Thread> };
  'Thread/changes': { takes: Changes; gives: Changed };
  'Email/get': { takes: Get & BodyOptions; gives: Got<Email & EmailBody> };
  'Email/changes': { takes: Changes; gives: Changed };
  'Email/query': { takes: EmailQuery; gives: QueryAnswer };
  'Email/queryChanges': { takes: EmailQueryChanges; gives: EmailQueryChangesAnswer };
  'Email/set': { takes: SetArguments; gives: SetAnswer };
  'Email/parse': {
    takes: { blobIds: Id[]; properties?: string[] } & BodyOptions;
    gives: {
      parsed: Record<Id, Email & EmailBody> | null;
      notParsable: Id[] | null;
      notFound: Id[] | null;
    };
  };
  'SearchSnippet/get': {
    takes: { filter: Filter; emailIds?: Id[]; '#emailIds'?: ResultReference };
    gives: { list: SearchSnippet[]; notFound: Id[] | null };
  };
  'Identity/get': { takes: Get; gives: Got<Identity> };
  'Identity/set': { takes: SetArguments; gives: SetAnswer };
  'Preferences/get': { takes: Get; gives: Got<Choices> };
  'Preferences/set': { takes: SetArguments; gives: SetAnswer };
  'Quota/get': { takes: Get; gives: Got<Quota> };
  /** RFC 8620 §7.2: subscriptions belong to the person, and to no account. */
  'PushSubscription/set': { takes: SetArguments; gives: Omit<SetAnswer, 'oldState' | 'newState'> };
  'EmailSubmission/get': { takes: Get; gives: Got<EmailSubmission> };
  'EmailSubmission/query': { takes: SubmissionQuery; gives: QueryAnswer };
  'EmailSubmission/set': {
    takes: SetArguments & {
      onSuccessUpdateEmail?: Record<string, Patch>;
      onSuccessDestroyEmail?: string[];
    };
    gives: SetAnswer;
  };
}

export type MethodName = keyof Methods;
