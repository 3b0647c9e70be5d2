//! The state of a client's dialogue (RFC 1939 §3), and the act that follows from each of its lines.

mod act;
mod answers;
mod person;
mod stranger;

use sasl::Mechanism;

use crate::command::{Command, Fault};
use crate::language::{Language, say};
use crate::maildrop::Maildrop;
use crate::reply::Reply;
use act::OutOfPlace;
use stranger::Stranger;

pub use act::{Act, Event, Shut};
pub use doors::Entrance;

/// After so many commands in a row that were not understood, the client is given up.
const NONSENSE_MAX: u32 = 10;

/// One conversation. Show it the client's lines, do what it says.
pub struct Dialogue {
    stage: Stage,
    entrance: Entrance,
    language: Language,
    /// The number of misunderstood commands in a row.
    nonsense: u32,
}

/// The states of RFC 1939. The third, UPDATE, belongs to the caller that acts on [`Act::Update`] with the maildrop from
/// [`Dialogue::into_maildrop`].
enum Stage {
    /// AUTHORIZATION
    Stranger(Stranger),
    /// The TRANSACTION state.
    Person(Box<Maildrop>),
}

impl Dialogue {
    /// Begins with a client that has just come.
    pub fn new(entrance: Entrance) -> Self {
        Self { stage: Stage::Stranger(Stranger::default()), entrance, language: Language::default(), nonsense: 0 }
    }

    /// Returns the greeting. It has no timestamp: APOP needs passwords that the server can read, and ours are not
    /// readable.
    pub fn greeting(&self) -> Reply {
        Reply::ok("Facteur is ready")
    }

    /// Returns true if the client has logged in.
    pub fn is_in(&self) -> bool {
        matches!(self.stage, Stage::Person(_))
    }

    /// Takes a line of the client.
    pub fn line(&mut self, line: &[u8]) -> Act {
        let command = match Command::parse(line) {
            Ok(command) => command,
            Err(fault) => return self.nonsense(self.fault(fault)),
        };
        match &command {
            Command::Capa => return self.sense(self.capabilities()),
            Command::Lang(range) => {
                let act = self.speak(range.as_deref());
                return self.sense(act);
            }
            _ => {}
        }
        let done = match &mut self.stage {
            Stage::Stranger(stranger) => stranger.command(command, self.entrance, self.language),
            Stage::Person(maildrop) => person::command(maildrop, command, self.language),
        };
        match done {
            Ok(act) => self.sense(act),
            Err(OutOfPlace(reply)) => self.nonsense(reply),
        }
    }

    /// Answers a line that was too long to be read.
    pub fn line_too_long(&mut self) -> Act {
        let language = self.language;
        self.nonsense(Reply::err(say!(language; "This line is too long", "Cette ligne est trop longue")))
    }

    /// The client has logged in, and this is its drop.
    pub fn let_in(&mut self, maildrop: Maildrop) -> Reply {
        let (count, octets) = (answers::letters(self.language, maildrop.count()), maildrop.octets());
        self.stage = Stage::Person(Box::new(maildrop));
        Reply::ok(say!(self.language; "Welcome, {count} ({octets} octets)", "Bienvenue, {count} ({octets} octets)"))
    }

    /// Returns the reply to a client that may not come in.
    pub fn refuse(&self, shut: &Shut) -> Reply {
        answers::shut(self.language, shut)
    }

    /// Returns the drop of the person who has logged in.
    pub fn maildrop(&mut self) -> Option<&mut Maildrop> {
        match &mut self.stage {
            Stage::Person(maildrop) => Some(maildrop),
            Stage::Stranger(_) => None,
        }
    }

    /// Returns the drop at the end of the conversation.
    pub fn into_maildrop(self) -> Option<Maildrop> {
        match self.stage {
            Stage::Person(maildrop) => Some(*maildrop),
            Stage::Stranger(_) => None,
        }
    }

    /// Answers an event that the dialogue does not decide, in the client's language.
    pub fn say(&self, event: Event) -> Reply {
        answers::event(self.language, event)
    }

    fn sense(&mut self, act: Act) -> Act {
        self.nonsense = 0;
        act
    }

    fn nonsense(&mut self, reply: Reply) -> Act {
        self.nonsense += 1;
        if self.nonsense < NONSENSE_MAX { Act::Say(reply) } else { Act::Leave(reply) }
    }

    fn fault(&self, fault: Fault) -> Reply {
        Reply::err(match fault {
            Fault::Unknown => say!(self.language; "This command is not known here", "Cette commande est inconnue ici"),
            Fault::Usage(usage) => say!(self.language; "It is written so: {usage}", "Cela s'écrit ainsi : {usage}"),
            Fault::NotText => say!(self.language; "This is not UTF-8", "Ce n'est pas de l'UTF-8"),
        })
    }

    /// Answers CAPA (RFC 2449 §5 and §6).
    fn capabilities(&self) -> Act {
        let mut list: Vec<String> = ["TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "EXPIRE NEVER"]
            .into_iter()
            .chain(["LANG", "UTF8 USER"])
            .map(str::to_owned)
            .collect();
        if self.entrance.log_in {
            list.push("USER".to_owned());
            list.push(format!("SASL {}", Mechanism::ALL.map(Mechanism::name).join(" ")));
        }
        if self.entrance.start_tls && !self.is_in() {
            list.push("STLS".to_owned());
        }
        list.push("IMPLEMENTATION Facteur".to_owned());
        Act::Show(Reply::ok(say!(self.language; "This can be done here", "Voici ce qui se fait ici")), list)
    }

    /// Answers LANG (RFC 6856 §3).
    fn speak(&mut self, range: Option<&str>) -> Act {
        let Some(range) = range else {
            let list = Language::ALL.map(|(_, tag, name)| format!("{tag} {name}"));
            let head = say!(self.language; "These languages are spoken", "On parle ces langues");
            return Act::Show(Reply::ok(head), list.to_vec());
        };
        let Some(language) = Language::of_range(range) else {
            return Act::Say(Reply::err(say!(
                self.language;
                "This language is not spoken here", "On ne parle pas cette langue ici"
            )));
        };
        self.language = language;
        let tag = language.tag();
        Act::Say(Reply::ok(say!(language; "{tag} English it is", "{tag} Parlons français")))
    }
}

#[cfg(test)]
mod tests {
    use mail::seam::AccountId;
    use mailbox::{Access, FolderId, Uid};

    use super::*;
    use crate::maildrop::DropEntry;

    const INSIDE_TLS: Entrance = Entrance { start_tls: false, log_in: true };

    fn said(act: Act) -> String {
        match act {
            Act::Say(reply) | Act::Show(reply, _) | Act::List(reply, _) | Act::Leave(reply) => reply.line(),
            Act::Send { reply, .. } | Act::StartTls(reply) => reply.line(),
            other => format!("{other:?}"),
        }
    }

    fn in_a_drop() -> Dialogue {
        let mut dialogue = Dialogue::new(INSIDE_TLS);
        let letter = DropEntry { uid: Uid::FIRST, size: 120 };
        dialogue.let_in(Maildrop::new(Access::own(AccountId(1)), FolderId(1), "1.1.", vec![letter]));
        dialogue
    }

    #[test]
    fn nothing_is_asked_of_a_password_before_tls() {
        let mut dialogue = Dialogue::new(Entrance { start_tls: true, log_in: false });
        for line in ["USER alice", "PASS secret", "AUTH PLAIN AGFsaWNlAHNlY3JldA=="] {
            assert!(said(dialogue.line(line.as_bytes())).starts_with("-ERR [SYS/PERM]"), "{line}");
        }
        assert!(matches!(dialogue.line(b"STLS"), Act::StartTls(_)));
    }

    #[test]
    fn a_password_is_checked_for_the_name_before_it_and_once() {
        let mut dialogue = Dialogue::new(INSIDE_TLS);
        assert!(said(dialogue.line(b"PASS secret")).starts_with("-ERR"));
        dialogue.line(b"USER alice");
        assert!(matches!(dialogue.line(b"PASS secret"), Act::Check { name, .. } if name == "alice"));
        assert!(said(dialogue.line(b"PASS secret")).starts_with("-ERR"));
    }

    #[test]
    fn who_never_makes_sense_has_to_go() {
        let mut dialogue = in_a_drop();
        for _ in 1..NONSENSE_MAX {
            assert!(matches!(dialogue.line(b"GET / HTTP/1.1"), Act::Say(_)));
        }
        dialogue.line(b"NOOP");
        assert!(matches!(dialogue.line(b"EHLO"), Act::Say(_)), "it made sense in between");
        for _ in 2..NONSENSE_MAX {
            dialogue.line(b"EHLO");
        }
        assert!(matches!(dialogue.line(b"EHLO"), Act::Leave(_)));
    }

    #[test]
    fn the_text_is_french_where_french_was_asked_for() {
        let mut dialogue = in_a_drop();
        assert_eq!(said(dialogue.line(b"LANG fr-FR")), "+OK fr Parlons français\r\n");
        assert_eq!(said(dialogue.line(b"RETR 7")), "-ERR Il n'y a pas de lettre de ce numéro\r\n");
        assert!(said(dialogue.line(b"LANG tlh")).starts_with("-ERR On"));
        assert_eq!(said(dialogue.line(b"LANG *")), "+OK en English it is\r\n");
    }

    #[test]
    fn a_letter_that_is_marked_is_not_there_until_the_marks_are_taken_off() {
        let mut dialogue = in_a_drop();
        assert!(said(dialogue.line(b"DELE 1")).starts_with("+OK"));
        assert!(said(dialogue.line(b"RETR 1")).starts_with("-ERR"));
        assert_eq!(said(dialogue.line(b"STAT")), "+OK 0 0\r\n");
        dialogue.line(b"RSET");
        assert_eq!(said(dialogue.line(b"STAT")), "+OK 1 120\r\n");
        assert!(matches!(dialogue.line(b"RETR 1"), Act::Send { lines: None, .. }));
        assert!(matches!(dialogue.line(b"TOP 1 5"), Act::Send { lines: Some(5), .. }));
    }
}
