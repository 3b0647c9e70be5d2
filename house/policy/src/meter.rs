//! The limits in memory, and how much of each is used: one small meter for each limit, so that the memory is bounded by the table.

use std::collections::HashMap;
use std::time::Duration;

use mail::Reply;
use mail::allowance::Sender;
use mail::pace::Moment;

use crate::Subject;
use crate::limit::{Amounts, Entry};
use crate::subjects::Subjects;

/// A rate counts over this time.
const HOUR: Duration = Duration::from_secs(3600);

/// All limits.
#[derive(Debug, Default)]
pub(crate) struct Meters {
    limits: Subjects<Amounts>,
    /// When the letters, and the recipients, that were counted under a limit will be forgotten.
    used: HashMap<Subject, [Moment; 2]>,
}

impl Meters {
    /// Takes over new limits; what was counted under those that stay is kept.
    pub fn replace(&mut self, entries: Vec<Entry>) {
        let mut limits = Subjects::default();
        entries.into_iter().for_each(|entry| limits.add(entry.subject, entry.amounts));
        self.used.retain(|subject, _| limits.contains(subject));
        self.limits = limits;
    }

    /// Returns the refusal of one more letter to `recipients`, if a limit forbids it.
    pub fn refusal(&self, sender: Sender<'_>, recipients: usize, size: Option<u64>, now: Moment) -> Option<Reply> {
        if self.limits.is_empty() {
            return None;
        }
        self.limits.fitting(sender).into_iter().find_map(|(subject, amounts)| {
            let used = self.used.get(subject).copied().unwrap_or_default();
            let Amounts { letters, recipients: to, size: largest } = *amounts;
            let large = largest.filter(|largest| size.is_some_and(|size| size > *largest));
            large
                .map(|largest| too_large(subject, largest))
                .or_else(|| {
                    letters
                        .and_then(|most| Some((most, wait(used[0], most, 1, now)?)))
                        .map(|found| too_many_letters(subject, found))
                })
                .or_else(|| {
                    to.and_then(|most| Some((most, wait(used[1], most, recipients, now)?)))
                        .map(|found| too_many_recipients(subject, found))
                })
        })
    }

    /// Counts a letter to so many recipients.
    pub fn count(&mut self, sender: Sender<'_>, recipients: usize, now: Moment) {
        for (subject, amounts) in self.limits.fitting(sender) {
            let [letters, to] = self.used.entry(subject.clone()).or_default();
            for (used, most, count) in [(letters, amounts.letters, 1), (to, amounts.recipients, recipients)] {
                if let Some(most) = most {
                    *used = (*used).max(now).after(taken(most, count));
                }
            }
        }
    }
}

/// The time that `count` events take of the hour in which `most` may happen.
fn taken(most: u32, count: usize) -> Duration {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    if most == 0 { HOUR.saturating_mul(count) } else { (HOUR / most).saturating_mul(count) }
}

/// Returns how long to wait until `count` more events fit; `None` if they fit now.
fn wait(used: Moment, most: u32, count: usize, now: Moment) -> Option<Duration> {
    if most == 0 {
        return Some(HOUR);
    }
    let end = used.max(now).after(taken(most, count));
    Some(end.since(now).saturating_sub(HOUR)).filter(|wait| !wait.is_zero())
}

fn minutes(wait: Duration) -> u64 {
    wait.as_secs().div_ceil(60).max(1)
}

fn too_large(subject: &Subject, most: u64) -> Reply {
    Reply::new(552, (5, 3, 4), format!("the administrator takes letters of {most} bytes at most from {subject}"))
}

fn too_many_letters(subject: &Subject, (most, wait): (u32, Duration)) -> Reply {
    let minutes = minutes(wait);
    let text = format!("{subject} may send {most} letters an hour here; try again in {minutes} minutes");
    Reply::new(450, (4, 7, 1), text)
}

fn too_many_recipients(subject: &Subject, (most, wait): (u32, Duration)) -> Reply {
    let minutes = minutes(wait);
    let text = format!("{subject} may write to {most} recipients an hour here; try again in {minutes} minutes");
    Reply::new(452, (4, 5, 3), text)
}

#[cfg(test)]
mod tests {
    use mail::{Address, Timestamp};

    use super::*;

    const START: Moment = Moment(Duration::from_secs(10_000));

    fn meters(limits: &[(&str, Amounts)]) -> Meters {
        let mut meters = Meters::default();
        let entry = |(subject, amounts): &(&str, Amounts)| Entry {
            subject: subject.parse().unwrap(),
            amounts: *amounts,
            created: Timestamp(0),
        };
        meters.replace(limits.iter().map(entry).collect());
        meters
    }

    fn code(reply: Option<Reply>) -> u16 {
        reply.map_or(250, |reply| reply.code)
    }

    #[test]
    fn each_limit_that_fits_is_held_and_an_hour_later_there_is_room_again() {
        let alice = Address::parse("alice@alpha.test").unwrap();
        let sender = Sender { ip: Some([192, 0, 2, 1].into()), addresses: [Some(&alice), None] };
        let mut meters = meters(&[
            ("alpha.test", Amounts { letters: Some(3), ..Amounts::default() }),
            ("alice@alpha.test", Amounts { recipients: Some(10), ..Amounts::default() }),
            ("192.0.2.0/24", Amounts { size: Some(1000), ..Amounts::default() }),
        ]);
        assert_eq!(code(meters.refusal(sender, 10, Some(1000), START)), 250);
        assert_eq!(code(meters.refusal(sender, 11, None, START)), 452);
        assert_eq!(code(meters.refusal(sender, 1, Some(1001), START)), 552);
        (0..3).for_each(|_| meters.count(sender, 1, START));
        let refusal = meters.refusal(sender, 1, None, START).unwrap();
        assert_eq!(
            refusal.to_string(),
            "450 4.7.1 alpha.test may send 3 letters an hour here; try again in 20 minutes"
        );
        let bob = Address::parse("bob@beta.test").unwrap();
        let other = Sender { ip: None, addresses: [Some(&bob), None] };
        assert_eq!(code(meters.refusal(other, 1000, Some(1 << 30), START)), 250);
        assert_eq!(code(meters.refusal(sender, 1, None, START.after(Duration::from_secs(1200)))), 250);
    }

    #[test]
    fn what_was_counted_outlives_another_reading_of_the_table_and_nothing_else_does() {
        let eve = Address::parse("eve@evil.test").unwrap();
        let sender = Sender { ip: None, addresses: [Some(&eve), None] };
        let one = [("evil.test", Amounts { letters: Some(1), ..Amounts::default() })];
        let mut all = meters(&one);
        all.count(sender, 1, START);
        let again = |all: &mut Meters, limits: &[(&str, Amounts)]| {
            let entries = limits.iter().map(|(subject, amounts)| Entry {
                subject: subject.parse().unwrap(),
                amounts: *amounts,
                created: Timestamp(0),
            });
            all.replace(entries.collect());
        };
        again(&mut all, &one);
        assert_eq!(code(all.refusal(sender, 1, None, START)), 450);
        again(&mut all, &[]);
        assert!(all.used.is_empty());
        assert_eq!(code(all.refusal(sender, 1, None, START)), 250);
    }

    #[test]
    fn nothing_at_all_can_be_a_limit() {
        let eve = Address::parse("eve@evil.test").unwrap();
        let sender = Sender { ip: None, addresses: [None, Some(&eve)] };
        let none = meters(&[("evil.test", Amounts { letters: Some(0), ..Amounts::default() })]);
        assert_eq!(code(none.refusal(sender, 1, None, START)), 450);
    }
}
