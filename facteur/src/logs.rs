//! What the program tells while it runs: human-readable lines on standard error, `RUST_LOG` to see more or less.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts the log. `quiet` shows warnings only, for commands that answer a person.
pub fn start(quiet: bool) {
    // rustls warns of every client that names an IP address in its hello, which many do.
    let usual = if quiet { "warn,rustls=error" } else { "info,rustls=error" };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(usual));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
}
