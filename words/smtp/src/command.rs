//! The commands, as text and as values. The same file reads and writes them: both sides share it.

use std::borrow::Cow;
use std::fmt::Write as _;

use mail::{Address, BodyKind, Hold, LetterWishes, Password, ReturnPath, Timestamp, Wishes};

use crate::{dsn, path};

/// One command of SMTP, LMTP or submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// `HELO name`
    Helo(String),
    /// `EHLO name`
    Ehlo(String),
    /// `LHLO name` (RFC 2033)
    Lhlo(String),
    /// `MAIL FROM:<…>`
    Mail(MailFrom),
    /// `RCPT TO:<…>`
    Rcpt(RcptTo),
    /// `DATA`
    Data,
    /// `BDAT size [LAST]` (RFC 3030)
    Bdat {
        /// Octets that follow the command.
        size: u64,
        /// The letter ends with them.
        last: bool,
    },
    /// `RSET`
    Rset,
    /// `NOOP`
    Noop,
    /// `QUIT`
    Quit,
    /// `HELP`
    Help,
    /// `VRFY text`
    Vrfy(String),
    /// `EXPN text`
    Expn(String),
    /// `STARTTLS` (RFC 3207)
    StartTls,
    /// `AUTH mechanism [initial-response]` (RFC 4954)
    Auth {
        /// The mechanism in capitals.
        mechanism: String,
        /// The initial response in base64; `=` stands for an empty one.
        initial: Option<Password>,
    },
}

/// `MAIL FROM` and its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailFrom {
    /// The address that bounces go to.
    pub return_path: ReturnPath,
    /// `SIZE=` (RFC 1870)
    pub size: Option<u64>,
    /// `BODY=` (RFC 6152)
    pub body: BodyKind,
    /// `SMTPUTF8` (RFC 6531)
    pub smtputf8: bool,
    /// `AUTH=` (RFC 4954 §5), as written. Facteur trusts no statement about a third party, and does not use it.
    pub auth: Option<String>,
    /// `HOLDFOR=` or `HOLDUNTIL=` (RFC 4865 §4)
    pub hold: Option<Hold>,
    /// `RET=`, `ENVID=` (RFC 3461 §4) and `BY=` (RFC 2852 §4)
    pub wishes: LetterWishes,
}

impl MailFrom {
    /// Makes a MAIL FROM without parameters.
    pub fn new(return_path: ReturnPath) -> Self {
        let wishes = LetterWishes::default();
        Self { return_path, size: None, body: BodyKind::SevenBit, smtputf8: false, auth: None, hold: None, wishes }
    }
}

/// `RCPT TO`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RcptTo {
    /// The recipient of the letter.
    pub to: Forward,
    /// `NOTIFY=` and `ORCPT=` (RFC 3461 §4)
    pub wishes: Wishes,
}

impl RcptTo {
    /// Makes the command without parameters.
    pub fn new(to: Forward) -> Self {
        Self { to, wishes: Wishes::default() }
    }
}

/// A forward-path (RFC 5321 §4.1.1.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forward {
    /// `<Postmaster>` without a domain, which every server takes (RFC 5321 §4.5.1).
    Postmaster,
    /// `<local@domain>`
    Address(Address),
}

/// The reason why a line is no command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// No command begins like this.
    #[error("command not recognised")]
    Unknown,
    /// The line contains NUL, CR, LF or another control character, or bytes that are not UTF-8.
    #[error("a command has only printable characters")]
    Characters,
    /// A known command, written wrongly; the text shows its syntax.
    #[error("write {0}")]
    Syntax(&'static str),
    /// The path of MAIL is no address.
    #[error("the sender is no mail address: {0}")]
    Sender(&'static str),
    /// The path of RCPT is no address.
    #[error("the recipient is no mail address: {0}")]
    Recipient(&'static str),
    /// RFC 5321 §4.1.1.11
    #[error("parameter {0} is not supported")]
    UnknownParameter(String),
    /// A known parameter has a value that it cannot have, or comes twice.
    #[error("parameter {0} has no such value or stands there twice")]
    ParameterValue(&'static str),
}

impl Command {
    /// Reads a line without its line end.
    pub fn parse(line: &[u8]) -> Result<Self, CommandError> {
        let text = match std::str::from_utf8(line) {
            Ok(text) => Cow::Borrowed(text),
            // The client's name for itself is for people, and no reason to turn the client away.
            Err(_) if introduces(line) => String::from_utf8_lossy(line),
            Err(_) => return Err(CommandError::Characters),
        };
        if text.chars().any(|c| c.is_control() && c != '\t') {
            return Err(CommandError::Characters);
        }
        let text = text.trim_end_matches([' ', '\t']);
        let (verb, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
        parse_verb(verb, rest.trim_start_matches([' ', '\t']))
    }

    /// Writes the command and its CRLF. Several can be written one behind the other and sent together (RFC 2920).
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.line().as_bytes());
        out.extend_from_slice(b"\r\n");
    }

    fn line(&self) -> String {
        match self {
            Self::Helo(name) => format!("HELO {name}"),
            Self::Ehlo(name) => format!("EHLO {name}"),
            Self::Lhlo(name) => format!("LHLO {name}"),
            Self::Mail(mail) => mail.line(),
            Self::Rcpt(rcpt) => rcpt.line(),
            Self::Data => "DATA".into(),
            Self::Bdat { size, last: false } => format!("BDAT {size}"),
            Self::Bdat { size, last: true } => format!("BDAT {size} LAST"),
            Self::Rset => "RSET".into(),
            Self::Noop => "NOOP".into(),
            Self::Quit => "QUIT".into(),
            Self::Help => "HELP".into(),
            Self::Vrfy(text) => format!("VRFY {text}"),
            Self::Expn(text) => format!("EXPN {text}"),
            Self::StartTls => "STARTTLS".into(),
            Self::Auth { mechanism, initial: None } => format!("AUTH {mechanism}"),
            Self::Auth { mechanism, initial: Some(initial) } => format!("AUTH {mechanism} {}", initial.reveal()),
        }
    }
}

impl RcptTo {
    fn line(&self) -> String {
        let mut line = match &self.to {
            Forward::Postmaster => "RCPT TO:<Postmaster>".to_owned(),
            Forward::Address(address) => format!("RCPT TO:<{address}>"),
        };
        dsn::write(&self.wishes, &mut line);
        line
    }
}

impl MailFrom {
    fn line(&self) -> String {
        let mut line = format!("MAIL FROM:<{}>", self.return_path);
        if let Some(size) = self.size {
            let _ = write!(line, " SIZE={size}");
        }
        if self.body == BodyKind::EightBitMime {
            line.push_str(" BODY=8BITMIME");
        }
        if self.smtputf8 {
            line.push_str(" SMTPUTF8");
        }
        if let Some(auth) = &self.auth {
            let _ = write!(line, " AUTH={auth}");
        }
        match self.hold {
            Some(Hold::For(seconds)) => {
                let _ = write!(line, " HOLDFOR={seconds}");
            }
            Some(Hold::Until(time)) => {
                let _ = write!(line, " HOLDUNTIL={}", time.rfc3339());
            }
            None => {}
        }
        dsn::write_for_letter(&self.wishes, &mut line);
        line
    }
}

/// Returns true for HELO, EHLO or LHLO.
fn introduces(line: &[u8]) -> bool {
    [&b"HELO"[..], b"EHLO", b"LHLO"].iter().any(|verb| has_verb(line, verb))
}

/// Returns true if octets follow this line that are no command, whatever else may be wrong with it.
pub(crate) fn announces_octets(line: &[u8]) -> bool {
    has_verb(line, b"BDAT")
}

fn has_verb(line: &[u8], verb: &[u8]) -> bool {
    line.split_at_checked(verb.len()).is_some_and(|(front, rest)| {
        front.eq_ignore_ascii_case(verb) && rest.first().is_none_or(|next| !next.is_ascii_alphanumeric())
    })
}

fn parse_verb(verb: &str, rest: &str) -> Result<Command, CommandError> {
    match verb.to_ascii_uppercase().as_str() {
        "HELO" => Ok(Command::Helo(name(rest))),
        "EHLO" => Ok(Command::Ehlo(name(rest))),
        "LHLO" => Ok(Command::Lhlo(name(rest))),
        "MAIL" => parse_mail(rest).map(Command::Mail),
        "RCPT" => parse_rcpt(rest).map(Command::Rcpt),
        "DATA" => alone(rest, Command::Data, "DATA without anything behind it"),
        "BDAT" => parse_bdat(rest),
        "RSET" => alone(rest, Command::Rset, "RSET without anything behind it"),
        // RFC 5321 §4.1.1.9: a parameter of NOOP is to be ignored.
        "NOOP" => Ok(Command::Noop),
        "QUIT" => alone(rest, Command::Quit, "QUIT without anything behind it"),
        "HELP" => Ok(Command::Help),
        "VRFY" => some(rest, "VRFY and a name or address").map(Command::Vrfy),
        "EXPN" => some(rest, "EXPN and the name of a list").map(Command::Expn),
        "STARTTLS" => alone(rest, Command::StartTls, "STARTTLS without anything behind it"),
        "AUTH" => parse_auth(rest),
        _ => Err(CommandError::Unknown),
    }
}

fn alone(rest: &str, command: Command, syntax: &'static str) -> Result<Command, CommandError> {
    if rest.is_empty() { Ok(command) } else { Err(CommandError::Syntax(syntax)) }
}

fn some(rest: &str, syntax: &'static str) -> Result<String, CommandError> {
    if rest.is_empty() { Err(CommandError::Syntax(syntax)) } else { Ok(rest.to_owned()) }
}

/// Returns the client's name for itself. Any name will do, `my pc` and none at all (RFC 5321 §4.1.4 forbids refusing a
/// client for its name); a text that is longer than a name can be is cut.
fn name(rest: &str) -> String {
    rest[..rest.floor_char_boundary(mail::Domain::MAX)].to_owned()
}

fn parse_mail(rest: &str) -> Result<MailFrom, CommandError> {
    const SYNTAX: CommandError = CommandError::Syntax("MAIL FROM:<address>");
    let path = after_word(rest, "FROM:").ok_or(SYNTAX)?;
    let (address, parameters) = path::split(path).ok_or(SYNTAX)?;
    let return_path = match address {
        "" => ReturnPath::Null,
        address => ReturnPath::Address(Address::parse(address).map_err(|e| CommandError::Sender(problem(&e)))?),
    };
    let mut mail = MailFrom::new(return_path);
    let mut seen = Vec::new();
    for parameter in parameters.split_ascii_whitespace() {
        let (keyword, value) = split_parameter(parameter);
        let keyword = keyword.to_ascii_uppercase();
        mail.parameter(&keyword, value, seen.contains(&keyword))?;
        seen.push(keyword);
    }
    Ok(mail)
}

impl MailFrom {
    fn parameter(&mut self, keyword: &str, value: Option<&str>, again: bool) -> Result<(), CommandError> {
        match (keyword, value) {
            ("SIZE", Some(digits)) if !again => {
                self.size = Some(number(digits).ok_or(CommandError::ParameterValue("SIZE"))?);
            }
            ("BODY", Some(body)) if !again => self.body = body_kind(body)?,
            ("SMTPUTF8", None) if !again => self.smtputf8 = true,
            ("AUTH", Some(who)) if !again => self.auth = Some(who.to_owned()),
            // RFC 4865 §4: only one of the two may be given.
            ("HOLDFOR", Some(digits)) if self.hold.is_none() => {
                self.hold = Some(Hold::For(interval(digits).ok_or(CommandError::ParameterValue("HOLDFOR"))?));
            }
            ("HOLDUNTIL", Some(time)) if self.hold.is_none() => {
                let time = Timestamp::parse_rfc3339(time).ok_or(CommandError::ParameterValue("HOLDUNTIL"))?;
                self.hold = Some(Hold::Until(time));
            }
            ("RET" | "ENVID" | "BY", value) => return self.wish(keyword, value),
            ("HOLDFOR", _) => return Err(CommandError::ParameterValue("HOLDFOR")),
            ("HOLDUNTIL", _) => return Err(CommandError::ParameterValue("HOLDUNTIL")),
            ("SIZE", _) => return Err(CommandError::ParameterValue("SIZE")),
            ("BODY", _) => return Err(CommandError::ParameterValue("BODY")),
            ("SMTPUTF8", _) => return Err(CommandError::ParameterValue("SMTPUTF8")),
            ("AUTH", _) => return Err(CommandError::ParameterValue("AUTH")),
            (unknown, _) => return Err(CommandError::UnknownParameter(unknown.to_owned())),
        }
        Ok(())
    }
}

impl MailFrom {
    /// Reads `RET=`, `ENVID=` (RFC 3461 §4.3, §4.4) or `BY=` (RFC 2852 §4).
    fn wish(&mut self, keyword: &str, value: Option<&str>) -> Result<(), CommandError> {
        let LetterWishes { returned, envelope_id, by } = &mut self.wishes;
        match (keyword, value) {
            ("RET", Some(value)) if returned.is_none() => {
                *returned = Some(value.parse().map_err(|_| CommandError::ParameterValue("RET"))?);
            }
            ("ENVID", Some(value)) if envelope_id.is_none() => {
                *envelope_id = Some(dsn::envelope_id(value).ok_or(CommandError::ParameterValue("ENVID"))?);
            }
            ("BY", Some(value)) if by.is_none() => {
                *by = Some(value.parse().map_err(|_| CommandError::ParameterValue("BY"))?);
            }
            ("RET", _) => return Err(CommandError::ParameterValue("RET")),
            ("ENVID", _) => return Err(CommandError::ParameterValue("ENVID")),
            _ => return Err(CommandError::ParameterValue("BY")),
        }
        Ok(())
    }
}

/// Reads an interval of RFC 4865 §4: one to nine digits, and not only zeros.
fn interval(digits: &str) -> Option<u32> {
    let digits = Some(digits).filter(|digits| (1..=9).contains(&digits.len()));
    digits
        .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))?
        .parse()
        .ok()
        .filter(|&seconds| seconds > 0)
}

fn body_kind(value: &str) -> Result<BodyKind, CommandError> {
    match value.to_ascii_uppercase().as_str() {
        "7BIT" => Ok(BodyKind::SevenBit),
        "8BITMIME" => Ok(BodyKind::EightBitMime),
        // RFC 3030 §3: allowed only if BINARYMIME was offered, which we do not offer.
        "BINARYMIME" => Err(CommandError::UnknownParameter("BODY=BINARYMIME".into())),
        _ => Err(CommandError::ParameterValue("BODY")),
    }
}

fn parse_rcpt(rest: &str) -> Result<RcptTo, CommandError> {
    const SYNTAX: CommandError = CommandError::Syntax("RCPT TO:<address>");
    let path = after_word(rest, "TO:").ok_or(SYNTAX)?;
    let (address, parameters) = path::split(path).ok_or(SYNTAX)?;
    if address.is_empty() {
        return Err(SYNTAX);
    }
    let to = if address.eq_ignore_ascii_case("postmaster") {
        Forward::Postmaster
    } else {
        Forward::Address(Address::parse(address).map_err(|e| CommandError::Recipient(problem(&e)))?)
    };
    let mut rcpt = RcptTo::new(to);
    for parameter in parameters.split_ascii_whitespace() {
        let (keyword, value) = split_parameter(parameter);
        rcpt.parameter(&keyword.to_ascii_uppercase(), value)?;
    }
    Ok(rcpt)
}

impl RcptTo {
    fn parameter(&mut self, keyword: &str, value: Option<&str>) -> Result<(), CommandError> {
        let Wishes { notify, original } = &mut self.wishes;
        match (keyword, value) {
            ("NOTIFY", Some(value)) if notify.is_none() => {
                *notify = Some(value.parse().map_err(|_| CommandError::ParameterValue("NOTIFY"))?);
            }
            ("ORCPT", Some(value)) if original.is_none() => {
                *original = Some(dsn::original(value).ok_or(CommandError::ParameterValue("ORCPT"))?);
            }
            ("NOTIFY", _) => return Err(CommandError::ParameterValue("NOTIFY")),
            ("ORCPT", _) => return Err(CommandError::ParameterValue("ORCPT")),
            (unknown, _) => return Err(CommandError::UnknownParameter(unknown.to_owned())),
        }
        Ok(())
    }
}

fn problem(error: &mail::AddressError) -> &'static str {
    match error {
        mail::AddressError::NoAt => "it is written local-part@domain",
        mail::AddressError::LocalPart => "the part before the @ is not valid",
        mail::AddressError::Domain => "the part after the @ is not valid",
    }
}

fn split_parameter(parameter: &str) -> (&str, Option<&str>) {
    parameter.split_once('=').map_or((parameter, None), |(keyword, value)| (keyword, Some(value)))
}

/// Takes `FROM:` or `TO:`, in any case. Blanks after the colon are wrong (RFC 5321 §3.3) and common.
fn after_word<'a>(rest: &'a str, word: &str) -> Option<&'a str> {
    let (head, tail) = rest.split_at_checked(word.len())?;
    if head.eq_ignore_ascii_case(word) { Some(tail.trim_start_matches([' ', '\t'])) } else { None }
}

/// Reads a size of up to twenty digits (RFC 1870 §4, RFC 3030 §2).
fn number(digits: &str) -> Option<u64> {
    let sane = (1..=20).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if sane { digits.parse().ok() } else { None }
}

fn parse_bdat(rest: &str) -> Result<Command, CommandError> {
    const SYNTAX: CommandError = CommandError::Syntax("BDAT size [LAST]");
    let mut words = rest.split_ascii_whitespace();
    let size = words.next().and_then(number).ok_or(SYNTAX)?;
    let last = match words.next() {
        None => false,
        Some(word) if word.eq_ignore_ascii_case("LAST") => true,
        Some(_) => return Err(SYNTAX),
    };
    if words.next().is_some() { Err(SYNTAX) } else { Ok(Command::Bdat { size, last }) }
}

fn parse_auth(rest: &str) -> Result<Command, CommandError> {
    const SYNTAX: CommandError = CommandError::Syntax("AUTH mechanism [initial-response]");
    let mut words = rest.split_ascii_whitespace();
    let mechanism = words.next().ok_or(SYNTAX)?.to_ascii_uppercase();
    let initial = words.next().map(|initial| Password::new(initial.to_owned()));
    if words.next().is_some() { Err(SYNTAX) } else { Ok(Command::Auth { mechanism, initial }) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(line: &str) -> Result<Command, CommandError> {
        Command::parse(line.as_bytes())
    }

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    #[test]
    fn mail_is_read_with_its_parameters() {
        let mut expected = MailFrom::new(ReturnPath::Address(address("josé@alpha.test")));
        expected.size = Some(1000);
        expected.body = BodyKind::EightBitMime;
        expected.smtputf8 = true;
        let found = parse("mail from: <@relay.test:josé@alpha.test>  size=1000 Body=8bitmime SMTPUTF8 ");
        assert_eq!(found, Ok(Command::Mail(expected)));
        assert_eq!(parse("MAIL FROM:<>"), Ok(Command::Mail(MailFrom::new(ReturnPath::Null))));
    }

    #[test]
    fn a_letter_may_ask_to_be_kept_in_one_of_two_ways() {
        // RFC 4865 §4.
        let hold = |text: &str| match parse(&format!("MAIL FROM:<a@b.test> {text}")) {
            Ok(Command::Mail(mail)) => Ok(mail.hold),
            Err(error) => Err(error),
            other => panic!("{other:?}"),
        };
        assert_eq!(hold("holdfor=86400"), Ok(Some(Hold::For(86_400))));
        let noon = Timestamp::from_seconds(1_795_501_377);
        assert_eq!(hold("HOLDUNTIL=2026-11-24T07:22:57+01:00"), Ok(Some(Hold::Until(noon))));
        for bad in ["HOLDFOR", "HOLDFOR=0", "HOLDFOR=-1", "HOLDFOR=1234567890", "HOLDFOR=1 HOLDFOR=2"] {
            assert_eq!(hold(bad), Err(CommandError::ParameterValue("HOLDFOR")), "{bad}");
        }
        for bad in ["HOLDUNTIL=", "HOLDUNTIL=tomorrow", "HOLDFOR=1 HOLDUNTIL=2026-11-24T07:22:57Z"] {
            assert_eq!(hold(bad), Err(CommandError::ParameterValue("HOLDUNTIL")), "{bad}");
        }
    }

    #[test]
    fn parameters_nobody_offered_are_refused() {
        let unknown = |keyword: &str| Err(CommandError::UnknownParameter(keyword.into()));
        assert_eq!(parse("MAIL FROM:<a@b.test> X-YZ=1"), unknown("X-YZ"));
        assert_eq!(parse("MAIL FROM:<a@b.test> BODY=BINARYMIME"), unknown("BODY=BINARYMIME"));
        let wishes = |text: &str| match parse(&format!("RCPT TO:<a@b.test> {text}")) {
            Ok(Command::Rcpt(rcpt)) => Ok(rcpt.wishes),
            other => Err(other.unwrap_err()),
        };
        assert_eq!(wishes("notify=never").unwrap().notify, Some(mail::Notify::Never));
        assert_eq!(wishes("ORCPT=rfc822;b+2Bx@c.test").unwrap().original.unwrap().address, "b+x@c.test");
        assert_eq!(wishes("NOTIFY=NEVER NOTIFY=DELAY"), Err(CommandError::ParameterValue("NOTIFY")));
        assert_eq!(wishes("ORCPT=rfc822;+0A"), Err(CommandError::ParameterValue("ORCPT")));
        assert_eq!(wishes("ORCPT"), Err(CommandError::ParameterValue("ORCPT")));
        assert_eq!(wishes("BY=60;R"), Err(CommandError::UnknownParameter("BY".to_owned())));
    }

    #[test]
    fn a_letter_may_come_with_wishes_for_its_reports_and_for_its_time() {
        let wishes = |text: &str| match parse(&format!("MAIL FROM:<a@b.test> {text}")) {
            Ok(Command::Mail(mail)) => Ok(mail.wishes),
            other => Err(other.unwrap_err()),
        };
        let found = wishes("ret=hdrs EnvId=QQ+2B1 by=120;rt").unwrap();
        assert_eq!((found.returned, found.envelope_id.as_deref()), (Some(mail::Returned::Header), Some("QQ+1")));
        assert_eq!(found.by.unwrap().to_string(), "120;RT");
        for (keyword, bad) in [
            ("RET", "RET"),
            ("RET", "RET=SOME"),
            ("RET", "RET=FULL RET=FULL"),
            ("ENVID", "ENVID"),
            ("ENVID", "ENVID=+0A"),
            ("ENVID", "ENVID=x ENVID=y"),
            ("BY", "BY"),
            ("BY", "BY=0;R"),
            ("BY", "BY=1;N BY=1;N"),
        ] {
            assert_eq!(wishes(bad), Err(CommandError::ParameterValue(keyword)), "{bad}");
        }
        assert_eq!(wishes("NOTIFY=NEVER"), Err(CommandError::UnknownParameter("NOTIFY".to_owned())));
    }

    #[test]
    fn wrong_values_and_doubles_are_refused() {
        for bad in
            ["SIZE", "SIZE=", "SIZE=-1", "SIZE=99999999999999999999999", "SIZE=1 SIZE=1", "BODY=9BIT", "SMTPUTF8=1"]
        {
            let found = parse(&format!("MAIL FROM:<a@b.test> {bad}"));
            assert!(matches!(found, Err(CommandError::ParameterValue(_))), "{bad}: {found:?}");
        }
    }

    #[test]
    fn postmaster_needs_no_domain() {
        assert_eq!(parse("RCPT TO:<postMaster>"), Ok(Command::Rcpt(RcptTo::new(Forward::Postmaster))));
    }

    #[test]
    fn lines_that_are_no_commands_are_refused() {
        assert_eq!(parse(""), Err(CommandError::Unknown));
        assert_eq!(parse("GET / HTTP/1.1"), Err(CommandError::Unknown));
        assert_eq!(parse("NOOP\0"), Err(CommandError::Characters));
        assert_eq!(parse("NOOP\rRSET"), Err(CommandError::Characters));
        assert_eq!(Command::parse(b"VRFY \xff"), Err(CommandError::Characters));
        for bad in [
            "MAIL",
            "MAIL TO:<a@b.test>",
            "RCPT TO:<>",
            "DATA now",
            "BDAT",
            "BDAT x",
            "BDAT 1 LAST x",
            "AUTH",
            "AUTH A b c",
        ] {
            assert!(matches!(parse(bad), Err(CommandError::Syntax(_))), "{bad}");
        }
        assert!(matches!(parse("MAIL FROM:<alice>"), Err(CommandError::Sender(_))));
        assert!(matches!(parse("RCPT TO:<a@-b>"), Err(CommandError::Recipient(_))));
    }

    #[test]
    fn a_client_may_call_itself_what_it_likes() {
        let ehlo = |name: &str| Ok(Command::Ehlo(name.to_owned()));
        for (line, name) in [
            (&b"EHLO my pc"[..], "my pc"),
            (b"EHLO", ""),
            (b"ehlo  DESKTOP_7 ", "DESKTOP_7"),
            (b"EHLO [127.0.0.1]", "[127.0.0.1]"),
            ("EHLO café".as_bytes(), "café"),
            (b"EHLO caf\xe9", "caf\u{fffd}"),
        ] {
            assert_eq!(Command::parse(line), ehlo(name), "{}", line.escape_ascii());
        }
        let Ok(Command::Helo(long)) = parse(&format!("HELO x{}", "é".repeat(300))) else { panic!("taken") };
        assert_eq!(long.len(), 255);
        assert_eq!(Command::parse(b"EHLOX \xe9"), Err(CommandError::Characters));
    }

    #[test]
    fn a_line_behind_which_octets_come_is_known_however_wrong_it_is() {
        for line in [&b"BDAT"[..], b"bdat x", b"BDAT\t\0", b"Bdat -1 LAST", b"BDAT \xff"] {
            assert!(announces_octets(line), "{}", line.escape_ascii());
        }
        for line in [&b"BDA"[..], b"BDATA 5", b"DATA", b"NOOP BDAT 5"] {
            assert!(!announces_octets(line), "{}", line.escape_ascii());
        }
    }

    #[test]
    fn a_secret_is_not_printed() {
        let command = parse("AUTH plain c2VjcmV0").unwrap();
        assert!(!format!("{command:?}").contains("c2VjcmV0"));
    }

    fn any_address() -> impl Strategy<Value = Address> {
        ("[a-zé.\" \\\\>@]{1,12}", "[a-z]{1,8}(\\.[a-z]{1,8}){0,2}").prop_filter_map("an address", |(local, domain)| {
            let address = Address::new(&local, domain.parse().ok()?).ok()?;
            (!local.eq_ignore_ascii_case("postmaster")).then_some(address)
        })
    }

    fn any_mail() -> impl Strategy<Value = MailFrom> {
        (
            prop::option::of(any_address()),
            any::<Option<u64>>(),
            any::<bool>(),
            any::<bool>(),
            prop::option::of("[!-<>-~]{1,9}"),
            prop::option::of(prop_oneof![
                (1u32..1_000_000_000).prop_map(Hold::For),
                (0i64..100_000_000_000).prop_map(|seconds| Hold::Until(Timestamp::from_seconds(seconds))),
            ]),
            any_letter_wishes(),
        )
            .prop_map(|(address, size, eight, smtputf8, auth, hold, wishes)| MailFrom {
                return_path: address.map_or(ReturnPath::Null, ReturnPath::Address),
                size,
                body: if eight { BodyKind::EightBitMime } else { BodyKind::SevenBit },
                smtputf8,
                auth,
                hold,
                wishes,
            })
    }

    fn any_letter_wishes() -> impl Strategy<Value = LetterWishes> {
        let returned = prop::sample::select(vec![None, Some(mail::Returned::Full), Some(mail::Returned::Header)]);
        let by = "[+-]?[1-9][0-9]{0,8};[nN][tT]?|[1-9][0-9]{0,8};[rR][tT]?".prop_map(|text| text.parse().unwrap());
        (returned, prop::option::of("[ -~]{1,30}"), prop::option::of(by))
            .prop_map(|(returned, envelope_id, by)| LetterWishes { returned, envelope_id, by })
    }

    fn any_wishes() -> impl Strategy<Value = Wishes> {
        let notify = (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(success, failure, delay)| {
            let none = !(success || failure || delay);
            if none { mail::Notify::Never } else { mail::Notify::On { success, failure, delay } }
        });
        let original = ("[a-z0-9-]{1,9}|utf-8", "[ -~é+=\\\\]{1,20}")
            .prop_map(|(kind, address)| mail::OriginalRecipient { kind, address });
        (prop::option::of(notify), prop::option::of(original))
            .prop_map(|(notify, original)| Wishes { notify, original })
    }

    fn any_command() -> impl Strategy<Value = Command> {
        let name = "([!-~é]{1,9}( [!-~é]{1,9}){0,2})?";
        prop_oneof![
            name.prop_map(Command::Helo),
            name.prop_map(Command::Ehlo),
            name.prop_map(Command::Lhlo),
            any_mail().prop_map(Command::Mail),
            (any_address(), any_wishes())
                .prop_map(|(address, wishes)| Command::Rcpt(RcptTo { to: Forward::Address(address), wishes })),
            (any::<u64>(), any::<bool>()).prop_map(|(size, last)| Command::Bdat { size, last }),
            "[!-~]{1,9}( [!-~]{1,9})?".prop_map(Command::Vrfy),
            "[!-~]{1,9}( [!-~]{1,9})?".prop_map(Command::Expn),
            ("[A-Z0-9-]{1,20}", prop::option::of("[A-Za-z0-9+/=]{1,40}"))
                .prop_map(|(mechanism, initial)| { Command::Auth { mechanism, initial: initial.map(Password::new) } }),
            prop::sample::select(vec![
                Command::Data,
                Command::Rset,
                Command::Noop,
                Command::Quit,
                Command::Help,
                Command::StartTls,
                Command::Rcpt(RcptTo::new(Forward::Postmaster)),
            ]),
        ]
    }

    proptest! {
        #[test]
        fn a_command_goes_round(command in any_command()) {
            let mut wire = Vec::new();
            command.encode(&mut wire);
            let line = wire.strip_suffix(b"\r\n").unwrap();
            prop_assert_eq!(Command::parse(line), Ok(command));
        }

        #[test]
        fn any_line_is_read_without_a_panic(line in "(?i)(MAIL FROM:|RCPT TO:|BDAT |AUTH |)[<>@:a-z\" =\\\\é.]{0,40}") {
            let _ = Command::parse(line.as_bytes());
        }
    }
}
