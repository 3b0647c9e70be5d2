//! The sender and the recipients of a letter: the client names them, or the header does (RFC 8621 §7).

use std::collections::HashSet;
use std::time::Duration;

use mail::header::{self, Mention};
use mail::{Address, BodyKind, Domain, Envelope, LetterWishes, Recipient, ReturnPath, Timestamp, Wishes};
use serde_json::{Value, json};

use super::parameters::{self, OfSender};
use crate::api::{Object, SetError};
use crate::limits;

/// The most addresses of a field that are read.
const MOST: usize = 2000;

/// The sender and the recipients of a letter, and the time until which it waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressed {
    pub from: ReturnPath,
    pub to: Vec<Addressee>,
    pub hold: Hold,
    /// The wishes of the author for reports and for the time of delivery.
    pub wishes: LetterWishes,
    /// The parameters of the sender, as the client wrote them.
    parameters: Object,
}

/// A recipient, with the wishes of the author for reports about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressee {
    pub address: Address,
    pub wishes: Wishes,
    /// The parameters, as the client wrote them.
    parameters: Object,
}

impl Default for Addressed {
    fn default() -> Self {
        let (to, hold, wishes) = (Vec::new(), Hold::default(), LetterWishes::default());
        Self { from: ReturnPath::Null, to, hold, wishes, parameters: Object::new() }
    }
}

/// The parameters of FUTURERELEASE (RFC 4865 §4), as the client wrote them: one of the two, or none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hold {
    parameters: Object,
}

impl Hold {
    /// Returns the requested time. A time in the past means now; a time beyond our limit is an error.
    pub fn until(&self, now: Timestamp) -> Result<Option<Timestamp>, SetError> {
        let invalid = || SetError::invalid(["envelope"]);
        let Some((name, value)) = self.parameters.iter().next() else { return Ok(None) };
        let value = value.as_str().unwrap_or_default();
        let until = if name.eq_ignore_ascii_case("HOLDFOR") {
            let seconds = Some(value).filter(|digits| (1..=9).contains(&digits.len()));
            let seconds = seconds.and_then(|digits| digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse()));
            now.after(Duration::from_secs(seconds.and_then(Result::ok).ok_or_else(invalid)?))
        } else {
            // The text behind the semicolon says what to do with a time that is too far away: we always refuse it.
            let date = value.split(';').next().unwrap_or_default();
            Timestamp(date.parse::<jiff::Timestamp>().map_err(|_| invalid())?.as_millisecond())
        };
        if until > now.after(Duration::from_secs(limits::DELAYED_SEND)) {
            let most = format!("no letter is kept longer than {} seconds", limits::DELAYED_SEND);
            return Err(invalid().because(most));
        }
        Ok(Some(until).filter(|until| *until > now))
    }
}

/// Checks the envelope of the object and returns it.
pub fn given(object: &Object) -> Result<Addressed, SetError> {
    let invalid = || SetError::invalid(["envelope"]);
    let known = object.keys().all(|key| key == "mailFrom" || key == "rcptTo");
    let from = object.get("mailFrom").filter(|_| known).ok_or_else(invalid)?;
    let parameters = parameters::given(from).ok_or_else(invalid)?;
    let OfSender { hold, wishes } = parameters::of_sender(&parameters).ok_or_else(invalid)?;
    let from = address(from).ok_or_else(invalid)?;
    let list = object.get("rcptTo").and_then(Value::as_array).ok_or_else(invalid)?;
    let to: Vec<(&str, Object)> = list.iter().map(recipient).collect::<Option<_>>().ok_or_else(invalid)?;
    let from = match from {
        "" => ReturnPath::Null,
        from => Address::parse(from).map(ReturnPath::Address).map_err(|_| invalid())?,
    };
    Ok(Addressed { from, to: recipients(to)?, hold: Hold { parameters: hold }, wishes, parameters })
}

fn address(value: &Value) -> Option<&str> {
    let object = value.as_object()?;
    let known = object.keys().all(|key| key == "email" || key == "parameters");
    object.get("email")?.as_str().filter(|_| known)
}

/// Reads an Address whose parameters are such as a recipient can have.
fn recipient(value: &Value) -> Option<(&str, Object)> {
    let parameters = parameters::given(value).filter(|given| parameters::of_recipient(given).is_some())?;
    Some((address(value)?, parameters))
}

/// Returns the envelope that the letter's own header asks for. `own` is the address of the identity, which allows no
/// other one and stands in for it.
pub fn of_letter(letter: &[u8], own: &Address) -> Result<Addressed, SetError> {
    let from = match sender(letter, "Sender", "sender")? {
        Some(sender) => Some(sender),
        None => sender(letter, "From", "from")?,
    };
    let from = from.and_then(|text| Address::parse(&text).ok());
    let is_own = |from: &Address| from.to_string().eq_ignore_ascii_case(&own.to_string());
    let from = from.filter(is_own).unwrap_or_else(|| own.clone());
    let mut all = Vec::new();
    for field in header::fields(letter).filter(|field| ["To", "Cc", "Bcc"].iter().any(|name| field.is(name))) {
        all.extend(addresses(&field.value()));
    }
    let to = recipients(all.iter().map(|address| (address.as_str(), Object::new())).collect())?;
    Ok(Addressed { from: ReturnPath::Address(from), to, ..Addressed::default() })
}

/// Returns the one person in the fields of a name. Several people are an error: nobody knows which of them sends.
fn sender(letter: &[u8], name: &str, property: &str) -> Result<Option<String>, SetError> {
    let fields = header::fields(letter).filter(|field| field.is(name));
    let mut people: Vec<String> = fields.flat_map(|field| addresses(&field.value())).collect();
    match people.len() {
        0 | 1 => Ok(people.pop()),
        _ => Err(SetError::new("invalidEmail").with("properties", json!([property]))),
    }
}

/// Returns all addresses as text.
pub fn addresses(value: &[u8]) -> Vec<String> {
    let mentions = header::mentions(value, MOST).into_iter();
    mentions
        .filter_map(|mention| match mention {
            Mention::Mailbox { local, domain, .. } => Some(written(&local, &domain)),
            Mention::GroupStart(_) | Mention::GroupEnd => None,
        })
        .collect()
}

fn written(local: &[u8], domain: &[u8]) -> String {
    let (local, domain) = (String::from_utf8_lossy(local), String::from_utf8_lossy(domain));
    let address = Domain::parse(&domain).ok().and_then(|domain| Address::new(&local, domain).ok());
    address.map_or_else(|| format!("{local}@{domain}"), |address| address.to_string())
}

/// Returns each recipient once; the error names all that are no addresses.
fn recipients(texts: Vec<(&str, Object)>) -> Result<Vec<Addressee>, SetError> {
    let (mut met, mut all, mut bad) = (HashSet::new(), Vec::new(), Vec::new());
    for (text, parameters) in texts {
        match Address::parse(text) {
            Ok(address) if met.insert(address.to_string()) => {
                let wishes = parameters::of_recipient(&parameters).unwrap_or_default();
                all.push(Addressee { address, wishes, parameters });
            }
            Ok(_) => {}
            Err(_) => bad.push(text.to_owned()),
        }
    }
    if !bad.is_empty() {
        return Err(SetError::new("invalidRecipients").with("invalidRecipients", bad));
    }
    if all.is_empty() {
        return Err(SetError::new("noRecipients"));
    }
    if all.len() > limits::RECIPIENTS {
        return Err(SetError::new("tooManyRecipients").with("maxRecipients", limits::RECIPIENTS));
    }
    Ok(all)
}

/// Returns the envelope that travels with the letter.
pub fn for_letter(addressed: Addressed, letter: &[u8]) -> Envelope {
    let Addressed { from: return_path, to, wishes, .. } = addressed;
    let head = letter.get(..header::body_start(letter)).unwrap_or_default();
    let international =
        return_path.address().is_some_and(Address::needs_smtputf8) || to.iter().any(|to| to.address.needs_smtputf8());
    let body = if letter.is_ascii() { BodyKind::SevenBit } else { BodyKind::EightBitMime };
    let recipients = to.into_iter().map(|to| Recipient { wishes: to.wishes, ..Recipient::new(to.address) }).collect();
    Envelope { return_path, recipients, body, smtputf8: international || !head.is_ascii(), hold: None, wishes }
}

impl Addressed {
    /// Returns the Envelope object.
    pub fn object(&self) -> Value {
        let from = self.from.address().map(ToString::to_string).unwrap_or_default();
        let to =
            |to: &Addressee| json!({"email": to.address.to_string(), "parameters": parameters::shown(&to.parameters)});
        let to: Vec<Value> = self.to.iter().map(to).collect();
        json!({"mailFrom": {"email": from, "parameters": parameters::shown(&self.parameters)}, "rcptTo": to})
    }
}
