//! Prepares a letter before the writer is asked: parses, hashes and packs it.

use bytes::Bytes;
use mail::Findings;
use store::{PreparedBlob, Store};

use crate::acquaintance::Correspondents;
use crate::parse::{Contents, Limits, Structure, Summary, scan};
use crate::{Error, thread};

/// The largest letter a mailbox takes. (What a door accepts is its own, smaller limit.)
pub const LARGEST: u64 = 1 << 30;

/// A letter ready to be filed, any number of times: cheap to clone, and filing it computes nothing.
#[derive(Clone)]
pub struct Prepared {
    pub(crate) blob: PreparedBlob,
    pub(crate) leads: std::sync::Arc<thread::Leads>,
    pub(crate) people: std::sync::Arc<Correspondents>,
    pub(crate) summary_column: Bytes,
    pub(crate) structure_column: Bytes,
    pub(crate) findings_column: Option<Bytes>,
    summary: std::sync::Arc<Summary>,
    structure: std::sync::Arc<Structure>,
    attached: bool,
}

impl Prepared {
    /// Octets of the letter.
    pub fn size(&self) -> u64 {
        self.blob.length()
    }

    /// The pieces of its envelope.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Its parts.
    pub fn structure(&self) -> &Structure {
        &self.structure
    }

    /// Returns true if there is something in the letter that a person would save.
    pub fn has_attachment(&self) -> bool {
        self.attached
    }

    /// The same letter, of which these things were found out where it came in.
    #[must_use]
    pub fn with_findings(self, findings: &Findings) -> Self {
        Self { findings_column: findings.to_column().map(Bytes::from), ..self }
    }

    /// The same letter with `head`, whole header lines that are no part of the envelope (`Delivered-To`), before it.
    /// Nothing is parsed, packed or kept again, so a letter to many people costs little more than to one.
    pub fn headed(&self, head: Bytes) -> Self {
        let structure = self.structure.moved_by(u32::try_from(head.len()).unwrap_or(u32::MAX));
        Self {
            blob: self.blob.headed(head),
            structure_column: structure.encode().into(),
            structure: structure.into(),
            ..self.clone()
        }
    }
}

/// Parses, hashes and packs a letter. Takes time in proportion to its size: call it outside of the writer, and for
/// large letters on a blocking thread.
pub fn prepare(store: &Store, raw: Bytes) -> Result<Prepared, Error> {
    let size = raw.len() as u64;
    if size > LARGEST {
        return Err(Error::TooLarge { size, limit: LARGEST });
    }
    let summary = Summary::parse(&raw);
    let structure = scan(&raw, Limits::default());
    Ok(Prepared {
        leads: thread::Leads::of(&summary, &raw).into(),
        people: Correspondents::of(&summary).into(),
        attached: Contents::of_octets(&structure, &raw).has_attachment(),
        summary_column: summary.encode().into(),
        structure_column: structure.encode().into(),
        findings_column: None,
        summary: summary.into(),
        structure: structure.into(),
        blob: store.prepare_blob(raw)?,
    })
}

/// A letter larger than this is prepared where a thread may compute.
const QUICK: usize = 64 * 1024;

/// The same as [`prepare`], from a task: a large letter keeps no thread that serves others.
pub async fn prepare_aside(store: &Store, raw: Bytes) -> Result<Prepared, Error> {
    if raw.len() <= QUICK {
        return prepare(store, raw);
    }
    let store = store.clone();
    let preparing = tokio::task::spawn_blocking(move || prepare(&store, raw));
    preparing.await.unwrap_or_else(|panicked| Err(store::Error::Panicked(panicked.to_string()).into()))
}
