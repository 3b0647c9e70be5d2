/** What can go wrong between the pages and the server; each kind asks something else of the person. */

/** Nothing reached the server: no network, or it is down. What was asked may be asked again. */
export class Unreachable extends Error {
  override name = 'Unreachable';
}

/** The log-in is over: the person must log in again, and then what was asked may be asked again. */
export class SessionEnded extends Error {
  override name = 'SessionEnded';
}

/** The server refused the whole request (RFC 8620 §3.6.1) or broke. */
export class RequestRefused extends Error {
  override name = 'RequestRefused';
  constructor(
    readonly status: number,
    readonly detail: string,
  ) {
    super(`${status} ${detail}`);
  }
}

/** One method answered with an error (RFC 8620 §3.6.2), `type` being its kind. */
export class MethodFailed extends Error {
  override name = 'MethodFailed';
  constructor(
    readonly type: string,
    readonly description: string,
  ) {
    super(description ? `${type}: ${description}` : type);
  }
}

/** The server did not carry out one create, update or destroy of a set (RFC 8620 §5.3). */
export class NotSet extends Error {
  override name = 'NotSet';
  constructor(
    readonly type: string,
    readonly description: string,
    /** Those that are wrong, where it is that. */
    readonly properties: readonly string[] = [],
  ) {
    super(description || type);
  }
}
