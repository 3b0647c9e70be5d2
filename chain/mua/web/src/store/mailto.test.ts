import { expect, it } from 'vitest';
import { composeIn, parseMailto } from './mailto';

const nothing = { to: [], cc: [], bcc: [], subject: '', text: '' };

it('a mailto address says to whom, about what, and what', () => {
  expect(
    parseMailto('mailto:bob+news@beta.test,ann%40x.test?Subject=Two%20words&cc=joe@x.test&body=a%0D%0Ab'),
  ).toEqual({
    ...nothing,
    to: [
      { name: null, email: 'bob+news@beta.test' },
      { name: null, email: 'ann@x.test' },
    ],
    cc: [{ name: null, email: 'joe@x.test' }],
    subject: 'Two words',
    text: 'a\nb',
  });
  expect(parseMailto('mailto:?to=bob@beta.test&subject=1+1')).toMatchObject({
    to: [{ email: 'bob@beta.test' }],
    subject: '1+1',
  });
});

it('a link of our own, or one a browser hands over, asks for a letter; others do not', () => {
  expect(composeIn('#compose?to=bob@beta.test&subject=Hi')).toMatchObject({ subject: 'Hi' });
  const handed = `#/compose?mailto=${encodeURIComponent('mailto:bob@beta.test?subject=a%26b')}`;
  expect(composeIn(handed)).toMatchObject({ to: [{ email: 'bob@beta.test' }], subject: 'a&b' });
  expect(composeIn('#/compose')).toEqual(nothing);
  expect(composeIn('#/inbox')).toBeUndefined();
  expect(composeIn('#/composer?to=x')).toBeUndefined();
});

it('what is not well written does no harm', () => {
  expect(parseMailto('mailto:%E0%A4%A')).toMatchObject({ to: [{ email: '%E0%A4%A' }] });
  expect(parseMailto('')).toEqual(nothing);
});
