//! Fetching now, with somebody looking on.

use std::sync::Arc;
use std::time::Duration;

use intake::Intake;
use intake::fetched::Target;
use mra::ledger::{self, Source, SourceError};
use mra::progress::{Listener, News, Round};
use mra::{Agent, Fault, Mailbox, Manner};
use mta::route::Routes;
use net::{Shutdown, Stop};
use store::{Key, Options, Store};

use super::tell::Teller;
use super::{Failure, add, list, secret, trouble, vault};
use crate::command_line::fetch::RunFetch;
use crate::commands::moving;
use crate::config::Config;
use crate::context::Context;
use crate::data_fault::data_fault;
use crate::language::{self, say};
use crate::{clock, private, server, terminal};

/// Tries in a row that bring nothing.
const TRIES: u32 = 5;
/// The pause after a first complaint of too much that names none.
const THROTTLED: Duration = Duration::from_secs(3);
/// The longest wait for a server that asks for one.
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);

pub fn run(run: RunFetch, context: &Context<'_>) -> Result<(), Failure> {
    let (place, sources) = match run.once.clone() {
        Some(mailbox) => once(mailbox, &run, context)?,
        None => named(&run.sources, context)?,
    };
    let vault = Arc::new(vault(&place.config)?);
    let resolver = server::resolver(context.config())?;
    let means = server::means(&place.store, &place.intake, &Routes::default(), resolver.clone());
    let homes = Arc::new(place.intake.fetch_destinations(means.map_err(server::StartFault::Tls)?));
    let agent = Agent::new(place.store.clone(), vault, resolver, homes);
    let agent = match context.running() {
        Some(running) => agent.within(running.memory.clone()),
        None => agent,
    };
    let failed = crate::threads::on_one_thread()?.block_on(all(&agent, &sources, run.json));
    drop(agent);
    place.close();
    match failed? {
        0 => Ok(()),
        _ => Err(Failure::new(say!("not everything was fetched", "tout n'a pas été relevé"))),
    }
}

/// The mailboxes that letters are fetched into.
struct FetchInto {
    store: Store,
    intake: Intake,
    /// The configuration, with the folder that the key for passwords lies in.
    config: Config,
    /// True for a store of its own, beside a Maildir.
    beside: bool,
}

impl FetchInto {
    fn of(context: &Context<'_>) -> Result<Self, Failure> {
        let (store, intake) = (context.store()?, context.intake()?);
        Ok(Self { store, intake, config: context.config().clone(), beside: false })
    }

    /// Puts everything on the disk, where nobody else will.
    fn close(self) {
        if self.beside {
            self.store.close_blocking();
        }
    }
}

/// Sources of the list.
fn named(names: &[String], context: &Context<'_>) -> Result<(FetchInto, Vec<Source>), Failure> {
    let place = FetchInto::of(context)?;
    let names = names.to_vec();
    let sources = place.store.read_blocking(move |view| {
        if names.is_empty() {
            return Ok(ledger::list(view)?);
        }
        let find = |name: &String| ledger::by_name(view, name)?.ok_or_else(|| SourceError::Unknown(name.clone()));
        names.iter().map(find).collect::<Result<Vec<_>, _>>()
    });
    Ok((place, sources.map_err(trouble)?))
}

/// Fetches from a source that is not in the list. The memory of its letters is kept all the same, so that the same
/// command goes on where it stopped: for a Maildir beside it, in a folder that no reader of Maildirs looks into.
fn once(mailbox: Mailbox, run: &RunFetch, context: &Context<'_>) -> Result<(FetchInto, Vec<Source>), Failure> {
    let target = run.to.clone().unwrap_or_default();
    let settings = add::settings(mailbox, target.clone(), &run.options)?;
    let secret = secret(&run.login, &settings.mailbox, context.config())?;
    let place = match Target::parse(&target) {
        Some(Target::Maildir(path)) => beside(&path, context.config())?,
        _ => FetchInto::of(context)?,
    };
    let name = format!("{} {target}", settings.mailbox);
    let sealed = vault(&place.config)?.seal(&name, &secret.write());
    let now = clock::now();
    let source = place.store.write_blocking(Key::Fetching, move |tx| match ledger::by_name(tx, &name)? {
        Some(known) => {
            ledger::change(tx, known.id, &settings, &sealed)?;
            ledger::get(tx, known.id)
        }
        None => {
            let id = ledger::add(tx, &name, &settings, Some(&sealed), false, now)?;
            ledger::get(tx, id)
        }
    });
    let source = source.map_err(trouble)?.into_iter().collect();
    Ok((place, source))
}

fn beside(maildir: &std::path::Path, config: &Config) -> Result<FetchInto, Failure> {
    let folder = maildir.join("facteur-fetch");
    let made = maildir::Maildir::at(maildir).create();
    made.map_err(|why| moving::trouble(&why.into()))?;
    drop(private::close(&folder).map_err(|fault| Failure::new(fault.to_string()))?);
    let options = Options { readers: 1, ..Options::new(&folder) };
    let store = Store::open(options, mra::MIGRATIONS).map_err(|fault| Failure::new(data_fault(&fault)))?;
    let intake = Intake::new(store.clone(), &config.hostname);
    Ok(FetchInto { store, intake, config: Config { data: folder, ..config.clone() }, beside: true })
}

/// One after the other. Gives how many failed.
async fn all(agent: &Agent, sources: &[Source], json: bool) -> Result<usize, Failure> {
    let (stop, shutdown) = Stop::new();
    let mut failed = 0;
    for source in sources {
        let teller = Arc::new(Teller::new(&source.name, json));
        let fetching = to_the_end(agent, source, teller.clone(), shutdown.clone());
        let mut fetching = std::pin::pin!(fetching);
        let outcome = tokio::select! {
            outcome = &mut fetching => outcome,
            () = terminal::stopped() => {
                stop.request(Duration::from_secs(10));
                // Letters that have come are taken home; those that have not will come the next time.
                tokio::time::timeout(Duration::from_secs(10), fetching).await.unwrap_or(Err(Fault::Ended))
            }
        };
        report(&teller, source, &outcome);
        failed += usize::from(!is_whole(&outcome));
        if shutdown.is_requested() {
            return Ok(failed.max(1));
        }
    }
    Ok(failed)
}

/// Returns true if everything that is wanted has come.
fn is_whole(outcome: &Result<Round, Fault>) -> bool {
    outcome.as_ref().is_ok_and(|round| round.vain == 0)
}

fn report(teller: &Teller, source: &Source, outcome: &Result<Round, Fault>) {
    let fault = match outcome {
        Ok(round) if round.vain == 0 => return teller.end(None),
        Ok(round) => return teller.end(Some((list::PARTLY, &list::left_there(round.vain)))),
        Err(fault) => fault,
    };
    let said = fault.to_string();
    let code = fault.kind().and_then(|kind| serde_json::to_value(kind).ok());
    let code = code.as_ref().and_then(|code| code.as_str()).unwrap_or("ended");
    teller.end(Some((code, &said)));
    let what = fault.kind().map_or_else(|| say!("it was stopped", "elle a été arrêtée"), list::ailment);
    let name = &source.name;
    let said = language::fault(&said);
    terminal::note(&say!("{name}: {what}: {said}\n", "{name} : {what} : {said}\n"));
}

/// The time after which a failed round is tried again, in case it was only a moment's trouble.
const SECOND_LOOK: Duration = Duration::from_secs(1);
/// Rounds of one command: one that brings something is followed by another for as long as the server breaks off.
const MOST_ROUNDS: u32 = 1000;

/// Goes on after cuts, and waits when the server asks for it: a large mailbox may take days.
async fn to_the_end(agent: &Agent, source: &Source, teller: Arc<Teller>, shutdown: Shutdown) -> Result<Round, Fault> {
    let (mut fruitless, mut looked_again) = (0, false);
    let mut manner = Manner { gently: false, asked: Some(clock::now()) };
    for _ in 0..MOST_ROUNDS {
        let before = teller.counts();
        let outcome = agent.run(source, teller.clone(), shutdown.clone(), manner).await;
        let now = teller.counts();
        fruitless = if now.dealt_with() == before.dealt_with() { fruitless + 1 } else { 0 };
        let (pause, fault) = match outcome {
            Ok(round) if round.fresh > 0 && !looked_again => {
                looked_again = true;
                tokio::select! {
                    () = tokio::time::sleep(SECOND_LOOK) => continue,
                    () = shutdown.requested() => return Ok(round),
                }
            }
            Err(fault @ Fault::Cut(_)) => (Duration::from_secs(1 << fruitless.min(5)), fault),
            Err(Fault::Throttled { said, pause }) => {
                manner.gently = true;
                let pause = pause.unwrap_or_default().max(THROTTLED * (1 << fruitless.min(6)));
                (pause.min(LONGEST_PAUSE), Fault::Throttled { said, pause: Some(pause) })
            }
            outcome => return outcome,
        };
        if fruitless >= TRIES || shutdown.is_requested() {
            return Err(fault);
        }
        teller.hear(&News::Waits { pause, why: fault.to_string() });
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = shutdown.requested() => return Err(Fault::Ended),
        }
    }
    Err(Fault::Cut(say!("the server breaks off again and again", "le serveur coupe encore et encore")))
}
