//! The folders of a mailbox that names elsewhere mean.

use std::collections::BTreeSet;

use mailbox::SpecialUse;
use mailbox::folder::name;

use crate::goal::Goal;
use crate::usual::{self, Usual};

/// The goal of a label, for letters that say themselves where they belong.
pub fn labelled(label: &str, below: Option<&str>) -> Goal {
    let name = clean(label);
    let name = below.map_or(name.clone(), |below| clean(&format!("{below}/{name}")));
    Goal { name, special_use: None, exact: false, subscribed: true }
}

/// The goal for a use.
pub fn for_use(special_use: SpecialUse, below: Option<&str>) -> Goal {
    let name = special_use.attribute().trim_start_matches('\\');
    match below {
        None => Goal { name: name.to_owned(), special_use: Some(special_use), exact: false, subscribed: true },
        Some(_) => labelled(name, below),
    }
}

/// INBOX, or the folder that stands for it.
pub fn inbox(below: Option<&str>) -> Goal {
    Goal { name: below.unwrap_or(name::INBOX).to_owned(), special_use: None, exact: false, subscribed: true }
}

/// The name below the folder that was said.
pub fn placed(name: &str, below: Option<&str>) -> String {
    match below {
        None => name.to_owned(),
        Some(below) if name == name::INBOX => below.to_owned(),
        Some(below) => clean(&format!("{below}/{name}")),
    }
}

/// Returns the use of a folder of this name; Gmail's file of all letters is the archive for those that have no label.
pub fn known_use(name: &str) -> Option<SpecialUse> {
    let folded = usual::folded(name);
    let folded = folded.strip_prefix("inbox/").or_else(|| folded.strip_prefix("[gmail]/")).unwrap_or(&folded);
    match usual::folder(folded) {
        Some(Usual::Use(special_use)) => Some(special_use),
        Some(Usual::Inbox) => None,
        None => (!folded.contains('/') && usual::is_all_mail(folded)).then_some(SpecialUse::Archive),
    }
}

/// The directory that all Maildirs lie in: their parent, which may be one itself.
pub fn common_root(maildirs: &BTreeSet<String>) -> String {
    let mut directories = maildirs.iter();
    let Some(first) = directories.next() else { return String::new() };
    let levels = |path: &str| path.split('/').filter(|level| !level.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let mut root = levels(first);
    for directory in directories {
        let other = levels(directory);
        let shared = root.iter().zip(&other).take_while(|(one, other)| one == other).count();
        root.truncate(shared);
    }
    // One that is alone is INBOX, if it is not named otherwise: Thunderbird's `Sent/cur`.
    root.join("/")
}

/// A name that a folder can have, as near to the given one as can be. Nothing at all is INBOX, and so is what is called so in
/// another language.
pub fn clean(name: &str) -> String {
    let mut levels: Vec<String> =
        name.split('/').map(clean_level).filter(|level| !level.is_empty()).take(name::DEEPEST).collect();
    if let Some(first) = levels.first_mut().filter(|first| usual::folder(first) == Some(Usual::Inbox)) {
        name::INBOX.clone_into(first);
    }
    let mut joined = levels.join("/");
    while joined.len() > name::LONGEST {
        joined.pop();
    }
    name::canonical(joined.trim_end_matches('/')).unwrap_or_else(|_| name::INBOX.to_owned())
}

fn clean_level(level: &str) -> String {
    let level = level.trim();
    if matches!(level, "." | "..") {
        return String::new();
    }
    level.chars().filter(|c| matches!(c, ' ' | '.') || name::canonical(&c.to_string()).is_ok()).collect()
}
