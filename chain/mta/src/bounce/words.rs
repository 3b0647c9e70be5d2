//! What a report says to a person, in English and in French.

use std::time::Duration;

use mail::Timestamp;

use super::cause::Cause;
use super::{Fate, Kind, Report};

/// The plain-language part: English, then French, lines ended by CRLF.
pub fn plain_part(report: &Report, subject: Option<&str>) -> String {
    let mut page = Page::default();
    page.line("(La version française suit le texte anglais.)");
    page.gap();
    in_language::<English>(&mut page, report, subject);
    page.line("------------------------------------------------------------------------");
    page.gap();
    in_language::<French>(&mut page, report, subject);
    page.text
}

/// One language of the reports. `what` and `advice` are whole sentences.
trait Language {
    fn opening(report: &Report, subject: Option<&str>) -> String;
    fn what(cause: Cause, fate: &Fate, report: &Report) -> String;
    fn advice(cause: Cause, report: &Report) -> Option<String>;
    fn words_of(host: Option<&str>) -> String;
    fn closing(report: &Report) -> String;
    fn signature(report: &Report) -> String;
}

fn in_language<L: Language>(page: &mut Page, report: &Report, subject: Option<&str>) {
    page.paragraph(0, &L::opening(report, subject));
    for fate in report.fates {
        page.line(&format!("  <{}>", fate.address));
        page.gap();
        if matches!(report.kind, Kind::Failed) {
            let cause = Cause::of(fate.status, &fate.said);
            page.paragraph(4, &L::what(cause, fate, report));
            if let Some(advice) = L::advice(cause, report) {
                page.paragraph(4, &advice);
            }
        }
        page.wrapped(4, &L::words_of(fate.by.as_deref()));
        page.paragraph(6, &fate.said);
    }
    page.paragraph(0, &L::closing(report));
    page.paragraph(0, &L::signature(report));
}

struct English;

impl Language for English {
    fn opening(report: &Report, subject: Option<&str>) -> String {
        let named = subject.map(|subject| format!(" with the subject \"{subject}\"")).unwrap_or_default();
        let (host, date) = (&report.office.hostname, english_date(report.arrived));
        let fate = match report.kind {
            Kind::Failed => "could not be delivered to:",
            Kind::Late { .. } => "has not been delivered yet to:",
        };
        format!("Hello,\n\nThis is the mail server {host}. The letter you sent on {date}{named} {fate}")
    }

    fn what(cause: Cause, fate: &Fate, report: &Report) -> String {
        let domain = fate.address.domain().to_unicode();
        match cause {
            Cause::NoSuchMailbox => "There is no mailbox with this address.".into(),
            Cause::MailboxClosed => "This mailbox exists, but it takes no letters at present.".into(),
            Cause::MailboxFull => "This person's mailbox is full.".into(),
            Cause::NoSuchDomain => {
                format!("The domain {domain} does not exist on the Internet, or has no mail server.")
            }
            Cause::DomainTakesNoMail => format!("The domain {domain} declares that it takes no mail at all."),
            Cause::TooBig => "The letter is too big for the recipient's server.".into(),
            Cause::Spam => "The recipient's server took the letter for spam.".into(),
            Cause::Policy => "The recipient's server refused the letter because of its rules.".into(),
            Cause::Loop => format!("The letter goes round in circles between the servers in charge of {domain}."),
            Cause::CannotCarry => {
                "The recipient's server is too old for some of the characters in the letter or in its addresses.".into()
            }
            Cause::TimeRanOut => format!(
                "We tried for {}, but the recipient's server could not be reached or would not take the letter. \
                 We have now stopped trying.",
                english_span(report.now.since(report.arrived))
            ),
            Cause::Other => "The recipient's server refused the letter.".into(),
        }
    }

    fn advice(cause: Cause, report: &Report) -> Option<String> {
        let host = &report.office.hostname;
        Some(match cause {
            Cause::NoSuchMailbox => {
                "Please check the address for a typing mistake. If it is right, ask the person for \
                their present address in another way, for instance by telephone."
                    .into()
            }
            Cause::MailboxClosed | Cause::DomainTakesNoMail => {
                "Please look for another address, or reach the person in another way.".into()
            }
            Cause::MailboxFull => "Please send the letter again in a few days and, if you can, let the person know in \
                another way."
                .into(),
            Cause::NoSuchDomain => "Please check the part after the @: there may be a typing mistake in it.".into(),
            Cause::TooBig => "Please send it again with fewer or smaller attachments, or send a link to the files \
                instead."
                .into(),
            Cause::Spam => format!(
                "This happens to honest letters too. Try again with other words, fewer links and no attachment, or \
                 reach the person in another way. If it happens often, show this report to the person in charge of \
                 {host} (the postmaster)."
            ),
            Cause::Policy | Cause::Other => format!(
                "Its answer below may say why. If it does not help you, show this report to the person in charge of \
                 {host} (the postmaster)."
            ),
            Cause::Loop => "This is a mistake in the set-up of those servers, not yours. If you can, tell the people \
                there in another way."
                .into(),
            Cause::CannotCarry => {
                "Please send it again as plain text, to and from addresses without accented letters.".into()
            }
            Cause::TimeRanOut => "Please check the part after the @. If it is right, their server is probably out of \
                order: send the letter again later, or reach the person in another way."
                .into(),
        })
    }

    fn words_of(host: Option<&str>) -> String {
        match host {
            Some(host) => format!("The answer of the server {host}:"),
            None => "In detail:".into(),
        }
    }

    fn closing(report: &Report) -> String {
        match report.kind {
            Kind::Failed => {
                let these = if report.fates.len() == 1 { "this address" } else { "these addresses" };
                format!("The letter will not be tried again for {these}. Your letter, or its beginning, is attached.")
            }
            Kind::Late { until } => format!(
                "You need not do anything, and need not send it again: we go on trying until {}. You will hear from \
                 us if the letter cannot be delivered in the end.",
                english_date(until)
            ),
        }
    }

    fn signature(report: &Report) -> String {
        format!("The mail server {}\n(Answers to this report reach its postmaster.)", report.office.hostname)
    }
}

struct French;

impl Language for French {
    fn opening(report: &Report, subject: Option<&str>) -> String {
        let named = subject.map(|subject| format!(", intitulée «\u{a0}{subject}\u{a0}»,")).unwrap_or_default();
        let (host, date) = (&report.office.hostname, french_date(report.arrived));
        let fate = match report.kind {
            Kind::Failed => "n'a pas pu être remise à\u{a0}:",
            Kind::Late { .. } => "n'a pas encore pu être remise à\u{a0}:",
        };
        format!(
            "Bonjour,\n\nIci le serveur de courrier {host}. La lettre que vous avez envoyée le {date}{named} {fate}"
        )
    }

    fn what(cause: Cause, fate: &Fate, report: &Report) -> String {
        let domain = fate.address.domain().to_unicode();
        match cause {
            Cause::NoSuchMailbox => "Aucune boîte aux lettres ne correspond à cette adresse.".into(),
            Cause::MailboxClosed => {
                "Cette boîte aux lettres existe, mais elle ne reçoit pas de courrier en ce moment.".into()
            }
            Cause::MailboxFull => "La boîte aux lettres de cette personne est pleine.".into(),
            Cause::NoSuchDomain => {
                format!("Le domaine {domain} n'existe pas sur Internet, ou n'a pas de serveur de courrier.")
            }
            Cause::DomainTakesNoMail => format!("Le domaine {domain} déclare ne recevoir aucun courrier."),
            Cause::TooBig => "La lettre est trop volumineuse pour le serveur du destinataire.".into(),
            Cause::Spam => "Le serveur du destinataire a pris la lettre pour un courrier indésirable (spam).".into(),
            Cause::Policy => "Le serveur du destinataire a refusé la lettre en vertu de ses règles.".into(),
            Cause::Loop => format!("La lettre tourne en rond entre les serveurs chargés du domaine {domain}."),
            Cause::CannotCarry => "Le serveur du destinataire est trop ancien pour certains caractères de la lettre \
                ou de ses adresses."
                .into(),
            Cause::TimeRanOut => format!(
                "Malgré {} de tentatives, le serveur du destinataire n'a pas pu être joint ou n'a pas voulu de la \
                 lettre. Nous avons maintenant cessé d'essayer.",
                french_span(report.now.since(report.arrived))
            ),
            Cause::Other => "Le serveur du destinataire a refusé la lettre.".into(),
        }
    }

    fn advice(cause: Cause, report: &Report) -> Option<String> {
        let host = &report.office.hostname;
        Some(match cause {
            Cause::NoSuchMailbox => "Vérifiez que l'adresse ne contient pas de faute de frappe. Si elle est juste, \
                demandez à la personne son adresse actuelle par un autre moyen, par exemple au téléphone."
                .into(),
            Cause::MailboxClosed | Cause::DomainTakesNoMail => {
                "Cherchez une autre adresse, ou joignez la personne par un autre moyen.".into()
            }
            Cause::MailboxFull => "Renvoyez votre lettre dans quelques jours et, si vous le pouvez, prévenez la \
                personne par un autre moyen."
                .into(),
            Cause::NoSuchDomain => {
                "Vérifiez la partie qui suit le @\u{a0}: elle contient peut-être une faute de frappe.".into()
            }
            Cause::TooBig => "Renvoyez-la avec des pièces jointes moins nombreuses ou plus légères, ou envoyez plutôt \
                un lien vers les fichiers."
                .into(),
            Cause::Spam => format!(
                "Cela arrive aussi à des lettres honnêtes. Réessayez avec d'autres mots, moins de liens et sans pièce \
                 jointe, ou joignez la personne par un autre moyen. Si cela se répète, montrez ce rapport à la \
                 personne responsable de {host} (le postmaster)."
            ),
            Cause::Policy | Cause::Other => format!(
                "Sa réponse, ci-dessous, dit peut-être pourquoi. Si elle ne vous aide pas, montrez ce rapport à la \
                 personne responsable de {host} (le postmaster)."
            ),
            Cause::Loop => "C'est une erreur de réglage de ces serveurs, et non la vôtre. Si vous le pouvez, \
                prévenez les personnes concernées par un autre moyen."
                .into(),
            Cause::CannotCarry => {
                "Renvoyez-la en texte simple, depuis et vers des adresses sans lettres accentuées.".into()
            }
            Cause::TimeRanOut => "Vérifiez la partie qui suit le @. Si elle est juste, le serveur est sans doute en \
                panne\u{a0}: renvoyez votre lettre plus tard, ou joignez la personne par un autre moyen."
                .into(),
        })
    }

    fn words_of(host: Option<&str>) -> String {
        match host {
            Some(host) => format!("Réponse du serveur {host}\u{a0}:"),
            None => "Précisions (en anglais)\u{a0}:".into(),
        }
    }

    fn closing(report: &Report) -> String {
        match report.kind {
            Kind::Failed => {
                let these = if report.fates.len() == 1 { "cette adresse" } else { "ces adresses" };
                format!(
                    "Il n'y aura pas d'autre tentative pour {these}. Votre lettre, ou son début, est jointe à ce \
                     message."
                )
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

fn english_date(at: Timestamp) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    date(at, &MONTHS, "at")
}

fn french_date(at: Timestamp) -> String {
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

/// `24 November 2026 at 06:22 (UTC)`
fn date(at: Timestamp, months: &[&str; 12], at_word: &str) -> String {
    let text = at.rfc3339();
    let piece = |range| text.get(range).unwrap_or_default();
    let month = piece(5..7).parse::<usize>().ok().and_then(|month| months.get(month.wrapping_sub(1))).unwrap_or(&"");
    let day = piece(8..10).trim_start_matches('0');
    format!("{day} {month} {} {at_word} {} (UTC)", piece(0..4), piece(11..16))
}

fn english_span(span: Duration) -> String {
    count(span, ["day", "hour", "minute"])
}

fn french_span(span: Duration) -> String {
    count(span, ["jour", "heure", "minute"])
}

/// The largest unit there are two of, rounded; the plural of each of these words takes an s.
fn count(span: Duration, [day, hour, minute]: [&str; 3]) -> String {
    let minutes = span.as_secs().div_ceil(60).max(1);
    let (number, unit) = match minutes {
        0..120 => (minutes, minute),
        120..2880 => ((minutes + 30) / 60, hour),
        _ => ((minutes + 720) / 1440, day),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

const WIDTH: usize = 72;

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push_str("\r\n");
    }

    fn gap(&mut self) {
        self.line("");
    }

    fn paragraph(&mut self, indent: usize, text: &str) {
        self.wrapped(indent, text);
        self.gap();
    }

    /// Breaks at ordinary spaces only, so that a French colon stays with its word.
    fn wrapped(&mut self, indent: usize, text: &str) {
        for source in text.lines() {
            let mut line = String::new();
            for word in source.split(' ').filter(|word| !word.is_empty()) {
                if !line.is_empty() && indent + line.chars().count() + 1 + word.chars().count() > WIDTH {
                    self.line(&format!("{:indent$}{line}", ""));
                    line.clear();
                }
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(word);
            }
            self.line(format!("{:indent$}{line}", "").trim_end_matches(' '));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_said_in_the_unit_a_person_would_use() {
        let said = |seconds| english_span(Duration::from_secs(seconds));
        assert_eq!(said(0), "1 minute");
        assert_eq!(said(90), "2 minutes");
        assert_eq!(said(4 * 3600), "4 hours");
        assert_eq!(said(5 * 86_400 + 300), "5 days");
        assert_eq!(french_span(Duration::from_secs(5 * 86_400)), "5 jours");
    }

    #[test]
    fn dates_are_written_as_each_language_writes_them() {
        let at = Timestamp::from_seconds(1_795_501_377);
        assert_eq!(english_date(at), "24 November 2026 at 06:22 (UTC)");
        assert_eq!(french_date(at), "24 novembre 2026 à 06:22 (UTC)");
        assert_eq!(french_date(Timestamp(0)), "1er janvier 1970 à 00:00 (UTC)");
        english_date(Timestamp(i64::MAX));
    }
}
