//! `facteur trace`: the way of a letter, step by step.

mod json;
mod picture;
mod since;
mod wording;

use ::trace::{Found, History, Page, Scope, What, find};
use mail::{Address, LetterId};
use store::Store;

use wording::People;

use super::Trouble;
use crate::command_line::Trace;
use crate::context::Context;
use crate::failure::Failure;
use crate::language::{de, say};
use crate::{clock, table, terminal};

pub fn run(trace: Trace, context: &Context<'_>) -> Result<(), Failure> {
    let since = trace.since.as_deref().map(|text| since::parse(text, clock::now())).transpose().map_err(|()| {
        usage(say!(
            "--since takes a while ago (30m, 12h, 3d, 2w) or a moment (2026-11-24, \"2026-11-24 10:30\")",
            "--since prend une durée (30m, 12h, 3d, 2w) ou un moment (2026-11-24, « 2026-11-24 10:30 »)"
        ))
    })?;
    let mut page = Page { most: trace.limit.into(), ..Page::default() };
    page.since = since.unwrap_or(page.since);
    let asked = asked(&trace.what)?;
    let store = context.store()?;
    let found = first_found(&store, &asked, page)?;
    let people = People::of(&store, &found.letters)?;
    if trace.form.json {
        terminal::print(&table::json(&json::letters(&found.letters, &people)));
        return Ok(());
    }
    match found.letters.as_slice() {
        [] => Err(nothing(&trace.what)),
        [one] => {
            terminal::print(&picture::whole(one, &people, terminal::width()));
            Ok(())
        }
        several => {
            terminal::print(&overview(several, &people, found.next.is_some()));
            Ok(())
        }
    }
}

/// Returns what the text may mean, the likeliest first: a Message-ID without its brackets looks like an address.
fn asked(text: &str) -> Result<Vec<What>, Failure> {
    if let Ok(id) = text.parse::<LetterId>() {
        return Ok(vec![What::Letter(id)]);
    }
    let message_id = What::MessageId(text.to_owned());
    if text.contains(['<', '>']) {
        return Ok(vec![message_id]);
    }
    match Address::parse(text) {
        Ok(address) => Ok(vec![What::Address(address.to_string()), message_id]),
        Err(_) if text.contains('@') => Ok(vec![message_id]),
        Err(_) => Err(usage(say!(
            "\"{text}\" is no name of a letter, no Message-ID and no address",
            "« {text} » n'est ni le nom d'une lettre, ni un Message-ID, ni une adresse"
        ))),
    }
}

fn first_found(store: &Store, asked: &[What], page: Page) -> Result<Found, Trouble> {
    for what in asked {
        let found = all(store, what, page)?;
        if !found.letters.is_empty() {
            return Ok(found);
        }
    }
    Ok(Found::default())
}

/// Returns as many as were asked for, however many pages that takes.
fn all(store: &Store, what: &What, page: Page) -> Result<Found, Trouble> {
    let mut all = Found::default();
    loop {
        let what = what.clone();
        let next = Page { before: all.next, most: page.most.saturating_sub(all.letters.len()), ..page };
        let found = store.read_blocking(move |view| find(view, Scope::Everyone, &what, next))?;
        all.letters.extend(found.letters);
        all.next = found.next;
        if all.next.is_none() || all.letters.len() >= page.most {
            return Ok(all);
        }
    }
}

/// A line or two for each letter, the last first.
fn overview(letters: &[History], people: &People, more: bool) -> String {
    let mut text: String = letters.iter().map(|letter| picture::brief(letter, people) + "\n").collect();
    text += &say!(
        "facteur trace with the name of a letter tells each step of its way.\n",
        "facteur trace suivi du nom d'une lettre raconte chaque étape de son chemin.\n"
    );
    if more {
        text += &say!("There are more: see --limit and --since.\n", "Il y en a d'autres : voir --limit et --since.\n");
    }
    text
}

fn usage(text: String) -> Failure {
    Failure { status: 2, text }
}

fn nothing(what: &str) -> Failure {
    let de_what = de(what);
    let days = ::trace::KEPT.as_secs() / (24 * 3600);
    Failure::new(say!(
        "nothing is known of {what}; the ways of letters are kept for {days} days",
        "on ne sait rien {de_what} ; le chemin des lettres est conservé {days} jours"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_a_message_id_and_an_address_are_told_apart() {
        let first = |text: &str| asked(text).ok().and_then(|asked| asked.into_iter().next());
        assert!(matches!(first("abcdefghijklmn23"), Some(What::Letter(_))));
        assert!(matches!(first("<a.b@c.test>"), Some(What::MessageId(_))));
        assert!(matches!(first("alice@alpha.test"), Some(What::Address(_))));
        assert!(matches!(first("a b@c"), Some(What::MessageId(_))));
        assert!(asked("alice").is_err_and(|failure| failure.status == 2));
    }
}
