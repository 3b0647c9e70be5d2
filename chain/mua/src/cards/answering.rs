//! Finds the people who may answer an invitation, and the address they answer as (RFC 5546 §3.2.3).

use std::collections::HashSet;

use directory::{Destination, Resolution, resolve};
use mail::Address;
use mail::seam::Login;
use store::View;

use super::calendar::Entry;
use super::guest::{Answering, Why, folded};

/// The most addresses of one letter that are looked up.
const LOOKED_UP: usize = 300;

/// Returns the addresses that may be the reader's, in the form in which they are looked up: each once.
pub fn candidates(entries: &[Entry]) -> Vec<String> {
    let mut seen = HashSet::new();
    let invites = entries.iter().filter(|entry| entry.asks());
    let people = invites.flat_map(|entry| {
        let organizer = entry.organizer.iter().filter_map(|party| party.email.as_deref());
        organizer.chain(entry.everybody.iter().map(|guest| guest.email.as_str()))
    });
    people.filter_map(folded).filter(|email| seen.insert(email.clone())).collect()
}

/// Returns the reader's own addresses among the candidates: their main address, and those that lead to nobody else. A
/// list to which they belong has an answer of its own to give.
pub fn own(view: &View, reader: &Login, candidates: &[String]) -> Result<HashSet<String>, directory::Error> {
    let main = reader.address.to_string().to_lowercase();
    let mut own: HashSet<String> = candidates.iter().filter(|email| **email == main).cloned().collect();
    for email in candidates.iter().filter(|email| **email != main).take(LOOKED_UP) {
        let Ok(address) = Address::parse(email) else { continue };
        if let Resolution::Ours(places) = resolve(view, None, &address)?
            && let [Destination::Local { account, .. }] = places[..]
            && account == reader.account
        {
            own.insert(email.clone());
        }
    }
    Ok(own)
}

/// Decides for each event, at the first of its entries that invites the reader, who can answer it.
pub fn decide(entries: &mut [Entry], own: &HashSet<String>) {
    let mut names: Vec<Option<String>> = Vec::new();
    for at in 0..entries.len() {
        let Some(entry) = entries.get(at).filter(|entry| entry.asks()) else { continue };
        let name = entry.uid.clone();
        if names.contains(&name) {
            continue;
        }
        names.push(name.clone());
        let of_event = |entry: &Entry| entry.asks() && entry.uid == name;
        let answers = |entry: &Entry| answering(entry, own, names.len());
        let first = entries.iter().position(|entry| of_event(entry) && matches!(answers(entry), Answering::As { .. }));
        let first = first.unwrap_or(at);
        if let Some(entry) = entries.get_mut(first) {
            entry.answering = Some(answering(entry, own, names.len()));
        }
    }
}

fn answering(entry: &Entry, own: &HashSet<String>, number: usize) -> Answering {
    let is_own = |email: &str| folded(email).is_some_and(|email| own.contains(&email));
    let organizer = entry.organizer.as_ref().and_then(|party| party.email.as_deref());
    let Some(organizer) = organizer.filter(|email| folded(email).is_some()) else {
        return Answering::Not(Why::NoOrganizer);
    };
    if is_own(organizer) {
        return Answering::Not(Why::Organizer);
    }
    let mut own_guests = entry.everybody.iter().filter(|guest| is_own(&guest.email));
    match (own_guests.next(), &entry.uid) {
        (None, _) => Answering::Not(Why::NotInvited),
        (Some(_), None) => Answering::Not(Why::NoName),
        (Some(guest), Some(_)) if guest.is_asked => Answering::As { email: guest.email.clone(), number },
        (Some(_), Some(_)) => Answering::Not(Why::NotAsked),
    }
}
