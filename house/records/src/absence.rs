//! The absence of a person: from when to when they are away, and what those who write to them then read (RFC 8621 §8).

use mail::Timestamp;
use mail::seam::AccountId;
use serde::{Deserialize, Serialize};
use store::{Tx, View};

use crate::record::{self, Kind};

/// An absence. Its times are as their author wrote them, which is a date-time of RFC 3339 in UTC.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Absence {
    /// True if anything is answered at all.
    pub is_enabled: bool,
    /// From when; none: from now.
    pub from_date: Option<String>,
    /// Until when; none: until it is taken back.
    pub to_date: Option<String>,
    /// The subject of the answer; none: whoever answers chooses one.
    pub subject: Option<String>,
    /// The answer in plain text.
    pub text_body: Option<String>,
    /// The answer in HTML.
    pub html_body: Option<String>,
}

impl Absence {
    /// Returns true if the person is away at this time. Nobody is whose times cannot be read.
    pub fn covers(&self, now: Timestamp) -> bool {
        let time = |text: &Option<String>, open: i64| match text {
            Some(text) => Timestamp::parse_rfc3339(text),
            None => Some(Timestamp(open)),
        };
        let times = time(&self.from_date, i64::MIN).zip(time(&self.to_date, i64::MAX));
        self.is_enabled && times.is_some_and(|(from, to)| from.0 <= now.0 && now.0 < to.0)
    }
}

/// The absence of a person; the empty one where they never said anything.
pub fn get(view: &View, account: AccountId) -> Result<Absence, store::Error> {
    Ok(record::first(view, account, Kind::Vacation)?.map(|found| found.data).unwrap_or_default())
}

/// Writes the absence of a person.
pub fn set(tx: &mut Tx, account: AccountId, absence: &Absence) -> Result<(), store::Error> {
    record::put(tx, account, Kind::Vacation, absence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absence_covers_the_time_from_its_first_moment_to_before_its_last() {
        let at = |text: &str| Timestamp::parse_rfc3339(text).unwrap();
        let text = |text: &str| Some(text.to_owned());
        let (from, to) = ("2026-12-24T00:00:00Z", "2027-01-02T00:00:00Z");
        let away = Absence { is_enabled: true, from_date: text(from), to_date: text(to), ..Absence::default() };
        assert!(away.covers(at(from)) && away.covers(at("2027-01-01T23:59:59Z")));
        assert!(!away.covers(at("2026-12-23T23:59:59Z")) && !away.covers(at(to)));
        assert!(!Absence { is_enabled: false, ..away.clone() }.covers(at(from)));
        let open = Absence { is_enabled: true, ..Absence::default() };
        assert!(open.covers(at(from)) && open.covers(Timestamp(0)));
        let damaged = Absence { to_date: text("some day"), ..open };
        assert!(!damaged.covers(at(from)));
    }
}
