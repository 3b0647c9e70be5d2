//! Plans which files of a tree hold letters of which folder, and in which form. The form is recognized by names and
//! first octets; nobody has to say it. Every file has its place in the plan, whether letters are looked for in it or
//! not.

mod goals;
mod levels;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use maildir::{FileName, Keywords};

use crate::goal::Goal;
use crate::mbox::Dialect;
use crate::mh::{self, Sequences};
use crate::proton::{self, Labels, TargetFolder};
use crate::sidecar::{self, Sidecar};
use crate::told::Told;
use crate::tree::{Node, Part};
use crate::{Beside, Fault, emlx};

use goals::{clean, common_root, known_use};
pub use goals::{for_use, inbox, labelled};
use levels::{of_apple, of_directory, of_level, of_program, strip_ending};

/// The form of the letters, if it is said and not recognised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// The import recognizes the format by looking.
    #[default]
    Recognised,
    /// mboxes of a dialect.
    Mbox(Dialect),
    /// Maildirs only.
    Maildir,
    /// Files of one letter.
    Eml,
}

/// A file with letters.
pub struct Source {
    /// Its number in the part.
    pub node: usize,
    /// The folder that the file goes to if it is a letter.
    pub goal: Arc<Goal>,
    /// The folder that the letters go to if the file is an mbox: such a file has the name of the folder.
    pub as_mbox: Arc<Goal>,
    /// The knowledge of its form.
    pub form: Form,
}

/// The form of a file, as far as it is known before the file is opened.
#[derive(Clone)]
pub enum Form {
    /// A letter of a Maildir, with the keywords of its folder.
    Maildir(Arc<Keywords>),
    /// An mbox, for it is called so, or has an index of Thunderbird's beside it.
    Mbox,
    /// A letter with flags that stand beside it.
    Told(Box<Told>),
    /// A letter of Apple Mail's.
    Emlx,
    /// An mbox, a letter, or neither: its first octets tell.
    Any,
}

/// The plan to read a part of a tree.
#[derive(Default)]
pub struct ReadingPlan {
    /// The files with letters, in the order they are to be read.
    pub sources: Vec<Source>,
    /// Folders that are to be there even if no letter goes there.
    pub folders: Vec<Arc<Goal>>,
    /// Files that are not looked into, with the reason.
    pub left: Vec<(usize, Fault)>,
    /// Files that are known to be no letters.
    pub beside: Vec<(usize, Beside)>,
}

/// The decision about one file.
enum Use {
    Read(Source),
    Leave(Fault),
    PassBeside(Beside),
    /// It has its place elsewhere.
    Nothing,
}

/// Makes the plan. `below`: everything goes into this folder and below it.
pub fn plan(part: &Part, format: Format, below: Option<&str>) -> ReadingPlan {
    let mut planner = Planner::new(part, below);
    let mut plan = ReadingPlan::default();
    for (number, node) in part.nodes.iter().enumerate() {
        match planner.use_of(number, node, format) {
            Use::Read(source) => plan.sources.push(source),
            Use::Leave(fault) => plan.left.push((number, fault)),
            Use::PassBeside(kind) => plan.beside.push((number, kind)),
            Use::Nothing => {}
        }
    }
    plan.folders = planner.listed();
    if matches!(format, Format::Recognised | Format::Maildir) {
        let maildirs: Vec<String> = planner.maildirs.iter().cloned().collect();
        plan.folders.extend(maildirs.iter().map(|directory| planner.maildir_goal(directory)));
    }
    // Folder by folder, and in each from the oldest letter to the newest, so that UIDs are in that order.
    plan.sources.sort_by_cached_key(|source| {
        let (directory, file) = split(&part.nodes[source.node].name);
        let time = match source.form {
            Form::Maildir(_) => FileName::read(file).time(),
            _ => None,
        };
        (folder_of(directory).to_owned(), time, order_of(file), file.to_owned())
    });
    plan
}

/// Files that are called by numbers come in the order of the numbers.
fn order_of(file: &str) -> Option<u32> {
    let digits = file.bytes().take_while(u8::is_ascii_digit).count();
    file[..digits].parse().ok().filter(|_| digits == file.len() || file[digits..].starts_with('.'))
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
    part: &'t Part,
    below: Option<&'t str>,
    /// Directories that have `cur` or `new` in them.
    maildirs: BTreeSet<String>,
    /// The highest directory that is one: the root of a Maildir++, whose folders lie in it.
    maildir_root: String,
    /// The directory that all other folders lie in.
    root: String,
    /// The goals that a sidecar names, by the path of the file or directory.
    sidecar: HashMap<String, Arc<Goal>>,
    keywords: HashMap<String, Arc<Keywords>>,
    goals: HashMap<String, Arc<Goal>>,
    /// Paths that have an index of Thunderbird's beside them, or folders below them.
    thunderbird: HashSet<String>,
    /// Directories of MH, with their sequences where they have any.
    mh: HashMap<String, Option<Sequences>>,
    /// The labels of Proton, by the directory of their list.
    labels: HashMap<String, Labels>,
    /// Letters that Proton describes, by their names without the ending.
    described: HashSet<&'t str>,
}

impl<'t> Planner<'t> {
    fn new(part: &'t Part, below: Option<&'t str>) -> Self {
        let mut planner = Self {
            part,
            below,
            maildirs: BTreeSet::new(),
            maildir_root: String::new(),
            root: String::new(),
            sidecar: HashMap::new(),
            keywords: HashMap::new(),
            goals: HashMap::new(),
            thunderbird: HashSet::new(),
            mh: HashMap::new(),
            labels: HashMap::new(),
            described: HashSet::new(),
        };
        part.nodes.iter().for_each(|node| planner.look_at(node));
        planner.maildir_root = common_root(&planner.maildirs);
        let files = part.nodes.iter().filter(|node| !node.directory && !node.is_part);
        let files = files.map(|node| node.name.as_str()).filter(|name| {
            let (directory, file) = split(name);
            Beside::by_name(file, directory).is_none() && Beside::by_ending(file).is_none()
        });
        planner.root = levels::root(files);
        planner.read_sidecars();
        planner.read_lists();
        planner
    }

    fn look_at(&mut self, node: &'t Node) {
        let path = node.name.trim_end_matches('/');
        let (above, last) = split(path);
        if node.directory && matches!(last, "cur" | "new") {
            self.maildirs.insert(above.to_owned());
        } else if !node.directory && matches!(split(above).1, "cur" | "new") {
            self.maildirs.insert(split(above).0.to_owned());
        }
        if mh::is_mark(last) {
            self.mh.insert(above.to_owned(), None);
        }
        self.thunderbird.extend(path.strip_suffix(".msf").or(path.strip_suffix(".sbd")).map(str::to_owned));
        self.described.extend(strip_ending(path, ".eml"));
    }

    fn read_lists(&mut self) {
        for (path, text) in &self.part.telling {
            let (directory, file) = split(path);
            match file {
                mh::SEQUENCES => drop(self.mh.insert(directory.to_owned(), Some(Sequences::read(text)))),
                proton::LABELS => drop(self.labels.insert(directory.to_owned(), Labels::read(text))),
                _ => {}
            }
        }
    }

    fn read_sidecars(&mut self) {
        for (path, text) in &self.part.telling {
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

    fn use_of(&mut self, number: usize, node: &Node, format: Format) -> Use {
        if let Some(fault) = &node.fault {
            return Use::Leave(fault.clone());
        }
        if node.directory || node.is_part {
            return Use::Nothing;
        }
        let (directory, file) = split(&node.name);
        let (above, last) = split(directory);
        let is_maildirs = matches!(last, "cur" | "new" | "tmp") && self.maildirs.contains(above);
        let maildirs_count = matches!(format, Format::Recognised | Format::Maildir);
        if is_maildirs && maildirs_count && !file.starts_with('.') && last != "tmp" {
            let goal = self.maildir_goal(above);
            let form = Form::Maildir(self.keywords_of(above));
            return Use::Read(Source { node: number, as_mbox: goal.clone(), goal, form });
        }
        // A folder of Thunderbird's may be called anything.
        let is_folder = self.thunderbird.contains(&node.name);
        if let Some(kind) = Beside::by_name(file, directory).filter(|_| !is_folder) {
            return self.beside(&node.name, kind);
        }
        if is_maildirs && maildirs_count {
            return Use::Leave(Fault::Unfinished);
        }
        if format == Format::Maildir {
            return Use::Leave(Fault::Unasked);
        }
        if is_attachment_of_apple(directory) {
            return Use::Leave(Fault::Apart);
        }
        Use::Read(self.source(number, node))
    }

    /// Leaves a file that describes a letter: if that letter is not there, the file shows that a letter is missing.
    fn beside(&self, path: &str, kind: Beside) -> Use {
        let orphan = path.strip_suffix(proton::METADATA).is_some_and(|stem| !self.described.contains(stem));
        if orphan { Use::Leave(Fault::Orphan) } else { Use::PassBeside(kind) }
    }

    fn source(&mut self, node: usize, found: &Node) -> Source {
        let (directory, file) = split(&found.name);
        if emlx::is_one(file) {
            let name = of_apple(directory).join("/");
            let goal = self.named(&name);
            return Source { node, as_mbox: goal.clone(), goal, form: Form::Emlx };
        }
        if let Some(source) = self.described(node, &found.name) {
            return source;
        }
        let goal = self.directory_goal(&found.name, directory);
        if let Some(number) = mh::number(file) {
            let told = self.mh.get(directory).and_then(Option::as_ref);
            let told = told.map(|sequences| Box::new(sequences.of(number)));
            // If nothing says that the folder is MH, `2019` may be an mbox of that year.
            let is_mh = self.mh.contains_key(directory);
            let as_mbox = if is_mh { goal.clone() } else { self.mbox_goal(&found.name) };
            return Source { node, goal, as_mbox, form: told.map_or(Form::Any, Form::Told) };
        }
        let as_mbox = if is_letter_file(file) { goal.clone() } else { self.mbox_goal(&found.name) };
        let named =
            self.thunderbird.contains(&found.name) || MBOXES.iter().any(|end| strip_ending(file, end).is_some());
        let form = if named && found.size > 0 { Form::Mbox } else { Form::Any };
        Source { node, goal, as_mbox, form }
    }

    /// A letter that Proton describes.
    fn described(&mut self, node: usize, path: &str) -> Option<Source> {
        let metadata = self.part.proton.get(strip_ending(path, ".eml")?)?;
        let labels = self.labels.get(split(path).0).cloned().unwrap_or_default();
        let (places, mut told) = labels.sort(metadata);
        let mut goals = places.iter().map(|place| {
            Arc::new(match place {
                TargetFolder::Inbox => inbox(self.below),
                TargetFolder::Use(special_use) => for_use(*special_use, self.below),
                TargetFolder::Folder(name) => labelled(name, self.below),
            })
        });
        let goal = goals.next()?;
        told.also = goals.collect();
        Some(Source { node, as_mbox: goal.clone(), goal, form: Form::Told(Box::new(told)) })
    }

    fn maildir_goal(&mut self, directory: &str) -> Arc<Goal> {
        if let Some(goal) = self.sidecar.get(directory) {
            return goal.clone();
        }
        let below = directory.strip_prefix(self.maildir_root.as_str()).unwrap_or(directory);
        let mut below = of_program(below);
        // `.travail.directory` of KMail holds Maildirs; one that is itself a Maildir is `travail/directory` of Maildir++.
        let containers = below.len().saturating_sub(1);
        below.iter_mut().take(containers).for_each(|level| *level = of_level(level));
        let name = maildir::folder_name(&below.join("/"));
        self.goal(&name)
    }

    fn keywords_of(&mut self, directory: &str) -> Arc<Keywords> {
        let place = |directory: &str| match directory {
            "" => "dovecot-keywords".to_owned(),
            directory => format!("{directory}/dovecot-keywords"),
        };
        let telling = &self.part.telling;
        let read = || telling.get(&place(directory)).map(|text| Keywords::read(&String::from_utf8_lossy(text)));
        self.keywords.entry(directory.to_owned()).or_insert_with(|| Arc::new(read().unwrap_or_default())).clone()
    }

    /// The folder of the letters that are files of a directory.
    fn directory_goal(&mut self, path: &str, directory: &str) -> Arc<Goal> {
        if let Some(goal) = self.sidecar.get(path).or_else(|| self.sidecar.get(directory)) {
            return goal.clone();
        }
        let name = self.folder_levels(directory).join("/");
        self.goal(&name)
    }

    /// Apple Mail keeps an mbox in a directory that has the name: `Travail.mbox/mbox`.
    fn folder_levels<'p>(&self, directory: &'p str) -> Vec<&'p str> {
        let levels = of_directory(directory, &self.root);
        levels.into_iter().map(|level| strip_ending(level, ".mbox").unwrap_or(level)).collect()
    }

    /// The folder of an mbox.
    fn mbox_goal(&mut self, path: &str) -> Arc<Goal> {
        // A person who names one file and one folder means that folder, not another of the file's name in it.
        if self.below.is_some() && self.part.nodes.len() == 1 {
            return Arc::new(inbox(self.below));
        }
        let (directory, file) = split(path);
        if let Some(goal) = self.sidecar.get(path).or_else(|| self.sidecar.get(directory)) {
            return goal.clone();
        }
        let mut levels = self.folder_levels(directory);
        levels.push(self.mbox_name(path, file));
        levels.retain(|level| !level.is_empty());
        let name = levels.join("/");
        self.named(&name)
    }

    /// The folder of a name; if the path has none, that of the bundle that was imported.
    fn named(&mut self, name: &str) -> Arc<Goal> {
        match &self.part.bundle {
            Some(bundle) if name.is_empty() => self.goal(bundle),
            _ => self.goal(name),
        }
    }

    fn mbox_name<'p>(&self, path: &str, file: &'p str) -> &'p str {
        if self.thunderbird.contains(path) {
            return strip_ending(file, ".mbox").unwrap_or(file);
        }
        if file == "mbox" {
            return "";
        }
        MBOXES.iter().chain(&[".txt"]).find_map(|ending| strip_ending(file, ending)).unwrap_or(file)
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
        goals::placed(name, self.below)
    }
}

/// Apple Mail keeps the attachments of `12.partial.emlx` in `Attachments/12`.
fn is_attachment_of_apple(directory: &str) -> bool {
    let mut levels = directory.split('/').skip_while(|level| strip_ending(level, ".mbox").is_none());
    levels.any(|level| level == "Attachments")
}

/// Endings of names of mboxes.
const MBOXES: [&str; 4] = [".mbox", ".mbx", ".mboxrd", ".mboxo"];

/// Returns true for the name of a file that holds one letter.
pub fn is_letter_file(file: &str) -> bool {
    let ending = file.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    ending.is_some_and(|ending| matches!(ending.as_str(), "eml" | "rfc822" | "msg"))
}

#[cfg(test)]
mod tests;
