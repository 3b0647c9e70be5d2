//! A round through the folders of an IMAP mailbox.

use std::collections::HashMap;

use mail::mutf7;
use store::Tx;

use super::folders::{Folder, choose};
use super::{Means, Session};
use crate::credential::Credential;
use crate::imap::{Client, Numbers, Response};
use crate::ledger::{self, FolderRow, Source};
use crate::progress::News;
use crate::taker::Taker;
use crate::{Fault, Keep};

/// Rows changed in one commit.
const SLICE: usize = 1000;

/// A folder that is open.
pub(super) struct Opened {
    pub folder: Folder,
    pub row: FolderRow,
    pub validity: u32,
    /// Smaller UIDs than this have been dealt with when all that is listed now has been.
    pub uid_next: u32,
    pub messages: u32,
    /// To be fetched.
    pub wanted: Numbers,
}

impl<'a> Session<'a> {
    /// Connects and logs in.
    pub async fn open(means: &'a Means, source: &'a Source, credential: &Credential) -> Result<Self, Fault> {
        let settings = &source.settings;
        let client = Client::open(&means.way, &settings.mailbox.user, credential, settings.largest).await?;
        means.listener.hear(&News::Connected);
        Ok(Self { means, source, client, inbox: None, hurried: false })
    }

    /// Ends the conversation.
    pub async fn close(self) {
        self.client.close().await;
    }

    /// Can it be waited for news? (RFC 2177)
    pub fn can_idle(&self) -> bool {
        self.client.can("IDLE")
    }

    /// Waits for news of the inbox, at most for `most`. Gives whether there are some.
    pub async fn idle(&mut self, most: std::time::Duration) -> Result<bool, Fault> {
        self.client.look();
        let answer = self.client.ask("EXAMINE INBOX").await?.must("EXAMINE INBOX")?;
        // A letter that came since the inbox was looked at is no news to the server. (Once: servers may contradict
        // themselves.)
        let now = Some((answer.code("UIDNEXT"), self.client.look().exists));
        let is_news = self.inbox.is_some() && self.inbox != now && !self.hurried;
        self.hurried = is_news;
        Ok(is_news || self.client.idle(most).await?)
    }

    /// Remembers how the inbox looks, whether it is fetched or not.
    async fn look_at_inbox(&mut self) -> Result<(), Fault> {
        let answer = self.client.ask("STATUS INBOX (MESSAGES UIDNEXT UIDVALIDITY)").await?;
        self.inbox = answer.untagged.iter().find_map(|response| match response {
            Response::FolderStatus(_, numbers) => {
                State::of(numbers).map(|state| (Some(state.uid_next).filter(|next| *next > 0), state.messages))
            }
            _ => None,
        });
        Ok(())
    }

    /// Fetches all that is new in all folders, and takes away what is to go.
    pub async fn fetch_all(&mut self) -> Result<(), Fault> {
        self.look_at_inbox().await?;
        let folders = self.folders().await?;
        self.forget_vanished_folders(&folders).await?;
        let states = self.states(&folders).await?;
        // First what is not where it was, in all folders, so that a letter that was moved is recognised.
        let mut rows = Vec::with_capacity(folders.len());
        for folder in &folders {
            let row = self.row(&folder.raw_name).await?;
            let unchanged = states.get(&folder.raw_name[..]).is_some_and(|state| state.is_as_in(&row));
            rows.push((row, unchanged));
        }
        let mut open = Vec::new();
        for (folder, (row, unchanged)) in folders.into_iter().zip(rows) {
            if !unchanged {
                open.push(self.look_into(folder, row).await?);
            } else if self.source.settings.keep != Keep::Forever {
                self.take_away(&folder, row).await?;
            }
        }
        for opened in open {
            self.fetch_folder(opened).await?;
        }
        Ok(())
    }

    fn is_gmail(&self) -> bool {
        self.client.can("X-GM-EXT-1")
    }

    async fn folders(&mut self) -> Result<Vec<Folder>, Fault> {
        // RFC 6154 §5: special uses are told where they are asked for, or anyway.
        let extended = self.client.can("LIST-EXTENDED") && self.client.can("SPECIAL-USE");
        let command = if extended { "LIST \"\" \"*\" RETURN (SPECIAL-USE)" } else { "LIST \"\" \"*\"" };
        let answer = self.client.ask(command).await?.must("LIST")?;
        let listed: Vec<_> = answer
            .untagged
            .into_iter()
            .filter_map(|response| match response {
                Response::List(listed) => Some(listed),
                _ => None,
            })
            .collect();
        let chosen = choose(&listed, &self.source.settings.folders, self.is_gmail());
        if let crate::Folders::Named(names) = &self.source.settings.folders
            && chosen.is_empty()
        {
            return Err(Fault::Server(format!("there is no folder called {}", names.join(", "))));
        }
        // Names that no command can carry are none that a server may have.
        Ok(chosen.into_iter().filter(|folder| crate::imap::folder_argument(&folder.raw_name).is_some()).collect())
    }

    /// Letters of a folder that is not there any more may turn up in another: it was renamed, or emptied into one.
    async fn forget_vanished_folders(&mut self, folders: &[Folder]) -> Result<(), Fault> {
        if !matches!(self.source.settings.folders, crate::Folders::All) {
            return Ok(());
        }
        let id = self.source.id;
        let known = self.means.store.read(move |view| ledger::folder_names(view, id)).await?;
        for (row, name) in known {
            if !folders.iter().any(|folder| folder.raw_name == name) {
                self.forget(row, None).await?;
            }
        }
        Ok(())
    }

    async fn forget(&self, row: i64, valid: Option<u32>) -> Result<(), Fault> {
        while self.means.store.write(move |tx: &mut Tx| ledger::forget_location(tx, row, valid, SLICE)).await? {}
        Ok(())
    }

    async fn row(&self, raw_name: &[u8]) -> Result<FolderRow, Fault> {
        let (id, name) = (self.source.id, raw_name.to_vec());
        let known = name.clone();
        // Nearly always: a look costs less than a write.
        if let Some(row) = self.means.store.read(move |view| ledger::find_folder(view, id, &known)).await? {
            return Ok(row);
        }
        Ok(self.means.store.write(move |tx: &mut Tx| ledger::folder(tx, id, &name)).await?)
    }

    /// STATUS of all folders, the questions one behind the other: most have not changed.
    async fn states(&mut self, folders: &[Folder]) -> Result<HashMap<Vec<u8>, State>, Fault> {
        let mut states = HashMap::new();
        for some in folders.chunks(50) {
            let mut tags = Vec::new();
            for folder in some {
                let name = argument(folder)?;
                tags.push(self.client.start(&format!("STATUS {name} (MESSAGES UIDNEXT UIDVALIDITY)")).await?);
            }
            while !tags.is_empty() {
                match self.client.next().await? {
                    Response::FolderStatus(name, numbers) => {
                        let name = some.iter().find(|folder| is_same_name(&folder.raw_name, &name));
                        if let (Some(folder), Some(state)) = (name, State::of(&numbers)) {
                            states.insert(folder.raw_name.to_vec(), state);
                        }
                    }
                    // A folder that cannot be asked about is opened, and says why it cannot.
                    Response::Status { tag: Some(tag), .. } => tags.retain(|own| *own != tag),
                    _ => {}
                }
            }
        }
        Ok(states)
    }

    /// Opens a folder, and finds out what is new in it and what is not there any more.
    async fn look_into(&mut self, folder: Folder, row: FolderRow) -> Result<Opened, Fault> {
        let (validity, uid_next, messages) = self.examine(&folder).await?;
        let renumbered = row.validity != 0 && row.validity != validity;
        if renumbered {
            tracing::info!(
                source = self.source.name,
                folder = folder.place.folder,
                "its letters have new numbers there"
            );
            self.forget(row.id, Some(validity)).await?;
        }
        let begin = if renumbered || row.validity == 0 { 1 } else { row.uid_next.max(1) };
        let found = if messages == 0 { Numbers::new() } else { self.search(begin, messages).await? };
        let held = self.means.store.read(move |view| ledger::held(view, row.id, validity)).await?;
        if !renumbered && u64::from(row.messages) + found.len() > u64::from(messages) {
            self.notice_gone(row.id, validity, &held, messages).await?;
        }
        let wanted = found.without(&held);
        let uid_next = uid_next.unwrap_or_default().max(found.last().map_or(begin, |last| last.saturating_add(1)));
        Ok(Opened { folder, row, validity, uid_next, messages, wanted })
    }

    /// Opens a folder without changing anything in it. Gives UIDVALIDITY, UIDNEXT and the number of letters.
    pub(super) async fn examine(&mut self, folder: &Folder) -> Result<(u32, Option<u32>, u32), Fault> {
        self.open_folder("EXAMINE", folder).await
    }

    pub(super) async fn open_folder(&mut self, verb: &str, folder: &Folder) -> Result<(u32, Option<u32>, u32), Fault> {
        self.client.look();
        let doing = format!("{verb} {}", folder.place.folder);
        let answer = self.client.ask(&format!("{verb} {}", argument(folder)?)).await?.must(&doing)?;
        let validity = answer.code("UIDVALIDITY").filter(|validity| *validity > 0);
        let exists = answer.untagged.iter().rev().find_map(|response| match response {
            Response::Exists(count) => Some(*count),
            _ => None,
        });
        match validity {
            Some(validity) => Ok((validity, answer.code("UIDNEXT").filter(|next| *next > 0), exists.unwrap_or(0))),
            None => {
                Err(Fault::Server(format!("{doing}: the server gives no UIDVALIDITY, so its letters have no names")))
            }
        }
    }

    /// The UIDs from `begin` on, of letters that are young enough.
    async fn search(&mut self, begin: u32, messages: u32) -> Result<Numbers, Fault> {
        let form = if self.client.can("ESEARCH") { " RETURN (ALL)" } else { "" };
        let since = self.source.settings.since().map(|since| format!(" SINCE {}", crate::imap::day(since)));
        let command = format!("UID SEARCH{form} UID {begin}:*{}", since.unwrap_or_default());
        let answer = self.client.ask(&command).await?.must("UID SEARCH")?;
        let mut found = Numbers::new();
        for response in answer.untagged {
            if let Response::Search(numbers) = response {
                found = numbers;
            }
        }
        // `9:*` names the last letter too, when that has the number 7.
        let found = found.from(begin);
        // Letters may have come meanwhile, but not as many again.
        if found.len() > u64::from(messages) * 2 + 1000 {
            return Err(Fault::Server("the server found more letters than the folder has".to_owned()));
        }
        Ok(found)
    }

    /// Finds out which of the letters that are known are not there any more.
    async fn notice_gone(&mut self, row: i64, validity: u32, held: &Numbers, messages: u32) -> Result<(), Fault> {
        let form = if self.client.can("ESEARCH") { " RETURN (ALL)" } else { "" };
        let answer = self.client.ask(&format!("UID SEARCH{form} UID 1:*")).await?.must("UID SEARCH")?;
        let there = answer.untagged.into_iter().find_map(|response| match response {
            Response::Search(numbers) => Some(numbers),
            _ => None,
        });
        // An answer that does not fit to what was said before is no reason to believe that letters went.
        let Some(there) = there.filter(|there| there.len() >= u64::from(messages)) else { return Ok(()) };
        let gone: Vec<u32> = held.without(&there).iter().collect();
        for slice in gone.chunks(SLICE) {
            let slice = slice.to_vec();
            self.means.store.write(move |tx: &mut Tx| ledger::mark_gone(tx, row, validity, &slice)).await?;
        }
        Ok(())
    }

    async fn fetch_folder(&mut self, opened: Opened) -> Result<(), Fault> {
        if !opened.wanted.is_empty() {
            let (folder, letters) = (opened.folder.place.folder.clone(), opened.wanted.len());
            self.means.listener.hear(&News::ToCome { folder, letters });
            let (validity, _, _) = self.examine(&opened.folder).await?;
            if validity != opened.validity {
                return Err(Fault::Server("the server has renumbered its letters meanwhile".to_owned()));
            }
            let taker = Taker::start(self.means.home.clone(), self.means.listener.clone(), self.means.share());
            let pulled = self.pull(&opened, &taker).await;
            // What has come is taken home whatever happened behind it.
            taker.finish().await?;
            pulled?;
        }
        let Opened { row, validity, uid_next, messages, .. } = opened;
        let settled = move |tx: &mut Tx| ledger::settle(tx, row.id, validity, uid_next, messages);
        self.means.store.write(settled).await?;
        if self.source.settings.keep != Keep::Forever {
            self.take_away(&opened.folder, FolderRow { validity, ..row }).await?;
        }
        Ok(())
    }
}

/// What STATUS told.
#[derive(Clone, Copy)]
struct State {
    validity: u32,
    uid_next: u32,
    messages: u32,
}

impl State {
    fn of(numbers: &[(String, u64)]) -> Option<Self> {
        let find = |name: &str| {
            let (_, number) = numbers.iter().find(|(own, _)| own == name)?;
            u32::try_from(*number).ok()
        };
        Some(Self { validity: find("UIDVALIDITY")?, uid_next: find("UIDNEXT")?, messages: find("MESSAGES")? })
    }

    fn is_as_in(&self, row: &FolderRow) -> bool {
        self.validity == row.validity && self.uid_next == row.uid_next && self.messages == row.messages
    }
}

pub(super) fn argument(folder: &Folder) -> Result<String, Fault> {
    let unfit = || Fault::Server(format!("a folder is called {}", mutf7::encode(&folder.place.folder)));
    crate::imap::folder_argument(&folder.raw_name).ok_or_else(unfit)
}

fn is_same_name(raw_name: &[u8], told: &str) -> bool {
    raw_name == told.as_bytes() || (raw_name.eq_ignore_ascii_case(b"INBOX") && told.eq_ignore_ascii_case("INBOX"))
}
