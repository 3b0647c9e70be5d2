//! Keeps the findings of the checks about a letter, from where it came in, in a column of the letter.

use bytes::Bytes;
use mail::Findings;
use store::{View, params};

use crate::{Error, LetterKey};

/// The version of the encoding: then come the findings as postcard has them.
const VERSION: u8 = 1;

/// The column `letter.findings`; none where nothing was found.
pub(crate) fn encode(findings: &Findings) -> Option<Bytes> {
    if findings.is_empty() {
        return None;
    }
    // It fails only where the memory does.
    postcard::to_extend(findings, vec![VERSION]).ok().map(Bytes::from)
}

fn decode(column: &[u8]) -> Option<Findings> {
    let (version, findings) = column.split_first()?;
    if *version != VERSION {
        return None;
    }
    postcard::from_bytes(findings).ok()
}

/// Returns the findings about a letter; they are empty if no check was asked.
pub fn of(view: &View, letter: LetterKey) -> Result<Findings, Error> {
    let sql = "SELECT findings FROM letter WHERE letter = $1";
    let column = view.query_opt(sql, params![letter.0], |row| row.get::<Option<Vec<u8>>>(0))?.flatten();
    match column {
        None => Ok(Findings::default()),
        Some(column) => decode(&column).ok_or(Error::Damaged("what was found out about a letter")),
    }
}

#[cfg(test)]
mod tests {
    use mail::{Finding, Severity};

    use super::*;

    #[test]
    fn findings_go_round_through_their_column() {
        let mut findings = Findings::default();
        assert_eq!(encode(&findings), None, "a letter that was not checked costs nothing");
        findings.add(Finding::new("spf", "fail").because("spf-not-permitted").about("smtp.mailfrom", "é@x.test"));
        findings.add(Finding::new("spam", "suspect").with_severity(Severity::Warning));
        let column = encode(&findings).unwrap();
        assert_eq!(decode(&column), Some(findings));
        assert_eq!(decode(&column[..column.len() - 1]), None);
        assert_eq!(decode(&[]), None);
    }
}
