//! Facteur, a whole mail server in one program.

mod clock;
mod command_line;
mod commands;
mod config;
mod context;
mod control;
mod data_fault;
mod data_folder;
mod failure;
mod language;
mod logs;
mod password;
mod private;
mod process;
mod rights;
mod server;
mod signals;
mod table;
mod terminal;
mod threads;
mod users;

use std::ffi::OsString;
use std::process::ExitCode;

use command_line::{Command, CommandLine};
use commands::{demo, manual, send, serve};
use config::Config;
use failure::Failure;

/// The allocator returns the memory of a load to the system within a minute after it, also if many threads took it:
/// the allocator of most systems keeps it for ever. SQLite takes its memory from here too.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    process::close_to_others();
    let words: Vec<OsString> = std::env::args_os().collect();
    if words.get(1).is_some_and(|word| word == control::AS_OWNER) {
        process::no_new_privileges();
        logs::start(true);
        return ExitCode::from(control::serve_on_standard_input());
    }
    let line = match CommandLine::read(words.clone()) {
        Ok(line) => line,
        Err(refused) => return explain(&refused),
    };
    if !line.is_a_server() {
        process::no_new_privileges();
    }
    logs::start(!line.is_a_server());
    match run(&line, &words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal::note(&format!("facteur: {failure}\n"));
            ExitCode::from(failure.status)
        }
    }
}

fn run(line: &CommandLine, words: &[OsString]) -> Result<(), Failure> {
    let office = &line.office;
    match &line.command {
        None | Some(Command::Serve) => serve::run(Config::of(office)?, office),
        Some(Command::Manual(manual)) => manual::run(manual),
        Some(Command::Demo(demo)) => demo::run(demo, office.data.as_deref()),
        Some(command) => control::visit(line, command, words),
    }
}

/// Prints help to standard output, and an error of usage to standard error, with its exit status.
fn explain(refused: &command_line::Refused) -> ExitCode {
    refused.tell();
    match refused.error.exit_code() {
        0 => ExitCode::SUCCESS,
        _ if refused.sending => ExitCode::from(send::sysexits::USAGE),
        _ => ExitCode::from(2),
    }
}
