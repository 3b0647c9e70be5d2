//! The letters of the tests, and the changes that may happen to letters on their way: always the same for the same
//! seed.

#![allow(dead_code)]

use std::path::Path;

/// The letters (`*.eml`) of folders below the workspace, in order of their names.
pub fn corpus(folders: &[&Path]) -> Vec<(String, Vec<u8>)> {
    let mut letters = Vec::new();
    for folder in folders {
        for entry in std::fs::read_dir(folder).expect("the folder of the letters") {
            let path = entry.expect("a file").path();
            if path.extension().is_some_and(|ending| ending == "eml") {
                letters.push((path.display().to_string(), std::fs::read(&path).expect("a letter")));
            }
        }
    }
    letters.sort();
    letters
}

/// Numbers that look like chance (xorshift).
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Below `most`, which is not 0.
    pub fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % most
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// One to four things happen to the letter.
pub fn mutated(letter: &[u8], seed: u64) -> Vec<u8> {
    let mut chance = Chance::new(seed);
    let mut letter = letter.to_vec();
    for _ in 0..=chance.below(4) {
        letter = match chance.below(10) {
            0 | 1 => line_moved(&letter, &mut chance),
            2 => ends_changed(&letter, &mut chance),
            3 => truncated(&letter, &mut chance),
            4 => octets_changed(&letter, &mut chance),
            5 => header_changed(&letter, &mut chance),
            _ => words_replaced(&letter, &mut chance),
        };
    }
    letter
}

fn lines(letter: &[u8]) -> Vec<&[u8]> {
    letter.split_inclusive(|octet| *octet == b'\n').collect()
}

/// A line is left out, put twice, or put elsewhere.
fn line_moved(letter: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut lines = lines(letter);
    let from = chance.below(lines.len().max(1));
    match chance.below(3) {
        0 if from < lines.len() => drop(lines.remove(from)),
        1 if from < lines.len() => lines.insert(from, lines[from]),
        _ if from < lines.len() => {
            let line = lines.remove(from);
            lines.insert(chance.below(lines.len() + 1), line);
        }
        _ => {}
    }
    lines.concat()
}

/// The ends of all lines, or of those from one on, are others.
fn ends_changed(letter: &[u8], chance: &mut Chance) -> Vec<u8> {
    let end = *chance.of(&[&b"\n"[..], b"\r\n", b"\r\r\n"]);
    let lines = lines(letter);
    let from = if chance.below(2) == 0 { 0 } else { chance.below(lines.len().max(1)) };
    let mut out = lines[..from].concat();
    for line in &lines[from..] {
        out.extend_from_slice(line.trim_ascii_end());
        out.extend_from_slice(end);
    }
    out
}

fn truncated(letter: &[u8], chance: &mut Chance) -> Vec<u8> {
    let least = letter.len() / 3;
    letter[..least + chance.below(letter.len() - least + 1)].to_vec()
}

fn octets_changed(letter: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut letter = letter.to_vec();
    for _ in 0..=chance.below(5) {
        let at = chance.below(letter.len().max(1));
        if at < letter.len() {
            letter[at] = *chance.of(b"\0 \t-=?\"();:<>@\xe9\x1b~A0");
        }
    }
    letter
}

/// Adds a field that contradicts the letter.
fn header_changed(letter: &[u8], chance: &mut Chance) -> Vec<u8> {
    let field = *chance.of(&[
        &b"Subject: a second subject\r\n"[..],
        b"Content-Type: text/html\r\n",
        b"Content-Type: multipart/alternative; boundary=b\r\n",
        b"Content-Type: application/octet-stream; name=\"a/b:c.txt\"\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b"Content-Transfer-Encoding: quoted-printable\r\n",
        b"Content-Transfer-Encoding: x-uuencode\r\n",
        b"Content-Disposition: attachment; filename=\"../x.pdf\"\r\n",
        b"Content-Disposition: inline\r\n",
        b"To: c@three.test (third), \"d\" <d@four.test\r\n",
        b"\r\n",
    ]);
    let starts: Vec<usize> = lines(letter)
        .iter()
        .scan(0, |at, line| {
            let start = *at;
            *at += line.len();
            Some(start)
        })
        .collect();
    let at = starts.get(chance.below(starts.len().clamp(1, 30))).copied().unwrap_or(0);
    [&letter[..at], field, &letter[at..]].concat()
}

/// Words that tell how a letter is to be read are replaced by others, once.
fn words_replaced(letter: &[u8], chance: &mut Chance) -> Vec<u8> {
    const WORDS: &[&[&str]] = &[
        &[
            "multipart/mixed",
            "multipart/alternative",
            "multipart/related",
            "multipart/report",
            "multipart/digest",
            "multipart/x-odd",
        ],
        &[
            "text/plain",
            "text/html",
            "text/calendar",
            "message/rfc822",
            "application/pdf",
            "application/ms-tnef",
            "plain",
        ],
        &["base64", "quoted-printable", "7bit", "8bit", "x-uuencode", "x-unknown", "binary"],
        &["utf-8", "iso-8859-1", "us-ascii", "koi8-r", "iso-2022-jp", "utf-7", "windows-1252", "x-unknown", "utf-16le"],
        &["attachment", "inline", "form-data"],
        &["boundary=", "boundary*=utf-8''", "boundary*0=", "x-boundary="],
        &["filename=", "filename*=utf-8''", "filename*0=", "name="],
        &["begin 644", "begin 2026", "=ybegin", "end", "=yend"],
        &["--", "---", "-"],
        &["Content-Type", "content-type ", "X-Content-Type", "Content-ID"],
    ];
    let words = chance.of(WORDS);
    let (old, new) = (chance.of(words).as_bytes(), chance.of(words).as_bytes());
    let places: Vec<usize> =
        letter.windows(old.len()).enumerate().filter(|(_, found)| *found == old).map(|(at, _)| at).collect();
    match places.is_empty() {
        true => letter.to_vec(),
        false => {
            let at = *chance.of(&places);
            [&letter[..at], new, &letter[at + old.len()..]].concat()
        }
    }
}
