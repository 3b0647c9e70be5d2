import { describe, expect, it } from 'vitest';
import { MethodFailed, NotSet } from './errors';
import { Answers, expectAllSet, Request } from './request';
import { expand } from './template';

describe('a request', () => {
  it('refers to the answers of earlier calls', () => {
    const request = new Request('a1');
    const query = request.call('Email/query', { limit: 3 });
    request.call('Email/get', { '#ids': query.at('/ids') });
    expect(JSON.parse(JSON.stringify(request))).toMatchObject({
      methodCalls: [
        ['Email/query', { accountId: 'a1', limit: 3 }, '0'],
        ['Email/get', { accountId: 'a1', '#ids': { resultOf: '0', name: 'Email/query', path: '/ids' } }, '1'],
      ],
    });
  });

  it('finds the answer to each call among others', () => {
    const request = new Request('a1');
    const submit = request.call('EmailSubmission/set', {});
    const get = request.call('Thread/get', {});
    const answers = new Answers({
      methodResponses: [
        ['EmailSubmission/set', { newState: '2' }, '0'],
        ['Email/set', { newState: '9' }, '0'],
        ['error', { type: 'requestTooLarge' }, '1'],
      ],
    });
    expect(answers.of(submit).newState).toBe('2');
    expect(answers.try(get)).toBeInstanceOf(MethodFailed);
    expect(() => answers.of(get)).toThrow('requestTooLarge');
  });

  it('does not break on an answer that is none', () => {
    const call = new Request('a').call('Thread/get', {});
    expect(() => new Answers({}).of(call)).toThrow(MethodFailed);
  });

  it('counts a set with one refusal as refused', () => {
    const set = { notUpdated: { e1: { type: 'notFound' } } };
    expect(() => expectAllSet(set as never)).toThrow(NotSet);
  });
});

it('a template is filled, and what is put in cannot leave its place', () => {
  expect(expand('/d/{blobId}/{name}?accept={type}', { blobId: 'b', name: 'a/b?c', type: 'text/plain' })).toBe(
    '/d/b/a%2Fb%3Fc?accept=text%2Fplain',
  );
});
