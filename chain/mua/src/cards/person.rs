//! Visiting cards (RFC 6350, and vCard 2.1 and 3.0 before it).

use calcard::vcard::{VCard, VCardEntry, VCardProperty, VCardValue};
use calcard::{Entry, Parser};
use serde::Serialize;

use super::told::{Cards, MOST, short};

/// The most values of one property of a card that are shown.
const EACH: usize = 20;

/// The contents of a card about a person or an organisation.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    pub name: Option<String>,
    pub organisation: Option<String>,
    pub title: Option<String>,
    pub emails: Vec<String>,
    pub phones: Vec<String>,
    pub addresses: Vec<String>,
    pub urls: Vec<String>,
}

/// Adds the contents of a file, which may contain several cards.
pub fn read(text: &str, cards: &mut Cards) {
    let mut parser = Parser::new(text);
    loop {
        match parser.entry() {
            Entry::VCard(_) if cards.people.len() >= MOST => {
                cards.has_more = true;
                return;
            }
            Entry::VCard(card) => cards.people.extend(person(&card)),
            Entry::Eof => return,
            Entry::ICalendar(_) => {}
            _ => cards.has_more = true,
        }
    }
}

/// Returns `None` for a card without anything that is shown.
fn person(card: &VCard) -> Option<Person> {
    let all = |property| card.properties(property).filter_map(|entry| words(entry, ", ")).take(EACH).collect();
    let one = |property, between| card.property(property).and_then(|entry| words(entry, between));
    let addresses: Vec<String> = all(&VCardProperty::Email);
    let person = Person {
        name: one(&VCardProperty::Fn, " ").or_else(|| card.property(&VCardProperty::N).and_then(name)),
        organisation: one(&VCardProperty::Org, ", "),
        title: one(&VCardProperty::Title, ", "),
        emails: addresses.into_iter().map(|address| bare(&address, "mailto:")).collect(),
        phones: all(&VCardProperty::Tel).into_iter().map(|number| bare(&number, "tel:")).collect(),
        addresses: all(&VCardProperty::Adr),
        urls: all(&VCardProperty::Url),
    };
    let says = person.name.is_some() || person.organisation.is_some() || !person.emails.is_empty();
    (says || !person.phones.is_empty()).then_some(person)
}

/// Returns the text of an entry, its pieces in order.
fn words(entry: &VCardEntry, between: &str) -> Option<String> {
    let pieces: Vec<String> = entry.values.iter().flat_map(pieces).collect();
    short(&pieces.join(between))
}

fn pieces(value: &VCardValue) -> Vec<String> {
    match value {
        VCardValue::Component(pieces) => pieces.iter().filter_map(|piece| short(piece)).collect(),
        value => value.as_text().and_then(short).into_iter().collect(),
    }
}

/// Writes `family;given;middle;before;after` as a person says it (RFC 6350 §6.2.2).
fn name(entry: &VCardEntry) -> Option<String> {
    let pieces: Vec<Option<String>> = entry.values.iter().map(|value| short(&pieces(value).join(" "))).collect();
    let said = [3, 1, 2, 0, 4].into_iter().filter_map(|at| pieces.get(at).cloned().flatten());
    short(&said.collect::<Vec<_>>().join(" "))
}

fn bare(address: &str, scheme: &str) -> String {
    let has_scheme = address.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    if has_scheme { address[scheme.len()..].to_owned() } else { address.to_owned() }
}
