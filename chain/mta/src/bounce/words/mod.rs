//! The words of a report to a person, in English and in French.

mod details;
mod english;
mod french;
mod page;

use std::time::Duration;

use mail::Timestamp;
use mail::foreign::Meaning;

use super::{Cause, Fate, Kind, Report};
use english::English;
use french::French;
use page::Page;

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

/// One language of the reports. `what`, `meaning` and `advice` are whole sentences.
trait Language {
    fn opening(report: &Report, subject: Option<&str>) -> String;
    fn what(cause: Cause, report: &Report, fate: &Fate) -> String;
    fn meaning(meaning: Meaning) -> String;
    fn advice(cause: Cause, report: &Report, fate: &Fate) -> String;
    /// The line before the words of a server, or before the details that this server found out.
    fn words_of(host: Option<&str>) -> String;
    /// The details that this server found out, as a sentence of this language.
    fn details(said: &str) -> String;
    /// The news of a letter that has arrived, or was handed on.
    fn arrived(kind: Kind) -> String;
    fn closing(report: &Report) -> String;
    fn signature(report: &Report) -> String;
}

fn in_language<L: Language>(page: &mut Page, report: &Report, subject: Option<&str>) {
    page.paragraph(0, &L::opening(report, subject));
    for fate in report.fates {
        page.line(&format!("  <{}>", fate.address));
        page.gap();
        match report.kind {
            Kind::Failed => {
                let cause = Cause::of(fate.status, &fate.said);
                page.paragraph(4, &L::what(cause, report, fate));
                page.paragraph(4, &L::advice(cause, report, fate));
            }
            Kind::Late { .. } => {
                if let Some(meaning) = Meaning::of(fate.status, &fate.said) {
                    page.paragraph(4, &L::meaning(meaning));
                }
            }
            kind => page.paragraph(4, &L::arrived(kind)),
        }
        if !fate.said.is_empty() {
            let is_foreign = fate.by.as_ref().is_some_and(|by| !by.starts_with('/'));
            page.wrapped(4, &L::words_of(fate.by.as_deref()));
            page.paragraph(6, &if is_foreign { fate.said.clone() } else { L::details(&fate.said) });
        }
    }
    page.paragraph(0, &L::closing(report));
    page.paragraph(0, &L::signature(report));
}

/// A clause as a sentence.
fn sentence(clause: &str) -> String {
    let mut characters = clause.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", characters.as_str())
}

/// A number of octets as people say it, with one figure behind the point where there is one before it: `1.5`, `25`, and
/// the place of the unit among `units`.
fn size(octets: u64, units: [&str; 4]) -> (String, &str) {
    let [bytes, kilo, mega, giga] = units;
    let (factor, unit) = match octets {
        0..1_000 => return (octets.to_string(), bytes),
        1_000..1_000_000 => (1_000, kilo),
        1_000_000..1_000_000_000 => (1_000_000, mega),
        _ => (1_000_000_000, giga),
    };
    let tenths = octets / (factor / 10);
    let number = if tenths < 100 { format!("{}.{}", tenths / 10, tenths % 10) } else { (tenths / 10).to_string() };
    (number, unit)
}

/// `24 November 2026 at 06:22 (UTC)`
fn date(at: Timestamp, months: &[&str; 12], at_word: &str) -> String {
    let text = at.rfc3339();
    let piece = |range| text.get(range).unwrap_or_default();
    let month = piece(5..7).parse::<usize>().ok().and_then(|month| months.get(month.wrapping_sub(1))).unwrap_or(&"");
    let day = piece(8..10).trim_start_matches('0');
    format!("{day} {month} {} {at_word} {} (UTC)", piece(0..4), piece(11..16))
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

#[cfg(test)]
mod tests {
    use super::english::{english_date, english_span};
    use super::french::{french_date, french_span};
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
