//! SELECT and EXAMINE with their parameters (RFC 7162 §3.1.8, §3.2.5); STORE, COPY and MOVE.

use super::append::{FLAGS_MAX, flag, flag_list};
use super::set::{sequence_set, uid_set};
use crate::codec::command::{Flag, Numbering, Qresync, Select, Store, StoreAction, Transfer};
use crate::codec::cursor::{Cursor, Parsed};

const PARAMETERS_MAX: usize = 8;

pub(super) fn select(cursor: &mut Cursor<'_>, read_only: bool) -> Parsed<Select> {
    cursor.space()?;
    let mut select = Select { folder: cursor.folder()?, read_only, condstore: false, qresync: None };
    if cursor.peek() == Some(b' ') {
        cursor.space()?;
        cursor.list(PARAMETERS_MAX, false, |cursor| parameter(cursor, &mut select))?;
    }
    Ok(select)
}

fn parameter(cursor: &mut Cursor<'_>, select: &mut Select) -> Parsed<()> {
    match cursor.word()?.as_str() {
        "CONDSTORE" => select.condstore = true,
        "QRESYNC" if select.qresync.is_none() => {
            cursor.space()?;
            select.qresync = Some(qresync(cursor)?);
        }
        _ => return Err("This parameter of SELECT is not known here".into()),
    }
    Ok(())
}

/// Reads `(uidvalidity modseq [known-uids] [(sequence-set uid-set)])`.
fn qresync(cursor: &mut Cursor<'_>) -> Parsed<Qresync> {
    cursor.expect(b'(', "QRESYNC needs a list in parentheses")?;
    let uid_validity = cursor.nz_number()?;
    cursor.space()?;
    let since = cursor.number64()?;
    let mut qresync = Qresync { uid_validity, since, known: None, matched: None };
    let mut more = cursor.eat(b' ');
    if more && cursor.peek() != Some(b'(') {
        qresync.known = Some(uid_set(cursor)?);
        more = cursor.eat(b' ');
    }
    if more {
        cursor.expect(b'(', "QRESYNC has a list in parentheses at its end")?;
        let numbers = uid_set(cursor)?;
        cursor.space()?;
        qresync.matched = Some((numbers, uid_set(cursor)?));
        cursor.expect(b')', "A list does not end with )")?;
    }
    cursor.expect(b')', "A list does not end with )")?;
    Ok(qresync)
}

/// Parses STORE (RFC 9051 §6.4.6, RFC 7162 §3.1.3).
pub(super) fn store(cursor: &mut Cursor<'_>, numbering: Numbering) -> Parsed<Store> {
    cursor.space()?;
    let set = sequence_set(cursor)?;
    cursor.space()?;
    let mut unchanged_since = None;
    if cursor.eat(b'(') {
        if !cursor.eat_word("UNCHANGEDSINCE ") {
            return Err("STORE knows only the modifier UNCHANGEDSINCE".into());
        }
        unchanged_since = Some(cursor.number64()?);
        cursor.expect(b')', "A list does not end with )")?;
        cursor.space()?;
    }
    let action = match cursor.peek() {
        Some(b'+') => StoreAction::Add,
        Some(b'-') => StoreAction::Remove,
        _ => StoreAction::Replace,
    };
    if action != StoreAction::Replace {
        cursor.run(|b| matches!(b, b'+' | b'-'));
    }
    let silent = match cursor.word()?.as_str() {
        "FLAGS" => false,
        "FLAGS.SILENT" => true,
        _ => return Err("STORE can change only FLAGS".into()),
    };
    cursor.space()?;
    let flags = if cursor.peek() == Some(b'(') { flag_list(cursor)? } else { bare_flags(cursor)? };
    Ok(Store { numbering, set, action, silent, flags, unchanged_since })
}

/// Reads flags without parentheses, which the grammar also allows.
fn bare_flags(cursor: &mut Cursor<'_>) -> Parsed<Vec<Flag>> {
    let mut flags = vec![flag(cursor)?];
    while cursor.eat(b' ') {
        if flags.len() == FLAGS_MAX {
            return Err("A list is too long".into());
        }
        flags.push(flag(cursor)?);
    }
    Ok(flags)
}

pub(super) fn transfer(cursor: &mut Cursor<'_>, numbering: Numbering) -> Parsed<Transfer> {
    cursor.space()?;
    let set = sequence_set(cursor)?;
    cursor.space()?;
    Ok(Transfer { numbering, set, folder: cursor.folder()? })
}
