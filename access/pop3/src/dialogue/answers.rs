//! The answers to events that happen outside the dialogue.

use mail::stay::Leave;
use sasl::Refusal;

use super::act::{Event, Shut};
use crate::language::{Language, say};
use crate::reply::{Code, Reply};

/// Writes a number of letters, such as `3 letters`.
pub(super) fn letters(language: Language, count: usize) -> String {
    match (language, count) {
        (Language::English, 1) => "1 letter".to_owned(),
        (Language::English, _) => format!("{count} letters"),
        (Language::French, 0 | 1) => format!("{count} lettre"),
        (Language::French, _) => format!("{count} lettres"),
    }
}

pub(super) fn shut(language: Language, shut: &Shut) -> Reply {
    match shut {
        Shut::Refused(refusal) => refused(language, refusal),
        Shut::InUse => Reply::err(say!(
            language;
            "Another client has this mailbox open", "Un autre logiciel a ouvert cette boîte"
        ))
        .with(Code::InUse),
        Shut::Fault { temporary: true } => event(language, Event::Unavailable),
        Shut::Fault { temporary: false } => Reply::err(say!(
            language;
            "Something is wrong in the post office; its log says what",
            "Quelque chose ne va pas au bureau de poste ; son journal dit quoi"
        ))
        .with(Code::Permanent),
    }
}

fn refused(language: Language, refusal: &Refusal) -> Reply {
    match refusal {
        Refusal::Wrong => {
            Reply::err(say!(language; "Wrong name or password", "Nom ou mot de passe incorrect")).with(Code::Auth)
        }
        // The code is not AUTH: the client would ask the person for another password, though theirs may be right.
        Refusal::TooMany(wait) => {
            let seconds = wait.as_secs().max(1);
            Reply::err(say!(
                language;
                "Too many failed log-ins from your network; try again in {seconds} s",
                "Trop d'essais manqués depuis votre réseau ; réessayez dans {seconds} s"
            ))
            .with(Code::Temporary)
        }
        Refusal::Busy(wait) => {
            let seconds = wait.as_secs().max(1);
            Reply::err(say!(
                language;
                "Too many people are logging in; try again in {seconds} s",
                "Trop de connexions à la fois ; réessayez dans {seconds} s"
            ))
            .with(Code::Temporary)
        }
        Refusal::Cancelled => Reply::err(say!(language; "The log-in was cancelled", "L'identification est annulée")),
        Refusal::Malformed(what) => {
            Reply::err(say!(language; "The log-in went wrong: {what}", "L'identification a échoué : {what}"))
        }
        Refusal::Fault(_) => event(language, Event::Unavailable),
    }
}

/// Answers a client that has to go. RFC 3206 §4: AUTH if the person has to log in with another credential.
fn dismissed(language: Language, leave: Leave) -> Reply {
    let why = match leave {
        Leave::NewPassword => say!(
            language;
            "Your password was changed, log in with the new one",
            "Votre mot de passe a été changé, identifiez-vous avec le nouveau"
        ),
        Leave::SessionEnded => say!(
            language;
            "Your session was ended, log in again", "Votre session a été fermée, identifiez-vous de nouveau"
        ),
        Leave::AccountGone => say!(language; "Your account is no longer here", "Votre compte n'est plus ici"),
        Leave::Dismissed => say!(
            language;
            "The administrator has ended this conversation", "L'administrateur a mis fin à cette conversation"
        ),
    };
    Reply::err(why).with(if leave.is_for_good() { Code::Auth } else { Code::Temporary })
}

pub(super) fn event(language: Language, event: Event) -> Reply {
    match event {
        Event::Gone => Reply::err(say!(
            language;
            "Another client has taken this letter off", "Un autre logiciel a enlevé cette lettre"
        )),
        // RFC 3206 §4: SYS/PERM, since trying again does not help and the administrator has to act.
        Event::Damaged => Reply::err(say!(
            language;
            "The text of this letter is damaged or lost; the administrator can restore it from a backup",
            "Le texte de cette lettre est abîmé ou perdu ; l'administrateur peut le restaurer d'une sauvegarde"
        ))
        .with(Code::Permanent),
        Event::Unavailable => Reply::err(say!(
            language;
            "The post office cannot do this now, try again later",
            "Le bureau de poste ne peut pas le faire maintenant, réessayez plus tard"
        ))
        .with(Code::Temporary),
        Event::Updated => Reply::ok(say!(language; "Goodbye", "Au revoir")),
        Event::NotUpdated => Reply::err(say!(
            language;
            "Some letters that were marked are still here", "Des lettres marquées sont encore là"
        ))
        .with(Code::Temporary),
        Event::Dismissed(leave) => dismissed(language, leave),
        Event::Closing => Reply::err(say!(
            language;
            "The post office is closing, come back soon", "Le bureau de poste ferme, revenez bientôt"
        ))
        .with(Code::Temporary),
    }
}
