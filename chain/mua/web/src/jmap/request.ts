import { MethodFailed, NotSet } from './errors';
import type { MethodName, Methods, ResultReference, SetAnswer } from './methods';

/** A call in a request; `Answers.of` returns its answer. */
export class Call<M extends MethodName> {
  constructor(
    readonly method: M,
    readonly id: string,
  ) {}

  /** Returns a part of this call's answer, as an argument of a later call (RFC 8620 §3.7). */
  at(path: string): ResultReference {
    return { resultOf: this.id, name: this.method, path };
  }
}

type Invocation = [name: string, args: Record<string, unknown>, id: string];

const using = [
  'urn:ietf:params:jmap:core',
  'urn:ietf:params:jmap:mail',
  'urn:ietf:params:jmap:submission',
] as const;

/** Several calls that go to the server together (RFC 8620 §3.3). */
export class Request {
  readonly #calls: Invocation[] = [];

  constructor(
    readonly accountId: string,
    /** Capabilities beyond those that every mail server has. */
    private readonly more: readonly string[] = [],
  ) {}

  call<M extends MethodName>(method: M, args: Methods[M]['takes']): Call<M> {
    const id = String(this.#calls.length);
    const whose = method.startsWith('PushSubscription/') ? {} : { accountId: this.accountId };
    this.#calls.push([method, { ...whose, ...args }, id]);
    return new Call(method, id);
  }

  toJSON(): unknown {
    return { using: [...using, ...this.more], methodCalls: this.#calls };
  }
}

/** The server's answers to a request, call by call. */
export class Answers {
  readonly #answers: Invocation[];

  constructor(body: unknown) {
    const found = (body as { methodResponses?: unknown }).methodResponses;
    this.#answers = Array.isArray(found) ? (found as Invocation[]) : [];
  }

  /** Returns the answer to `call`. Throws `MethodFailed` if the method failed. */
  of<M extends MethodName>(call: Call<M>): Methods[M]['gives'] {
    // One call may have several answers (RFC 8621 §7.5: an implicit Email/set): its own has its name.
    const own = this.#answers.find(
      ([name, , id]) => id === call.id && (name === call.method || name === 'error'),
    );
    if (!own) throw new MethodFailed('serverFail', 'no answer');
    if (own[0] === 'error') throw failed(own[1]);
    return own[1] as unknown as Methods[M]['gives'];
  }

  /** Returns the answer to `call`, or the error of its method. */
  try<M extends MethodName>(call: Call<M>): Methods[M]['gives'] | MethodFailed {
    try {
      return this.of(call);
    } catch (error) {
      if (error instanceof MethodFailed) return error;
      throw error;
    }
  }
}

/** Throws the first refusal in the answer of a set, so that all of it counts as one change. `of`: see `NotSet`. */
export function expectAllSet(answer: SetAnswer, of = ''): SetAnswer {
  for (const refused of [answer.notCreated, answer.notUpdated, answer.notDestroyed]) {
    const first = Object.values(refused ?? {})[0];
    if (first)
      throw new NotSet(first.type, first.description ?? '', first.properties, first.invalidRecipients, of);
  }
  return answer;
}

function failed(args: Record<string, unknown>): MethodFailed {
  return new MethodFailed(String(args['type'] ?? 'serverFail'), String(args['description'] ?? ''));
}
