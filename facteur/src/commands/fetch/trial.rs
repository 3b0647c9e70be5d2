//! Logging in once before a source is set up, and saying what is wrong where that does not work.

use std::sync::Arc;

use mra::discovery::{TrialFault, try_log_in};
use mra::{Fault, Mailbox, Secret, Settings};
use net::{Distrust, Doubt, Resolver};

use super::list;
use crate::context::Context;
use crate::failure::Failure;
use crate::language::{self, say};
use crate::{server, terminal};

/// Logs in, as the names given one after the other (all but the first are guesses): gives the settings with the name that is
/// right, and what to log in with from now on.
pub fn run(
    settings: Settings,
    secret: Secret,
    other_names: Vec<String>,
    context: &Context<'_>,
) -> Result<(Settings, Secret), Failure> {
    let resolver: Arc<dyn Resolver> = server::resolver(context.config())?;
    let mailbox = settings.mailbox.clone();
    terminal::note(&say!("trying to log in at {mailbox} …\n", "essai de connexion à {mailbox} …\n"));
    crate::threads::unless_stopped(async {
        let mut first = None;
        for user in std::iter::once(mailbox.user.clone()).chain(other_names) {
            let settings = Settings { mailbox: Mailbox { user, ..mailbox.clone() }, ..settings.clone() };
            match try_log_in(&settings, resolver.clone(), secret.clone()).await {
                Ok(secret) => return Ok((settings, secret)),
                // RFC 6186 §4: only the name may be wrong.
                Err(fault @ TrialFault::Other(Fault::Refused(_))) => first = first.or(Some(fault)),
                Err(fault) => return Err(first.unwrap_or(fault)),
            }
        }
        Err(first.unwrap_or(TrialFault::Other(Fault::Ended)))
    })?
    .map_err(|fault| told(&mailbox, fault))
}

fn told(mailbox: &Mailbox, fault: TrialFault) -> Failure {
    let fault = match fault {
        TrialFault::Distrusted(distrust) => return distrusted(mailbox, &distrust),
        TrialFault::Other(fault) => fault,
    };
    let what = fault.kind().map_or_else(|| say!("it was stopped", "elle a été arrêtée"), list::ailment);
    let said = language::fault(&fault.to_string());
    Failure::new(say!(
        "nothing was set up, for {mailbox} does not let us in: {what}: {said} (--untried sets it up all the same)",
        "rien n'a été mis en place, car {mailbox} ne nous laisse pas entrer : {what} : {said} (--untried met en place malgré tout)"
    ))
}

fn distrusted(mailbox: &Mailbox, distrust: &Distrust) -> Failure {
    let (host, shown) = (&mailbox.host, distrust.shown_fingerprint());
    let reason = reason(&distrust.doubt);
    Failure::new(say!(
        "nothing was set up, and no password was sent: {host} cannot prove who it is, for its certificate {reason}. Its SHA-256 fingerprint is {shown}. Only if whoever runs {host} tells you the same one, add: --fingerprint {shown}",
        "rien n'a été mis en place, et aucun mot de passe n'a été envoyé : {host} ne peut pas prouver qui il est, car son certificat {reason}. Son empreinte SHA-256 est {shown}. Seulement si le responsable de {host} vous donne la même, ajoutez : --fingerprint {shown}"
    ))
}

fn reason(doubt: &Doubt) -> String {
    match doubt {
        Doubt::Expired => say!("has expired", "a expiré"),
        Doubt::NotYetValid => say!(
            "is not valid yet (or the clock here is wrong)",
            "n'est pas encore valable (ou l'horloge d'ici est fausse)"
        ),
        Doubt::OtherName(names) if names.is_empty() => say!("is for another name", "est pour un autre nom"),
        Doubt::OtherName(names) => {
            let names = names.join(", ");
            say!("is for another name ({names})", "est pour un autre nom ({names})")
        }
        Doubt::SelfSigned => {
            say!(
                "is signed by itself, and by nobody who is trusted",
                "est signé par lui-même, et par personne de confiance"
            )
        }
        Doubt::UnknownIssuer => {
            say!("comes from an authority that is unknown here", "vient d'une autorité inconnue ici")
        }
        Doubt::Revoked => say!("was revoked by its authority", "a été révoqué par son autorité"),
        Doubt::Unfit(why) => say!("is not good: {why}", "n'est pas bon ({why})"),
    }
}
