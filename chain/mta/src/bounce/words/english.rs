//! The reports in English.

use std::time::Duration;

use mail::Timestamp;
use mail::foreign::Meaning;

use super::{Language, count, date, sentence, size};
use crate::bounce::{Cause, Fate, Kind, Report, list};

/// English.
pub struct English;

impl Language for English {
    fn opening(report: &Report, subject: Option<&str>) -> String {
        let named = subject.map(|subject| format!(" with the subject \"{subject}\"")).unwrap_or_default();
        let (host, date) = (&report.office.hostname, english_date(report.arrived));
        let fate = match report.kind {
            Kind::Failed => "could not be delivered to:",
            Kind::Late { .. } => "has not been delivered yet to:",
            Kind::Delivered => "has been delivered to:",
            Kind::Relayed => "has been handed on, on its way to:",
            Kind::Expanded => "has gone on to all those for whom this address stands:",
        };
        format!("Hello,\n\nThis is the mail server {host}. The letter you sent on {date}{named} {fate}")
    }

    fn what(cause: Cause, report: &Report, fate: &Fate) -> String {
        match cause {
            Cause::Told(Meaning::TooBig) => too_big(report, fate),
            Cause::Told(Meaning::Blocked) => blocked(fate),
            Cause::Told(Meaning::Greylisted) => format!(
                "The recipient's server put the letter off again and again for {}, as some servers do at first with \
                 senders whom they do not know. We have now stopped trying.",
                english_span(report.now.since(report.arrived))
            ),
            Cause::Overdue => {
                "The letter could not be delivered in the time that you had set for it, and was not tried \
                any further."
                    .into()
            }
            Cause::Told(meaning) => sentence(meaning.words().english),
            Cause::TimeRanOut => format!(
                "We tried for {}, but the recipient's server could not be reached or would not take the letter. \
                 We have now stopped trying.",
                english_span(report.now.since(report.arrived))
            ),
            Cause::DamagedHere => {
                "We had taken the letter, and then it was damaged on the disk of this mail server, so \
                that it can no longer be sent."
                    .into()
            }
            Cause::Other => "The recipient's server refused the letter.".into(),
        }
    }

    fn meaning(meaning: Meaning) -> String {
        sentence(meaning.words().english)
    }

    fn advice(cause: Cause, report: &Report, fate: &Fate) -> String {
        let host = &report.office.hostname;
        match cause {
            Cause::Told(Meaning::Blocked) => format!("{}{}", removal(fate), advice(Meaning::Blocked, host)),
            Cause::Told(meaning) => advice(meaning, host),
            Cause::Overdue => "Please send it again with more time, or without such a time.".into(),
            Cause::Other => show_the_answer(host),
            Cause::DamagedHere => format!(
                "Please send it again. The fault is ours, not the recipient's: the person in charge of {host} (the \
                 postmaster) should hear of it."
            ),
            Cause::TimeRanOut => "Please check the part after the @. If it is right, their server is probably out of \
                order: send the letter again later, or reach the person in another way."
                .into(),
        }
    }

    fn words_of(host: Option<&str>) -> String {
        match host {
            Some(host) if host.starts_with('/') => {
                "The answer of the program or folder that takes letters here:".into()
            }
            Some(host) => format!("The answer of the server {host}:"),
            None => "In detail:".into(),
        }
    }

    fn details(said: &str) -> String {
        said.to_owned()
    }

    fn arrived(kind: Kind) -> String {
        match kind {
            Kind::Relayed => {
                "The server that has the letter now writes no reports of delivery: you will hear no more of \
                it, unless it cannot be delivered."
                    .into()
            }
            Kind::Expanded => {
                "The address stands for several people. You will hear no more of them, unless the letter \
                cannot be delivered to one."
                    .into()
            }
            _ => "The letter lies in the mailbox. This does not say that somebody has read it.".into(),
        }
    }

    fn closing(report: &Report) -> String {
        match report.kind {
            Kind::Failed => {
                let these = if report.fates.len() == 1 { "this address" } else { "these addresses" };
                let attached = match report.original.bytes {
                    [] => "",
                    _ => " Your letter, or its beginning, is attached.",
                };
                format!("The letter will not be tried again for {these}.{attached}")
            }
            Kind::Delivered | Kind::Relayed | Kind::Expanded => {
                "You need not do anything: you, or your mail program, had asked for this report.".into()
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

/// Says how large the letter is and what is taken, as far as that is known.
fn too_big(report: &Report, fate: &Fate) -> String {
    let shown = |octets| {
        let (number, unit) = size(octets, ["bytes", "kB", "MB", "GB"]);
        format!("{number} {unit}")
    };
    let letter = shown(report.original.size);
    match list::limit(&fate.said) {
        Some(most) => {
            format!("The letter is too big: it has {letter}, and their server takes {} at most.", shown(most))
        }
        None => format!("The letter is too big for the recipient's server: it has {letter}."),
    }
}

/// Names the list, where the server has named it.
fn blocked(fate: &Fate) -> String {
    match list::named(&fate.said) {
        Some(list) => format!(
            "The recipient's server takes nothing from the mail server that sent the letter, because {list} lists it as \
             one that sends spam."
        ),
        None => sentence(Meaning::Blocked.words().english),
    }
}

/// Names the page on which the server says more, if it names one.
fn removal(fate: &Fate) -> String {
    list::page(&fate.said).map(|page| format!("It says more at {page} . ")).unwrap_or_default()
}

/// Says what the sender can do.
fn advice(meaning: Meaning, host: &str) -> String {
    match meaning {
        Meaning::NoSuchMailbox => "Please check the address for a typing mistake. If it is right, ask the person for \
            their present address in another way, for instance by telephone."
            .into(),
        Meaning::MailboxClosed | Meaning::DomainTakesNoMail => {
            "Please look for another address, or reach the person in another way.".into()
        }
        Meaning::MailboxFull => "Please send the letter again in a few days and, if you can, let the person know in \
            another way."
            .into(),
        Meaning::NoSuchDomain => "Please check the part after the @: there may be a typing mistake in it.".into(),
        Meaning::TooBig => {
            "Please send it again with fewer or smaller attachments, or send a link to the files instead.".into()
        }
        Meaning::Spam => format!(
            "This happens to honest letters too. Try again with other words, fewer links and no attachment, or reach \
             the person in another way. If it happens often, show this report to the person in charge of {host} (the \
             postmaster)."
        ),
        Meaning::Unproven => format!(
            "The recipient's server wants SPF, DKIM and DMARC to prove who sends. The person in charge of {host} (the \
             postmaster) can see to that: please show them this report, and reach the recipient in another way."
        ),
        Meaning::Blocked | Meaning::NamelessServer | Meaning::NotEncrypted => format!(
            "You cannot mend this yourself: please show this report to the person in charge of {host} (the \
             postmaster), and reach the recipient in another way."
        ),
        Meaning::Loop | Meaning::NotInCharge => "This is a mistake in the set-up of those servers, not yours. If you \
            can, tell the people there in another way."
            .into(),
        Meaning::CannotCarry => {
            "Please send it again as plain text, to and from addresses without accented letters.".into()
        }
        Meaning::NoRoomThere | Meaning::NotNow | Meaning::NoAnswer | Meaning::TooMuch | Meaning::Greylisted => {
            "Please send it again later, or reach the person in another way.".into()
        }
        _ => show_the_answer(host),
    }
}

fn show_the_answer(host: &str) -> String {
    format!(
        "Its answer below may say why. If it does not help you, show this report to the person in charge of {host} (the \
         postmaster)."
    )
}

pub fn english_date(at: Timestamp) -> String {
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

pub fn english_span(span: Duration) -> String {
    count(span, ["day", "hour", "minute"])
}
