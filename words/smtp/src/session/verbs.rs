//! The verbs: each method answers one, and changes the state.

use mail::{BodyKind, Envelope, Password, Recipient, Reply};

use super::receive::{Chunked, Incoming};
use super::{Asked, Draft, Hello, Kind, Question, Session, Stage, Step, replies};
use crate::{Capabilities, Command, Forward, MailFrom, RcptTo};

impl Session {
    pub(super) fn obey(&mut self, command: Command, ascii: bool) -> Step {
        match command {
            Command::Helo(name) => self.helo(name),
            Command::Ehlo(name) => self.ehlo(name),
            Command::Lhlo(name) => self.lhlo(name),
            Command::Mail(mail) => self.mail(mail, ascii),
            Command::Rcpt(rcpt) => self.rcpt(rcpt, ascii),
            Command::Data => self.data(),
            Command::Bdat { size, last } => self.bdat(size, last),
            Command::Rset => self.rset(),
            Command::Noop => self.idle(Reply::new(250, (2, 0, 0), "nothing done")),
            Command::Quit => self.close(Reply::new(221, (2, 0, 0), "goodbye")),
            Command::Help => self.idle(Reply::new(214, (2, 0, 0), "see RFC 5321; every command is described there")),
            Command::Vrfy(_) => {
                self.idle(Reply::new(252, (2, 5, 2), "send a letter, and you will know whether it is taken"))
            }
            Command::Expn(_) => self.mistake(replies::not_here("lists are not shown")),
            Command::StartTls => self.starttls(),
            Command::Auth { mechanism, initial } => self.auth(mechanism, initial),
        }
    }

    fn helo(&mut self, name: String) -> Step {
        if self.settings.kind == Kind::Lmtp {
            return self.mistake(Reply::new(500, (5, 5, 1), "this is LMTP: say LHLO"));
        }
        self.greeted(Hello { name, extended: false });
        self.idle(Reply::plain(250, self.settings.hostname.to_string()))
    }

    fn ehlo(&mut self, name: String) -> Step {
        if self.settings.kind == Kind::Lmtp {
            return self.mistake(Reply::new(500, (5, 5, 1), "this is LMTP: say LHLO"));
        }
        self.extended_hello(name)
    }

    fn lhlo(&mut self, name: String) -> Step {
        if self.settings.kind != Kind::Lmtp {
            return self.mistake(Reply::new(500, (5, 5, 1), "this is SMTP: say EHLO"));
        }
        self.extended_hello(name)
    }

    fn extended_hello(&mut self, name: String) -> Step {
        self.greeted(Hello { name, extended: true });
        let reply = self.capabilities().reply(self.settings.hostname.to_string());
        self.idle(reply)
    }

    /// RFC 5321 §4.1.4: a new EHLO clears all that was begun.
    fn greeted(&mut self, hello: Hello) {
        self.hello = Some(hello);
        self.stage = Stage::Idle;
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            size: true,
            max_size: Some(self.settings.max_letter),
            pipelining: true,
            eight_bit_mime: true,
            smtputf8: true,
            starttls: self.settings.starttls && !self.tls,
            chunking: true,
            dsn: true,
            // Any time may be named: what is for people here is delivered at once.
            deliver_by: Some(0),
            enhanced_status_codes: true,
            help: true,
            future_release: self.settings.future_release,
            // RFC 4954 §4: AUTH is not offered after a log-in; and not outside TLS, so that no client sends its
            // password in clear.
            auth: if self.may_log_in() && self.login.is_none() {
                self.settings.mechanisms.iter().map(|name| (*name).to_owned()).collect()
            } else {
                Vec::new()
            },
        }
    }

    /// Returns true if log-ins are accepted on this connection as it is now.
    fn may_log_in(&self) -> bool {
        self.settings.kind == Kind::Submission && (self.tls || self.settings.clear_logins)
    }

    fn mail(&mut self, mail: MailFrom, ascii: bool) -> Step {
        if self.hello.is_none() {
            return self.mistake(replies::out_of_order("say EHLO first"));
        }
        if self.settings.kind == Kind::Submission && self.login.is_none() {
            return self.mistake(self.log_in_first());
        }
        if !matches!(self.stage, Stage::Idle) {
            return self.mistake(replies::out_of_order("a letter is already begun: finish it, or say RSET"));
        }
        if mail.auth.is_some() && !self.may_log_in() {
            return self.mistake(Reply::new(555, (5, 5, 4), "parameter AUTH is not supported"));
        }
        if mail.hold.is_some() && self.settings.future_release.is_none() {
            return self.mistake(Reply::new(555, (5, 5, 4), "parameters HOLDFOR and HOLDUNTIL are not supported"));
        }
        if !ascii && !mail.smtputf8 {
            return self.refuse(not_ascii());
        }
        if mail.size.is_some_and(|size| size > self.settings.max_letter) {
            let reply = replies::too_large(self.settings.max_letter);
            self.note_refused(&empty_envelope(mail), &reply);
            return self.refuse(reply);
        }
        self.stage = Stage::Asked(Asked::Sender(mail.clone()));
        Step::Ask(Question::Sender(mail))
    }

    /// Returns the reply to a client that must log in first (RFC 4954 §6, RFC 3207 §4).
    fn log_in_first(&self) -> Reply {
        if self.may_log_in() {
            Reply::new(530, (5, 7, 0), "log in first: this door is for our own people")
        } else {
            Reply::new(530, (5, 7, 0), "say STARTTLS and log in first")
        }
    }

    /// Answers [`Question::Sender`].
    pub(super) fn begin_letter(&mut self, mail: MailFrom) -> Step {
        self.stage = Stage::Draft(Draft { envelope: empty_envelope(mail), chunked: None });
        Step::Say(Reply::new(250, (2, 1, 0), "sender taken"))
    }

    fn rcpt(&mut self, rcpt: RcptTo, ascii: bool) -> Step {
        let draft = match std::mem::replace(&mut self.stage, Stage::Idle) {
            Stage::Draft(draft) => draft,
            stage => {
                self.stage = stage;
                return self.mistake(replies::out_of_order("say MAIL first"));
            }
        };
        match self.unfit_recipient(&draft, ascii) {
            Some(step) => {
                self.stage = Stage::Draft(draft);
                step
            }
            None => {
                let address = match rcpt.to {
                    Forward::Postmaster => self.settings.postmaster.clone(),
                    Forward::Address(address) => address,
                };
                let recipient = Recipient { wishes: rcpt.wishes, ..Recipient::new(address.clone()) };
                self.stage = Stage::Asked(Asked::Recipient(draft, recipient));
                Step::Ask(Question::Recipient(address))
            }
        }
    }

    /// Returns what is said to a recipient that this letter cannot have; `None` if it can.
    fn unfit_recipient(&mut self, draft: &Draft, ascii: bool) -> Option<Step> {
        if draft.chunked.is_some() {
            return Some(self.mistake(replies::out_of_order("the letter has begun: no more recipients")));
        }
        if draft.envelope.recipients.len() >= self.settings.max_recipients {
            // The code is 452, so that the others are sent in another transaction (RFC 5321 §4.5.3.1.10).
            return Some(Step::Say(Reply::new(452, (4, 5, 3), "too many recipients for one letter")));
        }
        if !ascii && !draft.envelope.smtputf8 {
            return Some(self.refuse(not_ascii()));
        }
        None
    }

    fn data(&mut self) -> Step {
        match std::mem::replace(&mut self.stage, Stage::Idle) {
            Stage::Draft(draft) if draft.chunked.is_some() => {
                self.stage = Stage::Draft(draft);
                self.mistake(replies::out_of_order("the letter was begun with BDAT: go on with BDAT"))
            }
            Stage::Draft(draft) if draft.envelope.recipients.is_empty() => {
                self.stage = Stage::Draft(draft);
                // A client that pipelines DATA behind its recipients cannot know (RFC 2033 §4.2, RFC 2920 §3.1).
                if self.settings.kind == Kind::Lmtp {
                    return Step::Say(self.no_recipients());
                }
                self.mistake(self.no_recipients())
            }
            Stage::Draft(draft) => {
                self.stage = Stage::Data(Incoming::new(draft.envelope));
                Step::Say(Reply::plain(354, "go ahead, a dot alone on a line ends the letter"))
            }
            stage => {
                self.stage = stage;
                self.mistake(replies::out_of_order("say MAIL and RCPT first"))
            }
        }
    }

    /// RFC 2033 §4.2 wants 503 from LMTP.
    pub(super) fn no_recipients(&self) -> Reply {
        let code = if self.settings.kind == Kind::Lmtp { 503 } else { 554 };
        Reply::new(code, (5, 5, 1), "no recipient was taken")
    }

    /// RFC 3030 §2: whatever we think of it, the octets follow the command and must be read.
    fn bdat(&mut self, size: u64, last: bool) -> Step {
        let chunked = match std::mem::replace(&mut self.stage, Stage::Idle) {
            Stage::Draft(draft) => {
                let lost = draft.envelope.recipients.is_empty().then(|| self.no_recipients());
                let mut chunked = draft.chunked.unwrap_or_else(|| Chunked::new(lost));
                chunked.begin(size, last, self.settings.max_letter);
                self.stage = Stage::Chunk(draft.envelope, chunked);
                return self.chunk(&[]).1;
            }
            Stage::Idle => Chunked::stray(size),
            stage => {
                self.stage = stage;
                return self.mistake(replies::out_of_order("not now"));
            }
        };
        self.stage = Stage::Stray(chunked);
        self.stray(&[]).1
    }

    fn rset(&mut self) -> Step {
        if matches!(self.stage, Stage::Draft(_)) {
            self.stage = Stage::Idle;
        }
        self.idle(Reply::new(250, (2, 0, 0), "forgotten"))
    }

    fn starttls(&mut self) -> Step {
        if self.tls {
            return self.mistake(replies::out_of_order("TLS is already on"));
        }
        if !self.settings.starttls {
            return self.mistake(replies::not_here("there is no TLS here"));
        }
        self.stage = Stage::TlsDue;
        Step::StartTls(Reply::new(220, (2, 0, 0), "begin TLS now"))
    }

    fn auth(&mut self, mechanism: String, initial: Option<Password>) -> Step {
        if self.settings.kind != Kind::Submission {
            return self.mistake(replies::not_here("nobody logs in at this door"));
        }
        if self.login.is_some() {
            return self.mistake(replies::out_of_order("you are logged in already"));
        }
        if !self.hello.as_ref().is_some_and(|hello| hello.extended) {
            return self.mistake(replies::out_of_order("say EHLO first"));
        }
        if !matches!(self.stage, Stage::Idle) {
            return self.mistake(replies::out_of_order("not in the middle of a letter"));
        }
        if !self.may_log_in() {
            return self.mistake(Reply::new(538, (5, 7, 11), "say STARTTLS first: no password travels in clear"));
        }
        if !self.settings.mechanisms.contains(&mechanism.as_str()) {
            return self.mistake(Reply::new(504, (5, 5, 4), "this mechanism is not offered"));
        }
        self.stage = Stage::Asked(Asked::Login);
        Step::Ask(Question::Login { mechanism, initial })
    }
}

/// Makes an envelope without recipients.
fn empty_envelope(mail: MailFrom) -> Envelope {
    Envelope {
        return_path: mail.return_path,
        recipients: Vec::new(),
        body: mail.body,
        smtputf8: mail.smtputf8,
        hold: mail.hold,
        wishes: mail.wishes,
    }
}

/// Returns the reply to an address beyond ASCII that came without SMTPUTF8 (RFC 6531 §3.5).
fn not_ascii() -> Reply {
    Reply::new(553, (5, 6, 7), "an address with letters beyond ASCII needs SMTPUTF8 in MAIL")
}

/// Declares eight-bit octets to the next server, also if the client did not declare them (RFC 6152).
pub(super) fn declare(envelope: &mut Envelope, eight_bit: bool) {
    if eight_bit {
        envelope.body = BodyKind::EightBitMime;
    }
}
