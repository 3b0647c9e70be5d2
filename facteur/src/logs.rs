//! Writes the log of the program: human-readable lines on standard error, `RUST_LOG` to see more or less.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts the log. `quiet` shows warnings only, for commands that answer a person.
pub fn start(quiet: bool) {
    // rustls warns of every client that names an IP address in its hello, which many do.
    let usual = if quiet { "warn,rustls=error" } else { "info,rustls=error" };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(usual));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    // The journal of systemd writes the time before each line itself.
    if goes_to_the_journal() { log.without_time().init() } else { log.init() }
}

/// Returns true if standard error is the journal's. It says in `JOURNAL_STREAM` by which device and inode that is known
/// (systemd.exec(5)): whoever inherits the variable and writes elsewhere has another.
fn goes_to_the_journal() -> bool {
    let Ok(stream) = std::env::var("JOURNAL_STREAM") else { return false };
    rustix::fs::fstat(std::io::stderr()).is_ok_and(|error| stream == format!("{}:{}", error.st_dev, error.st_ino))
}
