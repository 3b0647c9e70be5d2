import { fileURLToPath } from 'node:url';
import { FakeServer } from './fake/server';
import { makeWorld } from './fake/world';

// npm run fake [-- LETTERS]: serves the built pages on an invented mailbox; log in with any name and "postcard".
const letters = Number(process.argv[2] ?? 2_000);
const pages = fileURLToPath(new URL('../dist', import.meta.url));
const server = new FakeServer(makeWorld({ letters }), pages);
const url = await server.listen(8080);
console.log(`${letters} letters at ${url} – password: ${server.password}`);
const subjects = ['A thought about Sunday', 'Parcel for you', 'Are you at home tonight?'];
process.on('SIGUSR1', () => {
  const subject = subjects[Math.floor(Math.random() * subjects.length)] ?? 'Hello';
  server.deliver({ name: 'Bob Carver', email: 'bob@beta.test' }, subject, 'Tell me.\n\nBob');
});
