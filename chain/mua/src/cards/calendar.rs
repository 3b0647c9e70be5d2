//! Invitations and other entries of calendars (RFC 5545, RFC 5546, RFC 6047).

use calcard::common::PartialDateTime;
use calcard::icalendar::timezone::TzResolver;
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarDay, ICalendarEntry, ICalendarFrequency,
    ICalendarParameterName, ICalendarProperty, ICalendarRecurrenceRule, ICalendarValue, ICalendarWeekday,
};
use serde::Serialize;

use super::{Cards, MOST, short};

/// People of one entry that are told.
const PEOPLE: usize = 200;

/// An event or a task.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// What its sender wants: `REQUEST`, `CANCEL`, `REPLY`, … (RFC 5546 §1.4).
    pub method: Option<String>,
    /// `CANCELLED`, `TENTATIVE`, …
    pub status: Option<String>,
    pub is_task: bool,
    pub uid: Option<String>,
    pub summary: Option<String>,
    pub description: Option<String>,
    pub location: Option<String>,
    pub start: Option<When>,
    /// For a day: the first one after it.
    pub end: Option<When>,
    /// Which one of those that repeat it speaks of.
    pub of: Option<When>,
    pub organizer: Option<Party>,
    pub attendees: Vec<Party>,
    pub repeats: Option<Repeats>,
}

/// A moment, as exactly as it was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum When {
    /// Seconds since 1970.
    At(i64),
    /// A day, wherever one is: `2026-12-01`.
    Day(String),
    /// The time on the wall of the place, which is not known here, with what the writer calls it: `2026-12-01T14:00`.
    Wall(String, Option<String>),
}

/// Somebody who takes part.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Party {
    pub name: Option<String>,
    pub email: Option<String>,
    /// `ACCEPTED`, `DECLINED`, … (RFC 5545 §3.2.12).
    pub answer: Option<String>,
}

/// How it repeats (RFC 5545 §3.3.10), as far as it is told in words.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Repeats {
    /// `daily`, `weekly`, `monthly`, `yearly`; more often: `often`.
    pub every: &'static str,
    pub interval: u16,
    /// Days of the week, Monday 1, with which of the month: 0 all, -1 the last.
    pub days: Vec<(i16, u8)>,
    pub count: Option<u32>,
    pub until: Option<When>,
}

/// Adds what a file says.
pub fn read(text: &str, cards: &mut Cards) {
    let Ok(calendar) = ICalendar::parse(text) else {
        cards.has_more = true;
        return;
    };
    let zones = calendar.build_tz_resolver();
    let method = calendar.components.iter().find_map(|part| word(part, &ICalendarProperty::Method));
    for part in &calendar.components {
        let is_task = part.component_type == ICalendarComponentType::VTodo;
        if !is_task && part.component_type != ICalendarComponentType::VEvent {
            continue;
        }
        let entry = entry(part, is_task, method.clone(), &zones);
        // Invitations come twice: as a form of the text, and as a file.
        let is_there = |known: &Entry| {
            known.uid.is_some() && (&known.uid, &known.of, &known.start) == (&entry.uid, &entry.of, &entry.start)
        };
        match cards.entries.len() < MOST {
            true if cards.entries.iter().any(is_there) => {}
            true => cards.entries.push(entry),
            false => {
                cards.has_more = true;
                return;
            }
        }
    }
}

fn entry(part: &ICalendarComponent, is_task: bool, method: Option<String>, zones: &TzResolver<&str>) -> Entry {
    let moment = |property: &ICalendarProperty| part.property(property).and_then(|entry| when(entry, zones));
    let start = moment(&ICalendarProperty::Dtstart);
    let end = moment(if is_task { &ICalendarProperty::Due } else { &ICalendarProperty::Dtend });
    Entry {
        method,
        status: word(part, &ICalendarProperty::Status),
        is_task,
        uid: word(part, &ICalendarProperty::Uid),
        summary: word(part, &ICalendarProperty::Summary),
        description: word(part, &ICalendarProperty::Description),
        location: word(part, &ICalendarProperty::Location),
        end: end.or_else(|| later(start.as_ref()?, part.property(&ICalendarProperty::Duration)?)),
        start,
        of: moment(&ICalendarProperty::RecurrenceId),
        organizer: part.property(&ICalendarProperty::Organizer).map(party),
        attendees: part.properties(&ICalendarProperty::Attendee).take(PEOPLE).map(party).collect(),
        repeats: part.property(&ICalendarProperty::Rrule).and_then(|entry| match entry.values.first() {
            Some(ICalendarValue::RecurrenceRule(rule)) => Some(repeats(rule, zones, entry)),
            _ => None,
        }),
    }
}

fn word(part: &ICalendarComponent, property: &ICalendarProperty) -> Option<String> {
    short(part.property(property)?.values.first()?.as_text()?)
}

fn party(entry: &ICalendarEntry) -> Party {
    let parameter = |name| entry.parameter(name).and_then(|value| short(value.as_text()?));
    Party {
        name: parameter(&ICalendarParameterName::Cn),
        email: entry.calendar_address().and_then(short),
        answer: parameter(&ICalendarParameterName::Partstat),
    }
}

fn when(entry: &ICalendarEntry, zones: &TzResolver<&str>) -> Option<When> {
    moment(entry.values.first()?.as_partial_date_time()?, entry.tz_id(), zones)
}

fn moment(date: &PartialDateTime, zone: Option<&str>, zones: &TzResolver<&str>) -> Option<When> {
    let day = format!("{:04}-{:02}-{:02}", date.year?, date.month?, date.day?);
    let (Some(hour), Some(minute)) = (date.hour, date.minute) else { return Some(When::Day(day)) };
    let place = zone.and_then(|zone| zones.resolve(zone)).filter(|place| !place.is_floating());
    let known = match (date.tz_hour, place) {
        (Some(_), place) => date.to_date_time_with_tz(place.unwrap_or_default()),
        (None, Some(place)) => date.to_date_time_with_tz(place),
        (None, None) => None,
    };
    let wall = || When::Wall(format!("{day}T{hour:02}:{minute:02}"), zone.and_then(short));
    Some(known.map_or_else(wall, |known| When::At(known.timestamp())))
}

/// A moment so much later.
fn later(start: &When, duration: &ICalendarEntry) -> Option<When> {
    let (When::At(start), Some(ICalendarValue::Duration(duration))) = (start, duration.values.first()) else {
        return None;
    };
    let days = i64::from(duration.weeks) * 7 + i64::from(duration.days);
    let seconds = (days * 24 + i64::from(duration.hours)) * 3600;
    let seconds = seconds + i64::from(duration.minutes) * 60 + i64::from(duration.seconds);
    (!duration.neg).then(|| When::At(start.saturating_add(seconds)))
}

fn repeats(rule: &ICalendarRecurrenceRule, zones: &TzResolver<&str>, entry: &ICalendarEntry) -> Repeats {
    Repeats {
        every: match rule.freq {
            ICalendarFrequency::Yearly => "yearly",
            ICalendarFrequency::Monthly => "monthly",
            ICalendarFrequency::Weekly => "weekly",
            ICalendarFrequency::Daily => "daily",
            _ => "often",
        },
        interval: rule.interval.unwrap_or(1).max(1),
        days: rule.byday.iter().take(14).map(day).collect(),
        count: rule.count,
        until: rule.until.as_ref().and_then(|until| moment(until, entry.tz_id(), zones)),
    }
}

fn day(day: &ICalendarDay) -> (i16, u8) {
    let number = match day.weekday {
        ICalendarWeekday::Monday => 1,
        ICalendarWeekday::Tuesday => 2,
        ICalendarWeekday::Wednesday => 3,
        ICalendarWeekday::Thursday => 4,
        ICalendarWeekday::Friday => 5,
        ICalendarWeekday::Saturday => 6,
        ICalendarWeekday::Sunday => 7,
    };
    (day.ordwk.unwrap_or(0), number)
}
