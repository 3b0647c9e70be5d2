//! Files that hold letters in a form that is not read here, recognised by their first octets; each has another way in.

use serde::{Deserialize, Serialize};

/// A form that is not read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Foreign {
    /// Outlook's store, `.pst` or `.ost`.
    Pst,
    /// One letter of Outlook's, `.msg`, or another file of Microsoft's in the same container.
    Msg,
    /// The archive of Outlook for Mac, `.olm`.
    Olm,
    /// UW IMAP's own form of a mailbox, `*mbx*`.
    Mbx,
    /// A folder of Outlook Express, `.dbx`.
    Dbx,
    /// A database of Notes, `.nsf`.
    Nsf,
    /// The attachment in which Outlook wraps others, `winmail.dat`.
    Tnef,
    /// An archive of a kind that is not unpacked, or one inside of another.
    Archive,
}

/// The container of `.msg` and of many other files of Microsoft's.
const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

const STARTS: &[(&[u8], Foreign)] = &[
    (b"!BDN", Foreign::Pst),
    (COMPOUND, Foreign::Msg),
    (b"*mbx*\r\n", Foreign::Mbx),
    (b"\xcf\xad\x12\xfe", Foreign::Dbx),
    (b"\x1a\x00\x00\x04\x00\x00", Foreign::Nsf),
    (b"\x78\x9f\x3e\x22", Foreign::Tnef),
    (b"PK\x03\x04", Foreign::Archive),
    (b"PK\x05\x06", Foreign::Archive),
    (b"\x1f\x8b\x08", Foreign::Archive),
    (b"7z\xbc\xaf\x27\x1c", Foreign::Archive),
    (b"Rar!\x1a\x07", Foreign::Archive),
    (b"BZh", Foreign::Archive),
    (b"\xfd7zXZ\0", Foreign::Archive),
    (b"\x28\xb5\x2f\xfd", Foreign::Archive),
];

impl Foreign {
    /// The form of a file that is called so and begins so.
    pub fn of(file: &str, start: &[u8]) -> Option<Self> {
        let found = STARTS.iter().find(|(magic, _)| start.starts_with(magic)).map(|(_, foreign)| *foreign)?;
        let ending = file.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
        match (found, ending.as_str()) {
            // Documents lie in the same containers.
            (Self::Msg, "doc" | "xls" | "ppt" | "db" | "msi") => None,
            (Self::Archive, "docx" | "xlsx" | "pptx" | "odt" | "ods" | "odp" | "jar" | "epub" | "apk" | "xpi") => None,
            (Self::Archive, "olm") => Some(Self::Olm),
            (Self::Archive, _) if start.starts_with(b"BZh") && !matches!(start.get(3), Some(b'1'..=b'9')) => None,
            _ => Some(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_forms_are_known_by_their_first_octets_and_not_by_their_names() {
        assert_eq!(Foreign::of("backup.old", b"!BDN\x00"), Some(Foreign::Pst));
        assert_eq!(Foreign::of("x.msg", COMPOUND), Some(Foreign::Msg));
        assert_eq!(Foreign::of("x.doc", COMPOUND), None);
        assert_eq!(Foreign::of("x.olm", b"PK\x03\x04"), Some(Foreign::Olm));
        assert_eq!(Foreign::of("inbox", b"*mbx*\r\n1234"), Some(Foreign::Mbx));
        assert_eq!(Foreign::of("Inbox.dbx", b"\xcf\xad\x12\xfe\xc5"), Some(Foreign::Dbx));
        assert_eq!(Foreign::of("x.pst", b"From: a\n"), None);
        assert_eq!(Foreign::of("x", b"BZhello"), None);
    }
}
