//! Writes the result of a search in the client's form: `SEARCH` (RFC 3501 §7.2.5) or `ESEARCH` (RFC 9051 §7.3.4).

use mailbox::{Change, Uid, UidRange, Uids};

use crate::codec::command::{Numbering, SearchReturn};
use crate::codec::write::{number, string};
use crate::selected::sets::Places;
use crate::session::{Halt, Output};

/// The result of a search.
pub struct Found {
    /// All of them in the view.
    pub uids: Uids,
    /// The highest MODSEQ among them, if the client asked for it.
    pub highest: Option<Change>,
}

/// The form of the answer.
pub struct Form<'a> {
    /// The meaning of its numbers.
    pub numbering: Numbering,
    /// The tag of the command.
    pub tag: &'a str,
    /// The view, for places.
    pub uids: &'a Uids,
}

impl Form<'_> {
    fn number(&self, uid: Uid) -> u32 {
        match self.numbering {
            Numbering::Uid => uid.get(),
            Numbering::Sequence => self.uids.rank(uid),
        }
    }
}

/// Writes `* SEARCH 2 84 882`, every number.
pub async fn plain(out: &mut Output<'_>, found: &Found, form: &Form<'_>) -> Result<(), Halt> {
    out.buffer().extend_from_slice(b"* SEARCH");
    let mut places = Places::new(form.uids);
    for uid in found.uids.iter() {
        let shown = match form.numbering {
            Numbering::Uid => uid.get(),
            Numbering::Sequence => places.of(uid).unwrap_or_default(),
        };
        out.buffer().push(b' ');
        number(out.buffer(), u64::from(shown));
        // A line of a million numbers is sent piece by piece.
        out.breathe().await?;
    }
    if let Some(highest) = found.highest {
        out.buffer().extend_from_slice(b" (MODSEQ ");
        number(out.buffer(), highest.0);
        out.buffer().push(b')');
    }
    out.buffer().extend_from_slice(b"\r\n");
    Ok(())
}

/// Writes `* ESEARCH (TAG "A1") UID MIN 2 MAX 882 COUNT 3 ALL 2,84,882`. It writes nothing if the client asked only for
/// SAVE (RFC 5182 §2.2).
pub async fn extended(out: &mut Output<'_>, found: &Found, returns: SearchReturn, form: &Form<'_>) -> Result<(), Halt> {
    if returns.save && !(returns.min || returns.max || returns.all || returns.count) {
        return Ok(());
    }
    let buffer = out.buffer();
    buffer.extend_from_slice(b"* ESEARCH (TAG ");
    string(buffer, form.tag.as_bytes());
    buffer.push(b')');
    if form.numbering == Numbering::Uid {
        buffer.extend_from_slice(b" UID");
    }
    // RFC 4731 §3.1: an empty result has only COUNT.
    let ends = [(b" MIN ", found.uids.first(), returns.min), (b" MAX ", found.uids.last(), returns.max)];
    for (word, uid, asked) in ends {
        if let Some(uid) = uid.filter(|_| asked) {
            buffer.extend_from_slice(word);
            number(buffer, u64::from(form.number(uid)));
        }
    }
    if returns.count {
        buffer.extend_from_slice(b" COUNT ");
        number(buffer, u64::from(found.uids.len()));
    }
    if returns.all && !found.uids.is_empty() {
        buffer.extend_from_slice(b" ALL ");
        all(out, found, form).await?;
    }
    if let Some(highest) = found.highest {
        out.buffer().extend_from_slice(b" MODSEQ ");
        number(out.buffer(), highest.0);
    }
    out.buffer().extend_from_slice(b"\r\n");
    Ok(())
}

/// Writes the set, run by run. Consecutive numbers are one run even if their UIDs are not.
async fn all(out: &mut Output<'_>, found: &Found, form: &Form<'_>) -> Result<(), Halt> {
    let mut begun: Option<(u32, u32)> = None;
    let mut first = true;
    for UidRange { first: low, last: high } in found.uids.ranges() {
        let (low, high) = (form.number(low), form.number(high));
        begun = match begun {
            Some((start, end)) if end.checked_add(1) == Some(low) => Some((start, high)),
            Some(run) => {
                write_run(out.buffer(), run, &mut first);
                out.breathe().await?;
                Some((low, high))
            }
            None => Some((low, high)),
        };
    }
    if let Some(run) = begun {
        write_run(out.buffer(), run, &mut first);
    }
    Ok(())
}

fn write_run(out: &mut Vec<u8>, (start, end): (u32, u32), first: &mut bool) {
    if !std::mem::take(first) {
        out.push(b',');
    }
    number(out, u64::from(start));
    if end > start {
        out.push(b':');
        number(out, u64::from(end));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::selected::block_on;

    fn view(numbers: impl IntoIterator<Item = u32>) -> Uids {
        numbers.into_iter().filter_map(Uid::new).collect()
    }

    fn written(found: &Found, returns: Option<SearchReturn>, numbering: Numbering, uids: &Uids) -> String {
        let mut out = Output::collecting();
        let form = Form { numbering, tag: "A1", uids };
        match returns {
            Some(returns) => block_on(extended(&mut out, found, returns, &form)).unwrap(),
            None => block_on(plain(&mut out, found, &form)).unwrap(),
        }
        String::from_utf8(out.buffer().clone()).unwrap()
    }

    #[test]
    fn the_plain_answer_lists_every_number() {
        let uids = view([2, 4, 5, 9]);
        let found = Found { uids: view([4, 5, 9]), highest: None };
        assert_eq!(written(&found, None, Numbering::Sequence, &uids), "* SEARCH 2 3 4\r\n");
        assert_eq!(written(&found, None, Numbering::Uid, &uids), "* SEARCH 4 5 9\r\n");
        let none = Found { uids: Uids::new(), highest: None };
        assert_eq!(written(&none, None, Numbering::Uid, &uids), "* SEARCH\r\n");
        let changed = Found { uids: view([4]), highest: Some(Change(917)) };
        assert_eq!(written(&changed, None, Numbering::Uid, &uids), "* SEARCH 4 (MODSEQ 917)\r\n");
    }

    #[test]
    fn the_extended_answer_holds_what_was_asked() {
        let uids = view([2, 4, 6, 9, 20]);
        let found = Found { uids: view([4, 6, 20]), highest: None };
        let all = SearchReturn { all: true, ..SearchReturn::default() };
        let told = |returns, numbering| written(&found, Some(returns), numbering, &uids);
        assert_eq!(told(all, Numbering::Sequence), "* ESEARCH (TAG \"A1\") ALL 2:3,5\r\n");
        let each = SearchReturn { min: true, max: true, count: true, all: true, save: true };
        assert_eq!(told(each, Numbering::Uid), "* ESEARCH (TAG \"A1\") UID MIN 4 MAX 20 COUNT 3 ALL 4,6,20\r\n");
        let save = SearchReturn { save: true, ..SearchReturn::default() };
        assert_eq!(told(save, Numbering::Uid), "");
    }

    #[test]
    fn of_an_empty_result_only_the_count_is_told() {
        let found = Found { uids: Uids::new(), highest: None };
        let each = SearchReturn { min: true, max: true, count: true, all: true, save: false };
        assert_eq!(
            written(&found, Some(each), Numbering::Sequence, &Uids::new()),
            "* ESEARCH (TAG \"A1\") COUNT 0\r\n"
        );
    }
}
