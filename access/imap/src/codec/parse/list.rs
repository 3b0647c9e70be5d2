//! LIST, LSUB and STATUS.

use crate::codec::command::{FolderCommand, List, ListReturn, ListSelect, StatusItem};
use crate::codec::cursor::{Cursor, Parsed};
use crate::codec::write::is_astring_char;

const PATTERNS_MAX: usize = 64;
/// The most octets of all patterns together: more than the longest name has, and few enough to match.
const PATTERNS_LENGTH_MAX: usize = 4096;
const OPTIONS_MAX: usize = 16;

/// Parses LIST (RFC 9051 §6.3.9); the plain form is the one of RFC 3501.
pub(super) fn list(cursor: &mut Cursor<'_>) -> Parsed<List> {
    let mut list = List::default();
    cursor.space()?;
    if cursor.peek() == Some(b'(') {
        list.extended = true;
        list.select = select_options(cursor)?;
        cursor.space()?;
    }
    list.reference = cursor.folder()?;
    cursor.space()?;
    if cursor.peek() == Some(b'(') {
        list.extended = true;
        list.patterns = cursor.list(PATTERNS_MAX, false, pattern)?;
    } else {
        list.patterns.push(pattern(cursor)?);
    }
    let length: usize = list.patterns.iter().map(String::len).sum();
    if length > PATTERNS_LENGTH_MAX {
        return Err("The patterns are too long".into());
    }
    if cursor.eat_word(" RETURN ") {
        list.extended = true;
        list.returns = return_options(cursor)?;
    }
    Ok(list)
}

fn select_options(cursor: &mut Cursor<'_>) -> Parsed<ListSelect> {
    let mut select = ListSelect::default();
    cursor.list(OPTIONS_MAX, true, |cursor| {
        match cursor.word()?.as_str() {
            "SUBSCRIBED" => select.subscribed = true,
            "REMOTE" => select.remote = true,
            "RECURSIVEMATCH" => select.recursive_match = true,
            "SPECIAL-USE" => select.special_use = true,
            _ => return Err("This selection option of LIST is not known here".into()),
        }
        Ok(())
    })?;
    // RFC 9051 §6.3.9.1: the option qualifies the match of another option, and means nothing alone.
    if select.recursive_match && !select.subscribed && !select.special_use {
        return Err("RECURSIVEMATCH needs another selection option beside it".into());
    }
    Ok(select)
}

fn return_options(cursor: &mut Cursor<'_>) -> Parsed<ListReturn> {
    let mut returns = ListReturn::default();
    cursor.list(OPTIONS_MAX, true, |cursor| {
        match cursor.word()?.as_str() {
            "SUBSCRIBED" => returns.subscribed = true,
            "CHILDREN" => returns.children = true,
            "SPECIAL-USE" => returns.special_use = true,
            "STATUS" => {
                cursor.space()?;
                returns.status = Some(status_items(cursor)?);
            }
            _ => return Err("This return option of LIST is not known here".into()),
        }
        Ok(())
    })?;
    Ok(returns)
}

pub(super) fn lsub(cursor: &mut Cursor<'_>) -> Parsed<FolderCommand> {
    cursor.space()?;
    let reference = cursor.folder()?;
    cursor.space()?;
    Ok(FolderCommand::Lsub { reference, pattern: pattern(cursor)? })
}

/// Reads a list-mailbox: an astring in which the wildcards need no quotes.
fn pattern(cursor: &mut Cursor<'_>) -> Parsed<String> {
    let pattern = cursor.string_or(|b| is_astring_char(b) || matches!(b, b'%' | b'*'))?;
    cursor.decode_name(&pattern)
}

/// Parses STATUS (RFC 9051 §6.3.11).
pub(super) fn status(cursor: &mut Cursor<'_>) -> Parsed<FolderCommand> {
    cursor.space()?;
    let folder = cursor.folder()?;
    cursor.space()?;
    Ok(FolderCommand::Status { folder, items: status_items(cursor)? })
}

fn status_items(cursor: &mut Cursor<'_>) -> Parsed<Vec<StatusItem>> {
    // RFC 3501 requires at least one item; the empty list is forgiven.
    cursor.list(OPTIONS_MAX, true, |cursor| {
        Ok(match cursor.word()?.as_str() {
            "MESSAGES" => StatusItem::Messages,
            "RECENT" => StatusItem::Recent,
            "UIDNEXT" => StatusItem::UidNext,
            "UIDVALIDITY" => StatusItem::UidValidity,
            "UNSEEN" => StatusItem::Unseen,
            "DELETED" => StatusItem::Deleted,
            "SIZE" => StatusItem::Size,
            "HIGHESTMODSEQ" => StatusItem::HighestModSeq,
            "APPENDLIMIT" => StatusItem::AppendLimit,
            "MAILBOXID" => StatusItem::MailboxId,
            _ => return Err("This status item is not known here".into()),
        })
    })
}
