//! Moving house: letters in and out of mbox, Maildir, .eml files, and archives of them.
