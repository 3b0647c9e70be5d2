//! `facteur hold` on the command line.

use clap::Subcommand;
use mail::Address;

use super::form::{Form, PasswordFrom, address};

#[derive(Debug, Subcommand)]
pub enum HoldCommand {
    /// List the accounts whose letters are kept back
    ///
    /// Lister les comptes dont les lettres sont retenues
    List {
        #[command(flatten)]
        form: Form,
    },
    /// Show which letters of a person are kept back, and whom they go to
    ///
    /// Montrer quelles lettres d'une personne sont retenues, et à qui elles vont
    Show {
        /// Whose, such as alice@alpha.test
        ///
        /// De qui, par exemple alice@alpha.test
        #[arg(value_parser = address)]
        address: Address,
        #[command(flatten)]
        form: Form,
    },
    /// It was this person: let their letters go, all of them and at once
    ///
    /// C'était bien cette personne : laisser partir ses lettres, toutes et aussitôt
    Release {
        /// Whose, such as alice@alpha.test
        ///
        /// De qui, par exemple alice@alpha.test
        #[arg(value_parser = address)]
        address: Address,
    },
    /// It was a thief: drop the letters, give the person another password, and log everybody out
    ///
    /// C'était un voleur : supprimer les lettres, donner un autre mot de passe à la personne, et fermer toutes ses sessions
    Drop {
        /// Whose, such as alice@alpha.test
        ///
        /// De qui, par exemple alice@alpha.test
        #[arg(value_parser = address)]
        address: Address,
        #[command(flatten)]
        password: PasswordFrom,
    },
}
