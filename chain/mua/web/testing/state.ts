import { direct } from './fake/direct';
import { makeWorld } from './fake/world';
import { Actions } from '../src/store/actions.svelte';
import { Connection } from '../src/store/connection.svelte';
import { Folders } from '../src/store/folders.svelte';
import { Records } from '../src/store/records.svelte';
import { QueryWindow } from '../src/store/window.svelte';

/** Makes the state on an invented mailbox of so many letters, connected, with its folders. */
export async function state(letters: number) {
  const mail = makeWorld({ letters });
  const server = direct(mail);
  const connection = new Connection(server.fetching);
  await connection.start();
  const records = new Records();
  const folders = new Folders(connection, records);
  await folders.load();
  const actions = new Actions(connection, records);
  const inbox = mail.folderOf('inbox').id;
  const window = new QueryWindow(connection, records, { filter: { inMailbox: inbox } });
  return { mail, server, connection, records, folders, actions, inbox, window };
}
