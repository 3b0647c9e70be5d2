//! Chooses at random what a client does next: IMAP's COPY and JMAP's `mailboxIds` let letters lie in several folders.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::World;
use crate::chance::Chance;
use crate::client::{Kind, Silent};
use crate::mirror::{Flags, Mirror};

const FLAGS: [&str; 8] =
    ["\\Seen", "\\Flagged", "\\Answered", "\\Draft", "\\Deleted", "\\Deleted", "$forwarded", "work"];
/// Names that come and go; INBOX is renamed to one of them as well.
const FOLDERS: [&str; 5] = ["one", "two", "three", "four", "one/below"];
/// The number of letters in a folder from which on fewer come and more go.
const MANY: usize = 25;

#[derive(Clone, Copy)]
enum Deed {
    Store,
    Copy,
    Move,
    Append,
    Expunge,
    Fetch,
    Search,
    Noop,
    Idle,
    Select,
    Leave,
    Return,
    Folder,
    Jmap,
}

const DEEDS: [(usize, Deed); 14] = [
    (26, Deed::Store),
    (7, Deed::Copy),
    (6, Deed::Move),
    (12, Deed::Append),
    (9, Deed::Expunge),
    (8, Deed::Fetch),
    (4, Deed::Search),
    (5, Deed::Noop),
    (5, Deed::Idle),
    (3, Deed::Select),
    (3, Deed::Leave),
    (1, Deed::Return),
    (4, Deed::Folder),
    (7, Deed::Jmap),
];

impl World {
    /// One deed of one client.
    pub fn act(&mut self) {
        let at = self.chance.below(self.clients.len());
        self.clients[at].end_idle();
        let deed = self.chance.weighted(&DEEDS);
        match (deed, self.clients[at].selected.is_some()) {
            (Deed::Jmap, _) => self.jmap(),
            (Deed::Append, _) => self.append(at),
            (Deed::Folder, _) => self.folder(at),
            (Deed::Return, _) => self.clients[at].reconnect(),
            (_, false) | (Deed::Select, _) => self.select(at),
            (Deed::Store, _) => self.store(at),
            (Deed::Copy, _) => self.transfer(at, "COPY"),
            (Deed::Move, _) => self.transfer(at, "MOVE"),
            (Deed::Expunge, _) => self.expunge(at),
            (Deed::Fetch, _) => self.fetch(at),
            (Deed::Search, _) => self.search(at),
            (Deed::Noop, _) => {
                let command = *self.chance.pick(&["NOOP", "CHECK"]);
                self.clients[at].say(command);
            }
            (Deed::Idle, _) => self.clients[at].begin_idle(),
            (Deed::Leave, _) => {
                let verb = *self.chance.pick(&["CLOSE", "UNSELECT", "UNSELECT"]);
                self.clients[at].unselect(verb);
            }
        }
    }

    fn mirror(&self, at: usize) -> Mirror {
        self.clients[at].selected.as_ref().map(|selected| selected.mirror.clone()).unwrap_or_default()
    }

    /// Letters of the client's folder: the verb may be told UIDs, and the set may name letters that are gone.
    fn named(&mut self, at: usize) -> (&'static str, String, bool) {
        let mirror = self.mirror(at);
        let by_uid = self.chance.percent(35);
        let set =
            if by_uid { uid_set(&mut self.chance, &mirror) } else { place_set(&mut self.chance, mirror.letters.len()) };
        (if by_uid { "UID " } else { "" }, set, by_uid)
    }

    fn store(&mut self, at: usize) {
        let (uid, set, by_uid) = self.named(at);
        let sign = *self.chance.pick(&["+", "+", "-", ""]);
        let flags: BTreeSet<&str> = (0..self.chance.between(1, 2)).map(|_| *self.chance.pick(&FLAGS)).collect();
        let flags: Vec<&str> = flags.into_iter().collect();
        let silent = self.chance.percent(55);
        let mut condition = String::new();
        let highest = self.mirror(at).highest;
        if self.clients[at].kind != Kind::Plain && self.chance.percent(20) {
            let back = self.chance.below(12) as u64;
            condition = format!("(UNCHANGEDSINCE {}) ", highest.saturating_sub(back));
        }
        let word = if silent { ".SILENT" } else { "" };
        let command = format!("{uid}STORE {set} {condition}{sign}FLAGS{word} ({})", flags.join(" "));
        let flags: Flags = flags.iter().map(|flag| flag.to_lowercase()).collect();
        let expected = silent.then_some(Silent { set, by_uid, sign, flags });
        self.clients[at].say_expecting(&command, expected.as_ref());
    }

    fn transfer(&mut self, at: usize, verb: &str) {
        let (uid, set, _) = self.named(at);
        let to = self.any_folder();
        self.clients[at].say(&format!("{uid}{verb} {set} \"{to}\""));
    }

    fn append(&mut self, at: usize) {
        let many = self.mirror(at).letters.len() > MANY;
        if many && self.chance.percent(80) {
            return self.expunge(at);
        }
        self.filed += 1;
        let flags = if self.chance.percent(50) { *self.chance.pick(&FLAGS) } else { "" };
        let folder = self.any_folder();
        let thread = self.chance.below(20);
        let letter =
            format!("Subject: {}\r\nMessage-ID: <{}@x>\r\nIn-Reply-To: <t{thread}@x>\r\n\r\nx", self.filed, self.filed);
        self.clients[at].say(&format!("APPEND \"{folder}\" ({flags}) {{{}+}}\r\n{letter}", letter.len()));
    }

    fn expunge(&mut self, at: usize) {
        let mirror = self.mirror(at);
        if self.clients[at].selected.is_none() || self.chance.percent(60) {
            let command = if self.clients[at].selected.is_some() { "EXPUNGE" } else { "NOOP" };
            self.clients[at].say(command);
            return;
        }
        let set = uid_set(&mut self.chance, &mirror);
        self.clients[at].say(&format!("UID EXPUNGE {set}"));
    }

    fn fetch(&mut self, at: usize) {
        let (uid, set, by_uid) = self.named(at);
        let since = self.mirror(at).highest.saturating_sub(self.chance.below(20) as u64);
        let command = match self.clients[at].kind {
            Kind::Qresync if by_uid && self.chance.percent(30) => {
                format!("UID FETCH {set} (FLAGS) (CHANGEDSINCE {since} VANISHED)")
            }
            Kind::Condstore | Kind::Qresync if self.chance.percent(30) => {
                format!("{uid}FETCH {set} (UID FLAGS) (CHANGEDSINCE {since})")
            }
            _ => {
                let items =
                    self.chance.pick(&["(UID FLAGS)", "FLAGS", "(UID BODY[TEXT]<0.1>)", "BODY.PEEK[TEXT]<0.1>"]);
                format!("{uid}FETCH {set} {items}")
            }
        };
        self.clients[at].say(&command);
    }

    fn search(&mut self, at: usize) {
        let (uid, set, by_uid) = self.named(at);
        let keys = if by_uid { format!("UID {set}") } else { set };
        let key = *self.chance.pick(&["UNSEEN", "DELETED", "KEYWORD work", "NOT FLAGGED"]);
        let returns = *self.chance.pick(&["", "RETURN (COUNT) ", "RETURN (SAVE) "]);
        let letters = self.mirror(at).letters.len();
        let answer = self.clients[at].say(&format!("{uid}SEARCH {returns}{keys} {key}"));
        let found = answer.lines.iter().filter_map(|line| line.strip_prefix("* SEARCH"));
        let places = found.flat_map(|line| line.split_whitespace()).filter_map(|word| word.parse::<usize>().ok());
        if uid.is_empty() && places.max().unwrap_or(0) > letters {
            self.clients[at].fail("SEARCH finds letters that the client was never told of");
        }
    }

    fn select(&mut self, at: usize) {
        let folder = self.any_folder();
        let verb = if self.chance.percent(10) { "EXAMINE" } else { "SELECT" };
        self.clients[at].select(&folder, verb);
    }

    /// INBOX as often as not; others may be no more.
    fn any_folder(&mut self) -> String {
        match self.chance.percent(50) {
            true => "INBOX".into(),
            false => (*self.chance.pick(&FOLDERS)).into(),
        }
    }

    fn folder(&mut self, at: usize) {
        self.made += 1;
        let (one, other) = (*self.chance.pick(&FOLDERS), *self.chance.pick(&FOLDERS));
        let command = match self.chance.below(8) {
            0..=3 => format!("CREATE \"{one}\""),
            4 => format!("DELETE \"{one}\""),
            5 => format!("RENAME INBOX \"{one}\""),
            _ => format!("RENAME \"{one}\" \"{other}\""),
        };
        let answer = self.clients[at].say(&command);
        // A client that deletes the folder it has selected has none selected any more.
        if answer.lines.iter().any(|line| line.starts_with("* OK [CLOSED]")) {
            self.clients[at].selected = None;
        }
    }

    fn jmap(&mut self) {
        let at = self.chance.below(self.jmap.len());
        let client = &mut self.jmap[at];
        if client.emails.is_empty() || self.chance.percent(25) {
            return client.catch_up();
        }
        let ids: Vec<&String> = client.emails.keys().collect();
        let id = (*self.chance.pick(&ids)).clone();
        let mailboxes: Vec<&String> = client.mailboxes.keys().collect();
        let keyword = *self.chance.pick(&["$seen", "$flagged", "work", "$draft"]);
        let arguments = match self.chance.below(13) {
            0..=5 => {
                let value = if self.chance.percent(50) { Value::Bool(true) } else { Value::Null };
                json!({"update": {id: {format!("keywords/{keyword}"): value}}})
            }
            6 => {
                let folder = (*self.chance.pick(&mailboxes)).clone();
                json!({"update": {id: {"mailboxIds": {folder: true}}}})
            }
            7 => {
                let (one, other) = (*self.chance.pick(&mailboxes), *self.chance.pick(&mailboxes));
                json!({"update": {id: {"mailboxIds": {one: true, other: true}, format!("keywords/{keyword}"): true}}})
            }
            8 => json!({"update": {id: {"keywords": {keyword: true}}}}),
            9..=11 => {
                // A letter that would lie nowhere stays where it is: then the update is refused.
                let folder = *self.chance.pick(&mailboxes);
                let value = if self.chance.percent(60) { Value::Bool(true) } else { Value::Null };
                json!({"update": {id: {format!("mailboxIds/{folder}"): value}}})
            }
            _ => json!({"destroy": [id]}),
        };
        client.call("Email/set", arguments);
    }
}

fn place_set(chance: &mut Chance, letters: usize) -> String {
    if letters == 0 {
        return (*chance.pick(&["1:*", "*", "*:1"])).into();
    }
    let (one, other) = (chance.between(1, letters), chance.between(1, letters));
    match chance.below(6) {
        0 => one.to_string(),
        1 => format!("{one}:*"),
        2 => format!("{one},{other}"),
        3 => "1:*".into(),
        _ => format!("{}:{}", one.min(other), one.max(other)),
    }
}

fn uid_set(chance: &mut Chance, mirror: &Mirror) -> String {
    let known =
        mirror.letters.iter().filter_map(|letter| letter.uid).chain(mirror.ghosts.iter().rev().take(5).copied());
    let known: Vec<u32> = known.collect();
    if known.is_empty() {
        return "1:*".into();
    }
    let (one, other) = (*chance.pick(&known), *chance.pick(&known));
    match chance.below(5) {
        0 => one.to_string(),
        1 => format!("{one}:*"),
        2 => format!("{one},{other}"),
        _ => format!("{}:{}", one.min(other), one.max(other)),
    }
}
