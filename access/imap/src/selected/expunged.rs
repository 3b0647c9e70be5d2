//! Tells a client that letters are gone: `EXPUNGE` by number, or `VANISHED` by UID (RFC 7162 §3.2.10).

use mailbox::Uids;

use super::sets::numbers;
use crate::codec::sets::write_set;
use crate::codec::write::number;
use crate::session::Output;

/// Tells that the letters of `gone`, all of them in `uids`, are no longer there.
pub async fn tell(out: &mut Output<'_>, uids: &Uids, gone: &Uids, qresync: bool) -> Result<(), net::Error> {
    if gone.is_empty() {
        return Ok(());
    }
    if qresync {
        return vanished(out, gone, false).await;
    }
    // The numbers go from the last to the first, so that none shifts one that is still to come.
    let ranges: Vec<_> = gone.ranges().collect();
    for range in ranges.into_iter().rev() {
        let highest = uids.rank(range.last);
        let inside = range.last.get() - range.first.get();
        for place in (highest.saturating_sub(inside)..=highest).rev() {
            expunge(out.buffer(), place);
            out.breathe().await?;
        }
    }
    Ok(())
}

fn expunge(out: &mut Vec<u8>, place: u32) {
    out.extend_from_slice(b"* ");
    number(out, u64::from(place));
    out.extend_from_slice(b" EXPUNGE\r\n");
}

/// The most ranges in one `VANISHED` line; a client need not hold a line of megabytes.
const RANGES: usize = 1000;

/// Writes `* VANISHED 3:5,9`, or `* VANISHED (EARLIER) …` for letters that went before this session. A long set takes
/// several lines.
pub async fn vanished(out: &mut Output<'_>, gone: &Uids, earlier: bool) -> Result<(), net::Error> {
    let mut ranges = gone.ranges().map(numbers).peekable();
    while ranges.peek().is_some() {
        let buffer = out.buffer();
        buffer.extend_from_slice(if earlier { b"* VANISHED (EARLIER) " } else { b"* VANISHED " });
        write_set(buffer, ranges.by_ref().take(RANGES));
        buffer.extend_from_slice(b"\r\n");
        out.breathe().await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use mailbox::Uid;

    use super::*;
    use crate::selected::block_on;

    fn view(numbers: impl IntoIterator<Item = u32>) -> Uids {
        numbers.into_iter().filter_map(Uid::new).collect()
    }

    fn told(uids: &Uids, gone: &Uids, qresync: bool) -> String {
        let mut out = Output::collecting();
        block_on(tell(&mut out, uids, gone, qresync)).unwrap();
        String::from_utf8(out.buffer().clone()).unwrap()
    }

    #[test]
    fn places_are_told_from_the_last_to_the_first() {
        let uids = view([2, 4, 5, 6, 9, 12]);
        let gone = view([4, 5, 12]);
        assert_eq!(told(&uids, &gone, false), "* 6 EXPUNGE\r\n* 3 EXPUNGE\r\n* 2 EXPUNGE\r\n");
        assert_eq!(told(&uids, &gone, true), "* VANISHED 4:5,12\r\n");
        assert_eq!(told(&uids, &Uids::new(), true), "");
    }

    #[test]
    fn a_client_that_counts_ends_with_what_is_left() {
        let uids = view(1..=50);
        let gone = view((1..=50).filter(|n| n % 3 == 0 || (20..30).contains(n)));
        let mut list: Vec<u32> = uids.iter().map(Uid::get).collect();
        for line in told(&uids, &gone, false).lines() {
            let place: usize = line.split(' ').nth(1).unwrap().parse().unwrap();
            list.remove(place - 1);
        }
        assert_eq!(list, uids.without(&gone).iter().map(Uid::get).collect::<Vec<_>>());
    }

    #[test]
    fn a_long_list_is_told_in_several_lines() {
        let gone = view((1..=5000).filter(|n| n % 2 == 0));
        assert_eq!(told(&gone, &gone, true).lines().count(), 3);
    }
}
