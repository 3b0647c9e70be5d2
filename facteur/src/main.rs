//! Facteur, a whole mail server in one program.

mod clock;
mod command_line;
mod commands;
mod config;
mod failure;
mod house;
mod language;
mod logs;
mod office;
mod password;
mod post_office;
mod signals;
mod table;
mod terminal;

use std::process::ExitCode;

use command_line::{Command, CommandLine};
use commands::{account, alias, demo, domain, export, fetch, import, queue, send, serve, trace, verify};
use config::Config;
use failure::Failure;

fn main() -> ExitCode {
    let line = match CommandLine::read(std::env::args_os()) {
        Ok(line) => line,
        Err(refused) => return explain(&refused),
    };
    logs::start(!line.is_a_server());
    match run(line) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal::note(&format!("facteur: {failure}\n"));
            ExitCode::from(failure.status)
        }
    }
}

fn run(line: CommandLine) -> Result<(), Failure> {
    let office = &line.office;
    match line.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::run(Config::of(office)?, office),
        Command::Demo(demo) => demo::run(demo, office.data.as_deref()),
        Command::Domain(domain) => domain::run(domain, &Config::of(office)?),
        Command::Account(account) => account::run(account, &Config::of(office)?),
        Command::Alias(alias) => alias::run(alias, &Config::of(office)?),
        Command::Queue(queue) => queue::run(queue, &Config::of(office)?),
        Command::Fetch(fetch) => fetch::run(fetch, &Config::of(office)?),
        Command::Trace(trace) => trace::run(trace, &Config::of(office)?),
        Command::Send(send) => send::run(send, office),
        Command::Import(import) => import::run(import, &Config::of(office)?),
        Command::Export(export) => export::run(export, &Config::of(office)?),
        Command::Verify(asked) => verify::run(&asked, &Config::of(office)?),
    }
}

/// Help goes to standard output; what was not understood goes to standard error, with the exit status for that.
fn explain(refused: &command_line::Refused) -> ExitCode {
    // A terminal that has gone away is no reason to fail differently.
    let _ = refused.error.print();
    match refused.error.exit_code() {
        0 => ExitCode::SUCCESS,
        _ if refused.sending => ExitCode::from(send::sysexits::USAGE),
        _ => ExitCode::from(2),
    }
}
