//! Every method, as RFC 8620 and RFC 8621 describe it, carried out in the process.

mod blobs;
mod changes;
mod clients;
mod core;
mod emails;
mod fixture;
mod hostile;
#[path = "../../../testing/hostile.rs"]
mod hostile_letters;
mod http;
mod labels;
mod letters;
mod mailboxes;
#[path = "../../../../house/mailbox/tests/common/mutations.rs"]
mod mutations;
mod one_reading;
mod preferences;
mod queries;
mod quotas;
mod races;
mod reports;
mod sending;
