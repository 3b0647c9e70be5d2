//! Parses the text of a command. Each file reads the commands of one kind.

mod append;
mod entry;
mod fetch;
mod folder;
mod list;
mod search;
mod select;
mod set;

use bytes::Bytes;

use super::command::{AnyCommand, Command, FolderCommand, Numbering, Request, SelectedCommand, Tag};
use super::cursor::{Cursor, Parsed, Syntax};

/// A command that was not understood: its tag, if it has one, and the mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misunderstood {
    /// The tag; `None` if not even the tag could be read, and then the answer is untagged.
    pub tag: Option<Tag>,
    /// The mistake in the command.
    pub why: Syntax,
}

/// Reads one command. `text` contains it without its last line end, with literals in their places; `letters` contains
/// the letters of APPEND.
pub fn request(text: &[u8], letters: &[Bytes], utf8_names: bool) -> Result<Request, Misunderstood> {
    let mut cursor = Cursor::new(text, letters, utf8_names);
    let tag = tag(&mut cursor).map_err(|why| Misunderstood { tag: None, why })?;
    match command(&mut cursor) {
        Ok(command) => Ok(Request { tag, command }),
        Err(why) => Err(Misunderstood { tag: Some(tag), why }),
    }
}

/// Returns the tag at the beginning of a command that may be broken further on.
pub fn tag_of(text: &[u8]) -> Option<Tag> {
    tag(&mut Cursor::new(text, &[], false)).ok()
}

/// Returns the text from the folder's name on, if the text begins with `tag APPEND folder …`, with or without something
/// after the folder.
pub fn append_head(text: &[u8]) -> Option<&[u8]> {
    let space = memchr::memchr(b' ', text)?;
    let (verb, rest) = text.get(space + 1..)?.split_at_checked(7)?;
    if verb.eq_ignore_ascii_case(b"APPEND ") { Some(rest) } else { None }
}

/// Returns the folder of an APPEND whose letter is still to come.
pub fn append_folder(text: &[u8], utf8_names: bool) -> Option<String> {
    Cursor::new(append_head(text)?, &[], utf8_names).folder().ok()
}

/// Answers repeat the tag, so it is kept short.
const TAG_MAX: usize = 128;

fn tag(cursor: &mut Cursor<'_>) -> Parsed<Tag> {
    let tag = cursor.run(|b| super::write::is_astring_char(b) && b != b'+');
    if tag.is_empty() || tag.len() > TAG_MAX {
        return Err("A command begins with a tag".into());
    }
    cursor.expect(b' ', "A tag and a space come before the command")?;
    Ok(Tag(String::from_utf8_lossy(tag).into()))
}

fn command(cursor: &mut Cursor<'_>) -> Parsed<Command> {
    let verb = cursor.word().map_err(|_| Syntax::from("There is no command after the tag"))?;
    let command = if verb == "UID" { uid_command(cursor)? } else { named(&verb, cursor)? };
    cursor.end()?;
    Ok(command)
}

fn named(verb: &str, cursor: &mut Cursor<'_>) -> Parsed<Command> {
    let by_place = Numbering::Sequence;
    Ok(match verb {
        "CAPABILITY" => Command::Any(AnyCommand::Capability),
        "NOOP" => Command::Any(AnyCommand::Noop),
        "LOGOUT" => Command::Any(AnyCommand::Logout),
        "ID" => Command::Any(entry::id(cursor)?),
        "STARTTLS" | "AUTHENTICATE" | "LOGIN" => Command::Entry(entry::command(verb, cursor)?),
        "CHECK" => Command::Selected(SelectedCommand::Check),
        "CLOSE" => Command::Selected(SelectedCommand::Close),
        "UNSELECT" => Command::Selected(SelectedCommand::Unselect),
        "EXPUNGE" => Command::Selected(SelectedCommand::Expunge(None)),
        "SEARCH" => Command::Selected(SelectedCommand::Search(search::search(cursor, by_place)?)),
        "FETCH" => Command::Selected(SelectedCommand::Fetch(fetch::fetch(cursor, by_place)?)),
        "STORE" => Command::Selected(SelectedCommand::Store(select::store(cursor, by_place)?)),
        "COPY" => Command::Selected(SelectedCommand::Copy(select::transfer(cursor, by_place)?)),
        "MOVE" => Command::Selected(SelectedCommand::Move(select::transfer(cursor, by_place)?)),
        _ => Command::Folder(folder_command(verb, cursor)?),
    })
}

/// Parses the command after UID (RFC 9051 §6.4.9).
fn uid_command(cursor: &mut Cursor<'_>) -> Parsed<Command> {
    cursor.space()?;
    let uid = Numbering::Uid;
    Ok(Command::Selected(match cursor.word()?.as_str() {
        "SEARCH" => SelectedCommand::Search(search::search(cursor, uid)?),
        "FETCH" => SelectedCommand::Fetch(fetch::fetch(cursor, uid)?),
        "STORE" => SelectedCommand::Store(select::store(cursor, uid)?),
        "COPY" => SelectedCommand::Copy(select::transfer(cursor, uid)?),
        "MOVE" => SelectedCommand::Move(select::transfer(cursor, uid)?),
        "EXPUNGE" => {
            cursor.space()?;
            SelectedCommand::Expunge(Some(set::sequence_set(cursor)?))
        }
        _ => return Err("This command does not go with UID".into()),
    }))
}

fn folder_command(verb: &str, cursor: &mut Cursor<'_>) -> Parsed<FolderCommand> {
    Ok(match verb {
        "NAMESPACE" => FolderCommand::Namespace,
        "IDLE" => FolderCommand::Idle,
        "SELECT" => FolderCommand::Select(select::select(cursor, false)?),
        "EXAMINE" => FolderCommand::Select(select::select(cursor, true)?),
        "LIST" => FolderCommand::List(list::list(cursor)?),
        "LSUB" => list::lsub(cursor)?,
        "STATUS" => list::status(cursor)?,
        "APPEND" => FolderCommand::Append(append::append(cursor)?),
        _ => folder::command(verb, cursor)?,
    })
}
