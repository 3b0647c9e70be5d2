//! Finds who a letter is from and for: from the command line, or from its header.

use std::collections::HashSet;

use mail::header::{self, Mention};
use mail::{Address, BodyKind, Domain, Envelope, LetterWishes, Notify, Recipient, ReturnPath, Wishes};

use super::letter::{self, NotAnAddress};
use crate::command_line::Send;

/// The reason why a letter cannot be sent as it is.
#[derive(Debug, PartialEq, Eq)]
pub enum Unaddressed {
    NoRecipient,
    Wrong(NotAnAddress),
    /// The value of this option is not one that it can have.
    NoWish(&'static str, String),
}

impl From<NotAnAddress> for Unaddressed {
    fn from(wrong: NotAnAddress) -> Self {
        Self::Wrong(wrong)
    }
}

/// The envelope that the command line and the header ask for. `writer` is the user who runs the command, `home`
/// completes addresses without a domain.
pub fn envelope(send: &Send, raw: &[u8], writer: &Address, home: &Domain) -> Result<Envelope, Unaddressed> {
    let mut recipients = Vec::new();
    for text in &send.recipients {
        recipients.extend(letter::addresses(text.as_bytes(), home)?);
    }
    if send.recipients_from_header {
        recipients.extend(letter::recipients(raw, home)?);
    }
    let mut seen = HashSet::new();
    recipients.retain(|address| seen.insert(address.clone()));
    if recipients.is_empty() {
        return Err(Unaddressed::NoRecipient);
    }
    let return_path = return_path(send.from.as_deref(), raw, writer, home)?;
    let header_is_ascii = raw[..header::body_start(raw)].is_ascii();
    let mut addresses = recipients.iter().chain(return_path.address());
    let smtputf8 = !header_is_ascii || addresses.any(Address::needs_smtputf8);
    let body = if raw.is_ascii() { BodyKind::SevenBit } else { BodyKind::EightBitMime };
    let (notify, wishes) = wishes(send)?;
    let recipient = |address| Recipient { wishes: Wishes { notify, original: None }, ..Recipient::new(address) };
    let recipients = recipients.into_iter().map(recipient).collect();
    Ok(Envelope { return_path, recipients, body, smtputf8, hold: None, wishes })
}

/// Reads what `-N`, `-R` and `-V` say of reports (RFC 3461).
fn wishes(send: &Send) -> Result<(Option<Notify>, LetterWishes), Unaddressed> {
    fn read<T: std::str::FromStr>(option: &'static str, said: Option<&String>) -> Result<Option<T>, Unaddressed> {
        let read = |text: &String| text.parse().map_err(|_| Unaddressed::NoWish(option, text.clone()));
        said.map(read).transpose()
    }
    let envelope_id = send.envelope_id.clone().filter(|id| !id.is_empty());
    if let Some(id) = envelope_id.as_ref().filter(|id| !LetterWishes::is_envelope_id(id)) {
        return Err(Unaddressed::NoWish("-V", id.clone()));
    }
    let wishes = LetterWishes { returned: read("-R", send.to_return.as_ref())?, envelope_id, by: None };
    Ok((read("-N", send.notify.as_ref())?, wishes))
}

/// Returns the address that `-f` says; else the one address in From; else that of the user who runs the command.
fn return_path(said: Option<&str>, raw: &[u8], writer: &Address, home: &Domain) -> Result<ReturnPath, NotAnAddress> {
    let Some(said) = said else {
        return Ok(ReturnPath::Address(author(raw, home).unwrap_or_else(|| writer.clone())));
    };
    if matches!(said.trim(), "" | "<>") {
        return Ok(ReturnPath::Null);
    }
    match letter::addresses(said.as_bytes(), home)?.as_slice() {
        [one] => Ok(ReturnPath::Address(one.clone())),
        _ => Err(NotAnAddress(said.to_owned())),
    }
}

/// The address in From, if there is exactly one.
fn author(raw: &[u8], home: &Domain) -> Option<Address> {
    let from = header::find(raw, "From")?;
    match letter::addresses(from.raw_value, home).ok()?.as_slice() {
        [one] => Some(one.clone()),
        _ => None,
    }
}

/// Returns true if the letter says who wrote it.
pub fn has_author(raw: &[u8]) -> bool {
    header::find(raw, "From").is_some_and(|from| {
        header::mentions(from.raw_value, 1).iter().any(|mention| matches!(mention, Mention::Mailbox { .. }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command_line::{Command, CommandLine};

    fn asked(flags: &str, raw: &[u8]) -> Result<Envelope, Unaddressed> {
        let words = format!("sendmail {flags}");
        let line =
            CommandLine::read(words.split(' ').map(Into::into)).unwrap_or_else(|refused| panic!("{}", refused.error));
        let Some(Command::Send(send)) = line.command else { panic!("sendmail is send") };
        let home = Domain::parse("alpha.test").unwrap();
        envelope(&send, raw, &Address::parse("root@alpha.test").unwrap(), &home)
    }

    fn to(envelope: &Envelope) -> Vec<String> {
        envelope.recipients.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_recipients_are_those_of_the_command_line_and_with_t_those_of_the_header_each_once() {
        let raw = b"To: bob@beta.test, carol\r\n\r\n";
        assert_eq!(to(&asked("dave,erin@x.test", raw).unwrap()), ["dave@alpha.test", "erin@x.test"]);
        assert_eq!(to(&asked("-t carol", raw).unwrap()), ["carol@alpha.test", "bob@beta.test"]);
        assert_eq!(asked("-t", b"Subject: x\r\n\r\n"), Err(Unaddressed::NoRecipient));
        assert_eq!(asked("bob@", raw).map(|e| to(&e)), Ok(vec!["bob@alpha.test".to_owned()]));
        assert!(matches!(asked("a@b..c", raw), Err(Unaddressed::Wrong(_))));
    }

    #[test]
    fn bounces_go_to_f_or_to_the_author_or_to_who_runs_the_command() {
        let path = |flags, raw: &[u8]| asked(flags, raw).unwrap().return_path.to_string();
        assert_eq!(path("-f alice b@x.test", b"From: eve@x.test\r\n\r\n"), "alice@alpha.test");
        assert_eq!(path("-f <> b@x.test", b"From: eve@x.test\r\n\r\n"), "");
        assert_eq!(path("b@x.test", b"From: Eve <eve@x.test>\r\n\r\n"), "eve@x.test");
        assert_eq!(path("b@x.test", b"From: a@x.test, b@x.test\r\n\r\n"), "root@alpha.test");
        assert_eq!(path("b@x.test", b"\r\nhello"), "root@alpha.test");
    }

    #[test]
    fn what_the_letter_needs_of_the_way_is_seen() {
        let envelope = asked("b@x.test", "Subject: x\r\n\r\né\r\n".as_bytes()).unwrap();
        assert_eq!((envelope.body, envelope.smtputf8), (BodyKind::EightBitMime, false));
        assert!(asked("b@x.test", "Subject: é\r\n\r\n".as_bytes()).unwrap().smtputf8);
        assert!(asked("josé@x.test", b"Subject: x\r\n\r\n").unwrap().smtputf8);
    }
}
