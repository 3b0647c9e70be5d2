//! The levels of a folder's name in the path of a file, without what programs put around and between them.

use crate::usual::{self, Usual};

/// The levels that the directory of a file stands for. `root`: the directory that all folders lie in.
pub fn of_directory<'p>(directory: &'p str, root: &str) -> Vec<&'p str> {
    let below = below(directory, root);
    of_program(below).into_iter().map(of_level).collect()
}

/// The levels of the directory of a letter that Apple Mail keeps: `V10/UUID/Travail.mbox/UUID/Data/3/Messages` is `Travail`.
pub fn of_apple(directory: &str) -> Vec<&str> {
    let levels = directory.split('/').filter(|level| !level.is_empty() && !is_apples_own(level));
    let is_named = |level: &str| strip_ending(level, ".mbox").is_some();
    if !directory.split('/').any(is_named) {
        return levels.collect();
    }
    // Behind the last bundle stands only how its letters are spread.
    let mut kept: Vec<&str> = levels.collect();
    kept.truncate(kept.iter().rposition(|level| is_named(level)).map_or(0, |at| at + 1));
    kept.iter().map(|level| strip_ending(level, ".mbox").unwrap_or(level)).collect()
}

fn is_apples_own(level: &str) -> bool {
    let is_version = level.strip_prefix('V').is_some_and(|rest| !rest.is_empty() && is_number(rest));
    let is_account =
        ["IMAP-", "POP-", "EWS-", "Exchange-", "Mac-", "iCloud-"].iter().any(|kind| level.starts_with(kind));
    let is_own = matches!(level, "Messages" | "Data" | "Mailboxes" | "MailData" | "Attachments" | "Library" | "Mail");
    is_version || is_own || is_account && level.contains('@') || is_uuid(level) || is_number(level)
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_uuid(level: &str) -> bool {
    let groups: Vec<usize> = level.split('-').map(str::len).collect();
    groups == [8, 4, 4, 4, 12] && level.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

fn below<'p>(directory: &'p str, root: &str) -> &'p str {
    let below = directory.strip_prefix(root).filter(|rest| rest.is_empty() || rest.starts_with('/') || root.is_empty());
    below.unwrap_or(directory).trim_start_matches('/')
}

/// The levels of a path without what Thunderbird and Takeout put around them: `Mail/Local Folders/Travail.sbd/Clients` is
/// `Travail/Clients`. Accounts of a profile are laid together, for they become one mailbox.
pub fn of_program(path: &str) -> Vec<&str> {
    let mut levels: Vec<&str> = path.split('/').filter(|level| !matches!(*level, "" | "." | "..")).collect();
    // Behind `Takeout` stands the product, in the person's language: `Mail`, `Correo`, `E-mail`.
    if let Some(at) = levels.iter().position(|level| *level == "Takeout") {
        levels.drain(..levels.len().min(at + 2));
        return levels;
    }
    if let Some(at) = levels.iter().position(|level| matches!(*level, "Mail" | "ImapMail")) {
        let account = levels.get(at + 1).is_some_and(|level| *level == "Local Folders" || level.contains('.'));
        if account && !levels[at + 1].ends_with(".sbd") && !levels[at + 1].starts_with('.') {
            levels.drain(..at + 2);
        }
    }
    levels
}

/// `Travail.sbd` of Thunderbird and `.travail.directory` of KMail hold the folders below `Travail`.
pub fn of_level(level: &str) -> &str {
    let kmail =
        level.strip_prefix('.').and_then(|level| level.strip_suffix(".directory")).filter(|name| !name.is_empty());
    kmail.or_else(|| strip_ending(level, ".sbd")).unwrap_or(level)
}

/// Without an ending, whatever its case; `None` if it has another, or is nothing else.
pub fn strip_ending<'n>(name: &'n str, ending: &str) -> Option<&'n str> {
    let at = name.len().checked_sub(ending.len()).filter(|at| *at > 0 && name.is_char_boundary(*at))?;
    name[at..].eq_ignore_ascii_case(ending).then(|| &name[..at])
}

/// The directory that all folders lie in, where it has an inbox: readpst's `Outlook Data File/Inbox/mbox`, MH's
/// `Mail/inbox/1`. Nothing if there are several, or if letters lie elsewhere too.
pub fn root<'p>(files: impl Iterator<Item = &'p str> + Clone) -> String {
    let mut found: Option<&str> = None;
    for path in files.clone() {
        let Some(above) = above_inbox(path) else { continue };
        match found {
            Some(root) if root == above || above.starts_with(&format!("{root}/")) => {}
            Some(root) if root.starts_with(&format!("{above}/")) || above.is_empty() => found = Some(above),
            Some(_) => return String::new(),
            None => found = Some(above),
        }
    }
    let Some(root) = found.filter(|root| !root.is_empty()) else { return String::new() };
    let all_below = files.into_iter().all(|path| path.strip_prefix(root).is_some_and(|rest| rest.starts_with('/')));
    if all_below { root.to_owned() } else { String::new() }
}

/// The directory that the first level called like an inbox lies in.
fn above_inbox(path: &str) -> Option<&str> {
    let mut start = 0;
    for level in path.split('/') {
        let name =
            ["mbox", "mbx"].iter().find_map(|end| strip_ending(level, &format!(".{end}"))).unwrap_or(of_level(level));
        if usual::folder(name) == Some(Usual::Inbox) {
            return Some(path[..start].trim_end_matches('/'));
        }
        start += level.len() + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apples_bundles_are_folders() {
        for (directory, folder) in [
            ("Travail.mbox/Messages", "Travail"),
            (
                "V10/01234567-89AB-CDEF-0123-456789ABCDEF/Travail.mbox/Clients.mbox/FFFFFFFF-89AB-CDEF-0123-456789ABCDEF/Data/1/2/Messages",
                "Travail/Clients",
            ),
            ("IMAP-alice@alpha.test/INBOX.mbox/Messages", "INBOX"),
            ("Mailboxes/Travail/Clients.mbox/Messages", "Travail/Clients"),
            ("old/letters", "old/letters"),
        ] {
            assert_eq!(of_apple(directory).join("/"), folder, "{directory}");
        }
    }

    #[test]
    fn the_directory_with_the_inbox_is_the_root_where_all_lies_below_it() {
        let of = |files: &[&'static str]| root(files.iter().copied());
        assert_eq!(of(&["Outlook Data File/Inbox/mbox", "Outlook Data File/Sent Items/mbox"]), "Outlook Data File");
        assert_eq!(of(&["a/b/Posteingang.mbox", "a/b/c/x.mbox"]), "a/b");
        assert_eq!(of(&["a/Inbox/1", "b/Inbox/1"]), "");
        assert_eq!(of(&["a/Inbox/1", "b/x"]), "");
        assert_eq!(of(&["Inbox/1", "a/b"]), "");
    }
}
