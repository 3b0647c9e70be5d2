//! The part of a report that programs read: message/delivery-status (RFC 3464 §2).

use mail::OriginalRecipient;

use super::{Fate, Kind, Report};

/// The fields about the letter, then a block for each recipient.
pub fn part(report: &Report) -> String {
    let mut text = String::new();
    if let Some(id) = &report.wishes.envelope_id {
        // RFC 3464 §2.2.1: as the sender wrote it, without the encoding of SMTP.
        text.push_str(&format!("Original-Envelope-Id: {id}\r\n"));
    }
    text.push_str(&format!("Reporting-MTA: dns; {}\r\n", report.office.hostname));
    text.push_str(&format!("X-Facteur-Letter: {}\r\n", report.original.id));
    text.push_str(&format!("Arrival-Date: {}\r\n", report.arrived.rfc5322()));
    report.fates.iter().for_each(|fate| recipient(report, fate, &mut text));
    text
}

fn recipient(report: &Report, fate: &Fate, text: &mut String) {
    let action = match report.kind {
        Kind::Failed => "failed",
        Kind::Late { .. } => "delayed",
        Kind::Delivered => "delivered",
        Kind::Relayed => "relayed",
        Kind::Expanded => "expanded",
    };
    text.push_str("\r\n");
    if let Some(original) = &fate.original {
        text.push_str(&format!("Original-Recipient: {original}\r\n"));
    }
    text.push_str(&format!("Final-Recipient: {}\r\n", OriginalRecipient::of(&fate.address)));
    text.push_str(&format!("Action: {action}\r\nStatus: {}\r\n", fate.status));
    if fate.by.as_ref().is_some_and(|by| by.starts_with('/')) {
        // A program or a folder on this machine, whose name tells others nothing.
        text.push_str(&folded(&format!("Diagnostic-Code: x-unix; {}", ascii(&fate.said))));
    } else if let Some(host) = &fate.by {
        let name = host.split(' ').next().unwrap_or(host);
        text.push_str(&format!("Remote-MTA: dns; {name}\r\n"));
        text.push_str(&folded(&format!("Diagnostic-Code: smtp; {}", ascii(&fate.said))));
    } else {
        text.push_str(&folded(&format!("Diagnostic-Code: x-facteur; {}", ascii(&fate.said))));
    }
    text.push_str(&format!("Last-Attempt-Date: {}\r\n", report.now.rfc5322()));
    if let Kind::Late { until } = report.kind {
        text.push_str(&format!("Will-Retry-Until: {}\r\n", until.rfc5322()));
    }
}

fn ascii(text: &str) -> String {
    text.chars().map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' }).collect()
}

/// Folds at spaces (RFC 3464 §2.1.1 takes the folding of RFC 5322); a word longer than a line stays whole.
fn folded(field: &str) -> String {
    let mut out = String::new();
    let mut column = 0;
    for word in field.split(' ').filter(|word| !word.is_empty()) {
        if column > 0 && column + 1 + word.len() > 76 {
            out.push_str("\r\n   ");
            column = 3;
        }
        if column > 0 {
            out.push(' ');
        }
        out.push_str(word);
        column += 1 + word.len();
    }
    out.push_str("\r\n");
    out
}
