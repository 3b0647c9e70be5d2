//! `facteur fetch` against the servers that it meets outside: Gmail, old POP3, other Facteurs, bad lines, kills, liars.

mod dovecot;
mod faults;
mod gmail;
mod hostile;
mod ill;
mod large;
mod pop3;
mod support;
mod targets;
