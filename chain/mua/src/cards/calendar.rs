//! Invitations and other entries of calendars (RFC 5545, RFC 5546, RFC 6047).

use calcard::common::PartialDateTime;
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarDay, ICalendarDuration, ICalendarEntry,
    ICalendarFrequency, ICalendarParameterName, ICalendarProperty, ICalendarRecurrenceRule, ICalendarValue,
    ICalendarWeekday,
};
use chrono::{NaiveDate, TimeDelta};
use serde::Serialize;

use super::guest::{Answering, Guest, folded};
use super::told::{Cards, LONGEST, MOST, short};
use super::zone::Zones;

/// The most people of one entry that are shown.
const PEOPLE: usize = 200;
/// The most left-out days that are shown.
const EXCEPTIONS: usize = 12;

/// An event or a task.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The wish of its sender: `REQUEST`, `CANCEL`, `REPLY`, … (RFC 5546 §1.4).
    pub method: Option<String>,
    /// `CANCELLED`, `TENTATIVE`, …
    pub status: Option<String>,
    pub is_task: bool,
    /// The number of times that it was changed since it was first sent (RFC 5545 §3.8.7.4).
    pub sequence: i64,
    /// `None` if it is too long to be kept whole.
    pub uid: Option<String>,
    pub summary: Option<String>,
    pub description: Option<String>,
    pub location: Option<String>,
    pub start: Option<When>,
    /// For an event of whole days: the first day after it.
    pub end: Option<When>,
    /// The repetition that the entry speaks of, if it is about one only.
    pub of: Option<When>,
    pub organizer: Option<Party>,
    /// The first attendees.
    pub attendees: Vec<Party>,
    /// The number of attendees.
    pub guests: usize,
    /// The comment in an answer (RFC 5545 §3.8.1.4).
    pub comment: Option<String>,
    pub repeats: Option<Repeats>,
    /// The repetitions that do not take place; the first ones.
    pub except: Vec<When>,
    /// The answering person, if the reader can answer; `None` if nothing is asked, or if another entry of the same
    /// event says it.
    pub answering: Option<Answering>,
    /// All who are invited.
    #[serde(skip)]
    pub everybody: Vec<Guest>,
}

impl Entry {
    /// Returns true if it wants an answer of the invited people.
    pub fn asks(&self) -> bool {
        let word =
            |text: &Option<String>, word: &str| text.as_ref().is_some_and(|text| text.eq_ignore_ascii_case(word));
        word(&self.method, "REQUEST") && !word(&self.status, "CANCELLED")
    }
}

/// A moment, with the precision of the calendar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum When {
    /// Seconds since 1970.
    At(i64),
    /// A day, in any time zone: `2026-12-01`.
    Day(String),
    /// The local time of an unknown place, with the writer's name for the zone: `2026-12-01T14:00`.
    Wall(String, Option<String>),
}

/// A person who takes part.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Party {
    pub name: Option<String>,
    pub email: Option<String>,
    /// `ACCEPTED`, `DECLINED`, … (RFC 5545 §3.2.12).
    pub answer: Option<String>,
}

/// The repetition of an entry (RFC 5545 §3.3.10), as far as words tell it.
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

/// Adds the contents of a file.
pub fn read(text: &str, cards: &mut Cards) {
    let Ok(calendar) = ICalendar::parse(text) else {
        cards.has_more = true;
        return;
    };
    let zones = Zones::of(&calendar);
    let method = method(&calendar);
    for part in calendar.components.iter().filter(|part| is_entry(part)) {
        let is_task = part.component_type == ICalendarComponentType::VTodo;
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

/// Returns the wish of the sender (RFC 5546 §1.4).
pub fn method(calendar: &ICalendar) -> Option<String> {
    calendar.components.iter().find_map(|part| word(part, &ICalendarProperty::Method)).map(|word| word.to_uppercase())
}

/// Returns true for an event or a task.
pub fn is_entry(part: &ICalendarComponent) -> bool {
    matches!(part.component_type, ICalendarComponentType::VEvent | ICalendarComponentType::VTodo)
}

/// Returns its name, unless it has none, or one that is too long.
pub fn uid(part: &ICalendarComponent) -> Option<String> {
    let uid = part.property(&ICalendarProperty::Uid)?.values.first()?.as_text()?;
    (uid.len() <= LONGEST && !uid.trim().is_empty()).then(|| uid.to_owned())
}

/// Returns the address at which letters reach somebody: their own address, or the one beside it (RFC 7986 §6.2) if
/// theirs is no mail address.
pub fn email(entry: &ICalendarEntry) -> Option<String> {
    let beside = || entry.parameter(&ICalendarParameterName::Email).and_then(|value| short(value.as_text()?));
    let own = entry.calendar_address().and_then(short);
    own.clone().filter(|own| folded(own).is_some()).or_else(beside).or(own)
}

fn entry(part: &ICalendarComponent, is_task: bool, method: Option<String>, zones: &Zones<'_>) -> Entry {
    let moment = |property: &ICalendarProperty| part.property(property).and_then(|entry| when(entry, zones));
    let start = moment(&ICalendarProperty::Dtstart);
    let end = moment(if is_task { &ICalendarProperty::Due } else { &ICalendarProperty::Dtend });
    let sequence = part.property(&ICalendarProperty::Sequence).and_then(|entry| entry.values.first()?.as_integer());
    let everybody: Vec<Guest> = part.properties(&ICalendarProperty::Attendee).filter_map(guest).collect();
    Entry {
        method,
        status: word(part, &ICalendarProperty::Status),
        is_task,
        sequence: sequence.unwrap_or(0),
        uid: uid(part),
        summary: word(part, &ICalendarProperty::Summary),
        description: word(part, &ICalendarProperty::Description),
        location: word(part, &ICalendarProperty::Location),
        end: end.or_else(|| later(start.as_ref()?, part.property(&ICalendarProperty::Duration)?)),
        start,
        of: moment(&ICalendarProperty::RecurrenceId),
        organizer: part.property(&ICalendarProperty::Organizer).map(party),
        attendees: part.properties(&ICalendarProperty::Attendee).take(PEOPLE).map(party).collect(),
        guests: everybody.len(),
        comment: word(part, &ICalendarProperty::Comment),
        repeats: part.property(&ICalendarProperty::Rrule).and_then(|entry| match entry.values.first() {
            Some(ICalendarValue::RecurrenceRule(rule)) => Some(repeats(rule, zones, entry)),
            _ => None,
        }),
        except: exceptions(part, zones),
        answering: None,
        everybody,
    }
}

/// Returns the days on which it does not take place (RFC 5545 §3.8.5.1).
fn exceptions(part: &ICalendarComponent, zones: &Zones<'_>) -> Vec<When> {
    let entries = part.properties(&ICalendarProperty::Exdate);
    let dates = entries.flat_map(|entry| entry.values.iter().map(move |value| (value, entry.tz_id())));
    dates.filter_map(|(value, zone)| moment(value.as_partial_date_time()?, zone, zones)).take(EXCEPTIONS).collect()
}

/// RFC 5545 §3.2.16, §3.2.17: a person who is only informed takes no part, and one who is marked as not asked has
/// nothing to answer.
fn guest(entry: &ICalendarEntry) -> Option<Guest> {
    let says = |name, word: &str| {
        let value = entry.parameter(&name).and_then(|value| value.as_text());
        value.is_some_and(|value| value.eq_ignore_ascii_case(word))
    };
    let is_asked =
        !says(ICalendarParameterName::Rsvp, "FALSE") && !says(ICalendarParameterName::Role, "NON-PARTICIPANT");
    Some(Guest { email: email(entry)?, is_asked })
}

fn word(part: &ICalendarComponent, property: &ICalendarProperty) -> Option<String> {
    short(part.property(property)?.values.first()?.as_text()?)
}

fn party(entry: &ICalendarEntry) -> Party {
    let parameter = |name| entry.parameter(name).and_then(|value| short(value.as_text()?));
    Party {
        name: parameter(&ICalendarParameterName::Cn),
        email: email(entry),
        answer: parameter(&ICalendarParameterName::Partstat),
    }
}

fn when(entry: &ICalendarEntry, zones: &Zones<'_>) -> Option<When> {
    moment(entry.values.first()?.as_partial_date_time()?, entry.tz_id(), zones)
}

/// Reads a date; one that no calendar has counts as none.
fn moment(date: &PartialDateTime, zone: Option<&str>, zones: &Zones<'_>) -> Option<When> {
    // A minute may have 61 seconds; nobody has to be on time for the last one.
    let read = PartialDateTime { second: date.second.map(|second| second.min(59)), ..date.clone() }.to_date_time()?;
    let (day, time) = (read.date_time.date(), read.date_time.time());
    if date.hour.is_none() || date.minute.is_none() {
        return Some(When::Day(day.to_string()));
    }
    let known = match read.offset {
        Some(offset) => Some(read.date_time.and_utc().timestamp() - i64::from(offset.local_minus_utc())),
        None => zone.and_then(|zone| zones.moment(read.date_time, zone)),
    };
    let wall = || When::Wall(format!("{day}T{}", &time.to_string()[..5]), zone.and_then(short));
    Some(known.map_or_else(wall, When::At))
}

/// Returns a moment so much later.
fn later(start: &When, duration: &ICalendarEntry) -> Option<When> {
    let Some(ICalendarValue::Duration(duration)) = duration.values.first() else { return None };
    let seconds = seconds(duration)?;
    match start {
        When::At(start) => Some(When::At(start.saturating_add(seconds))),
        When::Day(day) => {
            let day: NaiveDate = day.parse().ok()?;
            Some(When::Day(day.checked_add_signed(TimeDelta::try_days(seconds / DAY)?)?.to_string()))
        }
        When::Wall(..) => None,
    }
}

const DAY: i64 = 86_400;

fn seconds(duration: &ICalendarDuration) -> Option<i64> {
    let days = i64::from(duration.weeks) * 7 + i64::from(duration.days);
    let seconds = (days * 24 + i64::from(duration.hours)) * 3600;
    (!duration.neg).then(|| seconds + i64::from(duration.minutes) * 60 + i64::from(duration.seconds))
}

fn repeats(rule: &ICalendarRecurrenceRule, zones: &Zones<'_>, entry: &ICalendarEntry) -> Repeats {
    Repeats {
        every: match rule.freq {
            ICalendarFrequency::Yearly => "yearly",
            ICalendarFrequency::Monthly => "monthly",
            ICalendarFrequency::Weekly => "weekly",
            ICalendarFrequency::Daily => "daily",
            _ => "often",
        },
        interval: rule.interval.unwrap_or(1).max(1),
        days: days(rule),
        count: rule.count,
        until: rule.until.as_ref().and_then(|until| moment(until, entry.tz_id(), zones)),
    }
}

/// Returns the days of the week, if they alone select the dates: "the last working day" and "Friday the 13th" need more
/// than days of the week.
fn days(rule: &ICalendarRecurrenceRule) -> Vec<(i16, u8)> {
    let days = rule.byday.iter().take(14).map(day).collect::<Vec<_>>();
    match (&days[..], &rule.bysetpos[..]) {
        _ if !rule.bymonthday.is_empty() => Vec::new(),
        (_, []) => days,
        ([(0, day)], [which]) => i16::try_from(*which).map(|which| vec![(which, *day)]).unwrap_or_default(),
        _ => Vec::new(),
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
