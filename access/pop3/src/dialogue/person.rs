//! The TRANSACTION state, with a maildrop (RFC 1939 §5).

use super::act::{Act, OutOfPlace};
use super::answers;
use crate::command::Command;
use crate::language::{Language, say};
use crate::maildrop::{Listing, Maildrop, NoLetter};
use crate::reply::Reply;

pub(super) fn command(maildrop: &mut Maildrop, command: Command, language: Language) -> Result<Act, OutOfPlace> {
    let done = match command {
        Command::Stat => Ok(Act::Say(Reply::ok(format!("{} {}", maildrop.count(), maildrop.octets())))),
        Command::List(None) => Ok(Act::List(Reply::ok(summary(maildrop, language)), Listing::Sizes)),
        Command::Uidl(None) => Ok(Act::List(Reply::ok(summary(maildrop, language)), Listing::Names)),
        Command::List(Some(number)) => one(maildrop, Listing::Sizes, number),
        Command::Uidl(Some(number)) => one(maildrop, Listing::Names, number),
        Command::Retr(number) => send(maildrop, number, None, language),
        Command::Top { letter, lines } => send(maildrop, letter, Some(lines), language),
        Command::Dele(number) => maildrop
            .mark(number)
            .map(|()| Act::Say(Reply::ok(say!(language; "Letter {number} will go", "La lettre {number} partira")))),
        Command::Rset => {
            maildrop.unmark_all();
            Ok(Act::Say(Reply::ok(summary(maildrop, language))))
        }
        Command::Noop => Ok(Act::Say(Reply::ok(say!(language; "Still here", "Toujours là")))),
        Command::Quit => Ok(Act::Update),
        _ => {
            let why = say!(language; "You have logged in already", "Vous êtes déjà identifié");
            return Err(OutOfPlace(Reply::err(why)));
        }
    };
    Ok(done.unwrap_or_else(|why| Act::Say(no_letter(why, language))))
}

fn one(maildrop: &Maildrop, listing: Listing, number: u32) -> Result<Act, NoLetter> {
    maildrop.listed(listing, number).map(|listed| Act::Say(Reply::ok(listed)))
}

fn send(maildrop: &Maildrop, number: u32, lines: Option<u32>, language: Language) -> Result<Act, NoLetter> {
    let letter = maildrop.letter(number)?;
    let reply = match lines {
        None => Reply::ok(format!("{} octets", letter.size)),
        Some(_) => Reply::ok(say!(language; "The beginning of it", "En voici le début")),
    };
    Ok(Act::Send { reply, letter, lines })
}

fn summary(maildrop: &Maildrop, language: Language) -> String {
    format!("{} ({} octets)", answers::letters(language, maildrop.count()), maildrop.octets())
}

fn no_letter(why: NoLetter, language: Language) -> Reply {
    Reply::err(match why {
        NoLetter::Unknown => {
            say!(language; "There is no letter of this number", "Il n'y a pas de lettre de ce numéro")
        }
        NoLetter::Marked => say!(language; "This letter is marked to go", "Cette lettre est marquée pour partir"),
    })
}
