//! Facts in the words of a server that a report can repeat: the list that it blocks by, the page that says more, and the
//! size that it takes. They are repeated only if the server has said them.

/// The words behind which servers name the list that they ask.
const BEFORE_A_LIST: &[&str] =
    &["blocked using ", "listed by ", "listed at ", "listed in ", "listed on ", "blocked by ", "rbl: ", "dnsbl: "];
/// The longest name or page that is repeated.
const LONGEST: usize = 200;

/// Returns the name of the list that the server names: that of a host, such as `zen.spamhaus.org`.
pub fn named(said: &str) -> Option<&str> {
    let small = said.to_ascii_lowercase();
    BEFORE_A_LIST.iter().find_map(|before| {
        let at = small.find(before)? + before.len();
        let name = said.get(at..)?.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))).next()?;
        let name = name.trim_end_matches('.');
        let is_host = name.contains('.') && name.len() <= LONGEST && name.chars().any(|c| c.is_ascii_alphabetic());
        is_host.then_some(name)
    })
}

/// Returns the first page on the web that the server names.
pub fn page(said: &str) -> Option<&str> {
    let at = ["https://", "http://"].iter().filter_map(|scheme| said.find(scheme)).min()?;
    let page = said.get(at..)?.split(|c: char| !c.is_ascii_graphic() || matches!(c, '<' | '>' | '"' | '\\')).next()?;
    let page = page.trim_end_matches(['.', ',', ';', ':', ')', ']', '!', '?', '\'']);
    let host = page.split_once("://").map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default())?;
    (page.len() <= LONGEST && host.contains('.')).then_some(page)
}

/// Returns the largest letter that the server takes, in octets, where it, or this server for it, has named a number.
pub fn limit(said: &str) -> Option<u64> {
    let small = said.to_ascii_lowercase();
    let ours = small.split_once(" takes ").and_then(|(_, rest)| rest.strip_suffix(" at most"));
    let theirs = ["limit of ", "limit is ", "limit: ", "maximum of ", "maximum size of ", "max. ", "limit "];
    let theirs = theirs.iter().find_map(|before| small.split_once(before)).map(|(_, rest)| rest);
    octets(ours.or(theirs)?)
}

/// `52428800`, `25 MB`, `10240 KB`
fn octets(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text.get(..end).filter(|digits| (1..=15).contains(&digits.len()))?.parse().ok()?;
    let unit = text.get(end..)?.trim_start();
    let factor = match unit.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default() {
        "k" | "kb" | "kib" | "kbytes" | "kilobytes" => 1_000,
        "m" | "mb" | "mib" | "mbytes" | "megabytes" => 1_000_000,
        "g" | "gb" | "gib" => 1_000_000_000,
        "" | "b" | "bytes" | "octets" => 1,
        _ => return None,
    };
    // A number that small is no size: "limit 3" may be of anything.
    number.checked_mul(factor).filter(|octets| *octets >= 10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_and_its_page_are_those_that_the_server_names() {
        for (said, list, at) in [
            (
                "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; \
                 https://www.spamhaus.org/query/ip/192.0.2.1",
                Some("zen.spamhaus.org"),
                Some("https://www.spamhaus.org/query/ip/192.0.2.1"),
            ),
            (
                "550 5.7.1 [192.0.2.1] is listed at b.barracudacentral.org. See http://www.barracudanetworks.com/reputation/?r=1.",
                Some("b.barracudacentral.org"),
                Some("http://www.barracudanetworks.com/reputation/?r=1"),
            ),
            ("550 5.7.606 Access denied, banned sending IP [192.0.2.1]", None, None),
            ("550 blocked using 192.0.2.1", None, None),
            ("550 listed in our files, see https://x", None, None),
            ("550 blocked using", None, None),
        ] {
            assert_eq!((named(said), page(said)), (list, at), "{said}");
        }
    }

    #[test]
    fn the_size_is_the_one_that_somebody_has_named() {
        for (said, most) in [
            ("the letter has 20000000 bytes, and mx.beta.test takes 10485760 at most", Some(10_485_760)),
            ("552 5.3.4 message size exceeds limit of 25 MB", Some(25_000_000)),
            ("552 size limit is 10240 KB", Some(10_240_000)),
            ("552 5.3.4 Message size exceeds fixed limit", None),
            ("550 over the limit 3 times", None),
            ("552 limit of 999999999999999 GB", None),
        ] {
            assert_eq!(limit(said), most, "{said}");
        }
    }
}
