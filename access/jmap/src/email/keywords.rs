//! Keywords (RFC 8621 §4.1.1): four of them are flags of IMAP, the others are IMAP's keywords in lower case.

use std::collections::BTreeSet;

use mailbox::{FlagSet, Keywords, System};
use serde_json::Value;

use crate::api::Object;

const SYSTEM: [(&str, System); 4] = [
    ("$seen", System::SEEN),
    ("$flagged", System::FLAGGED),
    ("$answered", System::ANSWERED),
    ("$draft", System::DRAFT),
];

/// The most keywords of one letter.
pub const MOST: usize = 128;

/// Returns the mailbox's meaning of a keyword: a flag, or a name.
pub fn meaning(keyword: &str) -> (System, String) {
    let folded = keyword.to_ascii_lowercase();
    match SYSTEM.iter().find(|(name, _)| *name == folded) {
        Some((_, flag)) => (*flag, String::new()),
        None => (System::NONE, folded),
    }
}

/// Returns true if the text may be a keyword.
pub fn is_well_formed(keyword: &str) -> bool {
    let fits = |byte: u8| (0x21..=0x7e).contains(&byte) && !b"(){]%*\"\\".contains(&byte);
    (1..=255).contains(&keyword.len()) && keyword.bytes().all(fits)
}

/// Returns the keywords of a letter's flags.
pub fn of(flags: &FlagSet, known: &Keywords) -> Vec<String> {
    let system = SYSTEM.iter().filter(|(_, flag)| flags.system.contains(*flag)).map(|(name, _)| (*name).to_owned());
    let others = flags.keywords().iter().filter_map(|id| known.name(*id)).map(str::to_ascii_lowercase);
    system.chain(others).collect()
}

/// Returns the flags and names of a keywords object; `None` if a keyword or its value is not valid. An entry that is
/// false or null counts as absent: RFC 8621 §4.1.1 allows only true, but clients switch keywords off in this way.
pub fn read(object: &Object) -> Option<(System, Vec<String>)> {
    let mut system = System::NONE;
    let mut names = BTreeSet::new();
    for (keyword, value) in object {
        if !is_well_formed(keyword) {
            return None;
        }
        match value {
            Value::Bool(true) => {}
            Value::Bool(false) | Value::Null => continue,
            _ => return None,
        }
        match meaning(keyword) {
            (flag, name) if name.is_empty() => system |= flag,
            (_, name) => drop(names.insert(name)),
        }
    }
    Some((system, names.into_iter().collect()))
}
