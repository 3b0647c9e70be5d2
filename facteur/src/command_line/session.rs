//! `facteur session` on the command line.

use clap::{Args, Subcommand};
use mail::Address;

use super::form::{Form, address};

#[derive(Debug, Subcommand)]
pub enum SessionCommand {
    /// List the browsers that are logged in, and what mail clients have open now
    ///
    /// Lister les navigateurs connectés, et ce que les logiciels de courrier ont d'ouvert
    List {
        /// Only those of this person, such as alice@alpha.test
        ///
        /// Seulement ceux de cette personne, par exemple alice@alpha.test
        #[arg(value_parser = address)]
        address: Option<Address>,
        #[command(flatten)]
        form: Form,
    },
    /// Log a browser out, or close what a mail client has open; it can come back with the password
    ///
    /// Déconnecter un navigateur, ou fermer ce qu'un logiciel a d'ouvert ; il peut revenir avec le mot de passe
    End {
        /// Whose, such as alice@alpha.test
        ///
        /// De qui, par exemple alice@alpha.test
        #[arg(value_parser = address)]
        address: Address,
        #[command(flatten)]
        which: WhichSessions,
    },
}

/// The choice of a person's sessions.
#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
pub struct WhichSessions {
    /// Its name in the list
    ///
    /// Son nom dans la liste
    pub id: Option<String>,
    /// All of this person
    ///
    /// Tout ce que cette personne a d'ouvert
    #[arg(long)]
    pub all: bool,
}
