import type { Id } from '../../src/jmap/types';
import type { FakeMail } from './mail';
import { MethodError, methods } from './methods';

type Args = Record<string, unknown>;
type Invocation = [string, Args, string];

/** Answers one JMAP request (RFC 8620 §3). */
export function answer(mail: FakeMail, request: { methodCalls: Invocation[] }): unknown {
  const responses: Invocation[] = [];
  const createdIds = new Map<string, Id>();
  for (const [name, args, id] of request.methodCalls) {
    try {
      const method = methods[name];
      if (!method) throw new MethodError('unknownMethod');
      const given = method(mail, resolve(args, responses), createdIds);
      const all: [string, Args][] = Array.isArray(given) ? given : [[name, given]];
      for (const [of, body] of all) responses.push([of, { accountId: args['accountId'], ...body }, id]);
    } catch (error) {
      if (!(error instanceof MethodError)) throw error;
      responses.push(['error', { type: error.type }, id]);
    }
  }
  return { methodResponses: responses, sessionState: '1' };
}

/** Puts the answers of earlier calls in the place of references to them (RFC 8620 §3.7). */
function resolve(args: Args, responses: Invocation[]): Args {
  const entries = Object.entries(args).map(([key, value]): [string, unknown] => {
    if (!key.startsWith('#')) return [key, value];
    const { resultOf, name, path } = value as { resultOf: string; name: string; path: string };
    const found = responses.find((response) => response[2] === resultOf && response[0] === name);
    if (!found) throw new MethodError('invalidResultReference');
    return [key.slice(1), at(found[1], path.split('/').slice(1))];
  });
  return Object.fromEntries(entries);
}

function at(value: unknown, path: string[]): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return value;
  if (first === '*' && Array.isArray(value)) {
    const all = value.map((one) => at(one, rest));
    return all.some(Array.isArray) ? all.flat() : all;
  }
  if (typeof value !== 'object' || value === null || !(first in value))
    throw new MethodError('invalidResultReference');
  return at((value as Args)[first], rest);
}
