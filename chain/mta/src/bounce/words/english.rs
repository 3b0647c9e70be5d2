//! The reports in English.

use std::time::Duration;

use mail::Timestamp;

use super::{Language, count, date};
use crate::bounce::{Cause, Fate, Kind, Report};

/// English.
pub struct English;

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
            Cause::DamagedHere => {
                "We had taken the letter, and then it was damaged on the disk of this mail server, so \
                that it can no longer be sent."
                    .into()
            }
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
            Cause::DamagedHere => format!(
                "Please send it again. The fault is ours, not the recipient's: the person in charge of {host} (the \
                 postmaster) should hear of it."
            ),
            Cause::TimeRanOut => "Please check the part after the @. If it is right, their server is probably out of \
                order: send the letter again later, or reach the person in another way."
                .into(),
        })
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
