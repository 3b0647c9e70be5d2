//! `facteur hold`: letters that are kept back because an account behaves as if it was stolen, or has sent enough for a day.

use std::collections::HashMap;

use conduct::Reason;
use intake::{Held, HeldLetter};
use mail::Address;
use mail::seam::{AccountId, OurFault};
use serde::Serialize;
use store::Store;

use super::Trouble;
use super::account::{NewPassword, another, must_exist};
use crate::command_line::Form;
use crate::command_line::hold::HoldCommand;
use crate::context::Context;
use crate::failure::Failure;
use crate::language::say;
use crate::table::{self, Table};
use crate::threads::on_one_thread;
use crate::{clock, terminal};

/// The most letters of one hold that are shown.
const MOST: usize = 1_000;

pub fn run(command: HoldCommand, context: &Context<'_>) -> Result<(), Failure> {
    match command {
        HoldCommand::List { form } => list(context, form),
        HoldCommand::Show { address, form } => show(context, &address, form),
        HoldCommand::Release { address } => {
            let account = account_of(&context.store()?, &address)?;
            let released = waited(context.intake()?.holds().release(account))?;
            if released == 0 {
                return Err(nothing_held(&address));
            }
            terminal::print(&say!("the letters of {address} leave\n", "les lettres de {address} partent\n"));
            Ok(())
        }
        HoldCommand::Drop { address, password } => {
            let store = context.store()?;
            must_exist(&store, &address)?;
            let account = account_of(&store, &address)?;
            let holds = context.intake()?.holds();
            let suspicious = |held: &Held| held.hold.reason != Reason::DayLimit;
            if !waited(holds.list(Some(account)))?.iter().any(suspicious) {
                return Err(nothing_held(&address));
            }
            let password = NewPassword::of(password, &address)?;
            let secret = another(&store, &address, &password.password)?;
            waited(holds.drop_letters(address, secret))?;
            password.show();
            Ok(())
        }
    }
}

/// Waits for work on what is kept back.
fn waited<T>(work: impl Future<Output = Result<T, OurFault>>) -> Result<T, Failure> {
    on_one_thread()?.block_on(work).map_err(|fault| {
        let why = fault.to_string();
        Failure::new(say!("it could not be done now: {why}", "impossible pour l'instant : {why}"))
    })
}

fn account_of(store: &Store, address: &Address) -> Result<AccountId, Failure> {
    let address = address.clone();
    let found = store.read_blocking(move |view| Ok::<_, Trouble>(directory::account::find(view, &address)?.id));
    Ok(found?)
}

fn nothing_held(address: &Address) -> Failure {
    Failure::new(say!(
        "no letters of {address} are kept back as suspicious; facteur hold list shows those there are",
        "aucune lettre de {address} n'est retenue pour soupçon ; facteur hold list montre celles qui le sont"
    ))
}

/// A hold as scripts see it.
#[derive(Serialize)]
struct Listed {
    address: String,
    reason: &'static str,
    network: Option<String>,
    since: String,
    letters: u64,
    recipients: u64,
}

fn list(context: &Context<'_>, form: Form) -> Result<(), Failure> {
    let store = context.store()?;
    let held = waited(context.intake()?.holds().list(None))?;
    let people = store.read_blocking(|view| Ok::<_, Trouble>(directory::account::list(view, None)?))?;
    let people: HashMap<AccountId, String> =
        people.into_iter().map(|person| (person.id, person.address.to_string())).collect();
    let whose = |held: &Held| people.get(&held.hold.account).cloned().unwrap_or_default();
    let text = match form.json {
        true => table::json(&held.iter().map(|held| listed(held, whose(held))).collect::<Vec<_>>()),
        false => as_table(&held, whose),
    };
    terminal::print(&text);
    Ok(())
}

fn listed(held: &Held, address: String) -> Listed {
    Listed {
        address,
        reason: held.hold.reason.name(),
        network: held.hold.network.map(|network| network.to_string()),
        since: held.hold.opened.rfc3339(),
        letters: held.count.letters,
        recipients: held.count.recipients,
    }
}

fn as_table(held: &[Held], whose: impl Fn(&Held) -> String) -> String {
    if held.is_empty() {
        return say!("nobody's letters are kept back\n", "personne n'a de lettres retenues\n");
    }
    let mut table = Table::new([
        say!("address", "adresse"),
        say!("why", "pourquoi"),
        say!("network", "réseau"),
        say!("since", "depuis"),
        say!("letters", "lettres"),
        say!("recipients", "destinataires"),
    ]);
    for held in held {
        table.row([
            whose(held),
            reason(held.hold.reason),
            held.hold.network.map(|network| network.to_string()).unwrap_or_default(),
            clock::minute(held.hold.opened),
            held.count.letters.to_string(),
            held.count.recipients.to_string(),
        ]);
    }
    table.show()
}

fn reason(reason: Reason) -> String {
    match reason {
        Reason::Strangers => say!("many strangers", "beaucoup d'inconnus"),
        Reason::Refusals => say!("many refusals", "beaucoup de refus"),
        Reason::DayLimit => say!("the day's limit", "la limite du jour"),
    }
}

/// A letter as scripts see it.
#[derive(Serialize)]
struct ShownLetter {
    letter: String,
    subject: String,
    reason: &'static str,
    arrived: String,
    recipients: Vec<String>,
    recipients_in_all: u64,
}

fn show(context: &Context<'_>, address: &Address, form: Form) -> Result<(), Failure> {
    let account = account_of(&context.store()?, address)?;
    let holds = context.intake()?.holds();
    let mut letters = Vec::new();
    for held in waited(holds.list(Some(account)))? {
        let of_hold = waited(holds.letters(held.hold.id, MOST))?;
        letters.extend(of_hold.into_iter().map(|letter| (held.hold.reason, letter)));
    }
    let text = match form.json {
        true => table::json(&letters.iter().map(|(reason, letter)| shown(*reason, letter)).collect::<Vec<_>>()),
        false if letters.is_empty() => {
            say!("no letters of {address} are kept back\n", "aucune lettre de {address} n'est retenue\n")
        }
        false => letters.iter().map(|(_, letter)| as_text(letter)).collect(),
    };
    terminal::print(&text);
    Ok(())
}

fn shown(reason: Reason, HeldLetter { letter, subject }: &HeldLetter) -> ShownLetter {
    ShownLetter {
        letter: letter.id.to_string(),
        subject: subject.clone(),
        reason: reason.name(),
        arrived: letter.arrived.rfc3339(),
        recipients: letter.recipients.iter().map(ToString::to_string).collect(),
        recipients_in_all: letter.recipients_in_all,
    }
}

fn as_text(HeldLetter { letter, subject }: &HeldLetter) -> String {
    let subject: String = subject.chars().filter(|c| !c.is_control()).collect();
    let to: Vec<String> = letter.recipients.iter().map(ToString::to_string).collect();
    let more = letter.recipients_in_all.saturating_sub(to.len() as u64);
    let more = if more > 0 { format!(" +{more}") } else { String::new() };
    format!("{}  {}  {subject}\n    {}{more}\n", letter.id, clock::minute(letter.arrived), to.join(", "))
}
