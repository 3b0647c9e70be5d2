//! Keeps submissions true: takes the steps of the trace and the statements of reports into their records, each time as
//! a change of the record, so that `/changes` is exact.

use std::collections::BTreeMap;
use std::time::Duration;

use mail::LetterId;
use mail::seam::AccountId;
use mail::trace::Event;
use mailbox::LetterKey;
use records::SubmissionId;
use records::submission::{self, SentLetter};
use store::{Key, Store, Tx, View};

use super::{fate, hear};
use crate::api::Object;

/// Events that happen within this time are taken in together.
const PAUSE: Duration = Duration::from_millis(100);
/// A round that failed is repeated after this time; a round also runs after this time if nothing happens.
const AGAIN: Duration = Duration::from_secs(60);
/// Rows of the trace that one round reads.
const ROWS: usize = 1000;

/// Makes the record of a submission, in the commit that takes charge of its letter.
pub fn begin(
    tx: &mut Tx,
    account: AccountId,
    (letter, message_id): (LetterId, Option<&str>),
    data: &Object,
) -> Result<SubmissionId, store::Error> {
    let since = first_of(tx)?;
    submission::begin(tx, account, SentLetter { letter, message_id, since }, data)
}

/// Steps of this very commit may stand in the trace already: they are looked at, too. They are no more rows than this.
fn first_of(view: &View) -> Result<i64, store::Error> {
    const ROWS_OF_A_COMMIT: i64 = 64;
    Ok((trace::last(view)? - ROWS_OF_A_COMMIT).max(0))
}

/// Follows letters until `shutdown` is done.
pub async fn follow(store: Store, shutdown: impl Future<Output = ()> + Send) {
    let work = async {
        // The watches begin before the reading, so that nothing falls between.
        let (mut steps, mut reports) = (store.watch(trace::TOPIC), store.watch(mailbox::report::TOPIC));
        let (mut seen, mut heard) = (None, LetterKey(0));
        loop {
            match round(&store, &mut seen, &mut heard).await {
                Ok(true) => continue,
                Ok(false) => {
                    let changed = async {
                        tokio::select! {
                            () = steps.changed() => {}
                            () = reports.changed() => {}
                        }
                    };
                    if tokio::time::timeout(AGAIN, changed).await.is_err() {
                        // Letters that could not be read before may be readable now.
                        heard = LetterKey(0);
                    }
                    tokio::time::sleep(PAUSE).await;
                    steps.take();
                    reports.take();
                }
                Err(error) => {
                    tracing::warn!(%error, "what becomes of letters will be looked at later");
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    };
    tokio::select! {
        () = shutdown => {}
        () = work => {}
    }
}

/// Reads the trace first: the target of our address must be known before a report names somebody there. Returns true if
/// there is more.
async fn round(store: &Store, seen: &mut Option<i64>, heard: &mut LetterKey) -> Result<bool, mailbox::Error> {
    if look(store, seen).await? {
        return Ok(true);
    }
    hear::look(store, heard).await
}

/// Reads a piece of the trace. Returns true if there is more of it. `seen` is the position that was reached.
async fn look(store: &Store, seen: &mut Option<i64>) -> Result<bool, store::Error> {
    let from = *seen;
    let followed = store
        .read(move |view| {
            // Without letters on their way there is nothing to look for.
            let Some(oldest) = submission::followed_from(view)? else {
                return Ok::<_, store::Error>(trace::Followed {
                    upto: trace::last(view)?,
                    ..trace::Followed::default()
                });
            };
            trace::follow(view, from.unwrap_or(oldest), ROWS, |letter| {
                Ok(submission::on_its_way(view, letter)?.is_some())
            })
        })
        .await?;
    let trace::Followed { steps, upto, more } = followed;
    if !steps.is_empty() {
        let mut letters: BTreeMap<LetterId, Vec<Event>> = BTreeMap::new();
        for (letter, events) in steps {
            letters.entry(letter).or_default().extend(events);
        }
        store
            .write(Key::Everything, move |tx| {
                letters.iter().try_for_each(|(letter, events)| take_in(tx, *letter, events, upto))
            })
            .await?;
    }
    *seen = Some(upto);
    Ok(more)
}

fn take_in(tx: &mut Tx, letter: LetterId, events: &[Event], upto: i64) -> Result<(), store::Error> {
    let Some((account, id)) = submission::on_its_way(tx, letter)? else { return Ok(()) };
    let Some(found) = submission::get(tx, account, id)? else { return submission::end(tx, id) };
    let mut data = found.data.clone();
    fate::learn(&mut data, events);
    if data != found.data {
        submission::update(tx, account, id, &data)?;
    }
    if fate::is_settled(&data) {
        return submission::end(tx, id);
    }
    submission::followed(tx, id, upto)
}
