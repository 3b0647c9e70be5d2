//! Reports that came in (RFC 6522: delivery status, disposition notifications), for whoever waits for word of a letter.
//!
//! A letter that is a report is noted here in the commit that files it, whatever files it; any other letter costs
//! nothing. Whoever has looked at one takes the note away. Copies of a letter that is here already are no news.

use mail::seam::AccountId;
use store::{Topic, Tx, View, params};

use crate::{Access, Error, LetterKey, Prepared, Right};

/// Announced after each commit that filed a report.
pub const TOPIC: Topic = Topic { kind: "mailbox-report", id: 0 };

/// Notes a letter, if it is a report.
pub(crate) fn note(
    tx: &mut Tx,
    account: AccountId,
    letter: LetterKey,
    prepared: &Prepared,
) -> Result<(), store::Error> {
    if !prepared.structure().root.is("multipart", "report") {
        return Ok(());
    }
    tx.execute("INSERT INTO report (letter, account) VALUES ($1, $2)", params![letter.0, account.0])?;
    tx.announce(TOPIC);
    Ok(())
}

/// Reports that nobody has looked at, in the order they came: at most `most` of those behind `after`, each with the house's
/// access to its mailbox. Some may be gone from there by now.
pub fn waiting(view: &View, after: LetterKey, most: usize) -> Result<Vec<(Access, LetterKey)>, store::Error> {
    view.query(
        "SELECT account, letter FROM report WHERE letter > $1 AND letter <= $2 ORDER BY letter LIMIT $3",
        params![after.0, view.settled("letter")?, most],
        |row| Ok((Access::house(AccountId(row.get(0)?)), LetterKey(row.get(1)?))),
    )
}

/// It has been looked at; false where somebody else has done so.
pub fn done(tx: &mut Tx, access: Access, letter: LetterKey) -> Result<bool, Error> {
    let account = access.may(Right::Read)?;
    Ok(tx.execute("DELETE FROM report WHERE letter = $1 AND account = $2", params![letter.0, account.0])? > 0)
}
