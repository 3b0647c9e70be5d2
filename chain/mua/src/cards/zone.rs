//! Finds the moment of a time on a wall (RFC 5545 §3.3.5, §3.6.5).

use std::collections::HashMap;

use calcard::common::PartialDateTime;
use calcard::common::timezone::Tz;
use calcard::icalendar::timezone::TzResolver;
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarFrequency, ICalendarProperty,
    ICalendarRecurrenceRule, ICalendarValue, ICalendarWeekday,
};
use chrono::{Datelike, MappedLocalTime, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Weekday};

/// The most changes of the clock of one time zone that are read.
const MOST: usize = 64;
/// Pieces of a name that are taken away from its beginning.
const SLASHES: usize = 4;
/// No clock is put forward by more, unless a whole day was left out.
const LARGEST_GAP: TimeDelta = TimeDelta::hours(3);

/// The time zones that a calendar names: well-known ones are found by their names, others by their rules in the
/// calendar.
pub struct Zones<'c> {
    known: TzResolver<&'c str>,
    written: HashMap<&'c str, Vec<Observance<'c>>>,
}

impl<'c> Zones<'c> {
    /// Collects the zones of this calendar.
    pub fn of(calendar: &'c ICalendar) -> Self {
        let written = calendar.timezones().filter_map(|zone| Some((name(zone)?, observances(calendar, zone))));
        Self { known: calendar.build_tz_resolver(), written: written.collect() }
    }

    /// Returns seconds since 1970; `None` if nothing is known of the zone.
    pub fn moment(&self, wall: NaiveDateTime, zone: &str) -> Option<i64> {
        match self.place(zone) {
            Some(place) => instant(place, wall),
            None => Some(wall.and_utc().timestamp() - offset(self.written.get(zone)?, wall)?),
        }
    }

    /// Returns a well-known zone. Some programs write the keeper of the list before it:
    /// `/freeassociation.sourceforge.net/Europe/Paris`.
    fn place(&self, zone: &str) -> Option<Tz> {
        let known = |name: &str| self.known.resolve(name).filter(|place| !place.is_floating());
        let mut tails = zone.match_indices('/').take(SLASHES).filter_map(|(at, _)| zone.get(at + 1..));
        known(zone).or_else(|| tails.find_map(known))
    }
}

/// Returns the name of a zone in the calendar.
pub fn name(zone: &ICalendarComponent) -> Option<&str> {
    zone.property(&ICalendarProperty::Tzid)?.values.first()?.as_text()
}

fn instant(place: Tz, wall: NaiveDateTime) -> Option<i64> {
    // RFC 5545 §3.3.5: of two equal times the first is meant, and a skipped time counts by the clock before the change.
    match place.from_local_datetime(&wall) {
        MappedLocalTime::Single(at) | MappedLocalTime::Ambiguous(at, _) => Some(at.timestamp()),
        MappedLocalTime::None => {
            let before = place.from_local_datetime(&wall.checked_sub_signed(LARGEST_GAP)?).earliest()?;
            Some(before.timestamp() + LARGEST_GAP.num_seconds())
        }
    }
}

/// A change of the clock (RFC 5545 §3.6.5: STANDARD or DAYLIGHT).
struct Observance<'c> {
    /// The first change, and further listed ones; never empty.
    begins: Vec<NaiveDateTime>,
    rule: Option<&'c ICalendarRecurrenceRule>,
    /// Seconds ahead of UTC before, and from then on.
    before: i64,
    after: i64,
}

fn observances<'c>(calendar: &'c ICalendar, zone: &ICalendarComponent) -> Vec<Observance<'c>> {
    let parts = zone.component_ids.iter().filter_map(|id| calendar.component_by_id(*id));
    let is_change = |part: &&ICalendarComponent| {
        matches!(part.component_type, ICalendarComponentType::Standard | ICalendarComponentType::Daylight)
    };
    parts.filter(is_change).take(MOST).filter_map(Observance::read).collect()
}

impl<'c> Observance<'c> {
    fn read(part: &'c ICalendarComponent) -> Option<Self> {
        let values = |property| part.properties(property).flat_map(|entry| &entry.values);
        let dates = values(&ICalendarProperty::Dtstart).take(1).chain(values(&ICalendarProperty::Rdate).take(MOST));
        let begins: Vec<_> =
            dates.filter_map(|value| Some(value.as_partial_date_time()?.to_date_time()?.date_time)).collect();
        let seconds = |property| values(property).next().and_then(ICalendarValue::as_partial_date_time).and_then(ahead);
        let after = seconds(&ICalendarProperty::Tzoffsetto)?;
        let before = seconds(&ICalendarProperty::Tzoffsetfrom).unwrap_or(after);
        let rule = values(&ICalendarProperty::Rrule).find_map(|value| match value {
            ICalendarValue::RecurrenceRule(rule) if rule.freq == ICalendarFrequency::Yearly => Some(&**rule),
            _ => None,
        });
        (!begins.is_empty()).then_some(Self { begins, rule, before, after })
    }

    /// Returns the last change of this kind that is not after `wall`.
    fn last(&self, wall: NaiveDateTime) -> Option<NaiveDateTime> {
        let first = *self.begins.iter().min()?;
        let until = self.rule.and_then(|rule| rule.until.as_ref()?.to_date_time()).map(|until| until.date_time);
        let yearly = self.rule.into_iter().flat_map(|rule| {
            [wall.year(), wall.year() - 1].into_iter().filter_map(move |year| yearly(rule, first, year))
        });
        // The end is in UTC, and a margin keeps the last one from being left out for being hours behind.
        let is_over = |at: &NaiveDateTime| until.is_some_and(|until| *at > until + TimeDelta::days(1));
        let yearly = yearly.filter(|at| *at >= first && !is_over(at));
        self.begins.iter().copied().chain(yearly).filter(|at| *at <= wall).max()
    }
}

/// Returns the seconds ahead of UTC at that time, by the last change.
fn offset(observances: &[Observance<'_>], wall: NaiveDateTime) -> Option<i64> {
    let last = observances.iter().filter_map(|one| Some((one.last(wall)?, one.after))).max();
    let before = || observances.iter().min_by_key(|one| one.begins.iter().min()).map(|one| one.before);
    last.map(|(_, after)| after).or_else(before)
}

fn ahead(offset: &PartialDateTime) -> Option<i64> {
    let seconds = i64::from(offset.tz_hour?) * 3600 + i64::from(offset.tz_minute.unwrap_or(0)) * 60;
    Some(if offset.tz_minus { -seconds } else { seconds })
}

/// Returns "the last Sunday of March" in a year, at the time of day of the first change.
fn yearly(rule: &ICalendarRecurrenceRule, first: NaiveDateTime, year: i32) -> Option<NaiveDateTime> {
    let month = rule.bymonth.first().map_or(first.month(), |month| u32::from(month.month()));
    let days = (1..=31).filter_map(|day| NaiveDate::from_ymd_opt(year, month, day));
    let length = i32::try_from(days.clone().count()).unwrap_or(31);
    let fits = |day: &NaiveDate| {
        let number = i32::try_from(day.day()).unwrap_or(1);
        let of_month = |wanted: &i8| i32::from(*wanted) == number || i32::from(*wanted) == number - length - 1;
        let of_week = |wanted: &calcard::icalendar::ICalendarDay| {
            let which = i32::from(wanted.ordwk.unwrap_or(0));
            let is_which = which == 0 || which == (number - 1) / 7 + 1 || -which == (length - number) / 7 + 1;
            weekday(wanted.weekday) == day.weekday() && is_which
        };
        let named = !rule.bymonthday.is_empty() || !rule.byday.is_empty();
        (rule.bymonthday.is_empty() || rule.bymonthday.iter().any(of_month))
            && (rule.byday.is_empty() || rule.byday.iter().any(of_week))
            && (named || day.day() == first.day())
    };
    let mut days = days;
    Some(days.find(fits)?.and_time(first.time()))
}

fn weekday(day: ICalendarWeekday) -> Weekday {
    match day {
        ICalendarWeekday::Monday => Weekday::Mon,
        ICalendarWeekday::Tuesday => Weekday::Tue,
        ICalendarWeekday::Wednesday => Weekday::Wed,
        ICalendarWeekday::Thursday => Weekday::Thu,
        ICalendarWeekday::Friday => Weekday::Fri,
        ICalendarWeekday::Saturday => Weekday::Sat,
        ICalendarWeekday::Sunday => Weekday::Sun,
    }
}
