//! `facteur domain dns`: the records that a domain needs for its letters to come and to be taken, and what the world sees of
//! each.

use mail::Domain;
use serde::Serialize;
use store::Store;

use super::check::{self, Seen};
use super::needs::{self, Needs};
use super::record::{Data, Record};
use super::{key, must_sign};
use crate::context::Context;
use crate::failure::Failure;
use crate::language::say;
use crate::table::{self, Table};
use crate::{server, terminal, threads};

/// No cell of the table is wider: a key is long.
const WIDEST: usize = 48;

/// Prints the records; the keys that are missing are made first.
pub fn run(domain: &Domain, with_check: bool, json: bool, context: &Context<'_>) -> Result<(), Failure> {
    let store = context.store()?;
    must_sign(&store, domain, context)?;
    key::complete(&store, domain)?;
    let mut needs = needs(&store, domain, context)?;
    let seen = match with_check {
        true => {
            let resolver = server::resolver(context.config())?;
            threads::unless_stopped(check::look(&mut needs.records, &*resolver))?.into_iter().map(Some).collect()
        }
        false => vec![None; needs.records.len()],
    };
    terminal::print(&if json { as_json(domain, &needs, &seen) } else { as_zone(&needs, &seen) });
    match seen.iter().flatten().filter(|seen| **seen != Seen::Right).count() {
        0 => Ok(()),
        wrong => Err(Failure::new(say!(
            "records that are not right yet: {wrong} (others may still see an old one for some hours)",
            "enregistrements qui ne sont pas encore bons : {wrong} (d'autres peuvent encore en voir un ancien quelques heures)"
        ))),
    }
}

/// Returns the text behind `facteur domain add`.
pub fn told_at_first(store: &Store, domain: &Domain, context: &Context<'_>) -> Result<String, Failure> {
    let needs = needs(store, domain, context)?;
    let seen = vec![None; needs.records.len()];
    let text = say!(
        "letters for {domain} are taken from now on; for the world to send them here, and to take yours, DNS needs these records (facteur domain dns {domain} prints them again, with the keys that come next):\n\n",
        "les lettres pour {domain} sont prises désormais ; pour que le monde les envoie ici, et prenne les vôtres, il faut ces enregistrements dans le DNS (facteur domain dns {domain} les affiche à nouveau, avec les clés qui suivront) :\n\n"
    );
    Ok(text + &as_zone(&needs, &seen))
}

fn needs(store: &Store, domain: &Domain, context: &Context<'_>) -> Result<Needs, Failure> {
    let keys = key::list(store, domain)?;
    Ok(needs::of(domain, context.config(), &needs::public_addresses(), &keys))
}

/// The whole is a zone file: what is for people stands behind semicolons.
fn as_zone(needs: &Needs, seen: &[Option<Seen>]) -> String {
    let comment = |text: String| text.lines().map(|line| format!("; {line}").trim_end().to_owned() + "\n").collect();
    let table: String = comment(as_table(&needs.records, seen));
    let notes: String = needs.notes.iter().map(|note| comment(note.clone())).collect::<Vec<String>>().join(";\n");
    let between = if notes.is_empty() { "\n" } else { ";\n" };
    let end = if notes.is_empty() { "" } else { "\n" };
    let lines: String = needs.records.iter().map(Record::zone_line).collect();
    format!("{table}{between}{notes}{end}{lines}")
}

fn as_table(records: &[Record], seen: &[Option<Seen>]) -> String {
    let titles = [
        say!("record", "enregistrement"),
        say!("kind", "sorte"),
        say!("says", "dit"),
        if seen.iter().any(Option::is_some) { say!("now", "en ce moment") } else { String::new() },
    ];
    let mut table = Table::new(titles);
    for (record, seen) in records.iter().zip(seen) {
        let now = seen.as_ref().map(|seen| cut(&seen.in_words())).unwrap_or_default();
        table.row([record.shown_name(), record.data.kind().to_owned(), record.purpose.in_words(), now]);
    }
    table.show()
}

fn cut(text: &str) -> String {
    let short: String = text.chars().take(WIDEST).collect();
    if short.len() < text.len() { short + "…" } else { short }
}

/// A record as scripts see it.
#[derive(Serialize)]
struct Listed<'a> {
    name: &'a str,
    kind: &'static str,
    value: String,
    /// As it stands in a zone file; empty for one that stands in somebody else's zone.
    #[serde(skip_serializing_if = "String::is_empty")]
    line: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seen: Option<&'a str>,
}

#[derive(Serialize)]
struct All<'a> {
    domain: String,
    records: Vec<Listed<'a>>,
    notes: &'a [String],
}

fn as_json(domain: &Domain, needs: &Needs, seen: &[Option<Seen>]) -> String {
    let records = needs.records.iter().zip(seen).map(|(record, seen)| Listed {
        name: &record.name,
        kind: record.data.kind(),
        value: record.data.value(),
        line: if matches!(record.data, Data::Pointer { .. }) { String::new() } else { record.zone_line() },
        state: seen.as_ref().map(Seen::name),
        seen: seen.as_ref().and_then(Seen::found),
    });
    let (domain, records) = (domain.to_string(), records.collect());
    table::json(&All { domain, records, notes: &needs.notes })
}
