//! The folders that a letter of Gmail's lies in there, and the place that it has here for each.

use mailbox::{FolderId, Uid};
use store::{Tx, View, params};

use super::SourceId;

/// A folder of a letter there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The folder there: [`SourceFolder::key`](crate::SourceFolder::key). Empty: the place of a letter that lies in none of
    /// them here.
    pub place: String,
    /// The place that it was given here for that. `None`: it has none that the fetch has made.
    pub lies: Option<(FolderId, Uid)>,
}

/// Returns the folders that are known of a letter.
pub fn labels(view: &View, source: SourceId, gmail: u64) -> Result<Vec<Label>, store::Error> {
    let sql = "SELECT place, lies, uid FROM fetch_label WHERE source = $1 AND gmail = $2 ORDER BY place";
    view.query(sql, params![source.0, gmail.cast_signed()], |row| {
        let lies = Uid::new(row.get(2)?).map(|uid| Ok::<_, store::Error>((FolderId(row.get(1)?), uid))).transpose()?;
        Ok(Label { place: row.get(0)?, lies })
    })
}

/// Writes a folder of a letter down, in the commit that gives it its place. One that is known stays as it is.
pub fn put_label(tx: &mut Tx, source: SourceId, gmail: u64, label: &Label) -> Result<(), store::Error> {
    let (lies, uid) = label.lies.map_or((0, 0), |(folder, uid)| (folder.0, uid.get()));
    tx.execute(
        "INSERT INTO fetch_label (source, gmail, place, lies, uid) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (source, gmail, place) DO NOTHING",
        params![source.0, gmail.cast_signed(), label.place, lies, uid],
    )?;
    Ok(())
}

/// The letter does not lie in this folder there any more.
pub fn forget_label(tx: &mut Tx, source: SourceId, gmail: u64, place: &str) -> Result<(), store::Error> {
    let sql = "DELETE FROM fetch_label WHERE source = $1 AND gmail = $2 AND place = $3";
    tx.execute(sql, params![source.0, gmail.cast_signed(), place])?;
    Ok(())
}

/// Forgets up to a slice of the folders of a source's letters. Returns whether there is more.
pub(super) fn forget_labels(tx: &mut Tx, source: SourceId, slice: usize) -> Result<bool, store::Error> {
    let gone = tx.execute(
        "DELETE FROM fetch_label WHERE source = $1 AND (gmail, place) IN
         (SELECT gmail, place FROM fetch_label WHERE source = $1 LIMIT $2)",
        params![source.0, slice],
    )?;
    Ok(gone == slice)
}

/// The labels of a folder's letters have been looked at up to this HIGHESTMODSEQ.
pub fn labels_seen(tx: &mut Tx, folder: i64, modseq: u64) -> Result<(), store::Error> {
    tx.execute("UPDATE fetch_folder SET modseq = $2 WHERE folder = $1", params![folder, modseq.cast_signed()])?;
    Ok(())
}
