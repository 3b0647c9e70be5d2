//! `facteur serve`: runs the post office.

use mta::route::Target;

use crate::command_line::WhichOffice;
use crate::config::{Config, Door};
use crate::failure::Failure;
use crate::language::{say, system};
use crate::rights::{self, ServiceUser};
use crate::server::{self, Server};
use crate::signals::{Signals, Wish};
use crate::{process, terminal};

/// Opens the post office and keeps it open until SIGTERM or SIGINT; SIGHUP reads the certificate again, which lies in the data
/// folder, where the user that the rights were given up for can read it.
pub fn run(config: Config, which: &WhichOffice) -> Result<(), Failure> {
    if !config.routes.iter().any(|route| matches!(route.to.to, Target::Program(_))) {
        process::no_new_privileges();
    }
    rights::warn_of_root(&config);
    let service = ServiceUser::of(&config)?;
    crate::threads::runtime()?.block_on(async {
        let mut signals = Signals::new().map_err(|why| Failure::new(system(&why)))?;
        tell_of_doors_to_come(&config);
        let (hostname, resolver) = (config.hostname.clone(), server::resolver(&config)?);
        let mut opened = Server::open(config, service).await?;
        server::look_into_host_name(hostname, resolver);
        if !opened.has_domain().await {
            terminal::note(&first_steps(&super::called(), &which.as_flags()));
        }
        let outcome = keep_open(&mut opened, &mut signals).await;
        tracing::info!("closing; a second signal ends at once");
        tokio::select! {
            () = opened.close() => tracing::info!("closed"),
            _ = signals.next() => tracing::warn!("ended before everything was closed"),
        }
        outcome
    })
}

/// Until somebody wishes the end. Whoever keeps the service running starts it again after a failure.
async fn keep_open(opened: &mut Server, signals: &mut Signals) -> Result<(), Failure> {
    loop {
        tokio::select! {
            wish = signals.next() => match wish {
                Wish::Reload => opened.reload_certificate(),
                Wish::End => return Ok(()),
            },
            () = opened.fell_apart() => return Err(Failure::new(say!(
                "a part of the post office has stopped, which is a fault of this program; the log says more",
                "une partie du bureau de poste s'est arrêtée, par une erreur de ce programme ; le journal en dit plus"
            ))),
        }
    }
}

/// Doors that the configuration asks for and nobody stands behind yet.
fn tell_of_doors_to_come(config: &Config) {
    let asked: Vec<&str> = config
        .listen
        .iter()
        .filter(|(door, places)| !door.is_served() && !places.is_empty())
        .map(|(door, _)| Door::name(*door))
        .collect();
    if !asked.is_empty() {
        tracing::warn!("this version does not serve {} yet; these doors stay closed", asked.join(", "));
    }
}

/// Tells a person who has just installed this what to do next. `flags` name this post office to the commands.
fn first_steps(facteur: &str, flags: &str) -> String {
    say!(
        "\nNobody lives in this post office yet. In another window:\n\n\
         \x20   {facteur}{flags} domain add alpha.test          the domain whose letters you want\n\
         \x20   {facteur}{flags} account add alice@alpha.test   a mailbox; asks for a password\n\
         \x20   {facteur}{flags} account list                   who has one\n\n\
         They take effect at once, without a restart. To look around first: {facteur} demo\n\n",
        "\nPersonne n'habite encore ce bureau de poste. Dans une autre fenêtre :\n\n\
         \x20   {facteur}{flags} domain add alpha.test          le domaine dont vous voulez le courrier\n\
         \x20   {facteur}{flags} account add alice@alpha.test   une boîte ; le mot de passe est demandé\n\
         \x20   {facteur}{flags} account list                   qui en a une\n\n\
         Ces commandes agissent aussitôt, sans redémarrage. Pour essayer d'abord : {facteur} demo\n\n"
    )
}
