//! The numbers of the mailbox: each its own type, so that none can stand where another belongs.

use std::fmt;
use std::num::NonZeroU32;

/// The row of a folder. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FolderId(pub i64);

/// The row of a letter, which JMAP calls the Email id. The letter keeps it in whatever folders it lies. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LetterKey(pub i64);

/// The conversation a letter belongs to, unique in its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ThreadId(pub i64);

/// The number of a letter in its folder (RFC 9051 §2.3.1.1): strictly increasing, never reused while the
/// UIDVALIDITY stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uid(pub NonZeroU32);

impl Uid {
    /// The first UID there can be.
    pub const FIRST: Self = Self(NonZeroU32::MIN);
    /// The last UID there can be.
    pub const LAST: Self = Self(NonZeroU32::MAX);

    /// `None` for zero.
    pub fn new(number: u32) -> Option<Self> {
        NonZeroU32::new(number).map(Self)
    }

    /// The number itself.
    pub fn get(self) -> u32 {
        self.0.get()
    }

    /// The UID after this one, unless this is the last there can be.
    pub fn next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// When a folder's UIDs were begun (RFC 9051 §2.3.1.1). Strictly increasing in an account, so that a folder made
/// again under an old name never looks like the old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UidValidity(pub NonZeroU32);

impl UidValidity {
    /// The number itself.
    pub fn get(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for UidValidity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A tick of the account's change counter: IMAP's modseq (RFC 7162) and JMAP's state. The first change is 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Change(pub u64);

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// UIDs from `first` to `last`, both included. Empty when `first` is the larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UidRange {
    /// The lowest.
    pub first: Uid,
    /// The highest.
    pub last: Uid,
}

impl UidRange {
    /// Every UID there can be.
    pub const ALL: Self = Self { first: Uid::FIRST, last: Uid::LAST };

    /// Makes a range from one to the other, in either order (RFC 9051 §9: `4:2` is `2:4`).
    pub fn new(one: Uid, other: Uid) -> Self {
        Self { first: one.min(other), last: one.max(other) }
    }

    /// A single UID.
    pub fn one(uid: Uid) -> Self {
        Self { first: uid, last: uid }
    }

    /// Returns true if the UID is inside.
    pub fn contains(&self, uid: Uid) -> bool {
        self.first <= uid && uid <= self.last
    }
}

/// The letters that stand before the numbers where clients see them: in the ids of JMAP, and in those of IMAP (RFC 8474).
impl FolderId {
    /// The letter before the number of a folder.
    pub const MARK: char = 'f';
}

impl LetterKey {
    /// The letter before the number of a letter.
    pub const MARK: char = 'm';
}

impl ThreadId {
    /// The letter before the number of a conversation.
    pub const MARK: char = 't';
}
