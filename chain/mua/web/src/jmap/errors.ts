/** The errors between the pages and the server; each kind asks something else of the person. */

/** No request reached the server: there is no network, or it is down. The request may be repeated. */
export class Unreachable extends Error {
  override name = 'Unreachable';
  constructor(
    message: string,
    /** True if a gateway answered in its place: there is a connection, and the server is away. */
    readonly answered = false,
  ) {
    super(message);
  }
}

/** The log-in is over: the person must log in again, and then the request may be repeated. */
export class SessionEnded extends Error {
  override name = 'SessionEnded';
}

/** The server refused the whole request (RFC 8620 §3.6.1) or broke. */
export class RequestRefused extends Error {
  override name = 'RequestRefused';
  constructor(
    readonly status: number,
    /** The code of the problem: a limit, the end of a problem's type, or a code of the account page. */
    readonly code = '',
    /** The seconds after which a new try is worthwhile, if the server names them (RFC 9110 §10.2.3). */
    readonly after = 0,
  ) {
    super(`${status} ${code}`);
  }

  /** Makes the error of an answer that is not a success. */
  static async of(response: Response): Promise<RequestRefused> {
    const text = await response.text().catch(() => '');
    return new RequestRefused(
      response.status,
      codeIn(text),
      Number(response.headers.get('Retry-After')) || 0,
    );
  }
}

/** Returns the name of the problem that a body speaks of (RFC 8620 §3.6.1, RFC 7807). */
export function codeIn(body: unknown): string {
  const problem = typeof body === 'string' ? parsed(body) : body;
  if (typeof problem !== 'object' || problem === null) return '';
  const { code, limit, type } = problem as Record<string, unknown>;
  if (typeof code === 'string') return code;
  if (typeof limit === 'string') return limit;
  const kind = typeof type === 'string' ? type.split(':').at(-1) : '';
  return kind && type !== 'about:blank' ? kind : '';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** One method answered with an error (RFC 8620 §3.6.2); `type` is the error's type. */
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
    /** The invalid properties, if the error is about some. */
    readonly properties: readonly string[] = [],
    /** The recipients that nothing can be sent to, if the error is about some (RFC 8621 §7.5). */
    readonly recipients: readonly string[] = [],
    /** The type of the record, if the type says more: `Mailbox`. */
    readonly of = '',
  ) {
    super(description || type);
  }
}
