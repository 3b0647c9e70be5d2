//! The commands of a client: one value for each command, grouped by the states that allow it (RFC 9051 §6).
//!
//! Names of folders are already decoded (modified UTF-7 or UTF-8) and `INBOX` is already in capitals.

use std::num::NonZeroU32;

use bytes::Bytes;
use mail::{Password, Timestamp};

use super::sets::{SequenceSet, UidSet};

/// The word a client puts before a command and the server before its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag(pub Box<str>);

/// A command with its tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The tag that the answer begins with.
    pub tag: Tag,
    /// The command itself.
    pub command: Command,
}

/// A command, by the state that allows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Commands for any state (RFC 9051 §6.1).
    Any(AnyCommand),
    /// Commands before the log-in (§6.2).
    Entry(EntryCommand),
    /// Commands after the log-in (§6.3).
    Folder(FolderCommand),
    /// Commands for the selected folder (§6.4).
    Selected(SelectedCommand),
}

/// Commands for any state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnyCommand {
    /// `CAPABILITY`
    Capability,
    /// `NOOP`
    Noop,
    /// `LOGOUT`
    Logout,
    /// `ID` (RFC 2971); the pairs are only for the log.
    Id(Vec<(String, Option<String>)>),
}

/// Commands for a client that has not logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryCommand {
    /// `STARTTLS`
    StartTls,
    /// `AUTHENTICATE`, perhaps with the initial response of SASL-IR (RFC 4959).
    Authenticate {
        /// The name of the mechanism in capitals.
        mechanism: String,
        /// The response as it came, in base64; `=` is an empty response. It contains a password, so it is kept like
        /// one.
        initial: Option<Password>,
    },
    /// `LOGIN`
    Login {
        /// The name.
        name: String,
        /// The password.
        password: Password,
    },
}

/// Commands for a client that has logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FolderCommand {
    /// `ENABLE` (RFC 5161), names in capitals.
    Enable(Vec<String>),
    /// `SELECT` and `EXAMINE`
    Select(Select),
    /// `CREATE`, with the uses of RFC 6154 §3.
    Create {
        /// The folder; a `/` at the end is already taken away.
        folder: String,
        /// `(USE (\Drafts))`
        uses: Vec<SpecialUse>,
    },
    /// `DELETE`
    Delete(String),
    /// `RENAME`
    Rename {
        /// The present name.
        from: String,
        /// The new name.
        to: String,
    },
    /// `SUBSCRIBE`
    Subscribe(String),
    /// `UNSUBSCRIBE`
    Unsubscribe(String),
    /// `LIST`
    List(List),
    /// `LSUB` (RFC 3501 §6.3.9)
    Lsub {
        /// The text that is put before the pattern.
        reference: String,
        /// The pattern, with `%` and `*`.
        pattern: String,
    },
    /// `STATUS`
    Status {
        /// The folder.
        folder: String,
        /// The items that the client asks for.
        items: Vec<StatusItem>,
    },
    /// `NAMESPACE`
    Namespace,
    /// `APPEND`
    Append(Append),
    /// `IDLE`
    Idle,
    /// `GETQUOTA` (RFC 9208 §4.1.1)
    GetQuota(String),
    /// `GETQUOTAROOT`
    GetQuotaRoot(String),
}

/// Commands for a client with a folder selected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelectedCommand {
    /// `CHECK` (RFC 3501 §6.4.1)
    Check,
    /// `CLOSE`
    Close,
    /// `UNSELECT`
    Unselect,
    /// `EXPUNGE`, or `UID EXPUNGE` if there is a set.
    Expunge(Option<SequenceSet>),
    /// `SEARCH`
    Search(Search),
    /// `FETCH`
    Fetch(Fetch),
    /// `STORE`
    Store(Store),
    /// `COPY`
    Copy(Transfer),
    /// `MOVE`
    Move(Transfer),
}

/// The way in which a command names letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbering {
    /// By their sequence numbers in the folder.
    Sequence,
    /// By UID: the command came after `UID`.
    Uid,
}

/// `SELECT` and `EXAMINE` with the parameters of RFC 7162.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Select {
    /// The folder.
    pub folder: String,
    /// `EXAMINE`
    pub read_only: bool,
    /// `(CONDSTORE)`
    pub condstore: bool,
    /// `(QRESYNC (…))`
    pub qresync: Option<Qresync>,
}

/// The state of a folder that a client remembers (RFC 7162 §3.2.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Qresync {
    /// The UIDVALIDITY it knew.
    pub uid_validity: NonZeroU32,
    /// The last modification sequence it saw.
    pub since: u64,
    /// The UIDs it knows; all when absent.
    pub known: Option<UidSet>,
    /// Sequence numbers and the UIDs they had, of the same length.
    pub matched: Option<(UidSet, UidSet)>,
}

/// The uses a folder can have (RFC 6154 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecialUse {
    /// `\All`
    All,
    /// `\Archive`
    Archive,
    /// `\Drafts`
    Drafts,
    /// `\Flagged`
    Flagged,
    /// `\Junk`
    Junk,
    /// `\Sent`
    Sent,
    /// `\Trash`
    Trash,
}

/// `LIST`, plain or extended (RFC 5258, RFC 9051 §6.3.9).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// True if any part of the extended syntax was used.
    pub extended: bool,
    /// The folders to list.
    pub select: ListSelect,
    /// The text that is put before each pattern.
    pub reference: String,
    /// The patterns, with `%` and `*`; the plain command has one.
    pub patterns: Vec<String>,
    /// The properties that the client asks for.
    pub returns: ListReturn,
}

/// Selection options of `LIST`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListSelect {
    /// True to list only subscribed names, existing or not.
    pub subscribed: bool,
    /// True to list remote folders as well: there are none.
    pub remote: bool,
    /// Parents of matching folders as well, with `CHILDINFO`.
    pub recursive_match: bool,
    /// True to list only folders with a use.
    pub special_use: bool,
}

/// Return options of `LIST`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListReturn {
    /// `\Subscribed`
    pub subscribed: bool,
    /// `\HasChildren` or `\HasNoChildren`
    pub children: bool,
    /// The uses.
    pub special_use: bool,
    /// A `STATUS` response for each (RFC 5819).
    pub status: Option<Vec<StatusItem>>,
}

/// The items that `STATUS` can return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusItem {
    /// The number of letters.
    Messages,
    /// The number of `\Recent` letters, always 0: nobody uses it any more.
    Recent,
    /// The next UID.
    UidNext,
    /// The UIDVALIDITY.
    UidValidity,
    /// The number of letters that are not `\Seen`.
    Unseen,
    /// The number of letters that are `\Deleted`.
    Deleted,
    /// Their octets together.
    Size,
    /// The highest modification sequence (RFC 7162).
    HighestModSeq,
    /// The largest letter APPEND takes (RFC 7889).
    AppendLimit,
    /// The id of the folder (RFC 8474 §4.3).
    MailboxId,
}

/// `APPEND`, of one letter or several (RFC 3502).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    /// The folder that the letters go to.
    pub folder: String,
    /// The letters, at least one.
    pub letters: Vec<AppendLetter>,
}

/// One letter of `APPEND`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppendLetter {
    /// Flags it shall have.
    pub flags: Vec<Flag>,
    /// The time of reception; the present time if absent.
    pub received: Option<Timestamp>,
    /// The letter.
    pub body: Bytes,
    /// True if it came as a literal8 (`~{…}`) or inside `UTF8 (…)`.
    pub binary: bool,
}

/// A flag that a client may set. `\Recent` is not one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flag {
    /// `\Seen`
    Seen,
    /// `\Answered`
    Answered,
    /// `\Flagged`
    Flagged,
    /// `\Deleted`
    Deleted,
    /// `\Draft`
    Draft,
    /// A word of the client's own.
    Keyword(String),
}

/// `SEARCH`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// The meaning of the numbers in the answer (and, for the answer only, in the command).
    pub numbering: Numbering,
    /// `RETURN (…)`; absent in the plain form of RFC 3501.
    pub returns: Option<SearchReturn>,
    /// The `CHARSET` of the command's texts, in capitals. The caller refuses an unknown one.
    pub charset: Option<String>,
    /// All of them must hold.
    pub keys: Vec<SearchKey>,
}

/// Return options of `SEARCH` (RFC 4731, RFC 5182). `RETURN ()` is `all`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SearchReturn {
    /// The lowest number.
    pub min: bool,
    /// The highest number.
    pub max: bool,
    /// All numbers.
    pub all: bool,
    /// The number of letters found.
    pub count: bool,
    /// True to keep the result as `$`.
    pub save: bool,
}

/// A day without a zone, as search keys name it.
pub use jiff::civil::Date;

/// A search key (RFC 9051 §6.4.4). The parser limits the depth of nesting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SearchKey {
    /// Every letter.
    All,
    /// The flag is set.
    Flag(Flag),
    /// The letters without the flag.
    NoFlag(Flag),
    /// `RECENT`, `NEW`: no letter (nothing is `\Recent` here). `OLD` is `All`.
    Never,
    /// The letters with these sequence numbers.
    Sequence(SequenceSet),
    /// The letters with these UIDs.
    Uid(SequenceSet),
    /// The letters received before the day.
    Before(Date),
    /// The letters received on the day.
    On(Date),
    /// The letters received on or after the day.
    Since(Date),
    /// The letters with a Date header before the day.
    SentBefore(Date),
    /// The letters with a Date header on the day.
    SentOn(Date),
    /// The letters with a Date header on or after the day.
    SentSince(Date),
    /// The letters received at least so many seconds ago (RFC 5032).
    Older(u32),
    /// The letters received less than so many seconds ago.
    Younger(u32),
    /// The letters with more octets than this.
    Larger(u64),
    /// The letters with fewer octets than this.
    Smaller(u64),
    /// The letters whose header field contains the text; an empty text asks only for the field. `FROM`, `TO`, `CC`,
    /// `BCC`, `SUBJECT` come as this too, with the name in lower case.
    Header {
        /// The name in lower case.
        name: String,
        /// The text that it must contain.
        text: String,
    },
    /// The body has the text.
    Body(String),
    /// The letters whose header or body contains the text.
    Text(String),
    /// The letters changed at or after this modification sequence (RFC 7162 §3.1.5).
    ModSeq(u64),
    /// The letter of this id (RFC 8474 §6); an id of no letter finds none.
    EmailId(String),
    /// The letters of the conversation of this id (RFC 8474 §6).
    ThreadId(String),
    /// All of them hold.
    And(Vec<SearchKey>),
    /// At least one of them holds. The list has two keys at least, and none of them is such a list.
    Or(Vec<SearchKey>),
    /// The key does not hold.
    Not(Box<SearchKey>),
}

/// `FETCH`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// The meaning of the numbers in `set`; with `Uid` the answer contains UIDs as well.
    pub numbering: Numbering,
    /// The letters to fetch from.
    pub set: SequenceSet,
    /// The items of each letter; macros are already expanded.
    pub items: Vec<FetchItem>,
    /// `(CHANGEDSINCE …)`
    pub changed_since: Option<u64>,
    /// `(… VANISHED)`
    pub vanished: bool,
}

/// The items that `FETCH` can ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchItem {
    /// `FLAGS`
    Flags,
    /// `UID`
    Uid,
    /// `INTERNALDATE`
    InternalDate,
    /// `RFC822.SIZE`
    Size,
    /// `ENVELOPE`
    Envelope,
    /// `BODY`
    Body,
    /// `BODYSTRUCTURE`
    BodyStructure,
    /// `MODSEQ`
    ModSeq,
    /// `EMAILID` (RFC 8474 §5.1)
    EmailId,
    /// `THREADID` (RFC 8474 §5.2)
    ThreadId,
    /// `BODY[…]`, `BODY.PEEK[…]`
    Section {
        /// The part and the range of bytes.
        section: Section,
        /// Leaves `\Seen` alone.
        peek: bool,
        /// `<first.count>`
        partial: Option<Partial>,
    },
    /// `BINARY[…]`, `BINARY.PEEK[…]` (RFC 3516)
    Binary {
        /// Empty for the whole letter.
        part: Vec<NonZeroU32>,
        /// Leaves `\Seen` alone.
        peek: bool,
        /// `<first.count>`
        partial: Option<Partial>,
    },
    /// `BINARY.SIZE[…]`
    BinarySize {
        /// Empty for the whole letter.
        part: Vec<NonZeroU32>,
    },
    /// `RFC822`: `BODY[]` under its old name.
    Rfc822,
    /// `RFC822.HEADER`: `BODY.PEEK[HEADER]` under its old name.
    Rfc822Header,
    /// `RFC822.TEXT`: `BODY[TEXT]` under its old name.
    Rfc822Text,
}

/// The bytes between the brackets of `BODY[…]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// `1.2.3`; empty for the letter itself.
    pub part: Vec<NonZeroU32>,
    /// The bytes of the part.
    pub text: SectionText,
}

/// The bytes of a part that a section names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SectionText {
    /// `BODY[]`, `BODY[1]`
    Whole,
    /// `HEADER`
    Header,
    /// `HEADER.FIELDS (…)`, names as the client wrote them (the answer repeats them).
    HeaderFields(Vec<String>),
    /// `HEADER.FIELDS.NOT (…)`
    HeaderFieldsNot(Vec<String>),
    /// `TEXT`
    Text,
    /// `MIME`; only with a part.
    Mime,
}

/// `<first.count>`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partial {
    /// Octets to skip.
    pub first: u64,
    /// The most octets to return; never 0.
    pub count: u64,
}

/// `STORE`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// The meaning of the numbers in `set`.
    pub numbering: Numbering,
    /// The letters to change.
    pub set: SequenceSet,
    /// The change that `flags` makes.
    pub action: StoreAction,
    /// True for `.SILENT`: the answer leaves the new flags out.
    pub silent: bool,
    /// The flags.
    pub flags: Vec<Flag>,
    /// `(UNCHANGEDSINCE …)`
    pub unchanged_since: Option<u64>,
}

/// The change that `STORE` makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreAction {
    /// `FLAGS`
    Replace,
    /// `+FLAGS`
    Add,
    /// `-FLAGS`
    Remove,
}

/// `COPY` and `MOVE`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The meaning of the numbers in `set`.
    pub numbering: Numbering,
    /// The letters to copy or move.
    pub set: SequenceSet,
    /// The folder that they go to.
    pub folder: String,
}

impl SelectedCommand {
    /// Returns true if the command can be interrupted at any time without a half-done change.
    pub fn only_reads(&self) -> bool {
        matches!(self, Self::Search(_) | Self::Fetch(_))
    }

    /// Returns true if the answer may tell that letters are gone: not while the client still counts sequence numbers
    /// (RFC 9051 §7.5.1: never during FETCH, STORE and SEARCH by number).
    pub fn allows_expunges(&self) -> bool {
        let numbering = match self {
            Self::Search(search) => search.numbering,
            Self::Fetch(fetch) => fetch.numbering,
            Self::Store(store) => store.numbering,
            _ => return true,
        };
        numbering == Numbering::Uid
    }
}
