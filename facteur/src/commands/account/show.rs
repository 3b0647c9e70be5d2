//! `facteur account show`.

use conduct::{Allowance, Ran};
use directory::account::{Account, find, last_seen};
use directory::{Destination, Resolution};
use mail::{Address, Timestamp};
use mailbox::Usage;
use serde::Serialize;
use store::View;

use super::super::{Trouble, forward, size};
use super::usage;
use crate::command_line::Form;
use crate::context::Context;
use crate::failure::Failure;
use crate::language::say;
use crate::{clock, table, terminal};

/// All that is known of a person.
struct Known {
    person: Account,
    usage: Option<Usage>,
    aliases: Vec<Address>,
    /// The recipients that it may have, and has had.
    sends: Allowance,
    browsers: u64,
    /// The number of conversations that mail clients have open; unknown if no post office runs.
    open: Option<u64>,
    seen: Option<Timestamp>,
    /// The addresses that their letters go on to.
    targets: Vec<forward::Target>,
    keep_copy: bool,
}

/// Tells all about a person.
pub fn run(context: &Context<'_>, address: &Address, form: Form) -> Result<(), Failure> {
    let (address, now) = (address.clone(), clock::now());
    let mut known = context.store()?.read_blocking(move |view| look(view, &address, now))?;
    let directory = context.running().map(|running| running.intake.directory());
    known.open = directory.map(|directory| directory.open_conversations(Some(known.person.id)).len() as u64);
    terminal::print(&if form.json { as_json(&known) } else { as_text(&known) });
    Ok(())
}

fn look(view: &View, address: &Address, now: Timestamp) -> Result<Known, Trouble> {
    let person = find(view, address)?;
    let mut aliases = Vec::new();
    for alias in directory::alias::list(view, None)? {
        if let Resolution::Ours(places) = directory::resolve(view, None, &alias.address)?
            && places.iter().any(|place| matches!(place, Destination::Local { account, .. } if *account == person.id))
        {
            aliases.push(alias.address);
        }
    }
    let browsers = directory::session::list(view, Some(person.id), now)?.len() as u64;
    let (usage, seen) = (usage(view, person.id)?, last_seen(view, person.id)?);
    let directory::forward::Forward { targets, keep_copy } = directory::forward::of(view, person.id)?;
    let targets = forward::targets(view, &person.address, &targets)?;
    let sends = conduct::allowance(view, person.id, Ran(mta::queue::ran(view)?.0))?;
    Ok(Known { person, usage, aliases, sends, browsers, open: None, seen, targets, keep_copy })
}

/// A person as scripts see them. Sizes in bytes.
#[derive(Serialize)]
struct Shown<'a> {
    address: String,
    name: Option<&'a str>,
    aliases: Vec<String>,
    language: &'static str,
    letters: u64,
    used: u64,
    quota: Option<u64>,
    /// The recipients of a day at other servers, and how many it has had.
    sends: u64,
    sent_today: u64,
    browsers: u64,
    open: Option<u64>,
    forward: Vec<forward::Shown>,
    keep_copy: bool,
    last_login: Option<String>,
    since: String,
}

fn as_json(known: &Known) -> String {
    let Known { person, usage, aliases, sends, browsers, open, seen, targets, keep_copy } = known;
    table::json(&Shown {
        address: person.address.to_string(),
        name: person.name.as_deref(),
        aliases: aliases.iter().map(ToString::to_string).collect(),
        language: person.language.code(),
        letters: usage.map_or(0, |usage| usage.letters),
        used: usage.map_or(0, |usage| usage.used),
        quota: usage.and_then(|usage| usage.quota),
        sends: sends.limit,
        sent_today: sends.sent,
        browsers: *browsers,
        open: *open,
        forward: targets.iter().map(forward::Target::shown).collect(),
        keep_copy: *keep_copy,
        last_login: seen.map(Timestamp::rfc3339),
        since: person.created.rfc3339(),
    })
}

fn as_text(known: &Known) -> String {
    let Known { person, usage, aliases, sends, browsers, open, seen, targets, keep_copy } = known;
    let mut lines = vec![(say!("address", "adresse"), person.address.to_string())];
    lines.extend(person.name.clone().map(|name| (say!("name", "nom"), name)));
    if !aliases.is_empty() {
        let all = aliases.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        lines.push((say!("aliases", "alias"), all));
    }
    lines.extend(targets.iter().map(|target| (say!("forwarded to", "transmises à"), target.text())));
    if !targets.is_empty() {
        let copy =
            if *keep_copy { say!("here, too", "ici aussi") } else { say!("elsewhere only", "ailleurs seulement") };
        lines.push((say!("copy", "copie"), copy));
    }
    lines.push((say!("language", "langue"), language(person.language)));
    lines.push((say!("letters", "lettres"), usage.map_or(0, |usage| usage.letters).to_string()));
    lines.push((say!("used", "occupé"), used(usage.as_ref())));
    lines.push((say!("sends", "envoie"), sending(sends)));
    lines.push((say!("browsers", "navigateurs"), browsers.to_string()));
    lines.extend(open.map(|open| (say!("open now", "ouvert"), open.to_string())));
    let never = || say!("not that anybody knows", "pas que l'on sache");
    lines.push((say!("last log-in", "dernière connexion"), seen.map_or_else(never, clock::minute)));
    lines.push((say!("since", "depuis"), clock::day(person.created)));
    let width = lines.iter().map(|(title, _)| title.chars().count()).max().unwrap_or(0);
    let line = |(title, text): &(String, String)| {
        let text: String = text.chars().filter(|c| !c.is_control()).collect();
        format!("{title:width$}  {text}\n")
    };
    lines.iter().map(line).collect()
}

fn language(language: directory::Language) -> String {
    match language {
        directory::Language::English => say!("English", "anglais"),
        directory::Language::French => say!("French", "français"),
    }
}

fn sending(sends: &Allowance) -> String {
    let Allowance { limit, sent, set } = sends;
    match set {
        true => say!("{sent} of {limit} today, as it was set", "{sent} sur {limit} aujourd'hui, comme fixé"),
        false => say!("{sent} of {limit} today", "{sent} sur {limit} aujourd'hui"),
    }
}

fn used(usage: Option<&Usage>) -> String {
    let octets = size::show(usage.map_or(0, |usage| usage.used));
    match usage.and_then(|usage| usage.quota).map(size::show) {
        Some(quota) => say!("{octets} of {quota}", "{octets} sur {quota}"),
        None => say!("{octets}, without limit", "{octets}, sans limite"),
    }
}
