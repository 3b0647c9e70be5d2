//! The command line of `facteur domain key`.

use std::path::PathBuf;

use clap::Subcommand;
use mail::Domain;

use super::{Form, domain};
use crate::language::say;

/// A command on the keys of a domain.
#[derive(Clone, Debug, Subcommand)]
pub enum KeyCommand {
    /// List the keys of a domain
    ///
    /// Lister les clés d'un domaine
    List {
        /// Such as alpha.test
        ///
        /// Par exemple alpha.test
        #[arg(value_parser = domain)]
        domain: Domain,
        #[command(flatten)]
        form: Form,
    },
    /// Sign with a key from elsewhere, such as OpenDKIM's, whose record is published already
    ///
    /// Signer avec une clé d'ailleurs, par exemple d'OpenDKIM, dont l'enregistrement est déjà publié
    Import {
        /// Such as alpha.test
        ///
        /// Par exemple alpha.test
        #[arg(value_parser = domain)]
        domain: Domain,
        /// The name that the record is published under: mail for mail._domainkey.alpha.test
        ///
        /// Le nom sous lequel l'enregistrement est publié : mail pour mail._domainkey.alpha.test
        #[arg(value_parser = selector)]
        selector: String,
        /// The private key: a PEM file
        ///
        /// La clé privée : un fichier PEM
        file: PathBuf,
    },
    /// Write a private key into a new file that only its owner can read
    ///
    /// Écrire une clé privée dans un nouveau fichier que seul son propriétaire peut lire
    Export {
        /// Such as alpha.test
        ///
        /// Par exemple alpha.test
        #[arg(value_parser = domain)]
        domain: Domain,
        /// The name of the key in the list
        ///
        /// Le nom de la clé dans la liste
        #[arg(value_parser = selector)]
        selector: String,
        /// Where to; it must not be there yet; - for the terminal or a pipe
        ///
        /// Où écrire ; rien ne doit encore s'y trouver ; - pour le terminal ou un tube
        file: PathBuf,
    },
    /// Sign with the next keys from now on, once their records are published
    ///
    /// Signer désormais avec les clés suivantes, dès que leurs enregistrements sont publiés
    Rotate {
        /// Such as alpha.test
        ///
        /// Par exemple alpha.test
        #[arg(value_parser = domain)]
        domain: Domain,
        /// Also where the record is not seen
        ///
        /// Même quand l'enregistrement n'est pas visible
        #[arg(long)]
        yes: bool,
    },
}

/// Reads the name of a key as it is given on the command line.
fn selector(text: &str) -> Result<String, String> {
    directory::domain_key::selector(text).map_err(|_| {
        say!(
            "a selector is made of letters, digits, hyphens and dots, such as mail or 2026a",
            "un sélecteur est fait de lettres, de chiffres, de traits d'union et de points, comme mail ou 2026a"
        )
    })
}
