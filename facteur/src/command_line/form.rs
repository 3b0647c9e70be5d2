//! The options that many commands take: the form of a table, and an address.

use clap::Args;
use mail::{Address, Domain};

use crate::language::say;

/// The options of every command that prints a table.
#[derive(Clone, Copy, Debug, Args)]
pub struct Form {
    /// Print JSON
    ///
    /// Afficher en JSON
    #[arg(long)]
    pub json: bool,
}

/// The source of a new password; without one, the password is asked for on the terminal.
#[derive(Clone, Copy, Debug, Args)]
pub struct PasswordFrom {
    /// Read the password from the first line of standard input
    ///
    /// Lire le mot de passe sur la première ligne de l'entrée standard
    #[arg(long, conflicts_with = "generate")]
    pub password_stdin: bool,
    /// Make up a password and print it
    ///
    /// Inventer un mot de passe et l'afficher
    #[arg(long)]
    pub generate: bool,
}

/// Reads an address as it is given on the command line.
pub fn address(text: &str) -> Result<Address, String> {
    let wrong = || say!("an address is written like alice@alpha.test", "une adresse s'écrit comme alice@alpha.test");
    Address::parse(text).map_err(|_| wrong())
}

/// Reads a domain as it is given on the command line.
pub fn domain(text: &str) -> Result<Domain, String> {
    Domain::parse(text).map_err(|_| say!("a domain is written like alpha.test", "un domaine s'écrit comme alpha.test"))
}
