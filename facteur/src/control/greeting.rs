//! The first line of each side, which every version understands:
//!
//! ```text
//! facteur 0.1.0/1
//! facteur 0.1.0/1 welcome
//! ```
//!
//! The line has the version of the program, the number of the form of the messages that follow, and in the answer the
//! executor's word.

use std::io::{self, Read, Write};

/// The number changes with the messages at the counter.
const FORM: u32 = 1;
/// No line is longer.
const LONGEST: usize = 200;

/// Version and form.
pub fn version() -> String {
    format!("{}/{FORM}", env!("CARGO_PKG_VERSION"))
}

/// The answer of an executor to the greeting of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Go on.
    Welcome,
    /// The caller is another version.
    OtherVersion,
    /// This user may not do that here.
    NotAllowed,
    /// Too many are being served, or this user has sent too much in the last hour.
    Busy,
}

const ANSWERS: [(Answer, &str); 4] = [
    (Answer::Welcome, "welcome"),
    (Answer::OtherVersion, "version"),
    (Answer::NotAllowed, "not-allowed"),
    (Answer::Busy, "busy"),
];

/// The caller's line.
pub fn greet(to: &mut impl Write) -> io::Result<()> {
    to.write_all(format!("facteur {}\n", version()).as_bytes())
}

/// Reads the caller's line: the version it says.
pub fn hear_caller(from: &mut impl Read) -> io::Result<String> {
    let line = line(from)?;
    line.strip_prefix("facteur ").map(str::to_owned).ok_or_else(no_facteur)
}

/// The executor's line.
pub fn answer(to: &mut impl Write, answer: Answer) -> io::Result<()> {
    let word = ANSWERS.iter().find(|(known, _)| *known == answer).map_or("busy", |(_, word)| word);
    to.write_all(format!("facteur {} {word}\n", version()).as_bytes())
}

/// Reads the executor's line: the version it says, and the answer.
pub fn hear_executor(from: &mut impl Read) -> io::Result<(String, Answer)> {
    let line = line(from)?;
    let (version, word) = line.strip_prefix("facteur ").and_then(|rest| rest.split_once(' ')).ok_or_else(no_facteur)?;
    // A word of a later version can only mean that we are not understood.
    let known = ANSWERS.iter().find(|(_, known)| *known == word).map_or(Answer::OtherVersion, |(known, _)| *known);
    Ok((version.to_owned(), known))
}

fn no_facteur() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "this is no Facteur")
}

/// One octet at a time, since what follows is not ours to read.
fn line(from: &mut impl Read) -> io::Result<String> {
    let mut line = Vec::new();
    let mut octet = [0];
    loop {
        from.read_exact(&mut octet)?;
        if octet[0] == b'\n' {
            return String::from_utf8(line).map_err(|_| no_facteur());
        }
        line.push(octet[0]);
        if line.len() > LONGEST {
            return Err(no_facteur());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_side_understands_the_other() {
        let mut wire = Vec::new();
        greet(&mut wire).unwrap();
        assert_eq!(hear_caller(&mut wire.as_slice()).unwrap(), version());
        for (said, _) in ANSWERS {
            let mut wire = Vec::new();
            answer(&mut wire, said).unwrap();
            assert_eq!(hear_executor(&mut wire.as_slice()).unwrap(), (version(), said));
        }
    }

    #[test]
    fn what_a_later_version_says_is_understood_as_such_and_what_is_no_facteur_as_none() {
        let later = hear_executor(&mut &b"facteur 9.0/7 whatever\n"[..]).unwrap();
        assert_eq!(later, ("9.0/7".to_owned(), Answer::OtherVersion));
        let long = [&b"facteur "[..], &[b'x'; 300], b"\n"].concat();
        for foreign in [&b"220 mail.alpha.test ESMTP\r\n"[..], b"\xff\n", b"", &long] {
            assert!(hear_executor(&mut &*foreign).is_err() && hear_caller(&mut &*foreign).is_err());
        }
    }
}
