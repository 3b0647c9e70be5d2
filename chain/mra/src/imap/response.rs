//! Parses the responses of a server (RFC 9051 §7).

use bytes::Bytes;
use mail::Timestamp;

use super::assemble::Raw;
use super::code::Code;
use super::date::date_time;
use super::numbers::Numbers;
use super::value::{Value, Words};

/// The status of a command, or of an untagged response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Status {
    Ok,
    No,
    Bad,
    /// Untagged only: the server ends the conversation.
    Bye,
    /// Untagged only: logged in from the start.
    Preauth,
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// `+`, with the text behind it: go on.
    Continue(String),
    /// A status, with the tag of the command that it ends, if it ends one.
    Status {
        /// The command.
        tag: Option<String>,
        /// The status of the command.
        status: Status,
        /// The code, for programs.
        code: Option<Code>,
        /// The text, for people.
        text: String,
    },
    /// The capabilities of the server, in capitals.
    Capability(Vec<String>),
    /// A folder.
    List(Listed),
    /// The number of letters in the folder.
    Exists(u32),
    /// A letter went.
    Expunge,
    /// Letters went, by UID (RFC 7162).
    Vanished,
    /// Something of a letter.
    Fetch(Box<Fetched>),
    /// The letters that SEARCH found, whichever form the answer had.
    Search(Numbers),
    /// STATUS of a folder: its name and its numbers by name.
    FolderStatus(String, Vec<(String, u64)>),
    /// Nothing that we asked for.
    Other,
}

/// A folder of LIST.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// `\HasChildren`, `\Sent`, …
    pub attributes: Vec<String>,
    /// The character between the levels of its name.
    pub delimiter: Option<char>,
    /// The name as the server writes it.
    pub raw_name: Bytes,
}

impl Listed {
    /// Returns true if the folder has this attribute, whatever the case.
    pub fn has(&self, attribute: &str) -> bool {
        self.attributes.iter().any(|own| own.eq_ignore_ascii_case(attribute))
    }
}

/// The items that FETCH told of a letter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    /// UID
    pub uid: Option<u32>,
    /// FLAGS
    pub flags: Option<Vec<String>>,
    /// INTERNALDATE
    pub date: Option<Timestamp>,
    /// RFC822.SIZE
    pub size: Option<u64>,
    /// BODY[]
    pub body: Option<Bytes>,
    /// BODY[HEADER.FIELDS …]
    pub header: Option<Bytes>,
    /// The octets of a body that was larger than we keep.
    pub too_large: Option<u64>,
    /// X-GM-MSGID
    pub gmail_id: Option<u64>,
    /// X-GM-LABELS
    pub gmail_labels: Option<Vec<Bytes>>,
}

impl Response {
    /// Parses a response. A response that makes no sense is [`Response::Other`]: a server may say more than we know
    /// of.
    pub fn read(raw: &Raw) -> Self {
        let mut words = Words::of(raw);
        let Some(first) = words.plain() else { return Self::Other };
        match &first[..] {
            b"+" => Self::Continue(lossy(words.rest()).trim_start().to_owned()),
            b"*" => untagged(words).unwrap_or(Self::Other),
            tag => status(Some(lossy(tag)), &mut words).unwrap_or(Self::Other),
        }
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn status(tag: Option<String>, words: &mut Words<'_>) -> Option<Response> {
    let word = words.plain()?.to_ascii_uppercase();
    let status = match &word[..] {
        b"OK" => Status::Ok,
        b"NO" => Status::No,
        b"BAD" => Status::Bad,
        b"BYE" => Status::Bye,
        b"PREAUTH" => Status::Preauth,
        _ => return None,
    };
    let rest = lossy(words.rest());
    let (code, text) = Code::split(&rest);
    Some(Response::Status { tag, status, code, text: text.to_owned() })
}

fn untagged(mut words: Words<'_>) -> Option<Response> {
    let word = words.plain()?;
    if let Some(number) = std::str::from_utf8(&word).ok().and_then(|word| word.parse::<u32>().ok()) {
        return numbered(number, words);
    }
    match &word.to_ascii_uppercase()[..] {
        b"OK" | b"NO" | b"BAD" | b"BYE" | b"PREAUTH" => {
            let mut again = Vec::from(&word[..]);
            again.push(b' ');
            again.extend_from_slice(words.rest());
            status(None, &mut Words::of(&vec![super::Piece::Text(again.into())]))
        }
        b"CAPABILITY" => Some(Response::Capability(capabilities(&lossy(words.rest())))),
        b"LIST" | b"LSUB" | b"XLIST" => list(&mut words).map(Response::List),
        b"SEARCH" | b"SORT" => Some(Response::Search(search(words.rest()))),
        b"ESEARCH" => Some(Response::Search(extended_search(&mut words)?)),
        b"STATUS" => folder_status(&mut words),
        b"VANISHED" => Some(Response::Vanished),
        _ => None,
    }
}

/// The words of a capability list, in capitals.
pub fn capabilities(text: &str) -> Vec<String> {
    text.split_ascii_whitespace().take(200).map(str::to_ascii_uppercase).collect()
}

fn numbered(number: u32, mut words: Words<'_>) -> Option<Response> {
    match &words.plain()?.to_ascii_uppercase()[..] {
        b"EXISTS" => Some(Response::Exists(number)),
        b"EXPUNGE" => Some(Response::Expunge),
        b"FETCH" => fetched(words.next()?.list()?).map(|fetched| Response::Fetch(Box::new(fetched))),
        _ => None,
    }
}

fn list(words: &mut Words<'_>) -> Option<Listed> {
    let attributes = words.next()?;
    let attributes = attributes.list()?.iter().filter_map(|value| Some(value.text()?.to_owned())).collect();
    let delimiter = match words.next()? {
        Value::Text(text) => std::str::from_utf8(&text).ok()?.chars().next(),
        _ => None,
    };
    let raw_name = words.next()?.bytes()?.clone();
    Some(Listed { attributes, delimiter, raw_name })
}

/// Numbers with blanks between them; a MODSEQ may stand behind them.
fn search(rest: &[u8]) -> Numbers {
    let numbers = rest.split(|b| *b == b' ').filter(|word| !word.is_empty());
    let number = |word: &[u8]| std::str::from_utf8(word).ok()?.parse::<u32>().ok().filter(|n| *n > 0);
    numbers.map_while(number).collect()
}

/// `(TAG "a1") UID ALL 1:5,7` (RFC 9051 §7.3.4).
fn extended_search(words: &mut Words<'_>) -> Option<Numbers> {
    while let Some(word) = words.next() {
        if word.is("ALL") {
            return Numbers::parse(words.next()?.text()?);
        }
    }
    Some(Numbers::new())
}

fn folder_status(words: &mut Words<'_>) -> Option<Response> {
    let name = words.next()?.bytes().map(|name| lossy(name))?;
    let items = words.next()?;
    let pairs = items.list()?.as_chunks::<2>().0.iter();
    let item = |[name, number]: &[Value; 2]| Some((name.text()?.to_ascii_uppercase(), number.number()?));
    Some(Response::FolderStatus(name, pairs.filter_map(item).collect()))
}

fn fetched(items: &[Value]) -> Option<Fetched> {
    let mut letter = Fetched::default();
    for [name, value] in items.as_chunks::<2>().0 {
        let name = name.text()?.to_ascii_uppercase();
        match name.as_str() {
            "UID" => letter.uid = value.number().filter(|uid| *uid > 0),
            "FLAGS" => letter.flags = Some(texts(value)),
            "INTERNALDATE" => letter.date = value.text().and_then(date_time),
            "RFC822.SIZE" => letter.size = value.number(),
            "BODY[]" | "RFC822" => match value {
                Value::TooLarge(size) => letter.too_large = Some(*size),
                other => letter.body = other.bytes().filter(|_| !other.is("NIL")).cloned(),
            },
            "X-GM-MSGID" => letter.gmail_id = value.number(),
            "X-GM-LABELS" => {
                let labels = value.list().unwrap_or_default().iter();
                letter.gmail_labels = Some(labels.filter_map(Value::bytes).take(500).cloned().collect());
            }
            name if name.starts_with("BODY[HEADER.FIELDS") => {
                letter.header = value.bytes().filter(|_| !value.is("NIL")).cloned();
            }
            _ => {}
        }
    }
    Some(letter)
}

fn texts(value: &Value) -> Vec<String> {
    value.list().unwrap_or_default().iter().take(500).filter_map(|flag| Some(flag.text()?.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Piece;
    use super::*;

    fn read(text: &'static str) -> Response {
        Response::read(&vec![Piece::Text(text.into())])
    }

    #[test]
    fn statuses_with_and_without_tag_code_and_text() {
        let Response::Status { tag, status, code, text } = read("a7 NO [THROTTLED] slow down") else { panic!() };
        assert_eq!((tag.as_deref(), status, text.as_str()), (Some("a7"), Status::No, "slow down"));
        assert!(code.unwrap().is_throttling());
        let Response::Status { tag: None, status: Status::Bye, .. } = read("* BYE see you") else { panic!() };
        assert_eq!(read("+ idling"), Response::Continue("idling".into()));
        assert_eq!(read("+"), Response::Continue(String::new()));
    }

    #[test]
    fn folders_with_their_uses() {
        let Response::List(listed) = read(r#"* LIST (\HasNoChildren \Sent) "." "INBOX.Envoy&AOk-s""#) else { panic!() };
        assert!(listed.has("\\sent"));
        assert_eq!((listed.delimiter, &listed.raw_name[..]), (Some('.'), &b"INBOX.Envoy&AOk-s"[..]));
        let Response::List(flat) = read("* LIST () NIL INBOX") else { panic!() };
        assert_eq!(flat.delimiter, None);
    }

    #[test]
    fn a_letter_with_all_that_was_asked_for() {
        let raw = vec![
            Piece::Text(
                r#"* 23 FETCH (X-GM-MSGID 12 X-GM-LABELS ("\\Inbox" Travel) FLAGS (\Seen $Work) INTERNALDATE " 1-Jan-1970 00:00:01 +0000" RFC822.SIZE 5 BODY[] "#
                    .into(),
            ),
            Piece::Literal("hello".into()),
            Piece::Text(" UID 7)".into()),
        ];
        let Response::Fetch(letter) = Response::read(&raw) else { panic!() };
        assert_eq!((letter.uid, letter.size, letter.gmail_id), (Some(7), Some(5), Some(12)));
        assert_eq!((letter.body.as_deref(), letter.date), (Some(&b"hello"[..]), Some(Timestamp(1000))));
        assert_eq!(letter.gmail_labels.unwrap(), ["\\Inbox", "Travel"]);
        assert_eq!(letter.flags.unwrap(), ["\\Seen", "$Work"]);
    }

    #[test]
    fn what_search_found_in_either_form() {
        assert_eq!(read("* SEARCH 2 84 882"), Response::Search(Numbers::parse("2,84,882").unwrap()));
        assert_eq!(read("* SEARCH"), Response::Search(Numbers::new()));
        assert_eq!(read("* SEARCH 5 (MODSEQ 9)"), Response::Search(Numbers::parse("5").unwrap()));
        let found = read(r#"* ESEARCH (TAG "a1") UID ALL 4:18,21"#);
        assert_eq!(found, Response::Search(Numbers::parse("4:18,21").unwrap()));
        assert_eq!(read(r#"* ESEARCH (TAG "a1") UID"#), Response::Search(Numbers::new()));
    }

    #[test]
    fn what_nobody_asked_for_is_other() {
        for text in ["", "*", "* 1", "* 1 FETCH", "* 1 FETCH (", "* LIST", "* 99999999999 EXISTS", "x", "* FLAGS (a)"] {
            assert_eq!(read(text), Response::Other, "{text}");
        }
        let Response::Fetch(odd) = read("* 1 FETCH (UID 0 BODY[] NIL RFC822.SIZE -1)") else { panic!() };
        assert_eq!(*odd, Fetched::default());
    }

    proptest! {
        #[test]
        fn whatever_comes_never_panics(text in r#"(\* )?([0-9]{1,3} )?(FETCH|LIST|SEARCH|ESEARCH|STATUS|OK|x)[ a-zA-Z0-9:,()\[\]"\\]{0,60}"#) {
            Response::read(&vec![Piece::Text(text.into()), Piece::Literal("x".into())]);
        }
    }
}
