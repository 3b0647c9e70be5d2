//! The command line of `facteur limit`.

use clap::{Args, Subcommand};
use policy::Subject;
use policy::limit::LARGEST_RATE;

use super::{Form, number};
use crate::language::say;

/// A command on the limits.
#[derive(Clone, Debug, Subcommand)]
pub enum LimitCommand {
    /// Limit what an address, a domain or a network may send; a limit that is there is replaced
    ///
    /// Limiter ce qu'une adresse, un domaine ou un réseau peut envoyer ; une limite existante est remplacée
    Set {
        /// An address, a domain with all below it, or a network such as 192.0.2.0/24
        ///
        /// Une adresse, un domaine et tout ce qui en dépend, ou un réseau comme 192.0.2.0/24
        #[arg(value_name = "WHO", value_parser = sender)]
        subject: Subject,
        #[command(flatten)]
        amounts: Amounts,
    },
    /// List the limits
    ///
    /// Lister les limites
    List {
        #[command(flatten)]
        form: Form,
    },
    /// Take a limit away
    ///
    /// Retirer une limite
    Remove {
        /// As the list shows them
        ///
        /// Comme la liste les montre
        #[arg(value_name = "WHO", value_parser = sender)]
        subject: Subject,
    },
}

/// The amounts that somebody may send; at least one is given.
#[derive(Clone, Copy, Debug, Args)]
#[group(required = true, multiple = true)]
pub struct Amounts {
    /// So many letters in an hour
    ///
    /// Tant de lettres par heure
    #[arg(long, value_name = "NUMBER", value_parser = number::from_to::<u32>(0, LARGEST_RATE))]
    pub letters: Option<u32>,
    /// So many recipients in an hour
    ///
    /// Tant de destinataires par heure
    #[arg(long, value_name = "NUMBER", value_parser = number::from_to::<u32>(0, LARGEST_RATE))]
    pub recipients: Option<u32>,
    /// Letters of this size at most, such as 10M
    ///
    /// Des lettres de cette taille au plus, par exemple 10M
    #[arg(long, value_name = "SIZE", value_parser = crate::commands::size::parse)]
    pub size: Option<u64>,
}

/// Reads somebody who sends. What a client calls itself is no measure of anybody.
fn sender(text: &str) -> Result<Subject, String> {
    let subject = text.parse().ok().filter(|subject| !matches!(subject, Subject::Hello(_)));
    subject.ok_or_else(|| {
        say!(
            "write an address (alice@alpha.test), a domain (alpha.test) or a network (192.0.2.0/24)",
            "écrivez une adresse (alice@alpha.test), un domaine (alpha.test) ou un réseau (192.0.2.0/24)"
        )
    })
}
