//! The reports in French. Its colons, and its quotation marks, stand behind a space that does not break.

use std::time::Duration;

use mail::Timestamp;
use mail::foreign::Meaning;

use super::{Language, count, date, details, sentence, size};
use crate::bounce::{Cause, Fate, Kind, Report, list};

/// French.
pub struct French;

impl Language for French {
    fn opening(report: &Report, subject: Option<&str>) -> String {
        let named = subject.map(|subject| format!(", intitulée «\u{a0}{subject}\u{a0}»,")).unwrap_or_default();
        let (host, date) = (&report.office.hostname, french_date(report.arrived));
        let fate = match report.kind {
            Kind::Failed => "n'a pas pu être remise à\u{a0}:",
            Kind::Late { .. } => "n'a pas encore pu être remise à\u{a0}:",
            Kind::Delivered => "a été remise à\u{a0}:",
            Kind::Relayed => "a été transmise, en route pour\u{a0}:",
            Kind::Expanded => "a été redistribuée à tous ceux que désigne cette adresse\u{a0}:",
        };
        format!(
            "Bonjour,\n\nIci le serveur de courrier {host}. La lettre que vous avez envoyée le {date}{named} {fate}"
        )
    }

    fn what(cause: Cause, report: &Report, fate: &Fate) -> String {
        match cause {
            Cause::Told(Meaning::TooBig) => too_big(report, fate),
            Cause::Told(Meaning::Blocked) => blocked(fate),
            Cause::Told(Meaning::Greylisted) => format!(
                "Pendant {}, le serveur du destinataire a sans cesse remis la lettre à plus tard, comme certains serveurs \
                 le font d'abord avec les expéditeurs qu'ils ne connaissent pas. Nous avons maintenant cessé d'essayer.",
                french_span(report.now.since(report.arrived))
            ),
            Cause::Overdue => "La lettre n'a pas pu être remise dans le délai que vous aviez fixé, et n'a plus été \
                essayée ensuite."
                .into(),
            Cause::Told(meaning) => sentence(meaning.words().french),
            Cause::TimeRanOut => format!(
                "Malgré {} de tentatives, le serveur du destinataire n'a pas pu être joint ou n'a pas voulu de la \
                 lettre. Nous avons maintenant cessé d'essayer.",
                french_span(report.now.since(report.arrived))
            ),
            Cause::DamagedHere => {
                "Nous avions accepté la lettre, puis elle a été abîmée sur le disque de ce serveur de \
                courrier et ne peut plus être envoyée."
                    .into()
            }
            Cause::Other => "Le serveur du destinataire a refusé la lettre.".into(),
        }
    }

    fn meaning(meaning: Meaning) -> String {
        sentence(meaning.words().french)
    }

    fn advice(cause: Cause, report: &Report, fate: &Fate) -> String {
        let host = &report.office.hostname;
        match cause {
            Cause::Told(Meaning::Blocked) => format!("{}{}", removal(fate), advice(Meaning::Blocked, host)),
            Cause::Told(meaning) => advice(meaning, host),
            Cause::Overdue => "Renvoyez-la avec un délai plus long, ou sans délai.".into(),
            Cause::Other => show_the_answer(host),
            Cause::DamagedHere => format!(
                "Renvoyez-la. La faute est la nôtre et non celle du destinataire\u{a0}: prévenez la personne responsable \
                 de {host} (le postmaster)."
            ),
            Cause::TimeRanOut => "Vérifiez la partie qui suit le @. Si elle est juste, le serveur est sans doute en \
                panne\u{a0}: renvoyez votre lettre plus tard, ou joignez la personne par un autre moyen."
                .into(),
        }
    }

    fn words_of(host: Option<&str>) -> String {
        match host {
            Some(host) if host.starts_with('/') => {
                "Réponse du programme ou du dossier qui reçoit les lettres ici\u{a0}:".into()
            }
            Some(host) => format!("Réponse du serveur {host}\u{a0}:"),
            None => "Précisions\u{a0}:".into(),
        }
    }

    fn details(said: &str) -> String {
        details::in_french(said).unwrap_or_else(|| format!("{said} (en anglais)"))
    }

    fn arrived(kind: Kind) -> String {
        match kind {
            Kind::Relayed => {
                "Le serveur qui a maintenant la lettre n'écrit pas d'avis de remise\u{a0}: vous n'en saurez \
                pas plus, sauf si elle ne peut pas être remise."
                    .into()
            }
            Kind::Expanded => {
                "Cette adresse désigne plusieurs personnes. Vous n'en saurez pas plus, sauf si la lettre ne \
                peut pas être remise à l'une d'elles."
                    .into()
            }
            _ => "La lettre est dans la boîte aux lettres. Cela ne dit pas que quelqu'un l'a lue.".into(),
        }
    }

    fn closing(report: &Report) -> String {
        match report.kind {
            Kind::Failed => {
                let these = if report.fates.len() == 1 { "cette adresse" } else { "ces adresses" };
                let attached = match report.original.bytes {
                    [] => "",
                    _ => " Votre lettre, ou son début, est jointe à ce message.",
                };
                format!("Il n'y aura pas d'autre tentative pour {these}.{attached}")
            }
            Kind::Delivered | Kind::Relayed | Kind::Expanded => {
                "Vous n'avez rien à faire\u{a0}: vous, ou votre programme de courrier, aviez demandé cet avis.".into()
            }
            Kind::Late { until } => format!(
                "Vous n'avez rien à faire, et il est inutile de la renvoyer\u{a0}: nous continuons d'essayer jusqu'au \
                 {}. Un autre message vous préviendra si la lettre ne peut finalement pas être remise.",
                french_date(until)
            ),
        }
    }

    fn signature(report: &Report) -> String {
        format!(
            "Le serveur de courrier {}\n(Les réponses à ce rapport parviennent à son postmaster.)",
            report.office.hostname
        )
    }
}

/// Says how large the letter is and what is taken, as far as that is known.
fn too_big(report: &Report, fate: &Fate) -> String {
    let shown = |octets| {
        let (number, unit) = size(octets, ["octets", "ko", "Mo", "Go"]);
        format!("{}\u{a0}{unit}", number.replace('.', ","))
    };
    let letter = shown(report.original.size);
    match list::limit(&fate.said) {
        Some(most) => {
            format!(
                "La lettre est trop volumineuse\u{a0}: elle fait {letter}, et ce serveur en prend {} au plus.",
                shown(most)
            )
        }
        None => format!("La lettre est trop volumineuse pour le serveur du destinataire\u{a0}: elle fait {letter}."),
    }
}

/// Names the list, where the server has named it.
fn blocked(fate: &Fate) -> String {
    match list::named(&fate.said) {
        Some(list) => format!(
            "Le serveur du destinataire n'accepte rien du serveur qui a envoyé la lettre, parce que {list} l'a sur sa \
             liste de ceux qui envoient du courrier indésirable."
        ),
        None => sentence(Meaning::Blocked.words().french),
    }
}

/// Names the page on which the server says more, if it names one.
fn removal(fate: &Fate) -> String {
    list::page(&fate.said).map(|page| format!("Il en dit plus à {page} . ")).unwrap_or_default()
}

/// Says what the sender can do.
fn advice(meaning: Meaning, host: &str) -> String {
    match meaning {
        Meaning::NoSuchMailbox => "Vérifiez que l'adresse ne contient pas de faute de frappe. Si elle est juste, \
            demandez à la personne son adresse actuelle par un autre moyen, par exemple au téléphone."
            .into(),
        Meaning::MailboxClosed | Meaning::DomainTakesNoMail => {
            "Cherchez une autre adresse, ou joignez la personne par un autre moyen.".into()
        }
        Meaning::MailboxFull => "Renvoyez votre lettre dans quelques jours et, si vous le pouvez, prévenez la \
            personne par un autre moyen."
            .into(),
        Meaning::NoSuchDomain => {
            "Vérifiez la partie qui suit le @\u{a0}: elle contient peut-être une faute de frappe.".into()
        }
        Meaning::TooBig => {
            "Renvoyez-la avec des pièces jointes moins nombreuses ou plus légères, ou envoyez plutôt un \
            lien vers les fichiers."
                .into()
        }
        Meaning::Spam => format!(
            "Cela arrive aussi à des lettres honnêtes. Réessayez avec d'autres mots, moins de liens et sans pièce \
             jointe, ou joignez la personne par un autre moyen. Si cela se répète, montrez ce rapport à la personne \
             responsable de {host} (le postmaster)."
        ),
        Meaning::Unproven => format!(
            "Le serveur du destinataire veut que SPF, DKIM et DMARC prouvent qui envoie. La personne responsable de \
             {host} (le postmaster) peut y veiller\u{a0}: montrez-lui ce rapport, et joignez le destinataire par un autre \
             moyen."
        ),
        Meaning::Blocked | Meaning::NamelessServer | Meaning::NotEncrypted => format!(
            "Vous ne pouvez pas y remédier vous-même\u{a0}: montrez ce rapport à la personne responsable de {host} (le \
             postmaster), et joignez le destinataire par un autre moyen."
        ),
        Meaning::Loop | Meaning::NotInCharge => {
            "C'est une erreur de réglage de ces serveurs, et non la vôtre. Si vous \
            le pouvez, prévenez les personnes concernées par un autre moyen."
                .into()
        }
        Meaning::CannotCarry => {
            "Renvoyez-la en texte simple, depuis et vers des adresses sans lettres accentuées.".into()
        }
        Meaning::NoRoomThere | Meaning::NotNow | Meaning::NoAnswer | Meaning::TooMuch | Meaning::Greylisted => {
            "Renvoyez-la plus tard, ou joignez la personne par un autre moyen.".into()
        }
        _ => show_the_answer(host),
    }
}

fn show_the_answer(host: &str) -> String {
    format!(
        "Sa réponse, ci-dessous, dit peut-être pourquoi. Si elle ne vous aide pas, montrez ce rapport à la personne \
         responsable de {host} (le postmaster)."
    )
}

pub fn french_date(at: Timestamp) -> String {
    const MONTHS: [&str; 12] = [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ];
    // The first of the month alone has an ordinal in French.
    date(at, &MONTHS, "à").replacen("1 ", "1er ", usize::from(at.rfc3339().get(8..10) == Some("01")))
}

pub fn french_span(span: Duration) -> String {
    count(span, ["jour", "heure", "minute"])
}
