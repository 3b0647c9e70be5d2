//! Commands that take the name of a folder, and ENABLE.

use crate::codec::command::{FolderCommand, SpecialUse};
use crate::codec::cursor::{Cursor, Parsed};

/// More words than anybody knows extensions.
const ENABLE_MAX: usize = 64;
const USES_MAX: usize = 16;

pub(super) fn command(verb: &str, cursor: &mut Cursor<'_>) -> Parsed<FolderCommand> {
    Ok(match verb {
        "ENABLE" => enable(cursor)?,
        "CREATE" => create(cursor)?,
        "RENAME" => rename(cursor)?,
        "DELETE" => FolderCommand::Delete(name(cursor)?),
        "SUBSCRIBE" => FolderCommand::Subscribe(name(cursor)?),
        "UNSUBSCRIBE" => FolderCommand::Unsubscribe(name(cursor)?),
        "GETQUOTAROOT" => FolderCommand::GetQuotaRoot(name(cursor)?),
        "GETQUOTA" => {
            cursor.space()?;
            FolderCommand::GetQuota(cursor.utf8()?)
        }
        _ => return Err("This command is not known here".into()),
    })
}

fn name(cursor: &mut Cursor<'_>) -> Parsed<String> {
    cursor.space()?;
    cursor.folder()
}

fn enable(cursor: &mut Cursor<'_>) -> Parsed<FolderCommand> {
    let mut names = Vec::new();
    while cursor.eat(b' ') {
        if names.len() == ENABLE_MAX {
            return Err("A list is too long".into());
        }
        names.push(String::from_utf8_lossy(cursor.atom()?).to_ascii_uppercase());
    }
    if names.is_empty() {
        Err("ENABLE needs the name of an extension".into())
    } else {
        Ok(FolderCommand::Enable(names))
    }
}

fn create(cursor: &mut Cursor<'_>) -> Parsed<FolderCommand> {
    let mut folder = name(cursor)?;
    // RFC 9051 §6.3.4: a separator at the end only announces names below; here any folder can have some.
    while folder.len() > 1 && folder.ends_with('/') {
        folder.pop();
    }
    let mut uses = Vec::new();
    if cursor.eat(b' ') {
        cursor.expect(b'(', "Parameters of CREATE stand in parentheses")?;
        if !cursor.eat_word("USE ") {
            return Err("CREATE knows only the parameter USE".into());
        }
        uses = cursor.list(USES_MAX, true, special_use)?;
        cursor.expect(b')', "A list does not end with )")?;
    }
    Ok(FolderCommand::Create { folder, uses })
}

fn special_use(cursor: &mut Cursor<'_>) -> Parsed<SpecialUse> {
    cursor.expect(b'\\', "A special use begins with \\")?;
    Ok(match cursor.word()?.as_str() {
        "ALL" => SpecialUse::All,
        "ARCHIVE" => SpecialUse::Archive,
        "DRAFTS" => SpecialUse::Drafts,
        "FLAGGED" => SpecialUse::Flagged,
        "JUNK" => SpecialUse::Junk,
        "SENT" => SpecialUse::Sent,
        "TRASH" => SpecialUse::Trash,
        _ => return Err("This special use is not known here".into()),
    })
}

fn rename(cursor: &mut Cursor<'_>) -> Parsed<FolderCommand> {
    let from = name(cursor)?;
    let to = name(cursor)?;
    Ok(FolderCommand::Rename { from, to })
}
