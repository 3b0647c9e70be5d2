import { expect, it } from 'vitest';
import { formatAddress, isAddress, parseAddresses } from './addresses';

it('reads addresses as people paste them', () => {
  expect(parseAddresses('Ann Lee <ann@x.test>, "Doe, Joe" <joe@x.test>; bob@x.test')).toEqual([
    { name: 'Ann Lee', email: 'ann@x.test' },
    { name: 'Doe, Joe', email: 'joe@x.test' },
    { name: null, email: 'bob@x.test' },
  ]);
});

it('what it writes it reads', () => {
  for (const address of [
    { name: 'Doe, "Joe"', email: 'joe@x.test' },
    { name: 'Zoë', email: 'zoe@x.test' },
    { name: null, email: 'a@b' },
  ]) {
    expect(parseAddresses(formatAddress(address))).toEqual([address]);
  }
});

it('tells an address from a word', () => {
  expect(isAddress('alice@alpha.test')).toBe(true);
  expect(isAddress('postmaster@localhost')).toBe(true);
  expect(isAddress('alice')).toBe(false);
  expect(isAddress('a@b@c')).toBe(false);
});
