//! `facteur verify`: is everything kept as it should be?

mod wording;

use mailbox::verify::{Looked, Reference, Verify};
use serde::Serialize;
use store::Store;

use super::{Trouble, moving};
use crate::command_line::Verify as Asked;
use crate::context::Context;
use crate::failure::Failure;
use crate::language::say;
use crate::{clock, terminal};

/// The columns in which other rooms than the mailbox keep references to bodies.
const REFERENCES: [Reference; 2] =
    [Reference { table: "queue_letter", column: "blob" }, Reference { table: "jmap_upload", column: "blob" }];

pub fn run(asked: &Asked, context: &Context<'_>) -> Result<(), Failure> {
    verify(&context.store()?, asked)
}

/// Looks at everything in a store, prints each fault as it is found, and fails if one is left.
pub fn verify(store: &Store, asked: &Asked) -> Result<(), Failure> {
    let mut tally = Tally { json: asked.form.json, found: 0, left: 0 };
    let looked = look(store, asked.repair, &mut tally)?;
    terminal::print(&tally.end(looked));
    match tally {
        Tally { left: 0, .. } => Ok(()),
        Tally { left, .. } if asked.repair => Err(Failure::new(say!(
            "what could not be mended: {left}; restore it from a backup, or ask for help with the lines above",
            "ce qui n'a pu être réparé : {left} ; restaurez une sauvegarde, ou demandez de l'aide avec les lignes ci-dessus"
        ))),
        Tally { left, .. } => Err(Failure::new(say!(
            "faults: {left}; facteur verify --repair mends what can be mended, and deletes no letter",
            "défauts : {left} ; facteur verify --repair répare ce qui peut l'être, et n'efface aucune lettre"
        ))),
    }
}

fn look(store: &Store, repair: bool, tally: &mut Tally) -> Result<Looked, Trouble> {
    let verify = Verify { store, references: &REFERENCES, repair };
    let looked = verify.run(&mut |finding| {
        let whose = finding.account.and_then(|account| address_of(store, account));
        tally.tell(&wording::mailbox(&finding, whose), finding.mended);
    })?;
    mta::queue::verify(store, repair, clock::now(), &mut |fault| tally.tell(&wording::queue(&fault), fault.mended))?;
    ::trace::verify(store, repair, &mut |fault| tally.tell(&wording::trace(&fault), fault.mended))?;
    Ok(looked)
}

/// An account that is being removed has no address any more.
fn address_of(store: &Store, account: mail::seam::AccountId) -> Option<String> {
    let found = store.read_blocking(move |view| directory::account::by_id(view, account));
    found.ok().flatten().map(|account| account.address.to_string())
}

/// One fault, for people and for scripts.
#[derive(Serialize)]
pub struct Told {
    /// The kind of fault, in one word.
    fault: &'static str,
    /// The sentence.
    says: String,
    /// The account concerned, if it is one of an account.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    /// The letter, by its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    letter: Option<i64>,
    /// Its folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<String>,
    /// Its subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
}

#[derive(Serialize)]
struct Line<'t> {
    #[serde(flatten)]
    told: &'t Told,
    mended: bool,
}

#[derive(Serialize)]
struct End {
    event: &'static str,
    bodies: u64,
    letters: u64,
    folders: u64,
    faults: u64,
    left: u64,
}

/// The counts of the faults told so far.
struct Tally {
    json: bool,
    found: u64,
    left: u64,
}

impl Tally {
    fn tell(&mut self, told: &Told, mended: bool) {
        self.found += 1;
        self.left += u64::from(!mended);
        terminal::print(&match self.json {
            true => moving::line(&Line { told, mended }),
            false => wording::line(told, mended),
        });
    }

    fn end(&self, looked: Looked) -> String {
        let Looked { bodies, letters, folders } = looked;
        let (faults, left) = (self.found, self.left);
        if self.json {
            return moving::line(&End { event: "done", bodies, letters, folders, faults, left });
        }
        let looked = say!(
            "looked at: {bodies} bodies, {letters} letters, {folders} folders\n",
            "examinés : {bodies} corps, {letters} lettres, {folders} dossiers\n"
        );
        match (faults, left) {
            (0, _) => looked + &say!("all is as it should be\n", "tout est en ordre\n"),
            (_, 0) => looked + &say!("faults found and mended: {faults}\n", "défauts trouvés et réparés : {faults}\n"),
            _ => looked,
        }
    }
}
