//! A POP3 server that misbehaves in one way.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// The letter that is ill in modes that are about one letter.
pub const ILL: &str = "p3";

/// The way in which the server misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Odd {
    Not,
    UidlNonsense,
    UidlRefused,
    UidlTheSameForAll,
    UidlTheSameForTwo,
    UidlOfFewer,
    UidlOtherEachTime,
    UidlIsTheNumber,
    NoUidlNoTop,
    ListNonsense,
    ListRefused,
    ListWithGaps,
    ListOutOfOrder,
    ListEmpty,
    RefusesTheLetter,
    RefusesTheLetterForNow,
    DropsAtTheLetter,
    DropsAtTop,
    EmptyLetter,
    ShorterThanTold,
    DropsAtQuit,
    RefusesToDelete,
    NoPop3AtTheLetter,
}

pub struct State {
    pub odd: Odd,
    /// Names of the letters that are there.
    pub letters: Vec<String>,
    pub connections: usize,
    pub deleted: Vec<String>,
}

pub type Shared = Arc<Mutex<State>>;

impl State {
    pub fn new(odd: Odd) -> Shared {
        let letters = (1..=9).map(|number| format!("p{number}")).collect();
        Arc::new(Mutex::new(Self { odd, letters, connections: 0, deleted: vec![] }))
    }
}

/// All are of one size, so that only their content tells them apart.
fn letter(name: &str) -> String {
    format!("Message-ID: <{name}@odd>\r\nSubject: {name}\r\n\r\nHello from {name}.\r\n.dot\r\n")
}

/// Serves until the test ends; returns its port.
pub async fn serve(state: Shared) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(talk(socket, state.clone()));
        }
    });
    port
}

/// One conversation: the letters as they were when it began.
struct Talk {
    odd: Odd,
    number: usize,
    letters: Vec<String>,
    marked: HashSet<usize>,
}

/// The text that is written; `None`: the connection is cut.
type Said = Option<String>;

async fn talk(socket: TcpStream, state: Shared) -> Option<()> {
    let (input, mut output) = socket.into_split();
    let mut lines = BufReader::new(input).lines();
    let mut talk = {
        let mut state = state.lock().unwrap();
        state.connections += 1;
        let (odd, number, letters) = (state.odd, state.connections, state.letters.clone());
        Talk { odd, number, letters, marked: HashSet::new() }
    };
    output.write_all(b"+OK odd\r\n").await.ok()?;
    while let Some(line) = lines.next_line().await.ok()? {
        let words: Vec<&str> = line.split(' ').collect();
        let at = words.get(1).and_then(|word| word.parse().ok()).unwrap_or(0);
        let said = if words[0] == "QUIT" { talk.quit(&mut state.lock().unwrap()) } else { talk.respond(words[0], at) };
        match said {
            Some(said) => output.write_all(said.as_bytes()).await.ok()?,
            None if words[0] == "QUIT" => return None,
            None => return output.write_all(b"+OK\r\nMessage-").await.ok(),
        }
    }
    None
}

impl Talk {
    fn respond(&mut self, verb: &str, at: usize) -> Said {
        let lines = |lines: Vec<String>| Some(format!("+OK\r\n{}.\r\n", lines.concat()));
        match verb {
            "CAPA" => Some("+OK\r\nUIDL\r\nTOP\r\nUSER\r\nPIPELINING\r\n.\r\n".to_owned()),
            "STAT" => Some(format!("+OK {} 999\r\n", self.letters.len())),
            "LIST" if self.odd == Odd::ListRefused => Some("-ERR no list\r\n".to_owned()),
            "LIST" => lines(self.list()),
            "UIDL" if matches!(self.odd, Odd::UidlRefused | Odd::NoUidlNoTop) => Some("-ERR no\r\n".to_owned()),
            "UIDL" => lines(self.ids()),
            "TOP" if self.odd == Odd::NoUidlNoTop => Some("-ERR no\r\n".to_owned()),
            "TOP" if self.odd == Odd::DropsAtTop => None,
            "TOP" => self.give(at, |raw| raw.split_inclusive("\r\n\r\n").next().unwrap_or_default().to_owned()),
            "RETR" => self.retrieve(at),
            "DELE" if self.odd == Odd::RefusesToDelete => Some("-ERR no\r\n".to_owned()),
            "DELE" => {
                self.marked.insert(at);
                Some("+OK\r\n".to_owned())
            }
            _ => Some("+OK\r\n".to_owned()),
        }
    }

    fn numbered(&self, line: impl Fn(usize, &str) -> String) -> Vec<String> {
        self.letters.iter().zip(1..).map(|(name, number)| line(number, name)).collect()
    }

    fn list(&self) -> Vec<String> {
        let extra = if self.odd == Odd::ShorterThanTold { 9 } else { 0 };
        let all = self.numbered(|number, name| format!("{number} {}\r\n", letter(name).len() + extra));
        match self.odd {
            Odd::ListNonsense => vec!["1\r\n".to_owned(), "2 x\r\n".to_owned()],
            Odd::ListEmpty => vec![],
            Odd::ListWithGaps => all.into_iter().step_by(2).collect(),
            Odd::ListOutOfOrder => all.into_iter().rev().collect(),
            _ => all,
        }
    }

    fn ids(&self) -> Vec<String> {
        let connection = self.number;
        let all = self.numbered(|number, name| match self.odd {
            Odd::UidlTheSameForAll => format!("{number} same\r\n"),
            Odd::UidlTheSameForTwo if number <= 2 => format!("{number} same\r\n"),
            Odd::UidlOtherEachTime => format!("{number} {name}-{connection}\r\n"),
            Odd::UidlIsTheNumber => format!("{number} {number}\r\n"),
            _ => format!("{number} id-{name}\r\n"),
        });
        match self.odd {
            Odd::UidlNonsense => vec!["abc def\r\n".to_owned(), "1 a\r\n".to_owned(), "2 b\r\n".to_owned()],
            Odd::UidlOfFewer => all.into_iter().take(2).collect(),
            _ => all,
        }
    }

    fn give(&self, at: usize, part: impl Fn(&str) -> String) -> Said {
        let Some(name) = at.checked_sub(1).and_then(|at| self.letters.get(at)) else {
            return Some("-ERR no such letter\r\n".to_owned());
        };
        Some(format!("+OK\r\n{}.\r\n", part(&letter(name)).replace("\r\n.", "\r\n..")))
    }

    fn retrieve(&self, at: usize) -> Said {
        if at.checked_sub(1).and_then(|at| self.letters.get(at)).is_some_and(|name| name == ILL) {
            match self.odd {
                Odd::RefusesTheLetter => return Some("-ERR [SYS/PERM] cannot read\r\n".to_owned()),
                Odd::RefusesTheLetterForNow => return Some("-ERR [SYS/TEMP] try again later\r\n".to_owned()),
                Odd::DropsAtTheLetter => return None,
                Odd::EmptyLetter => return Some("+OK\r\n.\r\n".to_owned()),
                Odd::NoPop3AtTheLetter => return Some("what?\r\n".to_owned()),
                _ => {}
            }
        }
        self.give(at, str::to_owned)
    }

    fn quit(&self, state: &mut State) -> Said {
        if self.odd == Odd::DropsAtQuit && self.number == 1 {
            return None;
        }
        let gone: Vec<String> = self
            .letters
            .iter()
            .zip(1..)
            .filter(|(_, at)| self.marked.contains(at))
            .map(|(name, _)| name.clone())
            .collect();
        state.letters.retain(|name| !gone.contains(name));
        state.deleted.extend(gone);
        Some("+OK bye\r\n".to_owned())
    }
}
