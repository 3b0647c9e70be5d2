//! Recognizes files that lie beside letters and are none: indexes, settings, lists. They are counted by kind and are
//! no failure.

use serde::{Deserialize, Serialize};

/// Something that is no letter to be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Beside {
    /// Files that a mail program computes from the letters, or remembers of them: the import reads those that it can
    /// use.
    Index,
    /// Settings and rules of a mail program.
    Settings,
    /// Files that a file manager or a system leaves in folders.
    System,
    /// Addresses.
    Contacts,
    /// Appointments and tasks.
    Calendar,
    /// A file without an octet in it.
    Empty,
    /// Letters that were deleted at their source, and not yet swept out.
    Deleted,
}

impl Beside {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Index, Self::Settings, Self::System, Self::Contacts, Self::Calendar, Self::Empty, Self::Deleted];

    /// Returns the kind of a file by its name alone, if the name is known so well that nobody has to look into the
    /// file.
    pub fn by_name(file: &str, directory: &str) -> Option<Self> {
        let name = file.to_lowercase();
        let name = name.as_str();
        if directory.split('/').any(|level| level == "__MACOSX") || name.starts_with("._") || is_one_of(name, SYSTEM) {
            return Some(Self::System);
        }
        let begins = |starts: &[&str]| starts.iter().any(|start| name.starts_with(start));
        let is_index = name.ends_with(".msf") || is_kmail_index(name) || is_of_proton(name);
        if is_index || is_one_of(name, INDEXES) || begins(INDEX_STARTS) {
            return Some(Self::Index);
        }
        if is_one_of(name, SETTINGS) {
            return Some(Self::Settings);
        }
        is_removed(name).then_some(Self::Deleted)
    }

    /// Returns the kind by the ending of the name, for a file that does not look like letters.
    pub fn by_ending(file: &str) -> Option<Self> {
        let (_, ending) = file.rsplit_once('.')?;
        let ending = ending.to_ascii_lowercase();
        ENDINGS.iter().find(|(_, endings)| endings.contains(&ending.as_str())).map(|(kind, _)| *kind)
    }

    /// Returns the kind by the first octets of a file.
    pub fn by_content(start: &[u8]) -> Option<Self> {
        let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
        let begins = |word: &[u8]| text.get(..word.len()).is_some_and(|first| first.eq_ignore_ascii_case(word));
        if begins(b"BEGIN:VCARD") {
            return Some(Self::Contacts);
        }
        if begins(b"BEGIN:VCALENDAR") || begins(b"BEGIN:VJOURNAL") {
            return Some(Self::Calendar);
        }
        INDEX_CONTENTS.iter().any(|index| start.starts_with(index)).then_some(Self::Index)
    }
}

fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.contains(&name)
}

/// `.inbox.index`, `.inbox.index.ids`, `.inbox.index.sorted`
fn is_kmail_index(name: &str) -> bool {
    let ends = [".index", ".index.ids", ".index.sorted", ".index.search"].iter().any(|end| name.ends_with(end));
    name.starts_with('.') && ends
}

/// Proton's export describes each letter in a file of its own.
fn is_of_proton(name: &str) -> bool {
    name.ends_with(".metadata.json")
}

/// `,12`: a letter that MH has removed and not yet cleared away.
fn is_removed(name: &str) -> bool {
    let number = name.strip_prefix(',').or_else(|| name.strip_prefix('#'));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

const SYSTEM: &[&str] = &[
    ".ds_store",
    ".localized",
    ".directory",
    ".nomedia",
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "icon\r",
    ".fseventsd",
    ".gitignore",
    ".gitkeep",
    ".keep",
    ".placeholder",
    ".stfolder",
];

const INDEXES: &[&str] = &[
    // Maildirs of Courier, Dovecot, mbsync, OfflineIMAP, Evolution.
    "maildirfolder",
    "maildirsize",
    "subscriptions",
    ".subscriptions",
    ".mbsyncstate",
    ".isyncuidmap.db",
    ".uidvalidity",
    ".maildir",
    "courierimapuiddb",
    "courierpop3dsizelist",
    "courierimaphieraschema",
    "courierimapsubscribed",
    "courierimapacl",
    "..maildir++",
    ".cmeta",
    ".ev-summary",
    ".ev-summary-meta",
    "folders.db",
    ".msgcache",
    "dovecot-keywords",
    "dovecot-acl",
    "dovecot-acl-list",
    // MH and what builds on it, Cyrus, Gnus.
    ".mh_sequences",
    ".mh_profile",
    ".xmhcache",
    ".claws_cache",
    ".claws_mark",
    ".claws_tags",
    ".sylpheed_cache",
    ".sylpheed_mark",
    ".overview",
    ".marks",
    ".mh_index",
    ".folders",
    ".agentview",
    "cyrus.header",
    "cyrus.index",
    "cyrus.cache",
    "cyrus.squat",
    "cyrus.annotations",
    // Apple Mail, Proton, ourselves.
    "table_of_contents",
    "content_index",
    "info.plist",
    "mailboxinfo.plist",
    ".mboxcache.plist",
    "labels.json",
    crate::sidecar::NAME,
];

const INDEX_STARTS: &[&str] = &[
    "dovecot.index",
    "dovecot-uid",
    "dovecot.list.index",
    "dovecot.mailbox.log",
    "dovecot.map.index",
    "envelope index",
    ".imap.index",
    ".customflags",
    ".courier",
    "courierimapkeywords",
];

/// The beginnings of files that mail programs keep: databases, Mork, which Thunderbird wrote its indexes in, and the
/// state that mbsync keeps of each folder under any name.
const INDEX_CONTENTS: &[&[u8]] =
    &[b"SQLite format 3\0", b"// <!-- <mdb:mork", b"FarUidValidity ", b"MasterUidValidity "];

const SETTINGS: &[&str] = &[
    "prefs.js",
    "user.js",
    "msgfilterrules.dat",
    "popstate.dat",
    "virtualfolders.dat",
    "filterlog.html",
    "junklog.html",
    "training.dat",
    "archive_browser.html",
    "user_settings.json",
    "panacea.dat",
    "session.json",
    "xulstore.json",
    ".dovecot.sieve",
    "dovecot.sieve",
    ".dovecot.svbin",
    ".forward",
    ".procmailrc",
    ".qmail",
    "foldertree.json",
    "foldercache.json",
    "feeds.json",
    "feeds.rdf",
    "feeditems.rdf",
    "abook.mab",
    "history.mab",
    "accounts.plist",
    "smartmailboxes.plist",
    "syncedrules.plist",
    "unsyncedrules.plist",
    "rules.plist",
    "mailboxes.plist",
];

const ENDINGS: &[(Beside, &[&str])] = &[
    (Beside::Index, &["msf", "toc", "idx", "lock", "lck", "summary", "cmeta", "nov", "svbin"]),
    (Beside::Index, &["sqlite", "sqlite3", "sqlite-wal", "sqlite-shm", "sqlite-journal", "db-wal", "db-shm", "ibex"]),
    (Beside::Settings, &["ini", "js", "plist", "rc", "conf", "sieve", "mozlz4", "jsonlz4", "log", "xml", "json"]),
    (Beside::Settings, &["html", "dat"]),
    (Beside::Contacts, &["vcf", "vcard", "ldif", "mab", "contact", "wab", "abook"]),
    (Beside::Calendar, &["ics", "ifb", "ical"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_keep_beside_letters_is_known_by_its_name() {
        for (name, kind) in [
            (".DS_Store", Beside::System),
            ("._12.emlx", Beside::System),
            ("dovecot.index.log", Beside::Index),
            ("dovecot-uidlist", Beside::Index),
            (".inbox.index.ids", Beside::Index),
            ("abc==.metadata.json", Beside::Index),
            ("labels.json", Beside::Index),
            ("msgFilterRules.dat", Beside::Settings),
            (",12", Beside::Deleted),
        ] {
            assert_eq!(Beside::by_name(name, ""), Some(kind), "{name}");
        }
        for letter in ["1", "12.", "a.eml", "Inbox", ",x", "index", "my.index"] {
            assert_eq!(Beside::by_name(letter, ""), None, "{letter}");
        }
        assert_eq!(Beside::by_name("x.eml", "__MACOSX/a"), Some(Beside::System));
    }

    #[test]
    fn the_rest_is_known_by_ending_or_content() {
        assert_eq!(Beside::by_ending("Inbox.MSF"), Some(Beside::Index));
        assert_eq!(Beside::by_ending("picture.jpg"), None);
        assert_eq!(Beside::by_content(b"\xef\xbb\xbfbegin:vcard\r\n"), Some(Beside::Contacts));
        assert_eq!(Beside::by_content(b"BEGIN:VCALENDAR\n"), Some(Beside::Calendar));
        assert_eq!(Beside::by_content(b"FarUidValidity 1\nNearUidValidity 2\n"), Some(Beside::Index));
        assert_eq!(Beside::by_content(b"Subject: x\n"), None);
    }
}
