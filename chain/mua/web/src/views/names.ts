import type { Words } from '../i18n/en';
import type { EmailAddress, Mailbox } from '../jmap';
import type { IconName } from './parts/icons';
import { icons } from './parts/icons';

/** Returns the name of a folder in the person's language, if it has a role. */
export function folderName(words: Words, mailbox: Mailbox): string {
  return mailbox.role ? words.folders[mailbox.role] : mailbox.name;
}

export function folderIcon(mailbox: Mailbox): IconName {
  return mailbox.role && mailbox.role in icons ? mailbox.role : 'folder';
}

export function isMe(person: EmailAddress, address: string): boolean {
  return person.email.toLowerCase() === address.toLowerCase();
}
