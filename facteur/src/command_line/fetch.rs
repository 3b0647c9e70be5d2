//! Defines the command line of `facteur fetch`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use intake::fetched::Target;
use mail::Address;
use mra::{Mailbox, UrlFault};

use super::form::Form;
use super::number;
use crate::commands::size;
use crate::language::say;

#[derive(Debug, Subcommand)]
pub enum FetchCommand {
    /// Fetch from a mailbox elsewhere from now on
    ///
    /// Relever désormais une boîte d'ailleurs
    Add(Box<NewSource>),
    /// List the mailboxes elsewhere, and how they fare
    ///
    /// Lister les boîtes d'ailleurs, et dire comment elles vont
    List {
        #[command(flatten)]
        form: Form,
    },
    /// Fetch now, and tell how it goes
    ///
    /// Relever maintenant, en disant où on en est
    Run(Box<RunFetch>),
    /// Fetch no more from a mailbox elsewhere; what has been fetched stays
    ///
    /// Ne plus relever une boîte d'ailleurs ; ce qui a été relevé reste
    Remove {
        /// Its name in the list
        ///
        /// Son nom dans la liste
        source: String,
        /// Also forget which of its letters are here: added again, it brings all of them again
        ///
        /// Oublier aussi lesquelles de ses lettres sont ici : ajoutée de nouveau, elle les apporte toutes de nouveau
        #[arg(long)]
        forget: bool,
    },
    /// Log in elsewhere with another password or token from now on
    ///
    /// Se connecter ailleurs désormais avec un autre mot de passe ou jeton
    Password {
        /// Its name in the list
        ///
        /// Son nom dans la liste
        source: String,
        #[command(flatten)]
        login: FetchLogin,
    },
}

#[derive(Debug, Args)]
pub struct NewSource {
    /// An address, such as alice@example.org, whose server is then found; or the server itself: imaps://alice@imap.example.org or pop3s://…; imap:// and pop3:// turn TLS on before they log in
    ///
    /// Une adresse, comme alice@example.org, dont le serveur est alors cherché ; ou le serveur lui-même : imaps://alice@imap.example.org ou pop3s://… ; imap:// et pop3:// passent en TLS avant de se connecter
    #[arg(value_name = "ADDRESS|URL", value_parser = elsewhere)]
    pub url: Elsewhere,
    /// Where the letters go: alice@alpha.test, maildir:FOLDER, or lmtp:alice@alpha.test@HOST:PORT; not needed where one person lives here
    ///
    /// Où vont les lettres : alice@alpha.test, maildir:DOSSIER, ou lmtp:alice@alpha.test@HÔTE:PORT ; inutile où une seule personne habite
    #[arg(long, value_name = "TARGET", value_parser = target)]
    pub to: Option<String>,
    /// What to call it in the list
    ///
    /// Son nom dans la liste
    #[arg(long)]
    pub name: Option<String>,
    /// Do not try to log in first
    ///
    /// Ne pas essayer de se connecter d'abord
    #[arg(long)]
    pub untried: bool,
    /// Where the provider does not say its server itself, ask Thunderbird's list (Mozilla), which then learns the domain
    ///
    /// Si le fournisseur ne dit pas lui-même son serveur, demander à la liste de Thunderbird (Mozilla), qui apprend alors le domaine
    #[arg(long)]
    pub ask_thunderbird: bool,
    #[command(flatten)]
    pub options: FetchOptions,
    #[command(flatten)]
    pub login: FetchLogin,
}

/// A mailbox elsewhere, as a person names it.
#[derive(Clone, Debug)]
pub enum Elsewhere {
    /// A mailbox by its server.
    Mailbox(Mailbox),
    /// A mailbox by its address.
    Address(Address),
}

#[derive(Debug, Args)]
pub struct RunFetch {
    /// Their names in the list; all of them if not given
    ///
    /// Leurs noms dans la liste ; toutes par défaut
    pub sources: Vec<String>,
    /// Fetch once from this mailbox, which need not be in the list
    ///
    /// Relever une fois cette boîte, qui n'a pas à être dans la liste
    #[arg(long, value_name = "URL", value_parser = mailbox, conflicts_with = "sources", requires = "to")]
    pub once: Option<Mailbox>,
    /// Where its letters go: alice@alpha.test, maildir:FOLDER, or lmtp:alice@alpha.test@HOST:PORT
    ///
    /// Où vont ses lettres : alice@alpha.test, maildir:DOSSIER ou lmtp:alice@alpha.test@HÔTE:PORT
    #[arg(long, value_name = "TARGET", value_parser = target, requires = "once")]
    pub to: Option<String>,
    #[command(flatten)]
    pub options: FetchOptions,
    #[command(flatten)]
    pub login: FetchLogin,
    /// Print one JSON object a line
    ///
    /// Afficher un objet JSON par ligne
    #[arg(long)]
    pub json: bool,
}

/// The options of a fetch.
#[derive(Clone, Debug, Args)]
pub struct FetchOptions {
    /// Let letters from the inbox arrive like new ones, through the filters
    ///
    /// Faire arriver les lettres de la boîte de réception comme des nouvelles, à travers les filtres
    #[arg(long)]
    pub deliver: bool,
    /// Only this folder; can be said several times
    ///
    /// Seulement ce dossier ; peut être dit plusieurs fois
    #[arg(long, value_name = "NAME")]
    pub folder: Vec<String>,
    /// Only letters from this day on, such as 2026-01-31
    ///
    /// Seulement les lettres à partir de ce jour, par exemple 2026-01-31
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub since: Option<i64>,
    /// Delete letters there once they are here
    ///
    /// Effacer là-bas les lettres une fois qu'elles sont ici
    #[arg(long, conflicts_with = "delete_after")]
    pub delete: bool,
    /// Delete letters there so many days after they were fetched
    ///
    /// Effacer là-bas les lettres tant de jours après leur relève
    #[arg(long, value_name = "DAYS", value_parser = number::from_to::<u32>(0, 36_500))]
    pub delete_after: Option<u32>,
    /// Trust the certificates in this PEM file
    ///
    /// Se fier aux certificats de ce fichier PEM
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Trust the certificate with this SHA-256 fingerprint
    ///
    /// Se fier au certificat qui a cette empreinte SHA-256
    #[arg(long, value_name = "SHA256", value_parser = fingerprint)]
    pub fingerprint: Vec<String>,
    /// With imap:// and pop3://: no encryption, so that others can read the letters and the password
    ///
    /// Avec imap:// et pop3:// : sans chiffrement, si bien que d'autres peuvent lire les lettres et le mot de passe
    #[arg(long)]
    pub cleartext: bool,
    /// No more than this a second, such as 500k
    ///
    /// Pas plus que cela par seconde, par exemple 500k
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    pub rate: Option<u64>,
    /// Leave letters there that are larger than this; 100M if not given
    ///
    /// Laisser là-bas les lettres plus grandes que cela ; 100M par défaut
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    pub largest: Option<u64>,
    /// Look for new letters every so many minutes, where the server does not tell of them; 5 if not given
    ///
    /// Chercher de nouvelles lettres toutes les tant de minutes, quand le serveur ne les annonce pas ; 5 par défaut
    #[arg(long, value_name = "MINUTES", value_parser = number::from_to::<u64>(1, 1440))]
    pub every: Option<u64>,
}

/// The credentials to log in with; without them, they are asked for on the terminal.
#[derive(Clone, Debug, Args)]
pub struct FetchLogin {
    #[command(flatten)]
    pub oauth: OAuth,
    /// Read the password from the first line of standard input
    ///
    /// Lire le mot de passe sur la première ligne de l'entrée standard
    #[arg(long)]
    pub password_stdin: bool,
    /// Read the password from the first line of a file
    ///
    /// Lire le mot de passe sur la première ligne d'un fichier
    #[arg(long, value_name = "FILE", conflicts_with = "password_stdin")]
    pub password_file: Option<PathBuf>,
}

/// Logging in with a token (OAuth 2).
#[derive(Clone, Debug, Args)]
pub struct OAuth {
    /// Log in with a token instead of a password, as the program registered under this client id; a refresh token can be given like a password, else you are asked to consent
    ///
    /// Se connecter avec un jeton au lieu d'un mot de passe, en tant que programme enregistré sous cet identifiant ; un jeton durable se donne comme un mot de passe, sinon votre accord est demandé
    #[arg(long, value_name = "ID")]
    pub oauth_client: Option<String>,
    /// The client secret is the first line of this file
    ///
    /// Le secret du programme est la première ligne de ce fichier
    #[arg(long, value_name = "FILE", requires = "oauth_client")]
    pub oauth_secret_file: Option<PathBuf>,
    /// Where tokens come from; known for Google and Microsoft
    ///
    /// D'où viennent les jetons ; connu pour Google et Microsoft
    #[arg(long, value_name = "URL", requires = "oauth_client")]
    pub oauth_token_url: Option<String>,
    /// Where consent is asked for with a code
    ///
    /// Où l'accord est demandé avec un code
    #[arg(long, value_name = "URL", requires = "oauth_token_url")]
    pub oauth_device_url: Option<String>,
    /// Where consent is asked for in the browser
    ///
    /// Où l'accord est demandé dans le navigateur
    #[arg(long, value_name = "URL", requires = "oauth_token_url")]
    pub oauth_login_url: Option<String>,
    /// What is asked for, as the provider calls it
    ///
    /// Ce qui est demandé, comme le fournisseur l'appelle
    #[arg(long, value_name = "SCOPES", requires = "oauth_token_url")]
    pub oauth_scope: Option<String>,
}

fn elsewhere(text: &str) -> Result<Elsewhere, String> {
    match Address::parse(text) {
        Ok(address) if !text.contains("://") => Ok(Elsewhere::Address(address)),
        _ => mailbox(text).map(Elsewhere::Mailbox),
    }
}

fn mailbox(text: &str) -> Result<Mailbox, String> {
    Mailbox::parse(text).map_err(|fault| match fault {
        UrlFault::Scheme => say!(
            "a mailbox is written like imaps://alice@imap.example.org, with imaps, imap, pop3s or pop3",
            "une boîte s'écrit comme imaps://alice@imap.example.org, avec imaps, imap, pop3s ou pop3"
        ),
        UrlFault::User => say!(
            "say as whom to log in: imaps://alice@imap.example.org",
            "dites au nom de qui se connecter : imaps://alice@imap.example.org"
        ),
        UrlFault::Host => say!("the server's name is missing or wrong", "le nom du serveur manque ou est faux"),
        UrlFault::OtherProtocol => say!(
            "another protocol stands at this port: IMAP has 993 and 143, POP3 has 995 and 110",
            "un autre protocole se trouve à ce port : IMAP a 993 et 143, POP3 a 995 et 110"
        ),
        UrlFault::Port => say!("the port is a number from 1 to 65535", "le port est un nombre de 1 à 65535"),
        UrlFault::Password => say!(
            "a password on the command line can be seen by others; leave it out, or say --password-stdin (a colon in the name is written %3A)",
            "un mot de passe sur la ligne de commande se voit ; omettez-le, ou dites --password-stdin (un deux-points dans le nom s'écrit %3A)"
        ),
    })
}

fn target(text: &str) -> Result<String, String> {
    let wrong = || {
        say!(
            "letters go to an address here, such as alice@alpha.test, to maildir:FOLDER, or to lmtp:alice@alpha.test@HOST:PORT",
            "les lettres vont à une adresse d'ici, comme alice@alpha.test, à maildir:DOSSIER, ou à lmtp:alice@alpha.test@HÔTE:PORT"
        )
    };
    Target::parse(text).map(|_| text.to_owned()).ok_or_else(wrong)
}

fn day(text: &str) -> Result<i64, String> {
    let wrong = || say!("a day is written like 2026-01-31", "un jour s'écrit comme 2026-01-31");
    let date: jiff::civil::Date = text.parse().map_err(|_| wrong())?;
    let start = jiff::tz::TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).map_err(|_| wrong())?;
    Ok(start.as_millisecond())
}

fn fingerprint(text: &str) -> Result<String, String> {
    let wrong = || {
        say!(
            "a fingerprint has 64 hexadecimal digits: openssl x509 -fingerprint -sha256 shows it",
            "une empreinte a 64 chiffres hexadécimaux : openssl x509 -fingerprint -sha256 la montre"
        )
    };
    mra::settings::fingerprint(text).map(|_| text.to_owned()).ok_or_else(wrong)
}
