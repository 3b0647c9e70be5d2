//! An IMAP client with its mirrors: it believes the words of the server, and remembers its own deeds.

use std::collections::BTreeMap;

use tests::{Person, Secure};

use crate::mirror::{Flags, Mirror, number, numbers};

/// The extensions that a client has enabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Plain,
    Condstore,
    Qresync,
}

/// The answer to a command.
pub struct Answer {
    /// `OK`, `NO` or `BAD`; `None` if the server has said goodbye.
    pub status: Option<String>,
    pub lines: Vec<String>,
}

impl Answer {
    pub fn is_ok(&self) -> bool {
        self.status.as_deref() == Some("OK")
    }
}

/// A STORE with .SILENT, with the result that the client expects.
pub struct Silent {
    pub set: String,
    pub by_uid: bool,
    /// `+`, `-` or nothing.
    pub sign: &'static str,
    pub flags: Flags,
}

/// The folder that a client has selected.
pub struct Selected {
    pub name: String,
    pub mirror: Mirror,
}

pub struct Client {
    pub name: String,
    pub kind: Kind,
    pub selected: Option<Selected>,
    /// The folders that a QRESYNC client has left, as it keeps them.
    kept: BTreeMap<String, Mirror>,
    wire: Secure,
    door: u16,
    person: Person,
    tag: usize,
    idles: bool,
    /// The number of times in a row that it has asked for UIDs.
    learning: usize,
    /// The last lines, for a person who has to find out what went wrong.
    journal: Vec<String>,
}

impl Client {
    pub fn log_in(name: &str, kind: Kind, door: u16, person: &Person) -> Self {
        let mut client = Self {
            name: name.to_owned(),
            kind,
            selected: None,
            kept: BTreeMap::new(),
            wire: Secure::open(door),
            door,
            person: person.clone(),
            tag: 0,
            idles: false,
            learning: 0,
            journal: Vec::new(),
        };
        client.enter();
        client
    }

    fn enter(&mut self) {
        self.wire.line().expect("greeted");
        let log_in = format!("LOGIN {} \"{}\"", self.person.address, self.person.password);
        assert!(self.exchange(&log_in).is_ok(), "{}: {:?}", self.name, self.journal);
        match self.kind {
            Kind::Plain => {}
            Kind::Condstore => drop(self.exchange("ENABLE CONDSTORE")),
            Kind::Qresync => drop(self.exchange("ENABLE QRESYNC")),
        }
    }

    /// Comes back over a new connection, with the folders that it has kept.
    pub fn reconnect(&mut self) {
        self.leave();
        self.idles = false;
        self.journal.push("-- a new connection --".into());
        self.wire = Secure::open(self.door);
        self.enter();
    }

    fn leave(&mut self) {
        if let Some(Selected { name, mirror }) = self.selected.take()
            && self.kind == Kind::Qresync
        {
            self.kept.insert(name, mirror);
        }
    }

    #[track_caller]
    pub fn fail(&self, why: &str) -> ! {
        let from = self.journal.len().saturating_sub(80);
        panic!("{} ({:?}): {why}\n{}", self.name, self.kind, self.journal[from..].join("\n"));
    }

    /// Sends a command and gathers all that is said to its end.
    fn exchange(&mut self, command: &str) -> Answer {
        self.tag += 1;
        let tag = format!("t{}", self.tag);
        self.note(format!("C: {tag} {command}"));
        self.wire.say(&format!("{tag} {command}\r\n"));
        self.gather(&tag)
    }

    fn gather(&mut self, tag: &str) -> Answer {
        let mut lines = Vec::new();
        while let Some(line) = self.wire.line() {
            self.note(format!("S: {line}"));
            if let Some(end) = line.strip_prefix(tag).and_then(|rest| rest.strip_prefix(' ')) {
                let status = end.split(' ').next().map(str::to_owned);
                // The code at the end is as good as one before it.
                lines.push(format!("* {end}"));
                return Answer { status, lines };
            }
            lines.push(line);
        }
        Answer { status: None, lines }
    }

    fn note(&mut self, line: String) {
        self.journal.push(line);
    }

    /// Says a command, takes its answer in, and learns what a client of its kind has to know.
    pub fn say(&mut self, command: &str) -> Answer {
        self.say_expecting(command, None)
    }

    pub fn say_expecting(&mut self, command: &str, silent: Option<&Silent>) -> Answer {
        let before = self.selected.as_ref().map(|selected| selected.mirror.clone());
        if let (Some(selected), Some(silent)) = (&mut self.selected, silent) {
            believe(&mut selected.mirror, silent);
        }
        let answer = self.exchange(command);
        if let (Some(selected), Some(silent), Some(before)) = (&mut self.selected, silent, &before) {
            take_back(&mut selected.mirror, silent, before, &answer);
        }
        let may_expunge = !["FETCH", "STORE", "SEARCH"].iter().any(|verb| command.starts_with(verb));
        self.take_in(&answer, may_expunge);
        answer
    }

    fn take_in(&mut self, answer: &Answer, may_expunge: bool) {
        let bad = match &mut self.selected {
            Some(selected) => answer
                .lines
                .iter()
                .find_map(|line| selected.mirror.hear(line, may_expunge).err().map(|why| (why, line.clone()))),
            None => None,
        };
        if let Some((why, line)) = bad {
            self.fail(&format!("{why}: {line}"));
        }
        match answer.status.as_deref() {
            Some("BAD") => self.fail("a command that makes sense was not understood"),
            Some(_) => {
                self.learn_uids();
                if let Some(Selected { mirror, .. }) = self.selected.as_mut().filter(|_| may_expunge) {
                    mirror.settled = mirror.highest;
                }
            }
            None => {
                let bye = answer.lines.iter().any(|line| line.starts_with("* BYE The selected folder was deleted"));
                if !bye {
                    self.fail("the server has gone without a reason");
                }
                self.selected = None;
                self.reconnect();
            }
        }
    }

    /// VANISHED tells UIDs, so that a client with QRESYNC asks for those of new letters at once.
    fn learn_uids(&mut self) {
        let Some(Selected { mirror, .. }) = self.selected.as_ref().filter(|_| self.kind == Kind::Qresync) else {
            return;
        };
        let Some(unknown) = mirror.letters.iter().position(|letter| letter.uid.is_none()) else { return };
        // While it asks, new ones may come.
        if self.learning == 8 {
            self.fail("a letter is told, and cannot be asked for");
        }
        let known = mirror.letters[..unknown].last().and_then(|letter| letter.uid).unwrap_or(0);
        let answer = self.exchange(&format!("UID FETCH {}:* (FLAGS)", known + 1));
        self.learning += 1;
        self.take_in(&answer, true);
        self.learning -= 1;
    }

    /// Opens a folder; a client with QRESYNC says what it knows of it.
    pub fn select(&mut self, folder: &str, verb: &str) -> bool {
        let kept = self.kept.get(folder).cloned();
        self.leave();
        let known = kept.as_ref().filter(|mirror| mirror.settled > 0);
        let command = match known {
            Some(mirror) => {
                let uids: Vec<String> =
                    mirror.letters.iter().filter_map(|letter| Some(letter.uid?.to_string())).collect();
                let set = if uids.is_empty() || self.tag.is_multiple_of(2) {
                    String::new()
                } else {
                    format!(" {}", uids.join(","))
                };
                format!("{verb} \"{folder}\" (QRESYNC ({} {}{set}))", mirror.validity, mirror.settled)
            }
            None => format!("{verb} \"{folder}\""),
        };
        let answer = self.exchange(&command);
        if !answer.is_ok() {
            return false;
        }
        let value = |words: &str| answer.lines.iter().find_map(|line| number(line, words));
        let validity = value("[UIDVALIDITY ").unwrap_or_default();
        let mut mirror =
            Mirror { validity, highest: value("[HIGHESTMODSEQ ").unwrap_or_default().into(), ..Mirror::default() };
        mirror.settled = mirror.highest;
        if let Some(kept) = kept.filter(|kept| kept.validity == validity) {
            mirror.letters = kept.letters;
            mirror.ghosts = kept.ghosts;
        }
        // EXISTS speaks of what there is when all that vanished is gone.
        let (vanished, others): (Vec<_>, Vec<_>) =
            answer.lines.iter().partition(|line| line.contains("VANISHED (EARLIER)"));
        let heard = vanished
            .into_iter()
            .chain(others)
            .find_map(|line| mirror.hear(line, true).err().map(|why| format!("{why}: {line}")));
        self.selected = Some(Selected { name: folder.to_owned(), mirror });
        if let Some(why) = heard {
            self.fail(&why);
        }
        self.learn_uids();
        true
    }

    /// Closes it without a word, or with CLOSE.
    pub fn unselect(&mut self, verb: &str) {
        let answer = self.exchange(verb);
        match answer.status.as_deref() {
            // The server does not tell which letters CLOSE expunges: the kept folder is from before.
            Some("OK") => self.leave(),
            _ => self.take_in(&answer, true),
        }
    }

    pub fn begin_idle(&mut self) {
        self.tag += 1;
        self.note(format!("C: t{} IDLE", self.tag));
        self.wire.say(&format!("t{} IDLE\r\n", self.tag));
        self.idles = true;
    }

    pub fn end_idle(&mut self) {
        if !std::mem::take(&mut self.idles) {
            return;
        }
        self.note("C: DONE".into());
        self.wire.say("DONE\r\n");
        let tag = format!("t{}", self.tag);
        let answer = self.gather(&tag);
        self.take_in(&answer, true);
    }

    /// Asks for the facts that it was never told: UIDs and flags of letters it only knows to be there.
    pub fn fill_in(&mut self) {
        let unknown: Vec<String> = match &self.selected {
            Some(selected) => {
                let letters = selected.mirror.letters.iter().enumerate();
                let unknown = letters.filter(|(_, letter)| letter.uid.is_none() || letter.flags.is_none());
                unknown.map(|(at, _)| (at + 1).to_string()).collect()
            }
            None => return,
        };
        if !unknown.is_empty() {
            self.say(&format!("FETCH {} (UID FLAGS)", unknown.join(",")));
        }
    }
}

/// The client sets the flags in its own picture.
fn believe(mirror: &mut Mirror, silent: &Silent) {
    let (sure, unsure) = mirror.named(&silent.set, silent.by_uid);
    for at in sure {
        let flags = &mut mirror.letters[at].flags;
        match (silent.sign, flags.as_mut()) {
            ("+", Some(flags)) => flags.extend(silent.flags.iter().cloned()),
            ("-", Some(flags)) => flags.retain(|flag| !silent.flags.contains(flag)),
            ("", _) => *flags = Some(silent.flags.clone()),
            _ => {}
        }
    }
    for at in unsure {
        mirror.letters[at].flags = None;
    }
}

/// Takes back the changes that the server did not make.
fn take_back(mirror: &mut Mirror, silent: &Silent, before: &Mirror, answer: &Answer) {
    if !answer.is_ok() {
        *mirror = before.clone();
        return;
    }
    let modified = answer.lines.last().and_then(|line| line.split("[MODIFIED ").nth(1)?.split(']').next());
    for number in modified.map(numbers).unwrap_or_default() {
        let (sure, _) = mirror.named(&number.to_string(), silent.by_uid);
        for at in sure {
            mirror.letters[at].flags.clone_from(&before.letters[at].flags);
        }
    }
}
