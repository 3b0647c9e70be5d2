import { expect, it } from 'vitest';
import { format, home, parse, type Route } from './route';

const routes: Route[] = [
  home,
  { place: { kind: 'role', role: 'sent' }, threadId: 'T1' },
  { place: { kind: 'folder', id: 'M/2' }, threadId: 'T1' },
  { place: { kind: 'search', text: 'from:ann "a/b" 100%' } },
  { place: { kind: 'scheduled' } },
  { place: { kind: 'scheduled' }, threadId: 'T1' },
];

it('an address leads back to the place it was made from', () => {
  for (const route of routes) expect(parse(format(route))).toEqual(route);
});

it('an address nobody made leads home', () => {
  expect(parse('#/%E0%A4%A')).toEqual(home);
  expect(parse('')).toEqual(home);
});
