//! Says why a post office does not open, in the person's language, with what to do.

use std::fmt;

use mta::delivery::RunAsFault;
use net::{BindError, DnsFault, TlsError, UnixFault};
use store::OpenError;

use crate::control::DoorFault;
use crate::data_fault::data_fault;
use crate::failure::Failure;
use crate::language::{encryption, say, system};
use crate::private::Exposed;

/// The reason why a post office does not open.
#[derive(Debug)]
pub enum StartFault {
    Data(OpenError),
    /// Others can look into the data folder.
    Exposed(Exposed),
    /// Root's rights cannot be given up.
    Rights(Failure),
    Door(BindError),
    /// The sockets for commands.
    ControlSocket(DoorFault),
    Tls(TlsError),
    Names(DnsFault),
    Password {
        path: std::path::PathBuf,
        why: std::io::Error,
    },
    /// A route's program or folder.
    RunAs {
        domain: String,
        why: RunAsFault,
    },
}

impl fmt::Display for StartFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::Data(fault) => data_fault(fault),
            Self::Exposed(fault) => fault.to_string(),
            Self::Rights(failure) => failure.to_string(),
            Self::Door(fault) => door(fault),
            Self::ControlSocket(fault) => fault.to_string(),
            Self::Tls(why) => {
                let why = certificate(why);
                say!("no certificate to encrypt with: {why}", "pas de certificat pour chiffrer : {why}")
            }
            Self::Names(why) => say!(
                "the name servers cannot be asked: {why}; correct [dns] servers, or /etc/resolv.conf",
                "impossible d'interroger les serveurs de noms : {why} ; corrigez [dns] servers, ou /etc/resolv.conf"
            ),
            Self::RunAs { domain, why } => run_as(domain, why),
            Self::Password { path, why } => {
                let (path, why) = (path.display(), system(why));
                say!(
                    "the password file {path} cannot be read: {why}",
                    "impossible de lire le mot de passe dans {path} : {why}"
                )
            }
        })
    }
}

fn door(fault: &BindError) -> String {
    match fault {
        BindError::InUse { role, ip, port } => {
            say!(
                "the port {port} of {ip} ({role}) is already taken; stop the program that has it (ss -ltnp 'sport = :{port}' shows which), or choose another for \"{role}\" in [listen]",
                "le port {port} de {ip} ({role}) est déjà pris ; arrêtez le programme qui l'occupe (ss -ltnp 'sport = :{port}' montre lequel), ou choisissez-en un autre pour « {role} » dans [listen]"
            )
        }
        BindError::NotAllowed { role, ip, port } => {
            say!(
                "this user may not open port {port} of {ip} ({role}); run as root, give the program the right (setcap cap_net_bind_service=+ep facteur), or choose a port above 1023 for \"{role}\" in [listen]",
                "cet utilisateur n'a pas le droit d'ouvrir le port {port} de {ip} ({role}) ; lancez Facteur en root, donnez ce droit au programme (setcap cap_net_bind_service=+ep facteur), ou choisissez pour « {role} » un port au-dessus de 1023 dans [listen]"
            )
        }
        BindError::NotHere { role, ip } => {
            say!(
                "{ip} is not an address of this machine; correct \"{role}\" in [listen]",
                "{ip} n'est pas une adresse de cette machine ; corrigez « {role} » dans [listen]"
            )
        }
        BindError::Unix { role, path, problem } => socket(role, &path.display().to_string(), problem),
        BindError::Io { role, address, error } => {
            let why = system(error);
            say!(
                "the door {address} ({role}) cannot be opened: {why}",
                "impossible d'ouvrir la porte {address} ({role}) : {why}"
            )
        }
        other => say!("a door cannot be opened: {other}", "impossible d'ouvrir une porte ({other})"),
    }
}

/// Says why there is no certificate to serve with.
fn certificate(fault: &TlsError) -> String {
    match fault {
        TlsError::File { path, error } => {
            let (path, why) = (path.display(), system(error));
            say!("{path}: {why}", "{path} : {why}")
        }
        TlsError::Content { path, problem } => {
            let path = path.display();
            say!("{path}: {problem}", "{path} ne contient pas ce qu'il faut ({problem})")
        }
        TlsError::Unusable(why) => encryption(why),
        TlsError::Make(name, why) => {
            say!("none could be made for {name}: {why}", "impossible d'en faire un pour {name} ({why})")
        }
    }
}

fn run_as(domain: &str, why: &RunAsFault) -> String {
    match why {
        RunAsFault::NoUser => say!(
            "the route for {domain} would run as root; add user = \"NAME\" to it, or user = \"$USER\" for the recipient's own, or do not start Facteur as root",
            "la route pour {domain} tournerait en root ; ajoutez-y user = \"NOM\", ou user = \"$USER\" pour l'utilisateur du destinataire, ou ne lancez pas Facteur en root"
        ),
        RunAsFault::NotRoot => say!(
            "the route for {domain} hands letters on as another user, which only root can; start Facteur as root, or take user out of it",
            "la route pour {domain} remet les lettres sous un autre utilisateur, ce que seul root peut faire ; lancez Facteur en root, ou retirez-en user"
        ),
        RunAsFault::Unknown(name) => say!(
            "the route for {domain} names the user {name}, whom this machine does not know",
            "la route pour {domain} nomme l'utilisateur {name}, que cette machine ne connaît pas"
        ),
        RunAsFault::Root => say!(
            "the route for {domain} would run as root, which letters never do; name another user",
            "la route pour {domain} tournerait en root, ce qui n'arrive jamais à une lettre ; nommez un autre utilisateur"
        ),
    }
}

fn socket(role: &str, path: &str, problem: &UnixFault) -> String {
    match problem {
        UnixFault::InUse => say!(
            "another program listens at unix:{path} ({role}); stop it, or choose another path for \"{role}\" in [listen]",
            "un autre programme écoute sur unix:{path} ({role}) ; arrêtez-le, ou choisissez un autre chemin pour « {role} » dans [listen]"
        ),
        UnixFault::NotASocket => say!(
            "{path} ({role}) is there already and is not a socket; move it away, or choose another path for \"{role}\" in [listen]",
            "{path} ({role}) existe déjà et n'est pas une socket ; déplacez-le, ou choisissez un autre chemin pour « {role} » dans [listen]"
        ),
        UnixFault::TooLong | UnixFault::NotAbsolute => say!(
            "unix:{path} ({role}) cannot be the name of a socket: write a full path of at most 95 characters",
            "unix:{path} ({role}) ne peut pas nommer une socket : écrivez un chemin complet de 95 caractères au plus"
        ),
        UnixFault::Io(why) => {
            let why = system(why);
            say!(
                "the socket unix:{path} ({role}) cannot be made: {why}; its folder must be there, and this user must be allowed to write in it",
                "impossible de créer la socket unix:{path} ({role}) : {why} ; son dossier doit exister, et cet utilisateur doit pouvoir y écrire"
            )
        }
    }
}
