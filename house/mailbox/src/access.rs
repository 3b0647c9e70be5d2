//! Says who works on a mailbox, whose mailbox it is, and what they may do there.
//!
//! Every public function that takes a folder or a letter, or finds one, takes an [`Access`]. The number of a folder or of a
//! letter opens nothing by itself: it is looked up in the mailbox of the access's owner alone, so that a number of somebody
//! else's is like one that does not exist.

use mail::seam::AccountId;
use store::{Asker, Key, View, params};

use crate::{Error, FolderId};

/// A kind of work in a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// To see folders and letters.
    Read,
    /// To change flags and keywords of letters.
    Flag,
    /// To put letters into folders.
    Insert,
    /// To take letters out of folders.
    Delete,
    /// To make, rename, delete and subscribe to folders, and to say what they are for.
    Administer,
}

impl Right {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Read, Self::Flag, Self::Insert, Self::Delete, Self::Administer];

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl std::fmt::Display for Right {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Flag => "change flags of letters",
            Self::Insert => "add letters",
            Self::Delete => "take letters away",
            Self::Administer => "change folders",
        })
    }
}

/// The permission to work on one mailbox. Only this file makes one, so each function that takes it knows that somebody has
/// decided whose letters the caller may touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The account of the person who works on it; none: the house itself.
    who: Option<AccountId>,
    owner: AccountId,
    /// A bit for each [`Right`].
    rights: u8,
}

impl Access {
    const EVERYTHING: u8 = (1 << Right::ALL.len()) - 1;

    /// The access of a person who has logged in to their own mailbox: they may do everything.
    pub const fn own(account: AccountId) -> Self {
        Self { who: Some(account), owner: account, rights: Self::EVERYTHING }
    }

    /// The access of the house itself to the mailbox of an account, to deliver, fetch, import, export and mend.
    pub const fn house(owner: AccountId) -> Self {
        Self { who: None, owner, rights: Self::EVERYTHING }
    }

    /// The same with no more than these rights: nobody gains one in this way.
    #[must_use]
    pub fn only(self, rights: &[Right]) -> Self {
        let kept = rights.iter().fold(0, |bits, right| bits | right.bit());
        Self { rights: self.rights & kept, ..self }
    }

    /// The account of the person who works on the mailbox; none: the house itself.
    pub fn who(self) -> Option<AccountId> {
        self.who
    }

    /// The account that the mailbox belongs to.
    pub fn owner(self) -> AccountId {
        self.owner
    }

    /// The one whose share of the store's readers a reading takes: the person who works, and for the house the owner.
    pub fn asker(self) -> Asker {
        Asker(self.who.unwrap_or(self.owner).0)
    }

    /// The key of a write to the mailbox.
    pub fn key(self) -> Key {
        Key::Account(self.owner.0)
    }

    /// Returns the owner, or an error if the access has not this right.
    pub fn may(self, right: Right) -> Result<AccountId, Error> {
        if self.rights & right.bit() == 0 { Err(Error::NotAllowed(right)) } else { Ok(self.owner) }
    }

    /// Returns the owner, if the access has the right and the owner has this folder.
    pub(crate) fn to(self, view: &View, folder: FolderId, right: Right) -> Result<AccountId, Error> {
        let owner = self.may(right)?;
        let sql = "SELECT 1 FROM folder WHERE folder = $1 AND account = $2 AND name IS NOT NULL";
        match view.query_opt(sql, params![folder.0, owner.0], |_| Ok(()))? {
            Some(()) => Ok(owner),
            None => Err(Error::NoSuchFolder(folder)),
        }
    }

    /// The access of the house to a folder, for work that goes on in the background.
    pub(crate) fn behind(view: &View, folder: FolderId) -> Result<Self, Error> {
        let sql = "SELECT account FROM folder WHERE folder = $1 AND name IS NOT NULL";
        let owner = view.query_opt(sql, params![folder.0], |row| row.get(0).map(AccountId))?;
        owner.map(Self::house).ok_or(Error::NoSuchFolder(folder))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_that_is_narrowed_never_gets_a_right_back() {
        let reader = Access::own(AccountId(1)).only(&[Right::Read]);
        assert!(reader.may(Right::Read).is_ok());
        assert!(matches!(reader.only(&Right::ALL).may(Right::Delete), Err(Error::NotAllowed(Right::Delete))));
        assert!(reader.only(&[]).may(Right::Read).is_err());
    }
}
