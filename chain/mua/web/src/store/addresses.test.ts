import { expect, it } from 'vitest';
import { formatAddress, isAddress, parseAddresses } from './addresses';

it('reads addresses as people paste them', () => {
  expect(parseAddresses('Ann Lee <ann@x.test>, "Doe, Joe" <joe@x.test>; bob@x.test')).toEqual([
    { name: 'Ann Lee', email: 'ann@x.test' },
    { name: 'Doe, Joe', email: 'joe@x.test' },
    { name: null, email: 'bob@x.test' },
  ]);
});

it('reads lists in which the commas are missing, and names in which they are not meant', () => {
  expect(parseAddresses('Ann <ann@x.test> Bob <bob@x.test>\nCarol <carol@x.test>')).toEqual([
    { name: 'Ann', email: 'ann@x.test' },
    { name: 'Bob', email: 'bob@x.test' },
    { name: 'Carol', email: 'carol@x.test' },
  ]);
  expect(parseAddresses(' ann@x.test  bob@x.test\tcarol@x.test ').map(({ email }) => email)).toEqual([
    'ann@x.test',
    'bob@x.test',
    'carol@x.test',
  ]);
  expect(parseAddresses('Ann of the shop')).toEqual([{ name: null, email: 'Ann of the shop' }]);
  expect(parseAddresses('"Lee \\"Ann, of the shop\\"" <ann@x.test>')).toEqual([
    { name: 'Lee "Ann, of the shop"', email: 'ann@x.test' },
  ]);
  expect(parseAddresses('ann@x.test <not closed')).toHaveLength(1);
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

it('a comma in quotes parts nobody, nor does a quote within them', () => {
  const list = '"Doe, \\"Joe\\", Jr." <joe@x.test>, ann@x.test';
  expect(parseAddresses(list)).toEqual([
    { name: 'Doe, "Joe", Jr.', email: 'joe@x.test' },
    { name: null, email: 'ann@x.test' },
  ]);
});

it('tells an address from a word', () => {
  expect(isAddress('alice@alpha.test')).toBe(true);
  expect(isAddress('postmaster@localhost')).toBe(true);
  expect(isAddress('alice')).toBe(false);
  expect(isAddress('a@b@c')).toBe(false);
});
