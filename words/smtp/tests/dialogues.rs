//! Plays the dialogues of `tests/dialogues/*.txt`, each with its input whole and byte by byte.
//!
//! * `# key: value` at the top sets the door up, any other `#` line is a remark;
//! * `C: line` is sent with CRLF, `C> text` as it is, with `\r \n \0 \xHH \\`; `C* n text` sends `text` n times;
//! * `S: pattern` is the next line that we must send (`*` is any text), `S: …` any number of lines that have followers;
//! * `L: line` is the next line of the letter that was handed over last, `E: from > to, to` its envelope;
//! * `-- handshake` marks the beginning of TLS, `-- closed` an ended connection, `-- open` one that has not ended.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use facteur_smtp::{Answer, Kind, Question, Session, Settings, Step};
use mail::seam::{AccountId, Login, LoginVerdict, Verdict};
use mail::{Address, Envelope, Password, Reply};

#[test]
fn every_dialogue_goes_as_written_however_the_input_is_cut() {
    let mut played = 0;
    for path in dialogues() {
        let text = std::fs::read_to_string(&path).unwrap();
        for chunk in [usize::MAX, 1, 2, 3, 7] {
            Play::new(&path, &text, chunk).run(&text);
        }
        played += 1;
    }
    assert!(played >= 20, "{played}");
}

fn dialogues() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialogues");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    paths
}

const PEOPLE: &str =
    "alice@alpha.test, bob@alpha.test, postmaster@alpha.test, \"two words\"@alpha.test, josé@alpha.test";

struct Play {
    place: String,
    chunk: usize,
    session: Session,
    server: Server,
    /// The octets that the client has sent and the session has not seen yet.
    unsent: Vec<u8>,
    /// The octets that the session has seen and not used yet.
    input: Vec<u8>,
    said: Vec<String>,
    /// The lines before the next expected one are skipped.
    skips: bool,
    letter: Vec<u8>,
    delivered: Option<(Vec<u8>, Envelope)>,
    letter_lines: Option<Vec<String>>,
    tls_due: bool,
    closed: bool,
}

/// The people of the server, for the questions of the session.
struct Server {
    kind: Kind,
    people: Vec<String>,
    login: Option<sasl::Exchange>,
}

impl Play {
    fn new(path: &Path, text: &str, chunk: usize) -> Self {
        let get = |key: &str| {
            let key = format!("# {key}: ");
            text.lines().find_map(|line| line.strip_prefix(&key)).map(str::trim)
        };
        let kind = match get("kind") {
            None | Some("reception") => Kind::Reception,
            Some("submission") => Kind::Submission,
            Some("lmtp") => Kind::Lmtp,
            Some(other) => panic!("{}: kind {other}?", path.display()),
        };
        let hostname = get("hostname").unwrap_or("mail.alpha.test");
        let people = get("people").unwrap_or(PEOPLE).split(", ").map(str::to_owned).collect();
        let mut settings =
            Settings::new(kind, hostname.parse().unwrap(), Address::parse("postmaster@alpha.test").unwrap());
        settings.starttls = get("starttls") == Some("offered");
        settings.max_letter = get("max-letter").map_or(10_000, |n| n.parse().unwrap());
        settings.max_recipients = get("max-recipients").map_or(1000, |n| n.parse().unwrap());
        settings.clear_logins = get("clear-logins") == Some("yes");
        settings.mechanisms = vec!["PLAIN", "LOGIN", "SCRAM-SHA-256"];
        let (session, greeting) = Session::new(Arc::new(settings), get("tls") == Some("on"));
        let mut play = Self {
            place: format!("{} in pieces of {chunk}", path.file_name().unwrap().to_string_lossy()),
            chunk,
            session,
            server: Server { kind, people, login: None },
            unsent: Vec::new(),
            input: Vec::new(),
            said: Vec::new(),
            skips: false,
            letter: Vec::new(),
            delivered: None,
            letter_lines: None,
            tls_due: false,
            closed: false,
        };
        play.say(&greeting);
        play
    }

    fn run(mut self, text: &str) {
        for (number, line) in text.lines().enumerate() {
            let place = format!("{}, line {}", self.place, number + 1);
            match line.split_once(' ').unwrap_or((line, "")) {
                ("C:", sent) => self.unsent.extend(format!("{sent}\r\n").bytes()),
                ("C>", raw) => self.unsent.extend(unescape(raw)),
                ("C*", rest) => {
                    let (count, raw) = rest.split_once(' ').unwrap();
                    self.unsent.extend(unescape(raw).repeat(count.parse().unwrap()));
                }
                ("S:", pattern) => self.hear(pattern, &place),
                ("L:", expected) => self.letter_line(expected, &place),
                ("E:", expected) => {
                    self.listen();
                    let (_, envelope) = self.delivered.as_ref().unwrap_or_else(|| panic!("{place}: no letter"));
                    let to: Vec<String> = envelope.recipients.iter().map(ToString::to_string).collect();
                    assert_eq!(format!("{} > {}", envelope.return_path, to.join(", ")), expected, "{place}");
                }
                ("--", "handshake") => {
                    self.listen();
                    assert!(std::mem::take(&mut self.tls_due), "{place}: no STARTTLS");
                    self.session.tls_started();
                }
                ("--", "closed") => {
                    self.listen();
                    assert!(self.closed, "{place}: not closed");
                }
                ("--", "open") => {
                    self.listen();
                    assert!(!self.closed, "{place}: closed");
                }
                ("--", "no letter") => {
                    self.listen();
                    assert!(self.delivered.is_none(), "{place}: there was a letter");
                }
                ("#" | "", _) => {}
                other => panic!("{place}: {other:?}?"),
            }
        }
        self.listen();
        assert_eq!(self.said, Vec::<String>::new(), "{}: said at the end", self.place);
        assert_eq!(self.letter_lines.unwrap_or_default(), Vec::<String>::new(), "{}: rest of the letter", self.place);
    }

    /// Shows the session all that was sent, in pieces.
    fn listen(&mut self) {
        let unsent = std::mem::take(&mut self.unsent);
        for piece in unsent.chunks(self.chunk.min(unsent.len().max(1))) {
            if self.closed || self.tls_due {
                break;
            }
            self.input.extend_from_slice(piece);
            self.work();
        }
    }

    fn work(&mut self) {
        loop {
            let (used, step) = self.session.next(&self.input);
            let input: Vec<u8> = self.input.drain(..used).collect();
            let mut step = step;
            loop {
                step = match step {
                    Step::More => return,
                    Step::Say(reply) => {
                        self.say(&reply);
                        break;
                    }
                    Step::Keep(piece) => {
                        self.letter.extend_from_slice(&input[piece]);
                        break;
                    }
                    Step::KeepLineEnd => {
                        self.letter.extend_from_slice(b"\r\n");
                        break;
                    }
                    Step::Ask(question) => {
                        let answer = self.server.find_out(question);
                        self.session.answer(answer)
                    }
                    Step::Deliver(envelope) => {
                        let replies = self.server.take(&envelope);
                        self.delivered = Some((std::mem::take(&mut self.letter), *envelope));
                        self.session.answer(Answer::Letter(replies))
                    }
                    Step::StartTls(reply) => {
                        assert!(self.input.is_empty(), "{}: clear text survived STARTTLS", self.place);
                        self.say(&reply);
                        self.tls_due = true;
                        return;
                    }
                    Step::Close(reply) => {
                        self.say(&reply);
                        self.closed = true;
                        return;
                    }
                };
            }
            if !self.session.keeps_letter() {
                self.letter.clear();
            }
        }
    }

    fn say(&mut self, reply: &Reply) {
        self.said.extend(reply.encode().lines().map(str::to_owned));
    }

    fn hear(&mut self, pattern: &str, place: &str) {
        self.listen();
        if pattern == "…" {
            self.skips = true;
            return;
        }
        if std::mem::take(&mut self.skips) {
            let goes_on = |line: &String| line.as_bytes().get(3) == Some(&b'-') && !fits(pattern, line);
            while self.said.first().is_some_and(goes_on) {
                self.said.remove(0);
            }
        }
        assert!(!self.said.is_empty(), "{place}: nothing was said, expected {pattern}");
        let line = self.said.remove(0);
        assert!(fits(pattern, &line), "{place}: expected {pattern}, heard {line}");
    }

    fn letter_line(&mut self, expected: &str, place: &str) {
        self.listen();
        if let Some((letter, _)) = self.delivered.as_mut().filter(|(letter, _)| !letter.is_empty()) {
            let text = String::from_utf8(std::mem::take(letter)).unwrap();
            self.letter_lines = Some(text.split_terminator("\r\n").map(|line| line.replace('\0', "\\0")).collect());
        }
        let lines = self.letter_lines.as_mut().unwrap_or_else(|| panic!("{place}: no letter"));
        assert!(!lines.is_empty(), "{place}: the letter has no more lines");
        assert_eq!(lines.remove(0), expected, "{place}");
    }
}

impl Server {
    fn find_out(&mut self, question: Question) -> Answer {
        match question {
            Question::Sender(mail) => Answer::Verdict(match mail.return_path.address() {
                Some(address) if self.kind == Kind::Submission && address.to_string() != "alice@alpha.test" => {
                    Verdict::Refuse(Reply::new(553, (5, 7, 1), "not your address"))
                }
                _ => Verdict::Accept,
            }),
            Question::Recipient(address) => Answer::Verdict(self.recipient(&address)),
            Question::Login { mechanism, initial } => {
                let mut login = sasl::Exchange::new(sasl::Mechanism::parse(&mechanism).unwrap(), [7; sasl::NONCE]);
                let step = login.begin(initial.as_ref().map(Password::reveal));
                self.settle(login, step)
            }
            Question::LoginLine(line) => {
                let mut login = self.login.take().unwrap();
                let step = login.line(line.reveal());
                self.settle(login, step)
            }
        }
    }

    fn recipient(&self, address: &Address) -> Verdict {
        let ours = ["@alpha.test", "@foo.com", "@xyz.com"].iter().any(|ours| address.to_string().ends_with(ours));
        if self.people.contains(&address.to_string()) || (self.kind == Kind::Submission && !ours) {
            return Verdict::Accept;
        }
        Verdict::Refuse(match address.local() {
            "full" => Reply::new(452, (4, 2, 2), "mailbox full"),
            "fault" => Reply::new(451, (4, 3, 0), "later"),
            _ if ours => Reply::new(550, (5, 1, 1), "no such user here"),
            _ => Reply::new(550, (5, 7, 1), "relaying denied"),
        })
    }

    fn take(&self, envelope: &Envelope) -> Vec<Reply> {
        let taken = |to: &mail::Recipient| match to.address.local() {
            "no-room-after-all" => Reply::new(452, (4, 2, 2), "full"),
            _ => Reply::new(250, (2, 0, 0), "taken"),
        };
        if self.kind == Kind::Lmtp {
            envelope.recipients.iter().map(taken).collect()
        } else {
            vec![taken(&envelope.recipients[0])]
        }
    }

    fn settle(&mut self, mut login: sasl::Exchange, mut step: sasl::Step) -> Answer {
        let keys = || sasl::derive_keys("secret", b"salt".to_vec(), 4096);
        let alice = || Login::of(AccountId(1), Address::parse("alice@alpha.test").unwrap());
        let verdict = |right| if right { LoginVerdict::Welcome(alice()) } else { LoginVerdict::Wrong };
        loop {
            step = match step {
                sasl::Step::Challenge(text) => {
                    self.login = Some(login);
                    return Answer::Challenge(text);
                }
                sasl::Step::Done(Ok(person)) => return Answer::Welcome(person),
                sasl::Step::Done(Err(refusal)) => {
                    return Answer::LoginFailed(Reply::new(535, (5, 7, 8), refusal.to_string()));
                }
                sasl::Step::Ask(sasl::Question::Keys { .. }) => {
                    login.answer(sasl::Answer::Keys(Box::new(sasl::Keys(keys()))))
                }
                sasl::Step::Ask(sasl::Question::Proved { proved, .. }) => {
                    login.answer(sasl::Answer::Verdict(verdict(proved)))
                }
                sasl::Step::Ask(sasl::Question::Password { name, password }) => {
                    let right = name == "alice@alpha.test" && password.reveal() == "secret";
                    login.answer(sasl::Answer::Verdict(verdict(right)))
                }
            };
        }
    }
}

fn fits(pattern: &str, line: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(b) = bytes.next() {
        if b != b'\\' {
            out.push(b);
            continue;
        }
        out.push(match bytes.next() {
            Some(b'r') => b'\r',
            Some(b'n') => b'\n',
            Some(b'0') => 0,
            Some(b'\\') => b'\\',
            Some(b'x') => {
                let hex = [bytes.next().unwrap(), bytes.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap()
            }
            other => panic!("\\{other:?}?"),
        });
    }
    out
}
