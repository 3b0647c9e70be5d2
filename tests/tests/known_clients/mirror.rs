//! One cycle for all clients that keep a Maildir and an account the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tests::{Account, Look, Office, below};

use crate::post;

/// A letter of a mirror: folder, Message-ID, flags, and its text with the ends of lines of the network.
pub type Kept = (String, String, Vec<String>, String);

/// A program that keeps a Maildir and an account the same.
pub trait Mirror {
    /// The folder of the disk that has the folders of the account in it.
    fn root(&self) -> PathBuf;
    /// One run, which must end well.
    fn sync(&self);
    /// The folder of the account that a folder of the disk stands for.
    fn folder(&self, on_disk: &str) -> String;
    /// Returns the name on the disk of a folder of the account.
    fn on_disk(&self, folder: &str) -> String;
    /// Returns the part of a letter that has to be equal: all of it, unless the program writes letters anew.
    fn essence(&self, text: &str) -> String {
        text.to_owned()
    }
}

/// All letters of the mirror.
pub fn kept(mirror: &impl Mirror) -> Vec<Kept> {
    let root = mirror.root();
    let mut found: Vec<Kept> = below(&root)
        .into_iter()
        .filter(|path| path.is_file() && is_letter(path))
        .map(|path| {
            let folder = path.ancestors().nth(2).and_then(|folder| folder.strip_prefix(&root).ok());
            let folder = mirror.folder(&folder.unwrap_or(Path::new("")).to_string_lossy());
            let text = String::from_utf8_lossy(&post::crlf(&fs::read(&path).expect("a letter"))).into_owned();
            (folder, message_id(&text), flags(&path), without_marks(&text))
        })
        .collect();
    found.sort();
    found
}

fn is_letter(path: &Path) -> bool {
    path.parent().is_some_and(|parent| parent.ends_with("cur") || parent.ends_with("new"))
}

fn message_id(letter: &str) -> String {
    let line = letter.lines().find_map(|line| line.strip_prefix("Message-ID: <"));
    line.unwrap_or_default().trim_end_matches('>').to_owned()
}

/// Returns the flags of IMAP that the letters in a Maildir file's name mean.
fn flags(path: &Path) -> Vec<String> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (_, letters) = name.rsplit_once(":2,").unwrap_or_default();
    let known = BTreeMap::from([('D', "\\Draft"), ('F', "\\Flagged"), ('R', "\\Answered"), ('S', "\\Seen")]);
    let mut flags: Vec<String> = letters.chars().filter_map(|letter| Some((*known.get(&letter)?).to_owned())).collect();
    flags.sort();
    flags
}

/// Without the fields by which the programs know a letter again that they have brought.
fn without_marks(letter: &str) -> String {
    let mark = |line: &&str| line.starts_with("X-TUID: ") || line.starts_with("X-OfflineIMAP: ");
    letter.split_inclusive("\r\n").filter(|line| !mark(line)).collect()
}

/// The same of the account.
pub fn held(look: &mut Look, all: &Account) -> Vec<Kept> {
    let texts = look.texts();
    let mut found: Vec<Kept> = all
        .letters
        .iter()
        .map(|letter| {
            let text = String::from_utf8_lossy(&texts[&(letter.folder.clone(), letter.name.1)]);
            (letter.folder.clone(), letter.id.clone(), letter.flags.clone(), without_marks(&text))
        })
        .collect();
    found.sort();
    found
}

/// The file of a letter in the mirror.
fn file(mirror: &impl Mirror, folder: &str, id: &str) -> PathBuf {
    let folder = mirror.root().join(mirror.on_disk(folder));
    let is_it = |path: &PathBuf| {
        is_letter(path) && fs::read_to_string(path).is_ok_and(|text| text.contains(&format!("Message-ID: <{id}>")))
    };
    below(&folder).into_iter().find(is_it).unwrap_or_else(|| panic!("{id} is not in {}", folder.display()))
}

/// Gives a letter of the mirror these flags, as the letters that a Maildir has for them, sorted.
pub fn flag(mirror: &impl Mirror, folder: &str, id: &str, letters: &str) {
    let from = file(mirror, folder, id);
    let name = from.file_name().expect("a name").to_string_lossy().into_owned();
    let base = name.split(":2,").next().unwrap_or_default();
    let to = from.ancestors().nth(2).expect("a Maildir").join("cur").join(format!("{base}:2,{letters}"));
    fs::rename(&from, to).expect("renamed");
}

/// Takes a letter out of the mirror.
pub fn remove(mirror: &impl Mirror, folder: &str, id: &str) {
    fs::remove_file(file(mirror, folder, id)).expect("removed");
}

/// Puts a new letter into the mirror.
pub fn add(mirror: &impl Mirror, folder: &str, id: &str) {
    let text = String::from_utf8(post::letter(id, "neu")).expect("UTF-8").replace("\r\n", "\n");
    let place = mirror.root().join(mirror.on_disk(folder)).join("cur").join(format!("{id}.here:2,S"));
    fs::write(place, text).expect("written");
}

/// Both are the same now.
#[track_caller]
pub fn agree(mirror: &impl Mirror, look: &mut Look) -> Account {
    let all = look.all();
    let essence = |(folder, id, flags, text): Kept| (folder, id, flags, mirror.essence(&text));
    let (here, there) = (kept(mirror), held(look, &all));
    let names = |letters: &[Kept]| {
        letters.iter().map(|(folder, id, flags, _)| (folder.clone(), id.clone(), flags.clone())).collect::<Vec<_>>()
    };
    assert_eq!(names(&here), names(&there));
    for (here, there) in here.into_iter().map(essence).zip(there.into_iter().map(essence)) {
        assert_eq!(here, there);
    }
    all
}

/// The whole cycle: bring all, change both sides and bring them together, find nothing to do, and nothing again after the
/// office was killed and started again.
pub fn cycle(office: &mut Office, mut look: Look, mirror: &impl Mirror) {
    look.make("Voyages d’été");
    look.make("Projets/Île");
    look.add("Projets/Île", &post::letter("island@test", "Une île"), &["\\Seen", "\\Flagged"]);
    mirror.sync();
    let begun = agree(mirror, &mut look);

    // Each side marks, removes, adds, and moves.
    flag(mirror, "INBOX", "letter0@test", "FS");
    remove(mirror, "INBOX", "letter1@test");
    add(mirror, "Voyages d’été", "ours@test");
    look.mark("INBOX", "letter2@test", "\\Answered", true);
    look.mark("Projets/Île", "island@test", "\\Flagged", false);
    look.remove("INBOX", "letter3@test");
    look.move_to("INBOX", "letter4@test", "Voyages d’été");
    look.add("INBOX", &post::letter("theirs@test", "von drüben"), &[]);
    mirror.sync();
    let changed = agree(mirror, &mut look);
    assert_eq!(changed.one("letter0@test").flags, ["\\Flagged", "\\Seen"]);
    assert_eq!(changed.one("letter2@test").flags, ["\\Answered"]);
    assert_eq!(changed.one("island@test").flags, ["\\Seen"]);
    assert!(changed.of("letter1@test").is_empty() && changed.of("letter3@test").is_empty());
    assert_eq!(changed.one("letter4@test").folder, "Voyages d’été");
    assert_eq!(changed.one("ours@test").folder, "Voyages d’été");
    assert_eq!(changed.one("theirs@test").folder, "INBOX");
    // A letter that nobody touched is still the same letter for everybody.
    assert_eq!(changed.one("island@test").name, begun.one("island@test").name);

    mirror.sync();
    assert_eq!(agree(mirror, &mut look), changed, "a second run has nothing to do");
    drop(look);
    office.kill();
    office.start();
    mirror.sync();
    let mut look = Look::at(office, office.first());
    assert_eq!(agree(mirror, &mut look), changed, "nor after the office was killed");
}

/// Rounds of changes on both sides, each letter touched by one side at most.
pub fn rounds(office: &Office, look: &mut Look, mirror: &impl Mirror, rounds: usize) {
    mirror.sync();
    let mut all = agree(mirror, look);
    let mut chance = Chance(20_261_130);
    for round in 0..rounds {
        let letters = all.letters.clone();
        for letter in letters.iter().filter(|letter| letter.folder == "INBOX") {
            let (folder, id) = ("INBOX", letter.id.as_str());
            match chance.below(24) {
                0 => flag(mirror, folder, id, "FS"),
                1 => flag(mirror, folder, id, "RS"),
                2 => remove(mirror, folder, id),
                3 => look.mark(folder, id, "\\Flagged", chance.below(2) == 0),
                4 => look.mark(folder, id, "\\Seen", chance.below(2) == 0),
                5 => look.remove(folder, id),
                6 => look.move_to(folder, id, "Archive"),
                _ => (),
            }
        }
        for number in 0..5 {
            add(mirror, "INBOX", &format!("ours{round}.{number}@test"));
            look.add("INBOX", &post::letter(&format!("theirs{round}.{number}@test"), "von drüben"), &[]);
        }
        post::hand_in(office, office.first(), &post::letter(&format!("new{round}@test"), "neu"));
        let expected = letters.len();
        mirror.sync();
        mirror.sync();
        all = agree(mirror, look);
        assert!(!all.of(&format!("ours{round}.4@test")).is_empty(), "round {round} of {expected} letters");
    }
}

/// Numbers that are the same in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        // Knuth, The Art of Computer Programming, 3.3.4.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}
