//! A step by which tables come or change.

use crate::edition;

/// One step. Each room numbers its own steps 1, 2, 3, … and never changes one that is in `main`: data folders of `main` are
/// kept in `tests/folders`, and the tests upgrade each. The first step of a room makes all its tables as they were in
/// November 2026.
///
/// The next step of a room is a constant behind its first in the room's `schema.rs`, with the next number:
/// * Tables, columns and indexes that are added, and indexes that are dropped, cost nothing: no copy is made before, and an older folder opens at once. A
///   column that is added has a default; what shall be in it is filled behind the doors, in slices, by the room's background
///   task, which is what `read_anew` does for columns that are read from letters.
/// * A step that changes rows runs as a whole before the doors open, after a copy of all tables but the bodies was made
///   ([`go_back`](crate::go_back) goes back to it). Use it for tables whose size does not grow with letters.
/// * A new layout for letters is a new table beside the old one: a step adds it, new letters are written to the new one,
///   reads ask both, and the background task moves the old ones over in slices; the step that drops the old table comes with
///   a later version, when no folder holds rows in it any more.
///
/// The statements are separated by `;`. The engine replaces `{id}` (a primary key that numbers itself and is never
/// used again), `{key}` (a whole number as primary key, given by who writes the row), `{clustered}` (behind the
/// closing parenthesis: rows lie in the order of the primary key) and `{blob}` (bytes).
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// The room whose tables it makes.
    pub room: &'static str,
    /// Its number in the room.
    pub number: u32,
    /// The statements.
    pub sql: &'static str,
}

/// The editions of before the first release. They make no tables:
/// 1. Each room makes its tables by one first step.
/// 2. The records of people, which were tables of the JMAP room, are a room of their own.
pub(crate) const EDITIONS: [Migration; edition::LAST as usize] = [
    Migration { room: edition::EDITION, number: 1, sql: "" },
    Migration { room: edition::EDITION, number: edition::LAST, sql: "" },
];
