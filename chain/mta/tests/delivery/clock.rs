//! Clocks that were wrong, and hours that count.

use std::time::Duration;

use mail::Timestamp;
use mta::queue::{self, Ran};

use crate::support::office::{Office, beta, now};
use crate::support::server::{Server, say};
use crate::support::until;

const BOB: &str = "bob@beta.test";
const YEARS: Duration = Duration::from_secs(3 * 365 * 86_400);
const MONTH: i64 = 30 * 86_400_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_years_ahead_keeps_no_letter_waiting() {
    let server = Server::start(|_| None).await;
    let folder = tempfile::tempdir().unwrap();
    let mut office = Office::open(folder.path(), beta(), server.port());
    let ahead = now().after(YEARS);
    office.queue_at(&[BOB], ahead).await;
    office.change("UPDATE queue_domain SET next_try = $1, failures = 3", ahead.0).await;
    office.change("UPDATE queue_recipient SET next_try = $1", ahead.0).await;
    // It came in when the clock was right again.
    office.queue(&["carol@beta.test"]).await;
    office.start();
    until("both have left", || office.is_empty()).await;
    assert_eq!(server.taken().iter().map(|letter| letter.rcpt.len()).sum::<usize>(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_back_while_we_run_keeps_no_domain_waiting() {
    let server = Server::start(|_| None).await;
    let folder = tempfile::tempdir().unwrap();
    let mut office = Office::open(folder.path(), beta(), server.port());
    office.start();
    office.queue(&["first@beta.test"]).await;
    until("the first has left", || office.is_empty()).await;
    office.queue(&[BOB]).await;
    office.change("UPDATE queue_domain SET next_try = $1, failures = 3", now().after(YEARS).0).await;
    office.queue(&["carol@beta.test"]).await;
    until("all have left", || office.is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_came_by_a_clock_a_month_behind_is_not_given_up() {
    let server =
        Server::start(|turn| if turn.said.starts_with("RCPT") { say("451 4.3.0 not now") } else { None }).await;
    let folder = tempfile::tempdir().unwrap();
    let mut office = Office::open(folder.path(), beta(), server.port());
    office.means.schedule.warn_after = Some(Duration::from_secs(4 * 3600));
    let behind = Timestamp(now().0 - MONTH);
    let id = office.queue_at(&[BOB], behind).await;
    office.start();
    let tries = || office.read(move |view| queue::show(view, id))[0].letter.recipients[0].attempts;
    until("it was tried a few times", || tries() >= 5).await;
    assert_eq!(office.counts().waiting, 1);
    assert_eq!(office.filed(), [], "neither given up nor called late");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_is_given_up_by_the_hours_that_the_office_was_running_and_only_after_tries() {
    let folder = tempfile::tempdir().unwrap();
    let mut office = Office::open(folder.path(), beta(), 1);
    office.queue(&[BOB]).await;
    // The office has been running for long enough, and it was never tried.
    let lifetime = Ran(0).after(office.means.schedule.lifetime);
    office.change("UPDATE queue_running SET ran = $1", lifetime.0).await;
    office.start();
    until("the report is filed", || office.filed().len() == 1).await;
    assert!(office.filed()[0].1.contains("We have now stopped"));
    office.stop().await;
    let ran = office.read(queue::ran);
    assert!(ran > lifetime, "it goes on counting: {ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_from_before_the_hours_were_counted_get_theirs() {
    let folder = tempfile::tempdir().unwrap();
    let mut office = Office::open(folder.path(), beta(), 1);
    office.means.schedule.first = Duration::from_secs(1000);
    office.queue(&[BOB]).await;
    office.change("UPDATE queue_letter SET give_up = NULL, warn = NULL, warn_at = $1", now().0 + 50).await;
    office.means.schedule.warn_after = Some(Duration::from_secs(3600));
    office.start();
    until("it is called late", || office.filed().len() == 1).await;
    assert!(office.filed()[0].1.contains("Will-Retry-Until: "));
    assert_eq!(office.counts().waiting, 1);
}
