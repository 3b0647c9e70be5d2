//! A round through the folders of an IMAP mailbox.

use std::collections::HashMap;

use bytes::Bytes;
use mail::mutf7;
use store::{Key, Tx};

use super::breaks::Breaks;
use super::folders::{Folder, choose};
use super::pull::Tally;
use super::{Means, Session};
use crate::credential::Credential;
use crate::handover::Handover;
use crate::imap::{Client, Numbers, Response};
use crate::ledger::{self, FolderRow, Left, Source};
use crate::progress::{News, Round};
use crate::{Fault, Keep};

/// A folder that was looked into.
pub(super) struct Opened {
    pub folder: Folder,
    pub row: FolderRow,
    pub validity: u32,
    /// Smaller UIDs than this have been dealt with when all that is listed now has been.
    pub uid_next: u32,
    pub messages: u32,
    /// The letters to fetch.
    pub wanted: Numbers,
    /// The server says that there are letters which it does not show: in words.
    pub hidden: Option<String>,
    /// It was said how many letters are to come.
    pub announced: bool,
    /// Letters that are asked for alone.
    pub alone: Numbers,
    /// HIGHESTMODSEQ before its letters were fetched, where labels are told with it.
    pub modseq: Option<u64>,
}

impl Opened {
    /// Returns true if this letter was asked for. The fetch ignores a server's words about others.
    pub fn is_asked_for(&self, uid: u32) -> bool {
        self.wanted.contains(uid) || self.alone.contains(uid)
    }
}

/// The task of a round in one folder.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Task {
    /// Something is new in it, or waits to be tried again.
    Look,
    /// Nothing is new.
    Sweep,
    /// It could not be opened, and it is not time yet to try again.
    Wait,
}

impl<'a> Session<'a> {
    /// Connects and logs in.
    pub async fn open(means: &'a Means, source: &'a Source, credential: &Credential) -> Result<Self, Fault> {
        let settings = &source.settings;
        let client = Client::open(&means.endpoint, &settings.mailbox.user, credential, settings.largest).await?;
        means.listener.hear(&News::Connected);
        let (credential, breaks) = (credential.clone(), Breaks::default());
        Ok(Self { means, source, credential, client, breaks, inbox: None, hurried: false })
    }

    /// Ends the conversation.
    pub async fn close(self) {
        self.client.close().await;
    }

    /// Returns true if the conversation can wait for news (RFC 2177).
    pub fn can_idle(&self) -> bool {
        self.client.can("IDLE")
    }

    /// Waits for news of the inbox, at most for `most`. Returns whether there are some.
    pub async fn idle(&mut self, most: std::time::Duration) -> Result<bool, Fault> {
        self.client.look();
        let answer = self.client.ask("EXAMINE INBOX").await?;
        if !answer.is_ok() {
            // The other folders are looked at now and then all the same.
            tokio::time::sleep(most).await;
            return Ok(false);
        }
        // A letter that came since the inbox was looked at is no news to the server. (Once: servers may contradict
        // themselves.)
        let now = Some((answer.code("UIDNEXT"), self.client.look().exists));
        let is_news = self.inbox.is_some() && self.inbox != now && !self.hurried;
        self.hurried = is_news;
        Ok(is_news || self.client.idle(most).await?)
    }

    /// Remembers how the inbox looks, whether it is fetched or not.
    async fn look_at_inbox(&mut self) -> Result<(), Fault> {
        let answer = match self.client.ask("STATUS INBOX (MESSAGES UIDNEXT UIDVALIDITY)").await {
            Ok(answer) => answer,
            Err(lost) => return self.go_on_after(&lost.into()).await,
        };
        self.inbox = answer.untagged.iter().find_map(|response| match response {
            Response::FolderStatus(_, numbers) => {
                State::of(numbers).map(|state| (Some(state.uid_next).filter(|next| *next > 0), state.messages))
            }
            _ => None,
        });
        Ok(())
    }

    /// Fetches all new letters in all folders, and takes away those that are to go. Letters that could not be had are
    /// written down and counted; an error says that the round did not come to its end.
    pub async fn fetch_all(&mut self) -> Result<Round, Fault> {
        self.breaks = Breaks::default();
        let outcome = self.go_round().await;
        self.tell_alerts().await?;
        outcome?;
        self.means.sum_up(self.source).await
    }

    async fn go_round(&mut self) -> Result<(), Fault> {
        self.look_at_inbox().await?;
        let folders = self.folders().await?;
        self.forget_vanished_folders(&folders).await?;
        let mut known = Vec::with_capacity(folders.len());
        for folder in folders {
            let row = self.row(&folder.raw_name).await?;
            known.push((folder, row));
        }
        self.furnish(&known).await?;
        let states = self.states(&known).await?;
        // First come the letters that are not where they were, in all folders, so that a letter that was moved is
        // recognised.
        let (mut open, mut unchanged) = (Vec::new(), Vec::new());
        for (folder, row) in known {
            let told = states.get(&folder.raw_name[..]).copied();
            match self.task(&folder, row, told).await? {
                Task::Look => open.extend(self.try_to_look_into(&folder, row, told).await?),
                Task::Sweep => unchanged.push((folder, row)),
                Task::Wait => {}
            }
        }
        let mut whole = Vec::with_capacity(open.len());
        for mut opened in open {
            if self.bring(&mut opened).await? {
                whole.push(opened);
            }
        }
        // The letters that may break the connection come behind all those that do not.
        for opened in &mut whole {
            self.bring_doubtful(opened).await?;
            self.follow_labels(opened).await?;
        }
        let whole = whole.into_iter().map(|opened| {
            let row = FolderRow { validity: opened.validity, ..opened.row };
            (opened.folder, row)
        });
        self.sweep(whole.chain(unchanged).collect()).await
    }

    /// Decides what to do with a folder.
    async fn task(&self, folder: &Folder, row: FolderRow, told: Option<State>) -> Result<Task, Fault> {
        let left = self.left_in(row).await?;
        if left.iter().any(|(left, due)| left.is_folder() && !due) {
            return Ok(Task::Wait);
        }
        let is_due = left.iter().any(|(_, due)| *due);
        let labels_asked =
            folder.by_label && self.means.asked.is_some() && told.is_none_or(|told| told.modseq.is_none());
        let unchanged = told.is_some_and(|told| told.is_as_in(&row)) && !is_due && !labels_asked;
        Ok(if unchanged { Task::Sweep } else { Task::Look })
    }

    /// Returns the letters that were left in a folder, each with whether it is tried again now.
    pub(super) async fn left_in(&self, row: FolderRow) -> Result<Vec<(Left, bool)>, Fault> {
        let left = self.means.store.read(move |view| ledger::left_in(view, row.id)).await?;
        let (now, asked, largest) = (net::now(), self.means.asked, self.source.settings.largest);
        let with_due = |left: Left| {
            let due = left.is_due(now, asked, largest);
            (left, due)
        };
        Ok(left.into_iter().map(with_due).collect())
    }

    fn is_gmail(&self) -> bool {
        self.client.can("X-GM-EXT-1")
    }

    async fn folders(&mut self) -> Result<Vec<Folder>, Fault> {
        // RFC 6154 §5: special uses are told where they are asked for, or anyway.
        let extended = self.client.can("LIST-EXTENDED") && self.client.can("SPECIAL-USE");
        let command = if extended { "LIST \"\" \"*\" RETURN (SPECIAL-USE)" } else { "LIST \"\" \"*\"" };
        let answer = match self.client.ask(command).await {
            Ok(answer) => answer,
            Err(lost) => {
                self.go_on_after(&lost.into()).await?;
                self.client.ask(command).await?
            }
        };
        let answer = answer.must("LIST")?;
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

    async fn row(&self, raw_name: &[u8]) -> Result<FolderRow, Fault> {
        let (id, name) = (self.source.id, raw_name.to_vec());
        let known = name.clone();
        // Nearly always: a look costs less than a write.
        if let Some(row) = self.means.store.read(move |view| ledger::find_folder(view, id, &known)).await? {
            return Ok(row);
        }
        Ok(self.means.store.write(Key::Fetching, move |tx: &mut Tx| ledger::folder(tx, id, &name)).await?)
    }

    /// STATUS of all folders, the questions one behind the other: most have not changed. A folder that cannot be asked
    /// about is opened, and says why it cannot.
    async fn states(&mut self, folders: &[(Folder, FolderRow)]) -> Result<HashMap<Bytes, State>, Fault> {
        let mut states = HashMap::new();
        for some in folders.chunks(50) {
            if let Err(fault) = self.ask_states(some, &mut states).await {
                self.go_on_after(&fault).await?;
                break;
            }
        }
        Ok(states)
    }

    async fn ask_states(
        &mut self,
        folders: &[(Folder, FolderRow)],
        states: &mut HashMap<Bytes, State>,
    ) -> Result<(), Fault> {
        let mut tags = Vec::new();
        for (folder, _) in folders {
            let name = argument(folder)?;
            // RFC 7162: it tells whether labels have changed.
            let more = if folder.by_label && self.client.can("CONDSTORE") { " HIGHESTMODSEQ" } else { "" };
            tags.push(self.client.start(&format!("STATUS {name} (MESSAGES UIDNEXT UIDVALIDITY{more})")).await?);
        }
        while !tags.is_empty() {
            match self.client.next().await? {
                Response::FolderStatus(name, numbers) => {
                    let named = folders.iter().find(|(folder, _)| is_same_name(&folder.raw_name, &name));
                    if let (Some((folder, _)), Some(state)) = (named, State::of(&numbers)) {
                        states.insert(folder.raw_name.clone(), state);
                    }
                }
                Response::Status { tag: Some(tag), .. } => tags.retain(|own| *own != tag),
                _ => {}
            }
        }
        Ok(())
    }

    /// Brings the letters that are wanted of a folder. Those that do not come, and those that were on their way when the
    /// connection broke, are written down: they are asked for one by one later. False: the folder cannot be read, which is
    /// written down.
    async fn bring(&mut self, opened: &mut Opened) -> Result<bool, Fault> {
        let mut fruitless = 0;
        while !opened.wanted.is_empty() {
            let mut tally = Tally::default();
            let pulled = self.pull_home(opened, &mut tally).await;
            let refused = !self.client.is_lost();
            self.suspect(opened, &tally.doubtful).await?;
            if tally.has_come() {
                self.breaks.went_well();
            }
            fruitless = if tally.is_empty() { fruitless + 1 } else { 0 };
            opened.wanted = opened.wanted.without(&tally.dealt_with());
            let Err(fault) = pulled else { break };
            self.go_on_after(&fault).await?;
            if refused || fruitless == 2 {
                self.leave_folder(&opened.folder, opened.row, &fault).await?;
                return Ok(false);
            }
        }
        if let Some(hidden) = opened.hidden.clone() {
            self.leave_folder(&opened.folder, opened.row, &Fault::Server(hidden)).await?;
            return Ok(true);
        }
        let Opened { row, validity, uid_next, messages, .. } = *opened;
        let settled = move |tx: &mut Tx| {
            ledger::folder_is_well(tx, row.id)?;
            ledger::settle(tx, row.id, validity, uid_next, messages)
        };
        self.means.store.write(Key::Fetching, settled).await?;
        Ok(true)
    }

    async fn pull_home(&mut self, opened: &mut Opened, tally: &mut Tally) -> Result<(), Fault> {
        if !opened.announced {
            let (folder, letters) = (opened.folder.place.folder.clone(), opened.wanted.len());
            self.means.listener.hear(&News::ToCome { folder, letters });
            opened.announced = true;
        }
        self.open_again(opened).await?;
        let handover = Handover::start(self.means.destination.clone(), self.means.listener.clone(), self.means.share());
        let pulled = self.pull(opened, &handover, tally).await;
        // The letters that have come are taken home whatever happened behind them.
        handover.finish().await?;
        pulled
    }

    /// Opens a folder that was looked into. Its letters must have the same numbers still.
    pub(super) async fn open_again(&mut self, opened: &Opened) -> Result<(), Fault> {
        let again = self.open_folder("EXAMINE", &opened.folder).await?;
        if again.validity == opened.validity {
            return Ok(());
        }
        Err(Fault::Server("the server has renumbered its letters meanwhile".to_owned()))
    }

    /// Takes away the letters that are to go in these folders.
    async fn sweep(&mut self, folders: Vec<(Folder, FolderRow)>) -> Result<(), Fault> {
        if self.source.settings.keep == Keep::Forever {
            return Ok(());
        }
        for (folder, row) in folders {
            let mut breaks = 0;
            while let Err(fault) = self.take_away(&folder, row).await {
                let refused = !self.client.is_lost();
                self.go_on_after(&fault).await?;
                breaks += 1;
                if refused || breaks == 2 {
                    self.leave_folder(&folder, row, &fault).await?;
                    break;
                }
            }
        }
        Ok(())
    }
}

/// The values that STATUS told.
#[derive(Clone, Copy)]
pub(super) struct State {
    pub validity: u32,
    pub uid_next: u32,
    pub messages: u32,
    pub modseq: Option<u64>,
}

impl State {
    fn of(numbers: &[(String, u64)]) -> Option<Self> {
        let find = |name: &str| {
            let (_, number) = numbers.iter().find(|(own, _)| own == name)?;
            u32::try_from(*number).ok()
        };
        let modseq = numbers.iter().find(|(own, _)| own == "HIGHESTMODSEQ").map(|(_, modseq)| *modseq);
        Some(Self { validity: find("UIDVALIDITY")?, uid_next: find("UIDNEXT")?, messages: find("MESSAGES")?, modseq })
    }

    fn is_as_in(&self, row: &FolderRow) -> bool {
        let same = self.validity == row.validity && self.uid_next == row.uid_next && self.messages == row.messages;
        same && self.modseq.is_none_or(|modseq| modseq == row.modseq)
    }
}

pub(super) fn argument(folder: &Folder) -> Result<String, Fault> {
    let unfit = || Fault::Server(format!("a folder is called {}", mutf7::encode(&folder.place.folder)));
    crate::imap::folder_argument(&folder.raw_name).ok_or_else(unfit)
}

fn is_same_name(raw_name: &[u8], told: &str) -> bool {
    raw_name == told.as_bytes() || (raw_name.eq_ignore_ascii_case(b"INBOX") && told.eq_ignore_ascii_case("INBOX"))
}
