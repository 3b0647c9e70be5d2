//! The tools that the end-to-end tests share: post offices that run the real program, and the foreign clients that
//! use them.

mod client;
mod cut;
mod dovecot;
mod driven;
mod gmail;
pub mod http;
mod letters;
mod names;
mod office;
mod old_pop3;
mod page;
mod postfix;
pub mod provider;
mod python;
mod secure;
mod shown;
mod smtp;
mod tls;

pub use client::{Output, client, curl, python, python_with, root};
pub use cut::{Cut, Line};
pub use dovecot::Dovecot;
pub use driven::{Account, Driven, Look, Seen, peer};
pub use gmail::{GMAIL_PASSWORD, GMAIL_USER, Gmail, GmailLetter, Hostile, Mood, Throttle};
pub use letters::{generated_letter, message_ids, sample};
pub use names::NameServer;
pub use office::{NOBODY, Office, OfficeBuilder, Person, below, facteur, free_port, may_become_others};
pub use old_pop3::OldPop3;
pub use page::Page;
pub use postfix::Postfix;
pub use secure::Secure;
pub use shown::shown_client;
pub use smtp::{Dialogue, Sink, refusing};

/// Two offices that know each other's way: alpha.test with Alice, beta.test with Bob.
pub struct Pair {
    /// alpha.test
    pub alpha: Office,
    /// beta.test
    pub beta: Office,
}

impl Pair {
    /// Starts both.
    pub fn start() -> Self {
        let (to_alpha, to_beta) = (free_port(), free_port());
        let alpha = OfficeBuilder::new("alpha.test").person("alice").smtp_port(to_alpha).route("beta.test", to_beta);
        let beta = OfficeBuilder::new("beta.test").person("bob").smtp_port(to_beta).route("alpha.test", to_alpha);
        Self { alpha: alpha.start(), beta: beta.start() }
    }
}
