//! The answer to an invitation, as calendars read it (RFC 5546 §3.2.3, §3.4.3).

use calcard::common::PartialDateTime;
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarEntry, ICalendarMethod, ICalendarParameter,
    ICalendarParameterName, ICalendarParticipationStatus, ICalendarProperty,
};
use mail::Timestamp;
use serde::Deserialize;

use super::calendar::{email, is_entry, method, uid};
use super::guest::folded;
use super::told::{LONGEST, short};
use super::zone;

/// The most entries of one event that are answered: the repeating one, and those that differ from it.
const MOST: usize = 100;
/// The most octets of a line that is copied from the invitation.
const LONGEST_LINE: usize = 4 * LONGEST;
/// Lines that describe a time zone.
const LINES: usize = 200;

/// The answer of a guest.
#[derive(Debug, Deserialize)]
pub struct Wish {
    /// The event.
    pub uid: String,
    /// The address of the guest who answers.
    pub email: String,
    pub answer: Answer,
    /// The comment in their own words; may be empty.
    #[serde(default)]
    pub comment: String,
}

/// RFC 5545 §3.2.12.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    Accepted,
    Tentative,
    Declined,
}

impl From<Answer> for ICalendarParticipationStatus {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Accepted => Self::Accepted,
            Answer::Tentative => Self::Tentative,
            Answer::Declined => Self::Declined,
        }
    }
}

/// Writes the answer to the invitation in a file; `None` if it does not invite them to that event.
pub fn reply(file: &str, wish: &Wish, now: Timestamp) -> Option<String> {
    let invitation = ICalendar::parse(file).ok()?;
    if method(&invitation).as_deref() != Some("REQUEST") {
        return None;
    }
    let is_it = |part: &&ICalendarComponent| is_entry(part) && uid(part).as_deref() == Some(&wish.uid);
    let entries = invitation.components.iter().filter(is_it);
    let entries: Vec<_> = entries.filter_map(|part| answered(part, wish, now)).take(MOST).collect();
    if entries.is_empty() {
        return None;
    }
    let mut all = zones(&invitation, &entries);
    all.push((entries, Vec::new()));
    let mut text = String::new();
    put_together(all).write_to(&mut text).ok()?;
    Some(text)
}

/// Returns one entry of the answer: the lines that name the event, and of the participants only the one who answers.
fn answered(part: &ICalendarComponent, wish: &Wish, now: Timestamp) -> Option<ICalendarComponent> {
    let who = folded(&wish.email)?;
    let mut guests = part.properties(&ICalendarProperty::Attendee);
    let guest = guests.find(|guest| email(guest).and_then(|email| folded(&email)) == Some(who.clone()))?;
    let mut entry = ICalendarComponent::new(part.component_type.clone());
    let dated = [ICalendarParameterName::Tzid, ICalendarParameterName::Value, ICalendarParameterName::Range];
    let named = [ICalendarParameterName::Cn, ICalendarParameterName::SentBy];
    entry.entries.push(kept(part.property(&ICalendarProperty::Uid)?, &[])?);
    entry.add_dtstamp(PartialDateTime::from_utc_timestamp(now.0.div_euclid(1000)));
    for (name, parameters) in [
        (ICalendarProperty::Sequence, &[][..]),
        (ICalendarProperty::RecurrenceId, &dated),
        (ICalendarProperty::Dtstart, &dated),
        (ICalendarProperty::Dtend, &dated),
        (ICalendarProperty::Due, &dated),
        (ICalendarProperty::Summary, &[]),
        (ICalendarProperty::Organizer, &named),
    ] {
        entry.entries.extend(part.property(&name).and_then(|line| kept(line, parameters)));
    }
    let kinds = [ICalendarParameterName::Cn, ICalendarParameterName::Cutype, ICalendarParameterName::Role];
    let status = ICalendarParticipationStatus::from(wish.answer);
    entry.entries.push(kept(guest, &kinds)?.with_param(ICalendarParameter::partstat(status)));
    if let Some(comment) = short(&wish.comment) {
        entry.add_property(ICalendarProperty::Comment, comment.replace('\r', ""));
    }
    Some(entry)
}

/// Returns a line of the invitation with some of its parameters; `None` if it is too long.
fn kept(line: &ICalendarEntry, parameters: &[ICalendarParameterName]) -> Option<ICalendarEntry> {
    let params = line.params.iter().filter(|param| parameters.contains(&param.name)).cloned().map(quotable);
    let values = line.values.iter().take(1).cloned().collect();
    let line = ICalendarEntry { name: line.name.clone(), params: params.collect(), values };
    (line.size() <= LONGEST_LINE).then_some(line)
}

/// RFC 5545 §3.2: a parameter cannot contain a quotation mark.
fn quotable(param: ICalendarParameter) -> ICalendarParameter {
    match param.value.as_text() {
        Some(text) if text.contains('"') => ICalendarParameter::new(param.name, text.replace('"', "'")),
        _ => param,
    }
}

/// A component, with those inside it.
type Whole = (Vec<ICalendarComponent>, Vec<ICalendarComponent>);

/// Returns the time zones that the entries name (RFC 5545 §3.2.19), as the invitation describes them.
fn zones(invitation: &ICalendar, entries: &[ICalendarComponent]) -> Vec<Whole> {
    let is_named = |part: &&ICalendarComponent| {
        let named = |entry: &ICalendarEntry| entry.tz_id().is_some() && entry.tz_id() == zone::name(part);
        entries.iter().any(|component| component.entries.iter().any(named))
    };
    let whole = |part: &ICalendarComponent| {
        let inside = part.component_ids.iter().filter_map(|id| invitation.component_by_id(*id));
        let inside: Vec<_> = inside.filter(|part| part.component_ids.is_empty()).cloned().collect();
        let lines: usize = inside.iter().chain([part]).map(|part| part.entries.len()).sum();
        let bare = ICalendarComponent { component_ids: Vec::new(), ..part.clone() };
        (lines <= LINES).then_some((vec![bare], inside))
    };
    invitation.timezones().filter(is_named).filter_map(whole).take(MOST).collect()
}

fn put_together(all: Vec<Whole>) -> ICalendar {
    let mut calendar = ICalendarComponent::new(ICalendarComponentType::VCalendar);
    calendar.add_property(ICalendarProperty::Version, "2.0");
    calendar.add_property(ICalendarProperty::Prodid, "-//Facteur//Facteur//EN");
    calendar.add_property(ICalendarProperty::Method, ICalendarMethod::Reply);
    let mut components = vec![calendar];
    for (outer, inside) in all {
        for mut component in outer {
            let at = components.len();
            component.component_ids = (at + 1..).zip(&inside).filter_map(|(id, _)| u32::try_from(id).ok()).collect();
            components.push(component);
            components.extend(inside.iter().cloned());
            let id = u32::try_from(at).unwrap_or_default();
            if let Some(calendar) = components.first_mut() {
                calendar.component_ids.push(id);
            }
        }
    }
    ICalendar { components }
}

#[cfg(test)]
mod tests;
