//! Finds names that belong together, and names that look alike.

use strsim::osa_distance;
use unicode_security::{MixedScript, skeleton};

/// The length of a name from which on nobody notices one changed letter; in a shorter name it makes another word.
const LONG_ENOUGH: usize = 6;

/// Returns a host in ASCII, in small letters; `None` if the text is no host name.
pub fn ascii(host: &str) -> Option<String> {
    let host = host.trim_end_matches('.');
    let ascii = idna::domain_to_ascii(host).ok().filter(|ascii| !ascii.is_empty());
    ascii.or_else(|| host.is_ascii().then(|| host.to_ascii_lowercase())).filter(|host| !host.is_empty())
}

/// Returns a host as people read it.
pub fn legible(ascii: &str) -> String {
    let (text, outcome) = idna::domain_to_unicode(ascii);
    if outcome.is_ok() { text } else { ascii.to_owned() }
}

/// Returns the domain that somebody has registered, and that owns the names below it: `example.co.uk` for
/// `mail.example.co.uk`.
pub fn registered(ascii: &str) -> &str {
    psl::domain_str(ascii).unwrap_or(ascii)
}

/// Returns true if the two hosts have one owner.
pub fn are_one(one: &str, other: &str) -> bool {
    match (ascii(one), ascii(other)) {
        (Some(one), Some(other)) => registered(&one) == registered(&other),
        _ => false,
    }
}

/// Returns true if the name ends as names on the internet do.
pub fn is_public(ascii: &str) -> bool {
    psl::suffix(ascii.as_bytes()).is_some_and(|suffix| suffix.is_known() && suffix.as_bytes().len() < ascii.len())
}

/// Returns true if a letter in the name stands for one of another script: a Cyrillic `а` among Latin letters, or a name
/// all in Cyrillic that reads as Latin.
pub fn is_disguised(ascii: &str) -> bool {
    let text = legible(ascii);
    let end = text.rsplit('.').next().unwrap_or_default().to_owned();
    text.split('.').any(|label| {
        let foreign = !label.is_ascii() && end.is_ascii();
        let reads_as_latin =
            || skeleton(label).all(|c| c.is_ascii()) && !label.contains(|c: char| c.is_ascii_alphabetic());
        !label.is_ascii() && !label.is_single_script() || foreign && reads_as_latin()
    })
}

/// Returns true if a person could take `ascii` for `known`, which is somebody else's. Both are registered domains.
pub fn is_like(ascii: &str, known: &str) -> bool {
    if ascii == known || registered(ascii) == registered(known) {
        return false;
    }
    let (text, other) = (legible(ascii), legible(known));
    if seen(&text) == seen(&other) {
        return true;
    }
    let ((name, suffix), (known_name, known_suffix)) = (parted(&text), parted(&other));
    let is_long = name.chars().count().min(known_name.chars().count()) >= LONG_ENOUGH;
    suffix == known_suffix && is_long && !name.contains(char::is_numeric) && osa_distance(name, known_name) == 1
}

/// Returns true if `ascii` begins with a whole domain of another owner, as in `example.com.login.test`.
pub fn begins_with(ascii: &str, known: &str) -> bool {
    registered(ascii) != registered(known) && ascii.strip_prefix(known).is_some_and(|rest| rest.starts_with('.'))
}

/// Returns the look of a name (UTS #39 §4): names that look alike have equal looks.
fn seen(text: &str) -> String {
    let skeleton: String = skeleton(text).flat_map(char::to_lowercase).collect();
    skeleton.replace("vv", "w").replace('0', "o").replace('1', "l").replace('5', "s")
}

/// Splits a registered domain into the part that somebody chose, and the part behind it.
fn parted(text: &str) -> (&str, &str) {
    text.split_once('.').unwrap_or((text, ""))
}
