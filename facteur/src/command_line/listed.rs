//! The command line of `facteur deny` and `facteur allow`.

use clap::Subcommand;
use policy::Subject;

use super::Form;
use crate::language::say;

/// A command on one of the two lists.
#[derive(Clone, Debug, Subcommand)]
pub enum ListedCommand {
    /// Put somebody on the list
    ///
    /// Inscrire quelqu'un sur la liste
    Add {
        /// An address, a domain with all below it, a network such as 192.0.2.0/24, or hello:NAME for the name in EHLO
        ///
        /// Une adresse, un domaine et tout ce qui en dépend, un réseau comme 192.0.2.0/24, ou hello:NOM pour le nom donné par EHLO
        #[arg(required = true, value_name = "WHO", value_parser = subject)]
        subjects: Vec<Subject>,
        /// The reason, which a sender who is denied is told
        ///
        /// La raison, donnée à l'expéditeur refusé
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        reason: String,
    },
    /// Show the list
    ///
    /// Montrer la liste
    List {
        #[command(flatten)]
        form: Form,
    },
    /// Take somebody off the list
    ///
    /// Retirer quelqu'un de la liste
    Remove {
        /// As the list shows them
        ///
        /// Comme la liste les montre
        #[arg(required = true, value_name = "WHO", value_parser = subject)]
        subjects: Vec<Subject>,
    },
}

/// Reads the one that a rule is about.
pub fn subject(text: &str) -> Result<Subject, String> {
    text.parse().map_err(|_| {
        say!(
            "write an address (eve@evil.test), a domain (evil.test), a network (192.0.2.0/24) or hello:NAME",
            "écrivez une adresse (eve@evil.test), un domaine (evil.test), un réseau (192.0.2.0/24) ou hello:NOM"
        )
    })
}
