//! One module a command.

pub mod account;
pub mod alias;
pub mod copy;
pub mod demo;
pub mod domain;
pub mod export;
pub mod fetch;
pub mod forward;
pub mod group;
pub mod hold;
pub mod import;
mod in_force;
pub mod limit;
pub mod listed;
pub mod manual;
pub mod moving;
mod policy_trouble;
pub mod queue;
pub mod removal;
pub mod route;
pub mod send;
pub mod serve;
pub mod session;
pub mod size;
pub mod trace;
mod trouble;
pub mod verify;

use crate::command_line::Command;
use crate::context::Context;
use crate::failure::Failure;
use crate::language::say;
pub use trouble::Trouble;

/// Runs a command for the caller of this thread.
pub fn run(command: Command, context: &Context<'_>) -> Result<(), Failure> {
    match command {
        Command::Domain(domain) => domain::run(domain, context),
        Command::Account(account) => account::run(account, context),
        Command::Alias(alias) => alias::run(alias, context),
        Command::Deny(denied) => listed::run(denied, listed::Verdict::Deny, context),
        Command::Allow(allowed) => listed::run(allowed, listed::Verdict::Allow, context),
        Command::Limit(limit) => limit::run(limit, context),
        Command::Copy(copy) => copy::run(copy, context),
        Command::Group(group) => group::run(group, context),
        Command::Queue(queue) => queue::run(queue, context),
        Command::Route(route) => route::run(route, context),
        Command::Hold(hold) => hold::run(hold, context),
        Command::Session(session) => session::run(session, context),
        Command::Fetch(fetch) => fetch::run(fetch, context),
        Command::Trace(trace) => trace::run(trace, context),
        Command::Send(send) => send::run(send, context),
        Command::Import(import) => import::run(import, context),
        Command::Export(export) => export::run(export, context),
        Command::Verify(asked) => verify::run(&asked, context),
        Command::Serve | Command::Demo(_) | Command::Help(_) | Command::Manual(_) => {
            Err(Failure::new(say!("this is no command for a post office", "ce n'est pas une commande pour un bureau")))
        }
    }
}

/// Returns how this program was called: a person can then copy the commands that it shows.
fn called() -> String {
    std::env::args().next().unwrap_or_else(|| "facteur".to_owned())
}
