//! The part of the commands that is about letters that go on to other houses.

use mail::{Address, Timestamp};
use mta::queue::{self, Troubled};
use serde::Serialize;
use store::{Key, View};

use super::Trouble;
use crate::context::Context;
use crate::failure::Failure;
use crate::language::say;
use crate::{clock, terminal};

/// Has letters go on again.
pub fn resume(context: &Context<'_>, through: Address, target: Option<Address>) -> Result<(), Failure> {
    let from = through.clone();
    let resume = move |tx: &mut store::Tx| Ok::<_, Trouble>(queue::resume(tx, &from, target.as_ref())?);
    let resumed = context.store()?.write_blocking(Key::Queue, resume)?;
    terminal::print(&match resumed.join(", ") {
        none if none.is_empty() => {
            say!("no forward of {through} is paused\n", "aucune transmission de {through} n'est suspendue\n")
        }
        targets => say!(
            "letters for {through} go on to {targets} again\n",
            "les lettres pour {through} sont de nouveau transmises à {targets}\n"
        ),
    });
    Ok(())
}

/// An address that letters go on to, and whether they do.
#[derive(Clone, Debug)]
pub struct Target {
    address: Address,
    troubled: Option<Troubled>,
}

/// The targets of an address of ours, each with what is known of it.
pub fn targets(view: &View, through: &Address, targets: &[Address]) -> Result<Vec<Target>, Trouble> {
    let troubled = queue::troubled(view, through)?;
    let one = |address: &Address| {
        let folded = address.to_string().to_lowercase();
        let troubled = troubled.iter().find(|one| one.target == folded).cloned();
        Target { address: address.clone(), troubled }
    };
    Ok(targets.iter().map(one).collect())
}

/// A target as scripts see it.
#[derive(Serialize)]
pub struct Shown {
    address: String,
    /// `working`, `failing` or `paused`.
    state: &'static str,
    since: Option<String>,
    said: Option<String>,
}

impl Target {
    /// The target as scripts see it.
    pub fn shown(&self) -> Shown {
        let troubled = self.troubled.as_ref();
        let paused = troubled.and_then(|one| one.paused);
        let state = match (troubled, paused) {
            (None, _) => "working",
            (Some(_), None) => "failing",
            (Some(_), Some(_)) => "paused",
        };
        let since = troubled.map(|one| paused.unwrap_or(one.since)).map(Timestamp::rfc3339);
        Shown { address: self.address.to_string(), state, since, said: troubled.map(|one| one.said.clone()) }
    }

    /// The target as a person reads it.
    pub fn text(&self) -> String {
        let Self { address, troubled } = self;
        let Some(Troubled { since, said, paused, .. }) = troubled else { return address.to_string() };
        let since = clock::minute(paused.unwrap_or(*since));
        match paused {
            Some(_) => say!(
                "{address} (paused since {since}, refused as spam: {said})",
                "{address} (suspendue depuis le {since}, refus comme spam : {said})"
            ),
            None => say!(
                "{address} (not taken there since {since}: {said})",
                "{address} (refusées là-bas depuis le {since} : {said})"
            ),
        }
    }
}
