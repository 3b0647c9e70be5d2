//! An IMAP server that does as a test tells it, even things that no server should do.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

/// The letters of one server, and its behaviour.
#[derive(Default)]
pub struct Shelf {
    pub folders: BTreeMap<String, Folder>,
    /// Bodies it has given.
    pub given: usize,
    /// After so many bodies it answers NO [THROTTLED] once.
    pub throttle_after: Option<usize>,
    /// After so many bodies it cuts the connection once.
    pub cut_after: Option<usize>,
    /// A UID whose body it cannot read: NO, for the whole command.
    pub broken: Option<u32>,
    /// Sent before each answer to FETCH.
    pub noise: String,
    /// Tells whether it has UIDPLUS.
    pub uidplus: bool,
}

#[derive(Clone, Default)]
pub struct Folder {
    pub validity: u32,
    pub next: u32,
    pub letters: Vec<Letter>,
}

#[derive(Clone)]
pub struct Letter {
    pub uid: u32,
    pub raw: String,
    pub deleted: bool,
}

impl Shelf {
    pub fn put(&mut self, folder: &str, raw: &str) {
        let folder =
            self.folders.entry(folder.to_owned()).or_insert_with(|| Folder { validity: 7, next: 1, letters: vec![] });
        folder.letters.push(Letter { uid: folder.next, raw: raw.to_owned(), deleted: false });
        folder.next += 1;
    }

    /// Adds so many letters that differ.
    pub fn fill(&mut self, folder: &str, count: usize) {
        for i in 0..count {
            self.put(folder, &letter(&format!("{folder}-{i}")));
        }
    }

    /// All letters of a folder get other numbers, as after a repair.
    pub fn renumber(&mut self, name: &str) {
        let folder = self.folders.get_mut(name).expect("there");
        folder.validity += 1;
        for letter in &mut folder.letters {
            letter.uid += 1000;
        }
        folder.next += 1000;
    }

    pub fn move_first(&mut self, from: &str, to: &str) {
        let letter = self.folders.get_mut(from).expect("there").letters.remove(0);
        self.put(to, &letter.raw);
    }

    pub fn count(&self, folder: &str) -> usize {
        self.folders[folder].letters.len()
    }
}

/// A letter of this name.
pub fn letter(name: &str) -> String {
    format!("Message-ID: <{name}@test>\r\nSubject: {name}\r\n\r\nHello from {name}.\r\n")
}

pub type Shared = Arc<Mutex<Shelf>>;

/// Serves until the test ends; returns its port.
pub async fn serve(shelf: Shared) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(talk(socket, shelf.clone()));
        }
    });
    port
}

async fn talk(socket: tokio::net::TcpStream, shelf: Shared) -> Option<()> {
    let (input, mut output) = socket.into_split();
    let mut lines = BufReader::new(input).lines();
    output.write_all(b"* OK ready\r\n").await.ok()?;
    let mut open = String::new();
    while let Some(line) = lines.next_line().await.ok()? {
        let (tag, command) = line.split_once(' ')?;
        let (answer, cut) = respond(&mut shelf.lock().unwrap(), tag, command, &mut open);
        output.write_all(answer.as_bytes()).await.ok()?;
        if cut {
            return None;
        }
    }
    None
}

fn respond(shelf: &mut Shelf, tag: &str, command: &str, open: &mut String) -> (String, bool) {
    let words: Vec<&str> = command.split(' ').collect();
    let mut out = String::new();
    let mut end = "OK done".to_owned();
    match words[0] {
        "CAPABILITY" => {
            let uidplus = if shelf.uidplus { " UIDPLUS" } else { "" };
            let _ = write!(out, "* CAPABILITY IMAP4rev1{uidplus}\r\n");
        }
        "LIST" => {
            for name in shelf.folders.keys() {
                let _ = write!(out, "* LIST () \"/\" \"{name}\"\r\n");
            }
        }
        "STATUS" => {
            let name = words[1].trim_matches('"');
            let Folder { validity, next, letters } = &shelf.folders[name];
            let count = letters.len();
            let _ = write!(out, "* STATUS \"{name}\" (MESSAGES {count} UIDNEXT {next} UIDVALIDITY {validity})\r\n");
        }
        "EXAMINE" | "SELECT" => {
            *open = words[1].trim_matches('"').to_owned();
            let Folder { validity, next, letters } = &shelf.folders[open.as_str()];
            let count = letters.len();
            let _ = write!(out, "* {count} EXISTS\r\n* OK [UIDVALIDITY {validity}] .\r\n* OK [UIDNEXT {next}] .\r\n");
        }
        "EXPUNGE" => remove(shelf, open, |letter| letter.deleted),
        "UID" => return uid(shelf, tag, &words[1..], open),
        "LOGOUT" => return (format!("* BYE bye\r\n{tag} OK bye\r\n"), true),
        _ => end = "OK whatever".to_owned(),
    }
    let _ = write!(out, "{tag} {end}\r\n");
    (out, false)
}

fn remove(shelf: &mut Shelf, open: &str, goes: impl Fn(&Letter) -> bool) {
    shelf.folders.get_mut(open).expect("open").letters.retain(|letter| !goes(letter));
}

fn uid(shelf: &mut Shelf, tag: &str, words: &[&str], open: &str) -> (String, bool) {
    let mut out = String::new();
    match words[0] {
        "SEARCH" => {
            let letters = &shelf.folders[open].letters;
            let found: Vec<String> = match words[1] {
                "DELETED" => {
                    letters.iter().filter(|letter| letter.deleted).map(|letter| letter.uid.to_string()).collect()
                }
                _ => {
                    let last = letters.last().map_or(0, |letter| letter.uid);
                    let wanted = set(words[2], last);
                    letters.iter().filter(|letter| wanted(letter.uid)).map(|letter| letter.uid.to_string()).collect()
                }
            };
            let _ = write!(out, "* SEARCH {}\r\n", found.join(" "));
        }
        "STORE" => {
            let wanted = set(words[1], u32::MAX);
            for letter in &mut shelf.folders.get_mut(open).expect("open").letters {
                letter.deleted |= wanted(letter.uid);
            }
        }
        "EXPUNGE" => {
            let wanted = set(words[1], u32::MAX);
            remove(shelf, open, |letter| letter.deleted && wanted(letter.uid));
        }
        "FETCH" => return fetch(shelf, tag, words, open),
        other => panic!("{other}"),
    }
    (format!("{out}{tag} OK done\r\n"), false)
}

fn fetch(shelf: &mut Shelf, tag: &str, words: &[&str], open: &str) -> (String, bool) {
    let items = words[2..].join(" ");
    let wanted = set(words[1], u32::MAX);
    let letters: Vec<Letter> =
        shelf.folders[open].letters.iter().filter(|letter| wanted(letter.uid)).cloned().collect();
    let mut out = shelf.noise.clone();
    for (i, Letter { uid, raw, .. }) in letters.iter().enumerate() {
        let sequence = i + 1;
        if items.contains("BODY.PEEK[]") {
            if shelf.throttle_after.take_if(|after| *after <= shelf.given).is_some() {
                return (format!("{out}{tag} NO [THROTTLED] slow down\r\n"), false);
            }
            if shelf.cut_after.take_if(|after| *after <= shelf.given).is_some() {
                let _ = write!(out, "* {sequence} FETCH (UID {uid} BODY[] {{{}}}\r\n{}", raw.len(), &raw[..9]);
                return (out, true);
            }
            if shelf.broken == Some(*uid) {
                return (format!("{out}{tag} NO cannot read one of them\r\n"), false);
            }
            shelf.given += 1;
            let size = raw.len();
            let _ = write!(
                out,
                "* {sequence} FETCH (UID {uid} FLAGS (\\Seen) INTERNALDATE \"01-Feb-2020 03:04:05 +0000\" BODY[] {{{size}}}\r\n{raw})\r\n"
            );
        } else {
            let header = raw.split("\r\n\r\n").next().unwrap_or_default().to_owned() + "\r\n\r\n";
            let header = format!(" BODY[HEADER.FIELDS (X)] {{{}}}\r\n{header}", header.len());
            let header = if items.contains("HEADER.FIELDS") { header } else { String::new() };
            let _ = write!(out, "* {sequence} FETCH (UID {uid} RFC822.SIZE {}{header})\r\n", raw.len());
        }
    }
    (format!("{out}{tag} OK done\r\n"), false)
}

pub fn set(text: &str, last: u32) -> impl Fn(u32) -> bool + use<> {
    let number = |text: &str| if text == "*" { last } else { text.parse().expect("a number") };
    let ranges: Vec<(u32, u32)> = text
        .split(',')
        .map(|part| part.split_once(':').map_or_else(|| (number(part), number(part)), |(a, b)| (number(a), number(b))))
        .map(|(a, b)| (a.min(b), a.max(b)))
        .collect();
    move |uid| ranges.iter().any(|(first, last)| (*first..=*last).contains(&uid))
}
