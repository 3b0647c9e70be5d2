//! A person's mailbox as a whole: made, measured, deleted.

use mail::seam::AccountId;
use store::{Topic, Tx, View, params};

use crate::folder::{self, SpecialUse};
use crate::{Access, Change, Error, Right};

/// Says which states of the account a change moves on, as a client sees them that knows the account as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Touch {
    /// Letters that are visible, or were.
    pub emails: bool,
    /// Folders, or the counters of the visible letters in them.
    pub folders: bool,
    /// The letters of a conversation.
    pub threads: bool,
}

impl Touch {
    /// Letters come or go.
    pub const ALL: Self = Self { emails: true, folders: true, threads: true };
    /// Folders only.
    pub const FOLDERS: Self = Self { emails: false, folders: true, threads: false };
}

/// The usage of an account: the space that its letters take, and their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Octets of all letters, each counted once in however many folders it lies.
    pub used: u64,
    /// Octets allowed; none: as much as the disk takes.
    pub quota: Option<u64>,
    /// Letters, each counted once.
    pub letters: u64,
    /// The last change in the account: JMAP's state.
    pub change: Change,
}

/// The folders that every mailbox has from the start, each with its use (RFC 6154).
const FIRST_FOLDERS: [(&str, Option<SpecialUse>); 6] = [
    ("INBOX", None),
    ("Drafts", Some(SpecialUse::Drafts)),
    ("Sent", Some(SpecialUse::Sent)),
    ("Archive", Some(SpecialUse::Archive)),
    ("Junk", Some(SpecialUse::Junk)),
    ("Trash", Some(SpecialUse::Trash)),
];

/// The topic announced after each change of the account's mail.
pub fn topic(account: AccountId) -> Topic {
    Topic { kind: "mailbox", id: account.0 }
}

/// Announced beside it for the background task, which works for all accounts.
pub(crate) const WORK: Topic = Topic { kind: "mailbox-work", id: 0 };

/// Makes the mailbox of a new account, with its first folders, subscribed.
pub fn create(tx: &mut Tx, account: AccountId, quota: Option<u64>) -> Result<(), Error> {
    let made = tx.execute(
        "INSERT INTO account_mail (account, quota) VALUES ($1, $2) ON CONFLICT (account) DO NOTHING",
        params![account.0, quota],
    )?;
    if made == 0 {
        return Err(Error::AccountExists(account));
    }
    let access = Access::house(account);
    for (name, special_use) in FIRST_FOLDERS {
        folder::create(tx, access, name, special_use)?;
        folder::subscribe(tx, access, name)?;
    }
    Ok(())
}

/// Returns the usage of the account, in one look.
pub fn usage(view: &View, access: Access) -> Result<Usage, Error> {
    measured(view, access.may(Right::Read)?)
}

pub(crate) fn measured(view: &View, account: AccountId) -> Result<Usage, Error> {
    view.query_opt(
        "SELECT used, quota, letters, change FROM account_mail WHERE account = $1 AND deleted = 0",
        params![account.0],
        |row| Ok(Usage { used: row.get(0)?, quota: row.get(1)?, letters: row.get(2)?, change: Change(row.get(3)?) }),
    )?
    .ok_or(Error::NoSuchAccount(account))
}

/// Allows the account so many octets. Letters that are over the limit already stay; only new letters are refused.
pub fn set_quota(tx: &mut Tx, account: AccountId, quota: Option<u64>) -> Result<(), Error> {
    let done =
        tx.execute("UPDATE account_mail SET quota = $2 WHERE account = $1 AND deleted = 0", params![account.0, quota])?;
    if done == 0 {
        return Err(Error::NoSuchAccount(account));
    }
    // A client that listens to the account shows how much the account may hold.
    tx.announce(topic(account));
    Ok(())
}

/// Deletes the mailbox. It is gone at once, for everybody; all that was in it is cleared away behind it by the background
/// task, slice by slice, so that a large one does not hold the writer.
pub fn delete(tx: &mut Tx, account: AccountId) -> Result<(), Error> {
    let done =
        tx.execute("UPDATE account_mail SET deleted = 1 WHERE account = $1 AND deleted = 0", params![account.0])?;
    if done == 0 {
        return Err(Error::NoSuchAccount(account));
    }
    tx.execute("UPDATE folder SET name = NULL, left_over = 1 WHERE account = $1", params![account.0])?;
    tx.announce(topic(account));
    tx.announce(WORK);
    Ok(())
}

/// So many visible places more, or fewer, are beyond the first of their letters.
pub(crate) fn double(tx: &mut Tx, account: AccountId, places: i64) -> Result<(), Error> {
    if places != 0 {
        let sql = "UPDATE account_mail SET doubled = doubled + $2 WHERE account = $1";
        tx.execute(sql, params![account.0, places])?;
    }
    Ok(())
}

/// The next tick of the account's counter.
pub(crate) fn tick(tx: &mut Tx, account: AccountId, touch: Touch) -> Result<Change, Error> {
    grow(tx, account, 0, 0, touch)
}

/// The next tick, with octets and letters added or taken away and no look at the quota.
pub(crate) fn grow(tx: &mut Tx, account: AccountId, octets: i64, letters: i64, touch: Touch) -> Result<Change, Error> {
    tx.query_opt(
        "UPDATE account_mail SET change = change + 1, used = used + $2, letters = letters + $3,
         emails = CASE WHEN $4 = 1 THEN change + 1 ELSE emails END,
         folders = CASE WHEN $5 = 1 THEN change + 1 ELSE folders END,
         threads = CASE WHEN $6 = 1 THEN change + 1 ELSE threads END
         WHERE account = $1 RETURNING change",
        params![account.0, octets, letters, touch.emails, touch.folders, touch.threads],
        |row| row.get(0).map(Change),
    )?
    .ok_or(Error::NoSuchAccount(account))
}

/// The next tick, if so many octets more still fit.
pub(crate) fn grow_within_quota(tx: &mut Tx, account: AccountId, octets: u64, letters: u64) -> Result<Change, Error> {
    let change = tx.query_opt(
        "UPDATE account_mail SET change = change + 1, used = used + $2, letters = letters + $3,
         emails = change + 1, folders = change + 1, threads = change + 1
         WHERE account = $1 AND deleted = 0 AND (quota IS NULL OR used + $2 <= quota) RETURNING change",
        params![account.0, octets, letters],
        |row| row.get(0).map(Change),
    )?;
    match change {
        Some(change) => Ok(change),
        None => {
            let Usage { used, quota, .. } = measured(tx, account)?;
            Err(Error::OverQuota { used, quota: quota.unwrap_or(u64::MAX), size: octets })
        }
    }
}
