//! The task behind the deliveries: fills the full-text index, clears away deleted letters, keeps checkpoints, forgets
//! old tombstones, and reads letters of earlier versions anew. Nothing waits for it, and it goes on after a restart
//! where it stopped.

mod anew;
mod housekeeping;
pub(crate) mod said;

use std::time::Duration;

use mail::seam::AccountId;
use store::{BlobId, Document, Key, Store, View, params};
use tokio::time::Instant;

use self::said::Said;
use crate::account::WORK;
use crate::search::fields;
use crate::{Access, Error, FolderId, LetterKey, Structure, Summary, acquaintance, body};

/// Text of a letter that is indexed, in octets. A letter with more is looked at itself by searches for text.
const TEXT: usize = 8 << 20;
/// Letters indexed at once, and the octets of text that close a batch early.
const BATCH: usize = 64;
const BATCH_OCTETS: usize = 4 << 20;
/// Words that are looked at at once for whether any letter has them.
const WORDS: usize = 500;
/// After a notice the task waits for more letters to come.
const PAUSE: Duration = Duration::from_millis(100);
/// Deliveries come first: while letters come in, the task rests so many times as long as it worked.
const REST: u32 = 4;
/// After a fault, and between looks when nothing is announced.
const LATER: Duration = Duration::from_secs(30);

/// Works until `shutdown` is done. It can be stopped at any point.
pub async fn run(store: Store, shutdown: impl Future<Output = ()> + Send) {
    let mut watch = store.watch(WORK);
    let work = async {
        loop {
            let start = Instant::now();
            match round(&store).await {
                Ok(true) if watch.take() => tokio::time::sleep(start.elapsed() * REST).await,
                Ok(true) => {}
                Ok(false) => {
                    let _ = tokio::time::timeout(LATER, watch.changed()).await;
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error) => {
                    tracing::warn!(%error, "the background task of the mailboxes will try again");
                    tokio::time::sleep(LATER).await;
                }
            }
        }
    };
    tokio::select! {
        () = shutdown => {}
        () = work => {}
    }
}

/// Does all there is to do now, for tests and the command line.
pub async fn catch_up(store: &Store) -> Result<(), Error> {
    while round(store).await? {}
    Ok(())
}

/// Keeps a checkpoint of a folder's UIDs now, if many changes came since the last one; true when it did.
pub async fn checkpoint_if_stale(store: &Store, access: Access, folder: FolderId) -> Result<bool, Error> {
    housekeeping::checkpoint_if_stale(store, access, folder).await
}

/// One step of each kind of work; true when there is more.
async fn round(store: &Store) -> Result<bool, Error> {
    let indexed = index(store).await?;
    // After the letters were added, not before: a letter that went in between is then among those to remove.
    let removed = remove(store).await?;
    let tidied = store.search().tidy(WORDS).await?;
    let kept = housekeeping::round(store).await?;
    if indexed || removed || tidied || kept {
        return Ok(true);
    }
    // Last of all: nobody waits for it.
    Ok(acquaintance::round(store).await? || anew::round(store).await?)
}

/// Letters that are in the index already have other words now.
async fn again(store: &Store, letters: Vec<LetterKey>) -> Result<(), Error> {
    let reached = store.search().reached().await?;
    for letter in letters.into_iter().filter(|letter| letter.0 <= reached) {
        let found = store.read(move |view| words_of(view, letter)).await?;
        let search = store.clone();
        if let Some(document) = found {
            let put = tokio::task::spawn_blocking(move || search.search().put_blocking(vec![document])).await;
            put.map_err(|why| store::Error::Panicked(why.to_string()))??;
        }
    }
    Ok(())
}

/// Returns the words of a letter for the index; `None` when the letter has gone.
pub(crate) fn words_of(view: &View, letter: LetterKey) -> Result<Option<Document>, Error> {
    let sql = "SELECT account, blob, summary, structure FROM letter WHERE letter = $1";
    let found = view.query_opt(sql, params![letter.0], |row| {
        let summary = Summary::decode(row.bytes(2)?).unwrap_or_default();
        let structure = Structure::decode(row.bytes(3)?).unwrap_or_default();
        Ok((AccountId(row.get(0)?), row.get(1)?, summary, structure))
    })?;
    let Some((account, blob, summary, structure)) = found else { return Ok(None) };
    whole_document(view, letter, account, blob, &summary, &structure).map(Some)
}

/// Letters ready for the index.
struct Batch {
    documents: Vec<Document>,
    reached: i64,
    more: bool,
}

/// Adds the next letters to the index.
async fn index(store: &Store) -> Result<bool, Error> {
    let search = store.search();
    let after = search.reached().await?;
    let batch = match store.read(move |view| batch(view, after, BATCH)).await {
        Err(Error::Store(store::Error::Panicked(why))) => one_by_one(store, after, &why).await?,
        batch => batch?,
    };
    if batch.reached > after {
        search.add(batch.documents, batch.reached).await?;
    }
    Ok(batch.more)
}

/// A letter of the batch is more than our readers of text can bear: it is passed over, so that it does not keep all
/// that come after it out of the index.
async fn one_by_one(store: &Store, after: i64, why: &str) -> Result<Batch, Error> {
    match store.read(move |view| batch(view, after, 1)).await {
        Err(Error::Store(store::Error::Panicked(_))) => {}
        batch => return batch,
    }
    let next = move |view: &View| {
        let sql = "SELECT MIN(letter) FROM letter WHERE letter > $1 AND letter <= $2";
        Ok::<_, Error>(view.query_one(sql, params![after, view.settled("letter")?], |row| row.get::<Option<i64>>(0))?)
    };
    let letter = store.read(next).await?;
    let letter = letter.unwrap_or(after);
    tracing::error!(letter, why, "this letter cannot be indexed; please report it with the letter");
    Ok(Batch { documents: Vec::new(), reached: letter, more: true })
}

/// Letters that have left the house leave the index.
async fn remove(store: &Store) -> Result<bool, Error> {
    let gone = store
        .read(|view| {
            let sql = "SELECT letter FROM gone ORDER BY letter LIMIT 500";
            Ok::<_, Error>(view.query(sql, params![], |row| row.get::<i64>(0))?)
        })
        .await?;
    if gone.is_empty() {
        return Ok(false);
    }
    store.search().remove(gone.clone()).await?;
    store
        .write(Key::Everything, move |tx| {
            for letter in &gone {
                tx.execute("DELETE FROM gone WHERE letter = $1", params![letter])?;
            }
            Ok::<_, Error>(())
        })
        .await?;
    Ok(true)
}

struct Kept {
    letter: LetterKey,
    account: AccountId,
    blob: BlobId,
    summary: Summary,
    structure: Structure,
}

/// The next letters above one, as far as none can turn up between them any more: what is reached is not looked at
/// again.
fn batch(view: &View, after: i64, most: usize) -> Result<Batch, Error> {
    let letters = view.query(
        "SELECT letter, account, blob, summary, structure FROM letter WHERE letter > $1 AND letter <= $2
         ORDER BY letter LIMIT $3",
        params![after, view.settled("letter")?, most],
        |row| {
            Ok(Kept {
                letter: LetterKey(row.get(0)?),
                account: AccountId(row.get(1)?),
                blob: row.get(2)?,
                summary: Summary::decode(row.bytes(3)?).unwrap_or_default(),
                structure: Structure::decode(row.bytes(4)?).unwrap_or_default(),
            })
        },
    )?;
    let full = letters.len() == most;
    let mut batch = Batch { documents: Vec::new(), reached: after, more: full };
    let mut octets = 0;
    for kept in letters {
        let Kept { letter, account, blob, summary, structure } = kept;
        let document = whole_document(view, letter, account, blob, &summary, &structure)?;
        octets += document.texts.iter().map(|(_, text)| text.len()).sum::<usize>();
        octets += document.values.iter().map(|(_, form)| form.plain.len()).sum::<usize>();
        batch.documents.push(document);
        batch.reached = letter.0;
        if octets > BATCH_OCTETS {
            batch.more = true;
            break;
        }
    }
    Ok(batch)
}

/// All that the index is to have of a letter.
pub(crate) fn whole_document(
    view: &View,
    letter: LetterKey,
    account: AccountId,
    blob: BlobId,
    summary: &Summary,
    structure: &Structure,
) -> Result<Document, Error> {
    let header = match body::header(view, blob, structure) {
        // A damaged letter has no header any more; the pieces that are kept of it are found.
        Err(Error::Store(error)) if is_damage(&error) => bytes::Bytes::new(),
        header => header?,
    };
    let fields::Values { values, partial } = fields::Values::of(summary, &header);
    let document = Said::read(view, blob, summary, structure, TEXT)?.document(letter.0, account.0);
    Ok(Document { values, partial, ..document })
}

/// Returns true if a body is lost or damaged, and will not be read another time either.
pub(crate) fn is_damage(error: &store::Error) -> bool {
    error.is_permanent() || matches!(error, store::Error::Corrupt(_))
}
