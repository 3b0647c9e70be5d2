//! Every method, as RFC 8620 and RFC 8621 describe it, carried out in the process.

mod changes;
mod core;
mod emails;
mod house;
mod http;
mod mailboxes;
mod queries;
mod races;
mod reports;
mod sending;
