//! `facteur send`: takes the letter on standard input into the post office, as sendmail does.

mod envelope;
mod letter;
pub mod sysexits;

use intake::LARGEST_LETTER;
use mail::seam::Verdict;
use mail::{Address, Domain, Letter, Reply};
use store::Store;

use self::envelope::Unaddressed;
use self::letter::{NotAnAddress, ReadError};
use super::Trouble;
use crate::command_line::Send;
use crate::context::Context;
use crate::control::Who;
use crate::failure::Failure;
use crate::language::{say, system};
use crate::users;
use crate::{clock, terminal};

/// Takes the letter in, on disk when this returns. A post office that runs carries it at once; one that does not, when it
/// starts. Any user of this machine may send, in any name, as with every sendmail; the letter and its history say which user
/// it was.
pub fn run(send: Send, context: &Context<'_>) -> Result<(), Failure> {
    check_flags(&send)?;
    let who = terminal::caller()?.who().clone();
    let raw = read(&send)?;
    let store = context.store().map_err(|failure| Failure { status: sysexits::CONFIG, ..failure })?;
    let hostname = &context.config().hostname;
    let home = home(&store, hostname)?;
    let writer = writer(&who, &home)?;
    let reports_to = reachable(&store, &writer)?;
    let envelope = envelope::envelope(&send, &raw, &reports_to, &home).map_err(unaddressed)?;
    let user = user(&who);
    let letter = begun(&with_author(&send, raw, &writer), hostname, &user);
    let acceptor = context.intake()?.acceptor();
    let accepted = crate::threads::on_one_thread()?.block_on(acceptor.accept_here(letter, envelope, &user));
    match accepted {
        Ok(Verdict::Accept) => Ok(()),
        Ok(Verdict::Refuse(reply)) => Err(refused(&reply)),
        Err(fault) => Err(later(&fault.to_string())),
    }
}

/// Refuses the options of sendmail that are not here, rather than do them half.
fn check_flags(send: &Send) -> Result<(), Failure> {
    let usage = |text| Err(Failure { status: sysexits::USAGE, text });
    match send.service.as_deref() {
        None | Some("m") => {}
        Some("p") => return usage(say!("for the queue: facteur queue list", "pour la file : facteur queue list")),
        Some(other) => {
            return usage(say!(
                "-b{other} is a service of sendmail that is not here; letters are sent without it",
                "-b{other} est un service de sendmail absent ici ; pour envoyer une lettre, il n'en faut pas"
            ));
        }
    }
    if send.recipients.is_empty() && !send.recipients_from_header {
        return usage(say!(
            "say who gets the letter, or -t for those in its header",
            "dites à qui va la lettre, ou -t pour ceux de son en-tête"
        ));
    }
    Ok(())
}

fn read(send: &Send) -> Result<Vec<u8>, Failure> {
    let whole = send.ignore_dots || send.options.iter().any(|option| option == "i");
    let input = terminal::input(LARGEST_LETTER).map_err(|failure| unreadable(&failure.text))?;
    let typed = letter::read(input.as_slice(), whole, LARGEST_LETTER).map_err(|error| match error {
        ReadError::Empty => Failure {
            status: sysexits::NOINPUT,
            text: say!("there is no letter on standard input", "il n'y a pas de lettre sur l'entrée standard"),
        },
        ReadError::TooLarge { limit } => {
            let most = super::size::show(limit as u64);
            Failure {
                status: sysexits::DATAERR,
                text: say!("the letter is larger than {most}", "la lettre dépasse {most}"),
            }
        }
        ReadError::Io(why) => unreadable(&system(&why)),
    })?;
    Ok(letter::with_header_end(typed))
}

/// The domain of addresses that are written without one: our first, or the name of this machine.
fn home(store: &Store, hostname: &Domain) -> Result<Domain, Failure> {
    let domains = store.read_blocking(|view| Ok::<_, Trouble>(directory::domain::list(view)?));
    let domains = domains.map_err(|trouble| later(&Failure::from(trouble).text))?;
    let first = domains.into_iter().min_by_key(|entry| entry.created).map(|entry| entry.name);
    Ok(first.unwrap_or_else(|| hostname.clone()))
}

/// Returns the address of the user who runs this.
fn writer(who: &Who, home: &Domain) -> Result<Address, Failure> {
    let name = who.name.clone().unwrap_or_else(|| format!("user{}", who.uid));
    Address::new(&name, home.clone()).map_err(|_| wrong(&NotAnAddress(name)))
}

/// The user as the system knows them, whatever they call themselves: `user www-data, number 33`.
fn user(Who { uid, .. }: &Who) -> String {
    let name: String = users::named(*uid).unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match name.is_empty() || !name.chars().all(plain) {
        true => format!("user number {uid}"),
        false => format!("user {name}, number {uid}"),
    }
}

/// Returns the address that gets reports for this writer: their own, or the postmaster's if they have no mailbox
/// (root, www-data, …).
fn reachable(store: &Store, writer: &Address) -> Result<Address, Failure> {
    let asked = writer.clone();
    let found = store.read_blocking(move |view| Ok::<_, Trouble>(directory::resolve(view, None, &asked)?));
    match found.map_err(|trouble| later(&Failure::from(trouble).text))? {
        directory::Resolution::Unknown => {
            Ok(Address::new("postmaster", writer.domain().clone()).unwrap_or_else(|_| writer.clone()))
        }
        _ => Ok(writer.clone()),
    }
}

/// A letter without From gets one that names who sends it.
fn with_author(send: &Send, raw: Vec<u8>, writer: &Address) -> Vec<u8> {
    if envelope::has_author(&raw) {
        return raw;
    }
    let said = send.from.as_deref().and_then(|text| letter::addresses(text.as_bytes(), writer.domain()).ok());
    let author = said.and_then(|list| list.into_iter().next()).unwrap_or_else(|| writer.clone());
    [letter::from_field(send.full_name.as_deref(), &author).as_bytes(), &raw].concat()
}

/// The letter with a line before it that says where it began (RFC 5321 §4.4).
fn begun(raw: &[u8], hostname: &Domain, user: &str) -> Letter {
    let (id, now) = (clock::letter_id(), clock::now());
    let front = format!("Received: by {hostname} (Facteur, from {user})\r\n\tid {id}; {}\r\n", now.rfc5322());
    Letter { id, raw: [front.as_bytes(), raw].concat().into() }
}

fn unreadable(why: &str) -> Failure {
    Failure {
        status: sysexits::IOERR,
        text: say!("standard input cannot be read: {why}", "impossible de lire l'entrée standard : {why}"),
    }
}

fn unaddressed(error: Unaddressed) -> Failure {
    match error {
        Unaddressed::NoRecipient => Failure {
            status: sysexits::USAGE,
            text: say!("the letter names nobody in To, Cc or Bcc", "la lettre ne nomme personne dans To, Cc ou Bcc"),
        },
        Unaddressed::Wrong(not) => wrong(&not),
        Unaddressed::NoWish(option, value) => Failure {
            status: sysexits::USAGE,
            text: say!("{option} cannot be \"{value}\"", "{option} ne peut pas être « {value} »"),
        },
    }
}

fn wrong(NotAnAddress(text): &NotAnAddress) -> Failure {
    Failure {
        status: sysexits::DATAERR,
        text: say!("\"{text}\" is not an address", "« {text} » n'est pas une adresse"),
    }
}

/// RFC 3463 says what kind of refusal it is; `sysexits.h` how callers are told.
fn refused(reply: &Reply) -> Failure {
    let status = match (reply.is_transient(), reply.enhanced) {
        (true, _) => sysexits::TEMPFAIL,
        (_, Some(mail::Enhanced(_, 1, 1 | 10))) => sysexits::NOUSER,
        (_, Some(mail::Enhanced(_, 1, _))) => sysexits::DATAERR,
        _ => sysexits::UNAVAILABLE,
    };
    let reply = reply.to_string();
    Failure { status, text: say!("the letter was not taken: {reply}", "la lettre n'a pas été prise : {reply}") }
}

fn later(why: &str) -> Failure {
    Failure {
        status: sysexits::TEMPFAIL,
        text: say!("not now, try again later: {why}", "pas maintenant, réessayez plus tard : {why}"),
    }
}
