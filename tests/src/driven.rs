//! Clients of others that a test drives step by step over one connection, and the second look at what they did.
//!
//! Each is a script of `tests/clients/known` around the real library or program. They know the same steps, `driven.py` says
//! how they are told.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::client::root;
use crate::office::{Office, Person};

/// The longest time that a step may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running client.
pub struct Driven {
    name: String,
    process: Child,
    input: ChildStdin,
    answers: Receiver<String>,
}

impl Driven {
    /// Starts a script of `tests/clients/known`, which logs in as `person`: Python's clients are in an environment of their
    /// own, those of Node.js too.
    pub fn start(office: &Office, person: &Person, script: &str) -> Self {
        let runs = if script.ends_with(".mjs") { "node".into() } else { peer("python/bin/python") };
        let mut command = Command::new(runs);
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/known").join(script));
        Self::run(office, person, script, &mut command)
    }

    /// The same for a program.
    pub fn run(office: &Office, person: &Person, name: &str, command: &mut Command) -> Self {
        let certificate = office.certificate();
        command.env("KNOWN_ADDRESS", &person.address).env("KNOWN_PASSWORD", &person.password);
        command.env("KNOWN_IMAPS", office.ports.imaps.to_string());
        command.env("KNOWN_HTTPS", office.ports.https.to_string());
        command.env("KNOWN_CERTIFICATE", &certificate).env("NODE_EXTRA_CA_CERTS", &certificate);
        command.env("KNOWN_MODULES", peer("node/node_modules")).env("PYTHONDONTWRITEBYTECODE", "1");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command
            .spawn()
            .unwrap_or_else(|why| panic!("{name} does not start ({why}); `cargo xtask test` installs what it needs"));
        let input = process.stdin.take().expect("piped");
        let output = BufReader::new(process.stdout.take().expect("piped"));
        let (tell, answers) = channel();
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
        Self { name: name.to_owned(), process, input, answers }
    }

    /// One step to its end; its answer.
    #[track_caller]
    pub fn ask(&mut self, step: &str, words: Value) -> Value {
        self.begin(step, words);
        self.answer(PATIENCE).unwrap_or_else(|| panic!("{}: {step} did not end", self.name))
    }

    /// Begins a step; [`Driven::answer`] waits for its end.
    #[track_caller]
    pub fn begin(&mut self, step: &str, words: Value) {
        let mut all = vec![json!(step)];
        all.extend(words.as_array().expect("the words of a step are a list").iter().cloned());
        let sent = writeln!(self.input, "{}", Value::from(all));
        sent.unwrap_or_else(|why| panic!("{} is not there for {step} ({why}): what it said is above", self.name));
    }

    /// The answer to the step begun, where it comes in time. Fails the test where the client could not do it.
    #[track_caller]
    pub fn answer(&mut self, patience: Duration) -> Option<Value> {
        let line = match self.answers.recv_timeout(patience) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => return None,
            Err(RecvTimeoutError::Disconnected) => panic!("{} has ended: what it said is above", self.name),
        };
        let answer: Value = serde_json::from_str(&line).unwrap_or_else(|why| panic!("{}: {why}: {line}", self.name));
        if let Some(why) = answer.get("error") {
            panic!(
                "{}: {}\n{}",
                self.name,
                why.as_str().unwrap_or_default(),
                answer["trace"].as_str().unwrap_or_default()
            );
        }
        Some(answer)
    }
}

impl Drop for Driven {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A program below `target/peers`, where `cargo xtask test` and `cargo xtask soak` put it.
pub fn peer(path: &str) -> PathBuf {
    let place = root().join("target/peers").join(path);
    assert!(place.exists(), "{} is missing; `cargo xtask test` or `cargo xtask soak` puts it there", place.display());
    place
}

/// A letter as the second look sees it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    /// `INBOX`, `Projets/Maison`
    pub folder: String,
    /// Its Message-ID without brackets.
    pub id: String,
    /// The flags as IMAP writes them, sorted.
    pub flags: Vec<String>,
    /// The digest of its octets.
    pub digest: String,
    /// UIDVALIDITY and UID.
    pub name: (u64, u64),
}

/// The folders and letters of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Sorted.
    pub folders: Vec<String>,
    /// The letters by folder, then in the order they came.
    pub letters: Vec<Seen>,
}

impl Account {
    /// The letters of a Message-ID.
    pub fn of(&self, id: &str) -> Vec<&Seen> {
        self.letters.iter().filter(|letter| letter.id == id).collect()
    }

    /// The only one.
    #[track_caller]
    pub fn one(&self, id: &str) -> &Seen {
        let found = self.of(id);
        assert_eq!(found.len(), 1, "letters called {id}: {found:?}");
        found[0]
    }
}

/// The other client of an account: it looks at the account over IMAP and over JMAP, which must agree, and changes
/// things.
pub struct Look(Driven);

impl Look {
    /// Logs in.
    pub fn at(office: &Office, person: &Person) -> Self {
        let mut python = Command::new("python3");
        python.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/known/look.py"));
        Self(Driven::run(office, person, "look.py", &mut python))
    }

    /// All that is there now.
    #[track_caller]
    pub fn all(&mut self) -> Account {
        let told = self.0.ask("look", json!([]));
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let texts = |value: &Value| value.as_array().into_iter().flatten().map(text).collect::<Vec<_>>();
        let letter = |value: &Value| Seen {
            folder: text(&value["folder"]),
            id: text(&value["id"]),
            flags: texts(&value["flags"]),
            digest: text(&value["digest"]),
            name: (value["validity"].as_u64().unwrap_or_default(), value["uid"].as_u64().unwrap_or_default()),
        };
        let letters = told["letters"].as_array().into_iter().flatten().map(letter).collect();
        Account { folders: texts(&told["folders"]), letters }
    }

    /// All that is there once it holds so many letters; a letter that was handed in may take a moment.
    #[track_caller]
    pub fn once(&mut self, letters: usize) -> Account {
        let what = format!("{letters} letters are there");
        waiting::wait_for(what, || Some(self.all()).filter(|all| all.letters.len() >= letters))
    }

    /// Sets or clears a flag.
    #[track_caller]
    pub fn mark(&mut self, folder: &str, id: &str, flag: &str, on: bool) {
        self.0.ask("mark", json!([folder, id, flag, on]));
    }

    /// Moves a letter.
    #[track_caller]
    pub fn move_to(&mut self, folder: &str, id: &str, to: &str) {
        self.0.ask("move", json!([folder, id, to]));
    }

    /// Deletes a letter for good.
    #[track_caller]
    pub fn remove(&mut self, folder: &str, id: &str) {
        self.0.ask("remove", json!([folder, id]));
    }

    /// Adds a letter.
    #[track_caller]
    pub fn add(&mut self, folder: &str, letter: &[u8], flags: &[&str]) {
        self.0.ask("add", json!([folder, BASE64_STANDARD.encode(letter), flags]));
    }

    /// Makes a folder.
    #[track_caller]
    pub fn make(&mut self, folder: &str) {
        self.0.ask("make", json!([folder]));
    }

    /// The octets of all letters, by folder and UID.
    #[track_caller]
    pub fn texts(&mut self) -> BTreeMap<(String, u64), Vec<u8>> {
        let told = self.0.ask("texts", json!([]));
        let octets = |row: &Value| BASE64_STANDARD.decode(row[2].as_str().unwrap_or_default()).expect("Base64");
        let name = |row: &Value| (row[0].as_str().unwrap_or_default().to_owned(), row[1].as_u64().unwrap_or_default());
        told.as_array().into_iter().flatten().map(|row| (name(row), octets(row))).collect()
    }

    /// The octets of a letter.
    #[track_caller]
    pub fn octets(&mut self, folder: &str, id: &str) -> Vec<u8> {
        let told = self.0.ask("octets", json!([folder, id]));
        BASE64_STANDARD.decode(told.as_str().unwrap_or_default()).expect("Base64")
    }
}
