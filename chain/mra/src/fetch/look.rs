//! Finding out what is in a folder: which letters are new, which are not there any more, and whether the server shows all
//! that it says there are.

use store::{Key, Tx};

use super::Session;
use super::folders::Folder;
use super::imap::{Opened, State, argument};
use crate::Fault;
use crate::imap::{Numbers, Response};
use crate::ledger::{self, FolderRow};

/// Rows changed in one commit.
const SLICE: usize = 1000;

/// A folder that was opened.
#[derive(Clone, Copy)]
pub(super) struct Open {
    pub validity: u32,
    pub uid_next: Option<u32>,
    /// The number of letters in it; `None`: the server does not say.
    pub messages: Option<u32>,
}

/// The letters of a folder that are known under the numbers that hold.
struct Known {
    /// The letters that are dealt with.
    held: Numbers,
    /// The letters that were left there.
    left: Numbers,
}

impl Known {
    fn count(&self) -> u64 {
        self.held.len() + self.left.without(&self.held).len()
    }
}

impl Session<'_> {
    /// Looks into a folder. None: it cannot be looked into now, which is written down.
    pub(super) async fn try_to_look_into(
        &mut self,
        folder: &Folder,
        row: FolderRow,
        told: Option<State>,
    ) -> Result<Option<Opened>, Fault> {
        let mut breaks = 0;
        loop {
            let fault = match self.look_into(folder, row, told).await {
                Ok(opened) => {
                    self.breaks.went_well();
                    return Ok(Some(opened));
                }
                Err(fault) => fault,
            };
            breaks += u32::from(self.client.is_lost());
            let refused = !self.client.is_lost();
            self.go_on_after(&fault).await?;
            // A refusal is final. A connection may break for any reason, once.
            if refused || breaks == 2 {
                self.leave_folder(folder, row, &fault).await?;
                return Ok(None);
            }
        }
    }

    /// Opens a folder, and finds its new letters and those that are not there any more.
    async fn look_into(&mut self, folder: &Folder, row: FolderRow, told: Option<State>) -> Result<Opened, Fault> {
        let open = self.open_folder("EXAMINE", folder).await?;
        let validity = open.validity;
        let renumbered = row.validity != validity;
        if renumbered {
            if row.validity != 0 {
                let (source, folder) = (&self.source.name, &folder.place.folder);
                tracing::info!(source, folder, "its letters have new numbers there");
            }
            // Also where it was never dealt with as a whole: some of its letters may have come.
            self.forget(row.id, Some(validity)).await?;
        }
        let messages = open.messages.or(told.map(|told| told.messages));
        // A folder is empty only if nothing says otherwise.
        let empty = messages == Some(0) && told.is_none_or(|told| told.messages == 0);
        let begin = if renumbered { 1 } else { row.uid_next.max(1) };
        let known = self.known(row.id, validity).await?;
        let (mut found, mut begin) = (if empty { Numbers::new() } else { self.search(begin, messages).await? }, begin);
        let expected = u64::from(messages.unwrap_or(0));
        if begin > 1 && self.shows_too_few(&known, &found, expected) {
            // Letters have appeared among numbers that were dealt with.
            (found, begin) = (self.search(1, messages).await?, 1);
        }
        if !renumbered && messages.is_some() && u64::from(row.messages) + found.len() > expected {
            self.notice_gone(row.id, validity, &known, expected).await?;
        }
        let hidden = self.shows_too_few(&known, &found, expected).then(|| {
            format!("the server says that there are {expected} letters and shows {}", known.count().max(found.len()))
        });
        let wanted = found.without(&known.held).without(&known.left);
        let last = found.last().map_or(begin, |last| last.saturating_add(1));
        let uid_next = open.uid_next.unwrap_or_default().max(last).max(row.uid_next * u32::from(!renumbered));
        let (folder, messages) = (folder.clone(), messages.unwrap_or(0));
        Ok(Opened {
            folder,
            row,
            validity,
            uid_next,
            messages,
            wanted,
            hidden,
            announced: false,
            alone: Numbers::new(),
            modseq: told.and_then(|told| told.modseq),
        })
    }

    /// Returns true for fewer letters than the server says there are. Letters that went since the folder was opened are
    /// no riddle, nor are those that are too old to be asked for.
    fn shows_too_few(&mut self, known: &Known, found: &Numbers, expected: u64) -> bool {
        let shown = known.count() + found.without(&known.held).without(&known.left).len();
        self.source.settings.since().is_none() && !self.client.look().shrunk && shown < expected
    }

    async fn known(&self, row: i64, validity: u32) -> Result<Known, Fault> {
        let read = move |view: &store::View| {
            let held = ledger::held(view, row, validity)?;
            let left = ledger::left_in(view, row)?;
            let mut left: Vec<u32> = left.iter().filter_map(|left| left.uid_under(validity)).collect();
            left.sort_unstable();
            Ok::<_, store::Error>(Known { held, left: left.into_iter().collect() })
        };
        Ok(self.means.store.read(read).await?)
    }

    /// Opens a folder; with EXAMINE, nothing in it can be changed.
    pub(super) async fn open_folder(&mut self, verb: &str, folder: &Folder) -> Result<Open, Fault> {
        self.client.forget_log();
        let doing = format!("{verb} {}", folder.place.folder);
        let answer = self.client.ask(&format!("{verb} {}", argument(folder)?)).await?.must(&doing)?;
        let validity = answer.code("UIDVALIDITY").filter(|validity| *validity > 0);
        let messages = answer.untagged.iter().rev().find_map(|response| match response {
            Response::Exists(count) => Some(*count),
            _ => None,
        });
        match validity {
            Some(validity) => {
                Ok(Open { validity, uid_next: answer.code("UIDNEXT").filter(|next| *next > 0), messages })
            }
            None => {
                Err(Fault::Server(format!("{doing}: the server gives no UIDVALIDITY, so its letters have no names")))
            }
        }
    }

    /// The UIDs from `begin` on, of letters that are young enough.
    async fn search(&mut self, begin: u32, messages: Option<u32>) -> Result<Numbers, Fault> {
        let since = self.source.settings.since().map(|since| format!(" SINCE {}", crate::imap::day(since)));
        let found = self.ask_search(&format!("UID {begin}:*{}", since.unwrap_or_default())).await?;
        // `9:*` names the last letter too, when that has the number 7.
        let found = found.unwrap_or_default().from(begin);
        // Letters may have come meanwhile, but not as many again.
        if found.len() > u64::from(messages.unwrap_or(u32::MAX)) * 2 + 1000 {
            return Err(Fault::Server("the server found more letters than the folder has".to_owned()));
        }
        Ok(found)
    }

    /// Returns the letters that SEARCH finds; `None`: the server says that it is done, and gives no answer.
    pub(super) async fn ask_search(&mut self, criteria: &str) -> Result<Option<Numbers>, Fault> {
        let form = if self.client.can("ESEARCH") { " RETURN (ALL)" } else { "" };
        let answer = self.client.ask(&format!("UID SEARCH{form} {criteria}")).await?.must("UID SEARCH")?;
        Ok(answer.untagged.into_iter().rev().find_map(|response| match response {
            Response::Search(numbers) => Some(numbers),
            _ => None,
        }))
    }

    /// Finds out which of the letters that are known are not there any more.
    async fn notice_gone(&mut self, row: i64, validity: u32, known: &Known, messages: u64) -> Result<(), Fault> {
        // An answer that contradicts an earlier one is no reason to believe that letters went.
        let there = self.ask_search("UID 1:*").await?.filter(|there| there.len() >= messages);
        let Some(there) = there else { return Ok(()) };
        let gone: Vec<u32> = known.held.without(&there).iter().collect();
        for slice in gone.chunks(SLICE) {
            let slice = slice.to_vec();
            self.means
                .store
                .write(Key::Fetching, move |tx: &mut Tx| ledger::mark_gone(tx, row, validity, &slice))
                .await?;
        }
        let gone: Vec<u32> = known.left.without(&there).iter().collect();
        for slice in gone.chunks(SLICE) {
            let keys = ledger::imap_keys(validity, slice);
            let forgotten = move |tx: &mut Tx| keys.iter().try_for_each(|key| ledger::forget_left(tx, row, key));
            self.means.store.write(Key::Fetching, forgotten).await?;
        }
        Ok(())
    }

    pub(super) async fn forget(&self, row: i64, valid: Option<u32>) -> Result<(), Fault> {
        while self
            .means
            .store
            .write(Key::Fetching, move |tx: &mut Tx| ledger::forget_location(tx, row, valid, SLICE))
            .await?
        {}
        Ok(())
    }
}
