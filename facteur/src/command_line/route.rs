//! The command line of `facteur route`.

use clap::{Args, Subcommand};
use mail::Address;
use mta::route::{Demand, Route, Target};
use policy::Subject;
use policy::route::Which;

use super::{Form, address};
use crate::language::say;

/// A command on the routes.
#[derive(Clone, Debug, Subcommand)]
pub enum RouteCommand {
    /// Send some letters through a server
    ///
    /// Faire passer certaines lettres par un serveur
    Add {
        #[command(flatten)]
        letters: Letters,
        /// The server: smtp.isp.test:587, smtps:smtp.isp.test, or lmtp:HOST:PORT
        ///
        /// Le serveur : smtp.isp.test:587, smtps:smtp.isp.test, ou lmtp:MACHINE:PORT
        #[arg(value_name = "HOST", value_parser = host)]
        host: String,
        /// The name to log in with there; the password is asked for
        ///
        /// Le nom pour s'y connecter ; le mot de passe est demandé
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        /// Read the password from the first line of standard input
        ///
        /// Lire le mot de passe sur la première ligne de l'entrée standard
        #[arg(long, requires = "user")]
        password_stdin: bool,
        /// The demand on TLS; with a log-in, verified if not given
        ///
        /// L'exigence de TLS ; avec un nom, verified par défaut
        #[arg(long, value_parser = ["opportunistic", "encrypted", "verified"])]
        tls: Option<String>,
    },
    /// List the routes, also those of the configuration
    ///
    /// Lister les routes, aussi celles de la configuration
    List {
        #[command(flatten)]
        form: Form,
    },
    /// Take a route away
    ///
    /// Retirer une route
    Remove {
        #[command(flatten)]
        letters: Letters,
    },
    /// Tell which route a letter would take, and try the server; no letter is sent
    ///
    /// Dire quelle route prendrait une lettre, et essayer le serveur ; aucune lettre n'est envoyée
    Test {
        /// To whom the letter would go
        ///
        /// À qui irait la lettre
        #[arg(value_parser = address)]
        address: Address,
        /// From whom it would be
        ///
        /// De qui elle serait
        #[arg(long, value_name = "ADDRESS", value_parser = address)]
        from: Option<Address>,
        #[command(flatten)]
        form: Form,
    },
}

/// The letters that a route is for.
#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Letters {
    /// Letters to this address or domain
    ///
    /// Les lettres à cette adresse ou à ce domaine
    #[arg(long, value_name = "WHO", value_parser = person_or_domain)]
    to: Option<Subject>,
    /// Letters whose return path is this address or of this domain
    ///
    /// Les lettres dont l'adresse de retour est celle-ci ou de ce domaine
    #[arg(long, value_name = "WHO", value_parser = person_or_domain)]
    from: Option<Subject>,
    /// All letters for elsewhere that have no other route
    ///
    /// Toutes les lettres pour ailleurs qui n'ont pas d'autre route
    #[arg(long)]
    every: bool,
}

impl Letters {
    pub fn which(self) -> Which {
        match (self.to, self.from) {
            (Some(to), _) => Which::To(to),
            (None, Some(from)) => Which::From(from),
            (None, None) => Which::Every,
        }
    }
}

/// Reads an address or a domain.
pub fn person_or_domain(text: &str) -> Result<Subject, String> {
    let subject = text.parse().ok().filter(|subject| matches!(subject, Subject::Address(_) | Subject::Domain(_)));
    subject.ok_or_else(|| {
        say!(
            "write an address (alice@alpha.test) or a domain (alpha.test)",
            "écrivez une adresse (alice@alpha.test) ou un domaine (alpha.test)"
        )
    })
}

/// Reads a server. Programs and folders run with rights that the configuration alone gives.
fn host(text: &str) -> Result<String, String> {
    match Route::parse(text) {
        Ok(Route { to: Target::Host(_), demand: Demand::Opportunistic | Demand::Encrypted, .. }) => Ok(text.to_owned()),
        _ => Err(say!(
            "write a server, such as smtp.isp.test:587; programs and folders stand in the configuration",
            "écrivez un serveur, par exemple smtp.isp.test:587 ; les programmes et les dossiers sont dans la configuration"
        )),
    }
}
