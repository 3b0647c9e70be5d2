//! All files of a letter as one zip, made while it goes out: a piece of a file is in memory at one time, packed off the
//! async threads, and the next is read when the reader has taken it.

mod names;

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::{Stream, stream};
use http::{Line, Peer};
use mail::Timestamp;
use mail::seam::AccountId;
use mail::trace::{Link, Observation};
use mailbox::{Access, LetterKey};
use store::{Asker, Store, View};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::attached::{self, Attached, Reading};
use crate::reader::Reader;
use crate::remote::Turns;
use crate::{Server, answer, letter};
use names::Names;

/// The most files in one zip.
const MOST: usize = 1000;
/// The effort to make files small: most are as small as they can be.
const LEVEL: i64 = 1;

/// Serves `/letter/{letter}/files.zip?{part}={name}&…`: the parts that the pages list, under the names that they show.
/// A name is made harmless as those in letters are.
pub async fn files(
    State(server): State<Server>,
    Reader(login): Reader,
    peer: Option<Extension<Peer>>,
    line: Line,
    Path(letter): Path<String>,
    Query(wanted): Query<Vec<(String, String)>>,
) -> Response {
    // A part's id names its letter, too: a letter inside another has no id of its own.
    let key = letter::key(&letter).or_else(|| Attached::read(&letter).map(|part| part.key));
    let Some(key) = key else { return answer::missing() };
    let parts = match listed(key, &wanted) {
        Ok(parts) => parts,
        Err(why) => return answer::plain(StatusCode::BAD_REQUEST, why),
    };
    let (account, access) = (login.account, Access::own(login.account));
    let opened = server.store.read_for(access.asker(), move |view| open(view, access, key, parts)).await;
    let (files, received) = match opened {
        Ok(Some(opened)) => opened,
        Ok(None) => return answer::missing(),
        Err(error) => return answer::unreadable(&error),
    };
    server.witness.saw(Observation::Read { account, keys: vec![key.0], door: Link::Jmap, at: (server.clock)() });
    let packing = Packing::new(server.store.clone(), server.work.clone(), account, files, received);
    let body = Body::from_stream(pieces(packing));
    let body = line.body_while(letter::stay(&server, &login, peer.as_ref()), body);
    let mut response = answer::with(StatusCode::OK, "application/zip", body);
    let headers = response.headers_mut();
    // The header gives no name: the pages give one in their language.
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    response
}

/// A part, and its name in the zip.
type Named<T> = (T, String);

/// Returns the requested parts, each once, all of one letter.
fn listed(key: LetterKey, wanted: &[(String, String)]) -> Result<Vec<Named<Attached>>, &'static str> {
    if wanted.is_empty() || wanted.len() > MOST {
        return Err("ask for 1 to 1000 parts of the letter");
    }
    let (mut names, mut parts) = (Names::default(), Vec::<Named<Attached>>::new());
    for (id, name) in wanted {
        let part = Attached::read(id).filter(|part| part.key == key).ok_or("that is no part of this letter")?;
        if !parts.iter().any(|(known, _)| *known == part) {
            parts.push((part, names.give(name)));
        }
    }
    Ok(parts)
}

type Opened = (Vec<Named<Reading>>, Timestamp);

fn open(
    view: &View,
    access: Access,
    key: LetterKey,
    parts: Vec<Named<Attached>>,
) -> Result<Option<Opened>, mailbox::Error> {
    let Some((row, blob)) = attached::letter(view, access, key)? else { return Ok(None) };
    // The blob is proved before anything is promised.
    view.prove_blob(blob, 0..row.size)?;
    let open = |(part, name): Named<Attached>| part.open(blob, row.size).map(|reading| (reading, name));
    Ok(parts.into_iter().map(open).collect::<Option<Vec<_>>>().map(|files| (files, row.received)))
}

/// A zip that is being made.
struct Packing {
    store: Store,
    work: Arc<Turns>,
    account: AccountId,
    /// The files, the last one first.
    files: Vec<Named<Reading>>,
    current: Option<Reading>,
    /// The zip; `None` once it has its end.
    zip: Option<ZipWriter<StreamWriter<Ready>>>,
    ready: Ready,
    options: SimpleFileOptions,
}

/// The octets that the zip has written and nobody has taken.
#[derive(Clone, Default)]
struct Ready(Arc<Mutex<Vec<u8>>>);

impl Ready {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Ready {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The reason why a zip ends early.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("{0}")]
    Mailbox(#[from] mailbox::Error),
    #[error("{0}")]
    Zip(#[from] zip::result::ZipError),
    #[error("{0}")]
    Write(#[from] std::io::Error),
    #[error("{0}")]
    Task(#[from] tokio::task::JoinError),
    #[error("others are at work for too long")]
    Busy,
}

impl Packing {
    fn new(
        store: Store,
        work: Arc<Turns>,
        account: AccountId,
        mut files: Vec<Named<Reading>>,
        received: Timestamp,
    ) -> Self {
        files.reverse();
        let ready = Ready::default();
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        let options = options.compression_level(Some(LEVEL)).unix_permissions(0o644);
        let options = options.last_modified_time(date(received).unwrap_or_default());
        let zip = Some(ZipWriter::new_stream(ready.clone()));
        Self { store, work, account, files, current: None, zip, ready, options }
    }

    /// Returns the next octets of the zip; `None` behind its end.
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, Broken> {
        loop {
            if self.zip.is_none() {
                return Ok(None);
            }
            let piece = match self.current.take() {
                None => None,
                Some(mut reading) => {
                    let read = move |view: &View| Ok::<_, mailbox::Error>((reading.next(view)?, reading));
                    let (piece, reading) = self.store.read_for(Asker(self.account.0), read).await?;
                    self.current = piece.is_some().then_some(reading);
                    piece
                }
            };
            let _turn = self.work.take(self.account).await.ok_or(Broken::Busy)?;
            self = tokio::task::spawn_blocking(move || self.pack(piece)).await??;
            let ready = self.ready.take();
            if !ready.is_empty() {
                return Ok(Some((ready.into(), self)));
            }
        }
    }

    /// Packs a piece of the current file, or begins the next file, or ends the zip.
    fn pack(mut self, piece: Option<Bytes>) -> Result<Self, Broken> {
        let Some(zip) = &mut self.zip else { return Ok(self) };
        match (piece, self.files.pop()) {
            (Some(piece), next) => {
                self.files.extend(next);
                zip.write_all(&piece)?;
            }
            (None, Some((reading, name))) => {
                zip.start_file(name, self.options)?;
                self.current = Some(reading);
            }
            (None, None) => drop(self.zip.take().map(ZipWriter::finish).transpose()?),
        }
        Ok(self)
    }
}

/// If something fails, the connection breaks, so that nobody takes the first part for the whole.
fn pieces(packing: Packing) -> impl Stream<Item = Result<Bytes, Broken>> {
    stream::try_unfold(packing, |packing| async move {
        let next = packing.next().await;
        next.inspect_err(|error| tracing::warn!(%error, "the files of a letter break off"))
    })
}

/// Returns the date of the files: the arrival of the letter, in UTC.
fn date(received: Timestamp) -> Option<DateTime> {
    let text = received.rfc3339();
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u16>().ok();
    let small = |from: usize, to: usize| u8::try_from(number(from, to)?).ok();
    let (year, month, day) = (number(0, 4)?, small(5, 7)?, small(8, 10)?);
    DateTime::from_date_and_time(year, month, day, small(11, 13)?, small(14, 16)?, small(17, 19)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_parts_of_the_letter_are_packed_and_each_once() {
        let asked = |pairs: &[(&str, &str)]| {
            let pairs: Vec<_> = pairs.iter().map(|(id, name)| ((*id).to_owned(), (*name).to_owned())).collect();
            listed(LetterKey(12), &pairs)
                .map(|parts| parts.into_iter().map(|(_, name)| name).collect::<Vec<_>>().join(" | "))
        };
        let two = [("L12-1_9b", "a.txt"), ("L12-1_9b", "b.txt"), ("L12-10_19b", "../A.TXT"), ("L12-20_29i", "..")];
        assert_eq!(asked(&two).unwrap(), "a.txt | A (2).TXT | file");
        for bad in [vec![], vec![("L13-1_9b", "a")], vec![("m12", "a")], vec![("L12-1_9b", "a"); MOST + 1]] {
            assert!(asked(&bad).is_err());
        }
    }

    #[test]
    fn files_are_as_old_as_the_letter() {
        let date = date(Timestamp(1_795_501_377_000)).unwrap();
        assert_eq!((date.year(), date.month()), (2026, 11));
    }
}
