//! An IMAP server that misbehaves in one way.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::server::set;

/// The letter that is ill in modes that are about one letter.
pub const ILL: u32 = 3;
/// The folder that is ill in modes that are about one folder.
pub const ILL_FOLDER: &str = "Travail";

/// The way in which the server misbehaves. Times count connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Odd {
    Not,
    ByeAtTheGreetingTwice,
    LimitAtTheGreetingTwice,
    LimitAtTheLogInTwice,
    ListsAGhost,
    ListsWithoutSeparator,
    RefusesStatus,
    DropsAtStatus,
    RefusesTheFolder,
    DropsAtTheFolder,
    NoUidValidity,
    UidValidityOfEachConnection,
    UidValidityInTheMiddle,
    SaysThatLettersGo,
    SaysThatNothingIsThere,
    SearchRefusedOnce,
    SearchRefusedInTheFolder,
    SearchHides,
    Unsolicited,
    WeirdAndAlarmed,
    BadDates,
    NoDates,
    WrongSizes,
    NoSizes,
    Truncates,
    DropsInALetterFourTimes,
    ByeInALetterFourTimes,
    DropsAtTheLetter,
    ByeAtTheLetter,
    LimitAndByeAtTheLetter,
    DropsAtTheListing,
    AbsurdLiteralAtTheLetter,
    NilBody,
    EmptyBody,
    SkipsTheLetter,
    SkipsTheListing,
    RefusesTheLetter,
    RefusesTheLetterForNow,
    LimitsTheLetter,
    LimitsInTheMiddle,
    WrongUid,
    EachUidTwice,
    RefusesToExpunge,
    ForgetsToExpunge,
    DropsAtExpunge,
}

/// The letters that the server has, and the commands that it has seen.
pub struct State {
    pub odd: Odd,
    /// UIDs by folder.
    pub folders: BTreeMap<&'static str, Vec<u32>>,
    pub connections: usize,
    /// The letters that were taken away: `folder/uid`.
    pub expunged: Vec<String>,
    /// Bodies that went out whole, by `folder/uid`.
    pub given: BTreeMap<String, usize>,
    searches_refused: usize,
    renumbered: bool,
}

pub type Shared = Arc<Mutex<State>>;

impl State {
    pub fn new(odd: Odd) -> Shared {
        let folders = [("INBOX", 12), (ILL_FOLDER, 12), ("Zed", 4)];
        let folders = folders.into_iter().map(|(name, count)| (name, (1..=count).collect())).collect();
        Arc::new(Mutex::new(Self {
            odd,
            folders,
            connections: 0,
            expunged: vec![],
            given: BTreeMap::new(),
            searches_refused: 0,
            renumbered: false,
        }))
    }
}

/// Returns the name of a letter.
pub fn name(folder: &str, uid: u32) -> String {
    format!("{folder}/{uid}")
}

fn letter(folder: &str, uid: u32) -> String {
    format!("Message-ID: <{folder}-{uid}@odd>\r\nSubject: {uid}\r\n\r\nHello from {folder}.{}\r\n", "x".repeat(60))
}

/// Serves until the test ends; returns its port.
pub async fn serve(state: Shared) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let number = {
                let mut state = state.lock().unwrap();
                state.connections += 1;
                state.connections - 1
            };
            tokio::spawn(talk(socket, state.clone(), number));
        }
    });
    port
}

/// One conversation.
struct Talk {
    number: usize,
    open: String,
    bodies: usize,
}

/// The text that is written, and whether the connection is cut behind it.
type Said = (String, bool);

async fn talk(socket: TcpStream, state: Shared, number: usize) -> Option<()> {
    let (input, mut output) = socket.into_split();
    let mut lines = BufReader::new(input).lines();
    let odd = state.lock().unwrap().odd;
    let greeting = match odd {
        Odd::ByeAtTheGreetingTwice if number < 2 => "* BYE [UNAVAILABLE] too busy\r\n",
        Odd::LimitAtTheGreetingTwice if number < 2 => "* BYE [LIMIT] too many connections\r\n",
        _ => "* OK [CAPABILITY IMAP4rev1 UIDPLUS] odd\r\n",
    };
    output.write_all(greeting.as_bytes()).await.ok()?;
    if greeting.starts_with("* BYE") {
        return None;
    }
    let mut talk = Talk { number, open: String::new(), bodies: 0 };
    while let Some(line) = lines.next_line().await.ok()? {
        let (tag, command) = line.split_once(' ')?;
        let (answer, cut) = talk.respond(&mut state.lock().unwrap(), tag, command);
        output.write_all(answer.as_bytes()).await.ok()?;
        if cut {
            return None;
        }
    }
    None
}

impl Talk {
    fn respond(&mut self, state: &mut State, tag: &str, command: &str) -> Said {
        let words: Vec<&str> = command.split(' ').collect();
        let ok = |out: String| (format!("{out}{tag} OK done\r\n"), false);
        match words[0] {
            "LOGIN" if state.odd == Odd::LimitAtTheLogInTwice && self.number < 2 => {
                (format!("{tag} NO [LIMIT] try later\r\n"), false)
            }
            "CAPABILITY" => ok("* CAPABILITY IMAP4rev1 UIDPLUS\r\n".to_owned()),
            "LIST" | "LSUB" => ok(list(state)),
            "STATUS" => status(state, tag, words[1].trim_matches('"'), self.number),
            "EXAMINE" | "SELECT" => self.examine(state, tag, words[1].trim_matches('"')),
            "UID" if words[1] == "SEARCH" => self.search(state, tag, &words),
            "UID" if words[1] == "FETCH" => self.fetch(state, tag, &words),
            "UID" if words[1] == "EXPUNGE" => self.expunge(state, tag, words[2]),
            "LOGOUT" => (format!("* BYE bye\r\n{tag} OK bye\r\n"), true),
            _ => ok(String::new()),
        }
    }

    fn examine(&mut self, state: &mut State, tag: &str, name: &str) -> Said {
        let ill = name == ILL_FOLDER;
        let Some(uids) = state.folders.get(name) else {
            return (format!("{tag} NO [NONEXISTENT] no such mailbox\r\n"), false);
        };
        let count = if state.odd == Odd::SaysThatNothingIsThere { 0 } else { uids.len() };
        let next = uids.last().map_or(1, |last| last + 1);
        match state.odd {
            Odd::RefusesStatus if ill => return (format!("{tag} NO [SERVERBUG] internal error\r\n"), false),
            Odd::RefusesTheFolder if ill => return (format!("{tag} NO [NOPERM] permission denied\r\n"), false),
            Odd::DropsAtTheFolder if ill => return (String::new(), true),
            Odd::NoUidValidity if ill => return (format!("* 1 EXISTS\r\n{tag} OK done\r\n"), false),
            _ => {}
        }
        name.clone_into(&mut self.open);
        let validity = self.validity(state);
        let mut out = format!("* {count} EXISTS\r\n* OK [UIDVALIDITY {validity}] .\r\n* OK [UIDNEXT {next}] .\r\n");
        let _ = write!(out, "{tag} OK [READ-ONLY] done\r\n");
        if state.odd == Odd::SaysThatLettersGo {
            out.push_str("* 1 EXPUNGE\r\n* 2 EXPUNGE\r\n");
        }
        (out, false)
    }

    fn validity(&self, state: &State) -> usize {
        validity(state, self.number)
    }

    fn search(&self, state: &mut State, tag: &str, words: &[&str]) -> Said {
        let refused = match state.odd {
            Odd::SearchRefusedOnce => {
                state.searches_refused += 1;
                state.searches_refused <= 3
            }
            Odd::SearchRefusedInTheFolder => self.open == ILL_FOLDER,
            _ => false,
        };
        if refused {
            return (format!("{tag} NO [UNAVAILABLE] backend down\r\n"), false);
        }
        let uids = &state.folders[self.open.as_str()];
        let wanted = set(words.get(3).copied().unwrap_or("1:*"), uids.last().copied().unwrap_or(0));
        let hides = |uid: u32| state.odd == Odd::SearchHides && self.open == ILL_FOLDER && uid == ILL;
        let found = uids.iter().filter(|uid| wanted(**uid) && !hides(**uid)).map(u32::to_string);
        (format!("* SEARCH {}\r\n{tag} OK done\r\n", found.collect::<Vec<_>>().join(" ")), false)
    }

    fn expunge(&self, state: &mut State, tag: &str, uids: &str) -> Said {
        match state.odd {
            Odd::RefusesToExpunge => return (format!("{tag} NO [NOPERM] cannot expunge\r\n"), false),
            Odd::ForgetsToExpunge => return (format!("{tag} OK done\r\n"), false),
            Odd::DropsAtExpunge if self.open == ILL_FOLDER => return (String::new(), true),
            _ => {}
        }
        let wanted = set(uids, u32::MAX);
        let folder = state.folders.get_mut(self.open.as_str()).expect("open");
        let gone = folder.iter().copied().filter(|uid| wanted(*uid)).collect::<Vec<_>>();
        folder.retain(|uid| !wanted(*uid));
        state.expunged.extend(gone.into_iter().map(|uid| name(&self.open, uid)));
        (format!("{tag} OK done\r\n"), false)
    }

    fn fetch(&mut self, state: &mut State, tag: &str, words: &[&str]) -> Said {
        let wanted = set(words[2], u32::MAX);
        let whole = words.iter().any(|word| word.contains("BODY.PEEK[])"));
        let uids = state.folders[self.open.as_str()].clone();
        let mut out = String::new();
        for (at, uid) in uids.into_iter().enumerate().filter(|(_, uid)| wanted(*uid)) {
            let said = if whole { self.body(state, at + 1, uid) } else { self.card(state, at + 1, uid) };
            match said {
                Step::Say(said) => out.push_str(&said),
                Step::Cut(said) => return (out + &said, true),
                Step::Refuse(why) => return (format!("{out}{tag} NO {why}\r\n"), false),
            }
        }
        (format!("{out}{tag} OK done\r\n"), false)
    }

    /// A line of a listing.
    fn card(&self, state: &State, number: usize, uid: u32) -> Step {
        let raw = letter(&self.open, uid);
        let size = if state.odd == Odd::WrongSizes { raw.len() + 7 } else { raw.len() };
        let header = raw.split("\r\n\r\n").next().unwrap_or_default().to_owned() + "\r\n\r\n";
        let header = format!("BODY[HEADER.FIELDS (X)] {{{}}}\r\n{header}", header.len());
        match state.odd {
            Odd::DropsAtTheListing if uid == ILL => Step::Cut(String::new()),
            Odd::SkipsTheListing if uid == ILL => Step::Say(String::new()),
            Odd::NoSizes => Step::Say(format!("* {number} FETCH (UID {uid} {header})\r\n")),
            _ => Step::Say(format!("* {number} FETCH (UID {uid} RFC822.SIZE {size} {header})\r\n")),
        }
    }

    /// A whole letter.
    fn body(&mut self, state: &mut State, number: usize, uid: u32) -> Step {
        self.bodies += 1;
        let raw = letter(&self.open, uid);
        let date = match state.odd {
            Odd::BadDates => "\"99-Foo-0000 99:99:99 +9999\"",
            Odd::NoDates => "NIL",
            _ => "\" 5-Mar-2023 08:00:00 +0000\"",
        };
        let items = format!("UID {uid} FLAGS (\\Seen) INTERNALDATE {date}");
        let half = format!("* {number} FETCH ({items} BODY[] {{{}}}\r\n{}", raw.len(), &raw[..40]);
        let whole = |raw: &str| format!("* {number} FETCH ({items} BODY[] {{{}}}\r\n{raw})\r\n", raw.len());
        let (ill, seventh) = (uid == ILL, self.bodies == 7 && self.number < 4);
        let before = self.before(state, number);
        match state.odd {
            Odd::DropsInALetterFourTimes if seventh => Step::Cut(half),
            Odd::ByeInALetterFourTimes if seventh => Step::Cut(half + "\r\n* BYE [UNAVAILABLE] going down\r\n"),
            Odd::LimitsInTheMiddle if self.bodies == 8 && self.number < 3 => {
                Step::Refuse("[LIMIT] quota of bandwidth exceeded, wait")
            }
            Odd::DropsAtTheLetter if ill => Step::Cut(half),
            Odd::ByeAtTheLetter if ill => Step::Cut("* BYE FETCH failed: internal error\r\n".to_owned()),
            Odd::LimitAndByeAtTheLetter if ill => Step::Cut("* BYE [LIMIT] enough\r\n".to_owned()),
            Odd::AbsurdLiteralAtTheLetter if ill => {
                Step::Cut(format!("* {number} FETCH (UID {uid} BODY[] {{99999999999999}}\r\n"))
            }
            Odd::NilBody if ill => Step::Say(format!("* {number} FETCH ({items} BODY[] NIL)\r\n")),
            Odd::EmptyBody if ill => Step::Say(format!("* {number} FETCH ({items} BODY[] \"\")\r\n")),
            Odd::SkipsTheLetter if ill => Step::Say(String::new()),
            Odd::RefusesTheLetter if ill => Step::Refuse("[SERVERBUG] cannot read message"),
            Odd::RefusesTheLetterForNow if ill => Step::Refuse("temporary failure, try again later"),
            Odd::LimitsTheLetter if ill => Step::Refuse("[LIMIT] this one is too much"),
            Odd::WrongUid if ill => Step::Say(whole(&raw).replace("UID 3 ", "UID 9999 ")),
            Odd::Truncates if ill => Step::Say(whole(&raw[..raw.len() - 30])),
            odd => {
                *state.given.entry(name(&self.open, uid)).or_default() += 1;
                let again = if odd == Odd::EachUidTwice { whole("Subject: lie\r\n\r\n") } else { String::new() };
                Step::Say(before + &whole(&raw) + &again)
            }
        }
    }

    /// Returns responses that nobody asked for.
    fn before(&self, state: &mut State, number: usize) -> String {
        match state.odd {
            Odd::Unsolicited => format!("* {number} FETCH (FLAGS (\\Seen))\r\n* 5 RECENT\r\n* OK Still here\r\n"),
            Odd::WeirdAndAlarmed => {
                "* XFOO bar (baz \"q\") {3}\r\nabc\r\n* NO [ALERT] disk is nearly full\r\n".to_owned()
            }
            Odd::UidValidityInTheMiddle if self.bodies == 5 && !state.renumbered => {
                state.renumbered = true;
                "* OK [UIDVALIDITY 900] they have other numbers now\r\n".to_owned()
            }
            _ => String::new(),
        }
    }
}

enum Step {
    Say(String),
    Cut(String),
    Refuse(&'static str),
}

fn validity(state: &State, number: usize) -> usize {
    match state.odd {
        Odd::UidValidityOfEachConnection => 100 + number,
        Odd::UidValidityInTheMiddle if state.renumbered => 900,
        _ => 100,
    }
}

fn list(state: &State) -> String {
    let mut out = String::new();
    for name in state.folders.keys() {
        let _ = write!(out, "* LIST (\\HasNoChildren) \"/\" \"{name}\"\r\n");
    }
    match state.odd {
        Odd::ListsAGhost => out.push_str("* LIST (\\HasNoChildren) \"/\" \"Ghost\"\r\n"),
        Odd::ListsWithoutSeparator => out.push_str("* LIST () NIL \"News.x\"\r\n"),
        _ => {}
    }
    out
}

fn status(state: &State, tag: &str, name: &str, number: usize) -> Said {
    let Some(uids) = state.folders.get(name) else {
        return (format!("{tag} NO [NONEXISTENT] no such mailbox\r\n"), false);
    };
    match state.odd {
        Odd::RefusesStatus if name == ILL_FOLDER => (format!("{tag} NO [SERVERBUG] internal error\r\n"), false),
        Odd::DropsAtStatus if name == ILL_FOLDER => (String::new(), true),
        _ => {
            let (count, next) = (uids.len(), uids.last().map_or(1, |last| last + 1));
            let validity = validity(state, number);
            let told = format!("MESSAGES {count} UIDNEXT {next} UIDVALIDITY {validity}");
            (format!("* STATUS \"{name}\" ({told})\r\n{tag} OK done\r\n"), false)
        }
    }
}
