//! The members of a tar, with the names that GNU tar and pax write before them. Those are read up to a bound: an archive of
//! a megabyte can announce a name of a gigabyte.

use std::io::{self, Read};

use mail::Timestamp;
use tar::{Archive, Entry, EntryType};

use super::{Flow, Node};
use crate::Fault;

/// The longest name, and the longest header of pax, that is read, in octets.
const LONGEST: u64 = 64 << 10;

/// A member.
pub struct Member<'a> {
    /// The file or folder that the member is.
    pub node: Node,
    /// The content of the member.
    pub content: &'a mut dyn Read,
}

/// The values of the extension entries that stood before a member.
#[derive(Default)]
struct Before {
    name: Option<Vec<u8>>,
    modified: Option<i64>,
    /// The size that pax says.
    size: Option<u64>,
    too_long: bool,
}

/// Shows all members with their numbers. One that the archive breaks off at is an error, and the last.
pub fn walk(
    archive: &mut Archive<Box<dyn Read>>,
    each: &mut dyn FnMut(usize, io::Result<Member<'_>>) -> Flow,
) -> io::Result<()> {
    let (mut number, mut before) = (0, Before::default());
    for entry in archive.entries()?.raw(true) {
        let read = entry.and_then(|mut entry| match before.take_in(&mut entry)? {
            true => Ok(None),
            false => Ok(Some(entry)),
        });
        let flow = match read {
            Ok(None) => continue,
            Ok(Some(mut entry)) => match node(&entry, std::mem::take(&mut before)) {
                Ok(node) => each(number, Ok(Member { node, content: &mut entry })),
                Err(torn) => {
                    let _ = each(number, Err(torn));
                    break;
                }
            },
            Err(torn) => {
                let _ = each(number, Err(torn));
                break;
            }
        };
        number += 1;
        if flow.is_break() {
            break;
        }
    }
    Ok(())
}

impl Before {
    /// Reads an entry that is no member but says something of the next one. `false`: it is a member.
    fn take_in<R: Read>(&mut self, entry: &mut Entry<'_, R>) -> io::Result<bool> {
        match entry.header().entry_type() {
            EntryType::GNULongName => {
                let name = self.bounded(entry)?;
                self.name = name.map(|name| name.into_iter().take_while(|byte| *byte != 0).collect());
            }
            EntryType::XHeader => {
                let records = self.bounded(entry)?.unwrap_or_default();
                self.read_records(&records);
            }
            EntryType::XGlobalHeader | EntryType::GNULongLink => {}
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn bounded<R: Read>(&mut self, entry: &mut Entry<'_, R>) -> io::Result<Option<Vec<u8>>> {
        if entry.header().entry_size()? > LONGEST {
            self.too_long = true;
            return Ok(None);
        }
        let mut content = Vec::new();
        entry.take(LONGEST).read_to_end(&mut content)?;
        Ok(Some(content))
    }

    /// `27 path=a/very/long/name\n`
    fn read_records(&mut self, mut rest: &[u8]) {
        while let Some(blank) = memchr::memchr(b' ', rest) {
            let length = std::str::from_utf8(&rest[..blank]).ok().and_then(|digits| digits.parse::<usize>().ok());
            let Some(record) = length.and_then(|length| rest.get(blank + 1..length)) else { return };
            rest = &rest[blank + 1 + record.len()..];
            let record = record.strip_suffix(b"\n").unwrap_or(record);
            let Some(equals) = memchr::memchr(b'=', record) else { continue };
            let (key, value) = (&record[..equals], &record[equals + 1..]);
            let number = || std::str::from_utf8(value).ok()?.split('.').next()?.parse::<i64>().ok();
            match key {
                b"path" => self.name = Some(value.to_vec()),
                b"mtime" => self.modified = number(),
                b"size" => self.size = number().and_then(|size| u64::try_from(size).ok()),
                _ => {}
            }
        }
    }
}

fn node<R: Read>(entry: &Entry<'_, R>, before: Before) -> io::Result<Node> {
    let (header, kind) = (entry.header(), entry.header().entry_type());
    let size = header.entry_size()?;
    if before.size.is_some_and(|said| said != size) {
        // The start of the next member cannot be found then.
        return Err(io::Error::other("a file in it is larger than 8 GB"));
    }
    let name = before.name.unwrap_or_else(|| header.path_bytes().into_owned());
    let modified = before.modified.or_else(|| header.mtime().ok().and_then(|at| i64::try_from(at).ok()));
    let fault = match kind {
        EntryType::Regular | EntryType::Continuous | EntryType::Directory if before.too_long => {
            Some(Fault::Unreadable("its name is too long".to_owned()))
        }
        EntryType::Regular | EntryType::Continuous | EntryType::Directory => None,
        EntryType::Link | EntryType::Symlink => Some(Fault::Link),
        _ => Some(Fault::Special),
    };
    Ok(Node {
        size,
        modified: modified.map(Timestamp::from_seconds),
        directory: kind.is_dir(),
        fault,
        ..Node::new(String::from_utf8_lossy(&name).into_owned())
    })
}
