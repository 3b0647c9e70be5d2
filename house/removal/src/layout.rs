//! Which file of a tree holds letters of which folder, and in which form. The form is recognised by names and first
//! octets; nobody has to say it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use mailbox::SpecialUse;
use mailbox::folder::name;
use maildir::{FileName, Keywords};
use serde::{Deserialize, Serialize};

use crate::mbox::Dialect;
use crate::sidecar::{self, Sidecar};
use crate::tree::{Node, Tree};
use crate::written;

/// The form of the letters, where it is said and not recognised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// By looking.
    #[default]
    Recognised,
    /// mboxes of a dialect.
    Mbox(Dialect),
    /// Maildirs only.
    Maildir,
    /// Files of one letter.
    Eml,
}

/// A folder that letters go to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Goal {
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(with = "written::special_use")]
    pub special_use: Option<SpecialUse>,
    /// Is the name to be taken as it stands? Else a folder for a use is the one that the mailbox has for it.
    pub exact: bool,
    /// Is a folder that has to be made to be subscribed to?
    pub subscribed: bool,
}

/// A file with letters.
pub struct Source {
    /// Its number in the tree.
    pub node: usize,
    /// Where they go.
    pub goal: Arc<Goal>,
    /// What is known of its form.
    pub form: Form,
}

/// What is known of a file before it is opened.
#[derive(Clone)]
pub enum Form {
    /// A letter of a Maildir, with the keywords of its folder.
    Maildir(Arc<Keywords>),
    /// An mbox, for it is called so, or has an index of Thunderbird's beside it.
    Mbox,
    /// An mbox, a letter, or neither: its first octets tell.
    Any,
}

/// What is to be done with a tree.
pub struct Plan {
    /// The files with letters, in the order they are to be read.
    pub sources: Vec<Source>,
    /// Folders that are to be there even if no letter goes there.
    pub folders: Vec<Arc<Goal>>,
}

/// Makes the plan. `below`: everything goes into this folder and below it.
pub fn plan(tree: &Tree, format: Format, below: Option<&str>) -> Plan {
    let mut planner = Planner::new(tree, below);
    let mut sources = Vec::new();
    for (number, node) in tree.nodes.iter().enumerate() {
        if node.directory {
            continue;
        }
        if let Some(source) = planner.source(number, node, format) {
            sources.push(source);
        }
    }
    let mut folders = planner.listed();
    if matches!(format, Format::Recognised | Format::Maildir) {
        let maildirs: Vec<String> = planner.maildirs.iter().cloned().collect();
        folders.extend(maildirs.iter().map(|directory| planner.maildir_goal(directory)));
    }
    // Folder by folder, and in each from the oldest letter to the newest, so that UIDs are in that order.
    sources.sort_by_cached_key(|source| {
        let node = &tree.nodes[source.node];
        let (directory, file) = split(&node.name);
        let time = match source.form {
            Form::Maildir(_) => FileName::read(file).time(),
            Form::Mbox | Form::Any => None,
        };
        (folder_of(directory).to_owned(), time, file.to_owned())
    });
    Plan { sources, folders }
}

/// The directory of a Maildir for the directory of a letter.
fn folder_of(directory: &str) -> &str {
    let (above, last) = split(directory);
    if matches!(last, "cur" | "new") { above } else { directory }
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

struct Planner<'t> {
    tree: &'t Tree,
    below: Option<&'t str>,
    /// Directories that have `cur` or `new` in them.
    maildirs: std::collections::BTreeSet<String>,
    /// The highest directory that is one: the root of a Maildir++, whose folders lie in it.
    maildir_root: String,
    /// By the path of a file or directory: what a sidecar says of it.
    sidecar: HashMap<String, Arc<Goal>>,
    keywords: HashMap<String, Arc<Keywords>>,
    goals: HashMap<String, Arc<Goal>>,
    /// Paths that have an index of Thunderbird's beside them, or folders below them.
    thunderbird: HashSet<String>,
}

impl<'t> Planner<'t> {
    fn new(tree: &'t Tree, below: Option<&'t str>) -> Self {
        let mut maildirs = std::collections::BTreeSet::new();
        let mut thunderbird = HashSet::new();
        for node in &tree.nodes {
            let path = node.name.trim_end_matches('/');
            let (above, last) = split(path);
            if node.directory && matches!(last, "cur" | "new") {
                maildirs.insert(above.to_owned());
            } else if !node.directory && matches!(split(above).1, "cur" | "new") {
                maildirs.insert(split(above).0.to_owned());
            }
            thunderbird.extend(path.strip_suffix(".msf").or(path.strip_suffix(".sbd")).map(str::to_owned));
        }
        let maildir_root = common_root(&maildirs);
        let (sidecar, keywords, goals) = (HashMap::new(), HashMap::new(), HashMap::new());
        let mut planner = Self { tree, below, maildirs, maildir_root, sidecar, keywords, goals, thunderbird };
        planner.read_sidecars();
        planner
    }

    fn read_sidecars(&mut self) {
        for (path, text) in &self.tree.telling {
            let (directory, file) = split(path);
            let Some(sidecar) = (file == sidecar::NAME).then(|| Sidecar::read(text)).flatten() else { continue };
            for listed in &sidecar.folders {
                let path = match (directory, listed.path.as_str()) {
                    (directory, "." | "") => directory.to_owned(),
                    ("", path) => path.to_owned(),
                    (directory, path) => format!("{directory}/{path}"),
                };
                let goal = Goal {
                    name: self.placed(&listed.name),
                    special_use: listed.special().filter(|_| self.below.is_none()),
                    exact: true,
                    subscribed: listed.subscribed,
                };
                self.sidecar.insert(path, Arc::new(goal));
            }
        }
    }

    /// The folders that sidecars list.
    fn listed(&self) -> Vec<Arc<Goal>> {
        let mut goals: Vec<_> = self.sidecar.values().cloned().collect();
        goals.sort_by(|one, other| one.name.cmp(&other.name));
        goals
    }

    fn source(&mut self, number: usize, node: &Node, format: Format) -> Option<Source> {
        let (directory, file) = split(&node.name);
        let (above, last) = split(directory);
        let in_maildir = matches!(last, "cur" | "new") && self.maildirs.contains(above);
        if in_maildir && matches!(format, Format::Recognised | Format::Maildir) {
            if file.starts_with('.') {
                return None;
            }
            let goal = self.maildir_goal(above);
            return Some(Source { node: number, goal, form: Form::Maildir(self.keywords_of(above)) });
        }
        // Nothing beside the letters of a Maildir is a letter: indexes, lists, half-written files in tmp.
        let beside = self.maildirs.contains(directory) || (last == "tmp" && self.maildirs.contains(above));
        if format == Format::Maildir || beside || is_no_letter(file) {
            return None;
        }
        let goal = self.file_goal(&node.name);
        let is_mbox = self.thunderbird.contains(&node.name) || MBOXES.iter().any(|ending| file.ends_with(ending));
        let form = if is_mbox && node.size > 0 { Form::Mbox } else { Form::Any };
        Some(Source { node: number, goal, form })
    }

    fn maildir_goal(&mut self, directory: &str) -> Arc<Goal> {
        if let Some(goal) = self.sidecar.get(directory) {
            return goal.clone();
        }
        let below = directory.strip_prefix(self.maildir_root.as_str()).unwrap_or(directory);
        let below: Vec<&str> = thunderbird_levels(below);
        let name = maildir::folder_name(&below.join("/"));
        self.goal(&name)
    }

    fn keywords_of(&mut self, directory: &str) -> Arc<Keywords> {
        let place = |directory: &str| match directory {
            "" => "dovecot-keywords".to_owned(),
            directory => format!("{directory}/dovecot-keywords"),
        };
        let telling = &self.tree.telling;
        let read = || telling.get(&place(directory)).map(|text| Keywords::read(&String::from_utf8_lossy(text)));
        self.keywords.entry(directory.to_owned()).or_insert_with(|| Arc::new(read().unwrap_or_default())).clone()
    }

    /// The folder of an mbox, or of a file that holds one letter.
    fn file_goal(&mut self, path: &str) -> Arc<Goal> {
        let (directory, file) = split(path);
        let known = self.sidecar.get(path).or_else(|| self.sidecar.get(directory));
        if let Some(goal) = known {
            return goal.clone();
        }
        let mut levels = thunderbird_levels(directory);
        if !is_letter_file(file) {
            levels.push(self.mbox_name(path, file));
        }
        // Apple Mail keeps the mbox in a directory that has the name: `Travail.mbox/mbox`.
        let levels: Vec<&str> = levels.iter().map(|level| level.strip_suffix(".mbox").unwrap_or(level)).collect();
        self.goal(&levels.join("/"))
    }

    fn mbox_name<'p>(&self, path: &str, file: &'p str) -> &'p str {
        if self.thunderbird.contains(path) {
            return file;
        }
        if file == "mbox" {
            return "";
        }
        MBOXES.iter().chain(&[".txt"]).find_map(|ending| file.strip_suffix(ending)).unwrap_or(file)
    }

    fn goal(&mut self, name: &str) -> Arc<Goal> {
        if let Some(goal) = self.goals.get(name) {
            return goal.clone();
        }
        let clean = clean(name);
        let special_use = if self.below.is_none() { known_use(&clean) } else { None };
        let goal = Goal { name: self.placed(&clean), special_use, exact: false, subscribed: true };
        self.goals.entry(name.to_owned()).or_insert(Arc::new(goal)).clone()
    }

    /// The name below the folder that was said.
    fn placed(&self, name: &str) -> String {
        match self.below {
            None => name.to_owned(),
            Some(below) if name == name::INBOX => below.to_owned(),
            Some(below) => clean(&format!("{below}/{name}")),
        }
    }
}

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

/// The directory that all Maildirs lie in: their parent, which may be one itself.
fn common_root(maildirs: &std::collections::BTreeSet<String>) -> String {
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

/// The levels of a path without what Thunderbird puts around them: `Mail/Local Folders/Travail.sbd/Clients` is
/// `Travail/Clients`. Accounts of a profile are laid together, for they become one mailbox.
fn thunderbird_levels(path: &str) -> Vec<&str> {
    let mut levels: Vec<&str> = path.split('/').filter(|level| !matches!(*level, "" | "." | "..")).collect();
    if let Some(at) = levels.iter().position(|level| matches!(*level, "Mail" | "ImapMail")) {
        let accounts = ["Local Folders"];
        let account = levels.get(at + 1).is_some_and(|level| accounts.contains(level) || level.contains('.'));
        let takeout = at > 0 && levels[at - 1] == "Takeout";
        if account && !levels[at + 1].ends_with(".sbd") {
            levels.drain(..at + 2);
        } else if takeout {
            levels.drain(..=at);
        }
    }
    levels.iter().map(|level| level.strip_suffix(".sbd").unwrap_or(level)).collect()
}

/// Endings of names of mboxes.
const MBOXES: [&str; 4] = [".mbox", ".mbx", ".mboxrd", ".mboxo"];

/// Files that programs keep beside letters, whatever stands in them.
fn is_no_letter(file: &str) -> bool {
    const ENDINGS: [&str; 14] = [
        ".msf", ".dat", ".html", ".json", ".sqlite", ".ini", ".js", ".xml", ".log", ".lock", ".ics", ".vcf", ".zip",
        ".gz",
    ];
    file.starts_with('.') || file.is_empty() || ENDINGS.iter().any(|ending| file.ends_with(ending))
}

/// Is this the name of a file that holds one letter?
pub fn is_letter_file(file: &str) -> bool {
    let ending = file.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    ending.is_some_and(|ending| matches!(ending.as_str(), "eml" | "rfc822" | "msg"))
}

/// What folders for a use are called by other programs and servers, in English and French.
const USES: &[(&str, SpecialUse)] = &[
    ("drafts", SpecialUse::Drafts),
    ("draft", SpecialUse::Drafts),
    ("brouillons", SpecialUse::Drafts),
    ("sent", SpecialUse::Sent),
    ("sent items", SpecialUse::Sent),
    ("sent mail", SpecialUse::Sent),
    ("sent messages", SpecialUse::Sent),
    ("envoyés", SpecialUse::Sent),
    ("messages envoyés", SpecialUse::Sent),
    ("éléments envoyés", SpecialUse::Sent),
    ("archive", SpecialUse::Archive),
    ("archives", SpecialUse::Archive),
    ("junk", SpecialUse::Junk),
    ("junk e-mail", SpecialUse::Junk),
    ("junk email", SpecialUse::Junk),
    ("spam", SpecialUse::Junk),
    ("bulk mail", SpecialUse::Junk),
    ("indésirables", SpecialUse::Junk),
    ("courrier indésirable", SpecialUse::Junk),
    ("trash", SpecialUse::Trash),
    ("bin", SpecialUse::Trash),
    ("deleted", SpecialUse::Trash),
    ("deleted items", SpecialUse::Trash),
    ("deleted messages", SpecialUse::Trash),
    ("corbeille", SpecialUse::Trash),
    ("éléments supprimés", SpecialUse::Trash),
];

fn known_use(name: &str) -> Option<SpecialUse> {
    let folded = name.to_lowercase();
    let folded = folded.strip_prefix("inbox/").or_else(|| folded.strip_prefix("[gmail]/")).unwrap_or(&folded);
    USES.iter().find(|(known, _)| *known == folded).map(|(_, special_use)| *special_use)
}

/// A name that a folder can have, as near to the given one as can be. Nothing at all is INBOX.
fn clean(name: &str) -> String {
    let levels: Vec<String> =
        name.split('/').map(clean_level).filter(|level| !level.is_empty()).take(name::DEEPEST).collect();
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

#[cfg(test)]
mod tests;
