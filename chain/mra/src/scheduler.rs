//! Fetches for as long as the post office is open: one task a source, which waits for news if the server tells of
//! them (IDLE), looks now and then if it does not, and leaves an ill source alone for longer and longer.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use net::Shutdown;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::agent::{Agent, Manner};
use crate::fetch::Session;
use crate::ledger::{self, Source, SourceId};
use crate::progress::{Listener, News, Round};
use crate::{Fault, FaultKind, Protocol};

/// Fetches that run at the same time; sources that only wait for news do not count.
const AT_ONCE: usize = 8;
/// An IDLE is begun anew after this: servers end it after half an hour (RFC 2177), routers forget it sooner.
const IDLE: Duration = Duration::from_secs(9 * 60);
/// The time after which a conversation is ended and begun anew: nothing else shows whether an old one is broken.
const CONVERSATION: Duration = Duration::from_secs(6 * 3600);
/// The list of sources is looked at this often even if nobody said that it changed (another process did).
const LOOK: Duration = Duration::from_secs(20);

/// Fetches from all sources of the list until the shutdown.
pub async fn run(agent: Agent, shutdown: Shutdown) {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut watch = agent.store().watch(ledger::topic());
    let mut running: HashMap<SourceId, (Source, JoinHandle<()>)> = HashMap::new();
    while !shutdown.is_requested() {
        match agent.store().read(ledger::list).await {
            Ok(sources) => keep_up(&agent, &turns, &shutdown, &sources, &mut running),
            Err(error) => tracing::error!(%error, "the sources to fetch from could not be read"),
        }
        tokio::select! {
            () = watch.changed() => {}
            () = tokio::time::sleep(LOOK) => {}
            () = shutdown.requested() => {}
        }
    }
    for (_, (_, task)) in running {
        // The task hears of the shutdown by itself; letters that have come are taken home.
        let mut task = task;
        tokio::select! {
            _ = &mut task => {}
            () = shutdown.overdue() => task.abort(),
        }
    }
}

/// Ends the tasks of sources that are gone or were set up anew, and begins those of new ones.
fn keep_up(
    agent: &Agent,
    turns: &Arc<Semaphore>,
    shutdown: &Shutdown,
    sources: &[Source],
    running: &mut HashMap<SourceId, (Source, JoinHandle<()>)>,
) {
    running.retain(|id, (as_begun, task)| {
        let same = sources.iter().any(|source| source.id == *id && source.settings == as_begun.settings);
        if !same {
            task.abort();
        }
        same && !task.is_finished()
    });
    for source in sources {
        running.entry(source.id).or_insert_with(|| {
            let keeper = SourceTask {
                agent: agent.clone(),
                id: source.id,
                turns: turns.clone(),
                shutdown: shutdown.clone(),
                doubted_until: None,
            };
            (source.clone(), tokio::spawn(keeper.run()))
        });
    }
}

/// Keeps one source.
struct SourceTask {
    agent: Agent,
    id: SourceId,
    turns: Arc<Semaphore>,
    shutdown: Shutdown,
    /// The clock was set, perhaps wrong: until then nothing is taken away at the other end.
    doubted_until: Option<Instant>,
}

/// Whoever has set a clock wrong sees it within this time.
const DOUBT: Duration = Duration::from_secs(24 * 3600);

impl SourceTask {
    async fn run(mut self) {
        let mut ails: Option<FaultKind> = None;
        loop {
            let id = self.id;
            // Read anew each time: its password may have been changed, and its standing is written by each fetch.
            let mut source = match self.agent.store().read(move |view| ledger::get(view, id)).await {
                Ok(Some(source)) => source,
                Ok(None) => return,
                Err(error) => {
                    tracing::error!(%error, "a source to fetch from could not be read");
                    return;
                }
            };
            self.doubt(&mut source);
            let pause = source.pause(net::now());
            if !pause.is_zero() {
                // Looked at again soon: somebody may give it another password meanwhile.
                self.pause(pause.min(LOOK)).await;
            } else {
                let outcome = self.converse(&source, ails.is_some()).await;
                tell(&source, &outcome, &mut ails);
                self.agent.note(&source, &outcome).await;
                if outcome.is_ok() {
                    self.pause(Duration::from_secs(source.settings.every)).await;
                }
            }
            if self.shutdown.is_requested() {
                return;
            }
        }
    }

    /// A source whose last success is not believed counts as one that has had none: nothing is taken away there.
    fn doubt(&mut self, source: &mut Source) {
        if !source.is_steady(net::now()) {
            if self.doubted_until.is_none() {
                tracing::info!(
                    source = source.name,
                    "no fetch for a day, or the clock was set: nothing is deleted there now"
                );
            }
            self.doubted_until = Some(Instant::now() + DOUBT);
        }
        match self.doubted_until {
            Some(until) if Instant::now() < until => source.standing.success = None,
            _ => self.doubted_until = None,
        }
    }

    async fn pause(&self, pause: Duration) {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = self.shutdown.requested() => {}
        }
    }

    /// Fetches, and goes on with the same conversation while the server tells of news.
    async fn converse(&self, source: &Source, was_ill: bool) -> Result<Round, Fault> {
        let gently = was_ill && source.standing.fault == Some(FaultKind::Throttled);
        let manner = Manner { gently, asked: None };
        let listener = Arc::new(Log(source.name.clone()));
        if source.settings.mailbox.protocol == Protocol::Pop3 {
            let _turn = self.turn().await?;
            return self.agent.try_to_run(source, listener, self.shutdown.clone(), manner).await;
        }
        let turn = self.turn().await?;
        let means = self.agent.means(source, listener, self.shutdown.clone(), manner).await?;
        let credential = self.agent.credential(source).await?;
        let opened = Session::open(&means, source, &credential).await;
        if let Err(Fault::Refused(_)) = &opened {
            self.agent.forget_token(source, &credential).await;
        }
        let mut session = opened?;
        let mut round = session.fetch_all().await?;
        drop(turn);
        self.agent.note(source, &Ok(round)).await;
        if session.can_idle() {
            round = self.wait_for_news(&mut session, source, round).await?;
        }
        session.close().await;
        Ok(round)
    }

    async fn wait_for_news(
        &self,
        session: &mut Session<'_>,
        source: &Source,
        mut round: Round,
    ) -> Result<Round, Fault> {
        let begun = Instant::now();
        // The other folders tell nothing while the inbox is open: they are looked at now and then.
        let most = IDLE.min(Duration::from_secs(source.settings.every.max(60)));
        while begun.elapsed() < CONVERSATION && !self.shutdown.is_requested() {
            tokio::select! {
                news = session.idle(most) => news?,
                () = self.shutdown.requested() => return Ok(round),
            };
            let _turn = self.turn().await?;
            round = session.fetch_all().await?;
            self.agent.note(source, &Ok(round)).await;
        }
        Ok(round)
    }

    async fn turn(&self) -> Result<tokio::sync::OwnedSemaphorePermit, Fault> {
        tokio::select! {
            turn = self.turns.clone().acquire_owned() => turn.map_err(|_| Fault::Ended),
            () = self.shutdown.requested() => Err(Fault::Ended),
        }
    }
}

/// An illness is told when it begins and when it ends; in between the list shows it.
fn tell(source: &Source, outcome: &Result<Round, Fault>, ails: &mut Option<FaultKind>) {
    let now = outcome.as_ref().err().and_then(Fault::kind);
    let name = &source.name;
    match (outcome, now) {
        (Err(fault), Some(kind)) if *ails != Some(kind) => {
            // A connection that breaks now and then is no illness.
            if kind == FaultKind::Cut && ails.is_none() && source.standing.failures == 0 {
                tracing::debug!(source = name, %fault, "the connection broke");
            } else {
                tracing::warn!(source = name, %fault, "cannot fetch; facteur fetch list tells when it is tried again");
            }
        }
        (Ok(_), _) if ails.is_some() => tracing::info!(source = name, "fetches again"),
        _ => {}
    }
    *ails = now;
}

/// Logs the letters that came, and those that did not.
struct Log(String);

impl Listener for Log {
    fn hear(&self, news: &News) {
        let source = &self.0;
        match news {
            News::Came { letters, octets, .. } if *letters > 0 => {
                tracing::info!(source, letters, octets, "letters fetched");
            }
            News::Parted(letters) => tracing::info!(source, letters, "letters deleted there"),
            News::LeftThere { folder, name, why, said } => {
                tracing::warn!(source, folder, letter = name, why = why.code(), said, "a letter was left where it is");
            }
            News::FolderLeft { folder, said } => tracing::warn!(source, folder, said, "a folder was left as it is"),
            News::Alert(text) => tracing::warn!(source, "the server says: {text}"),
            News::CannotPart { folder } => {
                tracing::warn!(source, folder, "not deleted there: others are marked as deleted too");
            }
            News::Unproven { folder, letters } => {
                tracing::info!(source, folder, letters, "not deleted there: nothing proves that they are those here");
            }
            News::Came { .. } | News::Connected | News::ToCome { .. } | News::Waits { .. } => {}
        }
    }
}
