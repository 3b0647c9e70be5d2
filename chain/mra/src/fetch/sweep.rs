//! Takes letters away at the other end, once they are here. A number is no proof: servers have given one to another
//! letter. The letter there is compared with the one here first.

use std::collections::HashMap;

use store::{Key, Tx};

use super::Session;
use super::folders::Folder;
use crate::Fault;
use crate::identity;
use crate::imap::{Fetched, Numbers, Response};
use crate::ledger::{self, Due, FolderRow};
use crate::progress::News;

/// Letters taken away at a time.
const SLICE: usize = 500;

/// The letters that are due, by the result of comparing those under their numbers.
#[derive(Default)]
struct Compared {
    /// The letter that is here.
    same: Vec<(u32, Vec<u8>)>,
    /// Another one.
    other: Vec<Vec<u8>>,
    /// None.
    absent: Vec<Vec<u8>>,
    /// One that the server does not show.
    hidden: Vec<Vec<u8>>,
}

impl Session<'_> {
    /// Takes away the letters of a folder that are here long enough: only those of which the ledger says that they
    /// are here (and it says so only of letters on our disk), and only if the letter there is the one that is here.
    pub(super) async fn take_away(&mut self, folder: &Folder, row: FolderRow) -> Result<(), Fault> {
        let Some(parting) = self.source.parting(net::now()) else { return Ok(()) };
        let (mut opened, id) = (false, row.id);
        loop {
            let due = self.means.store.read(move |view| ledger::due(view, id, parting, SLICE)).await?;
            if due.is_empty() {
                break;
            }
            if !opened {
                if self.open_folder("SELECT", folder).await?.validity != row.validity {
                    // Their numbers mean other letters now; the next round recognises them.
                    return Ok(());
                }
                opened = true;
            }
            let compared = self.compare(due).await?;
            self.note_strangers(folder, id, &compared).await?;
            let same = compared.same;
            if same.is_empty() {
                continue;
            }
            let uids: Numbers = same.iter().map(|(uid, _)| *uid).collect();
            if !self.expunge(&uids, folder).await? {
                return Ok(());
            }
            let count = same.len() as u64;
            let keys: Vec<Vec<u8>> = same.into_iter().map(|(_, key)| key).collect();
            self.means.store.write(Key::Fetching, move |tx: &mut Tx| ledger::parted(tx, id, &keys)).await?;
            self.means.listener.hear(&News::Parted(count));
        }
        let letters = self.means.store.read(move |view| ledger::short(view, id, parting)).await?;
        if letters > 0 {
            self.means.listener.hear(&News::Unproven { folder: folder.place.folder.clone(), letters });
        }
        Ok(())
    }

    /// Compares the letters that are due with those under their numbers there.
    async fn compare(&mut self, due: Vec<Due>) -> Result<Compared, Fault> {
        let mut uids: Vec<u32> = due.iter().filter_map(|due| due.uid).collect();
        uids.sort_unstable();
        let uids: Numbers = uids.into_iter().collect();
        let items = format!("UID RFC822.SIZE BODY.PEEK[HEADER.FIELDS ({})]", identity::FIELDS);
        let answer = self.client.ask(&format!("UID FETCH {} ({items})", uids.written())).await?.must("UID FETCH")?;
        let mut shown: HashMap<u32, Fetched> = HashMap::new();
        for response in answer.untagged {
            if let Response::Fetch(fetched) = response
                && let Some(uid) = fetched.uid.filter(|_| fetched.header.is_some())
            {
                shown.insert(uid, *fetched);
            }
        }
        // Not to be shown is not to be absent.
        let there = self.ask_search(&format!("UID {}", uids.written())).await?.unwrap_or(uids);
        let mut compared = Compared::default();
        for Due { key, uid, size, light, content } in due {
            let Some(uid) = uid.filter(|uid| there.contains(*uid) || shown.contains_key(uid)) else {
                compared.absent.push(key);
                continue;
            };
            let header =
                shown.get(&uid).and_then(|fetched| fetched.header.as_ref().map(|header| (header, fetched.size)));
            let now = header.and_then(|(header, told)| identity::light(header, told.unwrap_or(size)));
            // Without a Message-ID, or where the header looks another way today, the whole letter tells.
            if light.is_some() && now == light || self.has_content(uid, content).await? {
                compared.same.push((uid, key));
            } else if header.is_some() {
                compared.other.push(key);
            } else {
                compared.hidden.push(key);
            }
        }
        Ok(compared)
    }

    /// Returns true if the letter there under this number is, to its last octet, the one that is here.
    async fn has_content(&mut self, uid: u32, content: Option<identity::Digest>) -> Result<bool, Fault> {
        let answer = self.client.ask(&format!("UID FETCH {uid} (UID BODY.PEEK[])")).await?.must("UID FETCH")?;
        let there = answer.untagged.iter().find_map(|response| match response {
            Response::Fetch(fetched) if fetched.uid == Some(uid) => {
                fetched.body.as_ref().map(|body| identity::content(body))
            }
            _ => None,
        });
        Ok(content.is_some() && there == content)
    }

    /// Notes letters whose number belongs to another letter here: such a letter stays there, and is fetched in the
    /// next round.
    async fn note_strangers(&self, folder: &Folder, row: i64, compared: &Compared) -> Result<(), Fault> {
        let Compared { other, absent, hidden, .. } = compared;
        let letters = other.len() as u64;
        let (other, absent, hidden) = (other.clone(), absent.clone(), hidden.clone());
        let noted = move |tx: &mut Tx| {
            other.iter().try_for_each(|key| ledger::displace(tx, row, key))?;
            if !other.is_empty() {
                ledger::look_anew(tx, row)?;
            }
            ledger::keep_there(tx, row, &hidden)?;
            ledger::mark_keys_gone(tx, row, &absent)
        };
        self.means.store.write(Key::Fetching, noted).await?;
        if letters > 0 {
            let folder = folder.place.folder.clone();
            self.means.listener.hear(&News::Unproven { folder, letters });
        }
        Ok(())
    }

    /// Marks these and takes them away, and no others (RFC 4315). Returns whether they went.
    async fn expunge(&mut self, uids: &Numbers, folder: &Folder) -> Result<bool, Fault> {
        let set = uids.written();
        if folder.by_label {
            // A letter that is expunged from All Mail stays there: Gmail takes it for archived. Gmail's own way is
            // the label of the trash, which is emptied after a month.
            let trash = format!("UID STORE {set} +X-GM-LABELS (\\Trash)");
            self.client.ask(&trash).await?.must("UID STORE")?;
            return Ok(true);
        }
        let store = format!("UID STORE {set} +FLAGS.SILENT (\\Deleted)");
        self.client.ask(&store).await?.must("UID STORE")?;
        if self.client.can("UIDPLUS") || self.client.can("IMAP4REV2") {
            self.client.ask(&format!("UID EXPUNGE {set}")).await?.must("UID EXPUNGE")?;
            return Ok(true);
        }
        // EXPUNGE takes all that is marked, also by others: only where nothing else is.
        let others = self.ask_search("DELETED").await?.is_none_or(|marked| !marked.without(uids).is_empty());
        if others {
            self.means.listener.hear(&News::CannotPart { folder: folder.place.folder.clone() });
            return Ok(false);
        }
        self.client.ask("EXPUNGE").await?.must("EXPUNGE")?;
        Ok(true)
    }
}
