//! Maildir and Maildir++: folders of one file a letter, as Dovecot, Courier, mutt and others keep them.
