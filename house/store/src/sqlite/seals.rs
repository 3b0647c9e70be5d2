//! Words that are in one letter only, as a rule – keys, tickets, signatures –, by the runs of three characters in them. They
//! name the letters that may have a piece; the letter itself decides.

use roaring::RoaringTreemap;

use super::pieces::{asked, gathered, runs_of};
use crate::error::Result;
use crate::params;
use crate::search::{Document, Field};
use crate::tx::Tx;
use crate::view::View;

pub(crate) const SCHEMA: &str = "
    CREATE VIRTUAL TABLE seal USING fts5(
        run, content='', contentless_delete=1, detail=none,
        tokenize = \"ascii tokenchars '!#$%&()*+,-./:;<=>?@[\\]^_`{|}~'\"
    );";

/// Adds the sealed words of a letter that is not in the index.
pub(crate) fn add(tx: &mut Tx, document: &Document) -> Result<()> {
    let mut runs: Vec<String> = Vec::new();
    for (field, word) in &document.sealed {
        runs.extend(runs_of(&prefix(document.account, *field), word));
    }
    if runs.is_empty() {
        return Ok(());
    }
    runs.sort_unstable();
    runs.dedup();
    tx.execute("INSERT INTO seal (rowid, run) VALUES ($1, $2)", params![document.letter, runs.join(" ")]).map(|_| ())
}

pub(crate) fn remove(tx: &mut Tx, letter: i64) -> Result<()> {
    tx.execute("DELETE FROM seal WHERE rowid = $1", params![letter]).map(|_| ())
}

/// The letters that may have the piece in a sealed word of one of the fields. Of a piece without a run: all that have such
/// a word might; nobody is to ask for it.
pub(super) fn having(view: &View, account: i64, fields: &[Field], piece: &str) -> Result<RoaringTreemap> {
    let mut any = Vec::new();
    for field in fields {
        let runs = runs_of(&prefix(account, *field), piece);
        if !runs.is_empty() {
            any.push(format!("({})", asked(&runs)));
        }
    }
    if any.is_empty() {
        return Ok(RoaringTreemap::new());
    }
    gathered(view, "SELECT rowid FROM seal WHERE seal MATCH $1", params![any.join(" OR ")])
}

fn prefix(account: i64, field: Field) -> String {
    format!("{account}:{}", field as u8)
}
