import { describe, expect, it } from 'vitest';
import type { Email, EmailBody } from '../jmap';
import { recipientsOf, subjectOf, threadingOf } from './answer';

const person = (email: string) => ({ name: null, email });
const letter = { from: [person('ann@x')], to: [person('me@x'), person('bob@x')] } as unknown as Email;
const body = (rest: Partial<EmailBody> = {}) =>
  ({ cc: [person('eve@x')], replyTo: null, ...rest }) as EmailBody;

describe('an answer', () => {
  it('goes to the writer, and to all without oneself', () => {
    expect(recipientsOf('reply', letter, body(), ['me@x'])).toEqual({ to: [person('ann@x')], cc: [] });
    expect(recipientsOf('replyAll', letter, body(), ['ME@x'])).toEqual({
      to: [person('ann@x')],
      cc: [person('bob@x'), person('eve@x')],
    });
  });

  it('goes where the writer asked for answers', () => {
    expect(recipientsOf('reply', letter, body({ replyTo: [person('list@x')] }), ['me@x']).to).toEqual([
      person('list@x'),
    ]);
  });

  it('to a letter of one’s own goes on to those it went to', () => {
    const own = { from: [person('me@x')], to: [person('bob@x')] } as unknown as Email;
    expect(recipientsOf('reply', own, body(), ['me@x']).to).toEqual([person('bob@x')]);
  });

  it('does not pile up marks before the subject', () => {
    expect(subjectOf('reply', 'RE: AW: Rép: lunch')).toBe('Re: lunch');
    expect(subjectOf('forward', 'Tr : lunch')).toBe('Fwd: lunch');
    expect(subjectOf('reply', null)).toBe('Re: ');
  });

  it('stands in the conversation, and a forward begins a new one', () => {
    const answered = body({ messageId: ['b@x'], references: ['a@x'], inReplyTo: ['a@x'] });
    expect(threadingOf('reply', answered)).toEqual({ inReplyTo: ['b@x'], references: ['a@x', 'b@x'] });
    expect(threadingOf('forward', answered)).toEqual({ inReplyTo: [], references: [] });
  });
});
