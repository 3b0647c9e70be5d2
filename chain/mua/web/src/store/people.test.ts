import { expect, it } from 'vitest';
import { state } from '../../testing/state';
import { People } from './people.svelte';

it('those one writes to come first, found by any word of their name, without accents', async () => {
  const { connection, folders } = await state(600);
  const people = new People(connection, folders);
  await people.load();
  expect(people.find('etie').map((person) => person.email)).toEqual(['etienne@librairie-roux.test']);
  expect(people.find('roux')[0]?.name).toBe('Étienne Roux');
  people.learn([{ name: 'Clara New', email: 'clara@new.test' }], 10_000);
  expect(people.find('cla')[0]?.email).toBe('clara@new.test');
  expect(people.find('cla', [{ name: null, email: 'CLARA@new.test' }])[0]?.email).not.toBe('clara@new.test');
});

it('who was written to by address alone gets a name once they answer', async () => {
  const { connection, folders } = await state(10);
  const people = new People(connection, folders);
  people.learn([{ name: null, email: 'dora@new.test' }], 10);
  people.learn([{ name: 'Dora New', email: 'Dora@new.test' }], 1);
  expect(people.find('dora')).toEqual([{ name: 'Dora New', email: 'dora@new.test' }]);
});
