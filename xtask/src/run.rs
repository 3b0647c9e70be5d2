//! Runs a program from the root of the repository and turns a bad exit into a sentence.

use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Instant;

/// The outcome of a step; an error is a sentence for the developer to read.
pub type Outcome = Result<(), String>;

/// The profile of the shipped program. Figures are of that: `--release` is quick to build, and the program it gives
/// is slower.
pub const SHIPPED: &str = "dist";

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_path_buf()
}

/// The cargo that runs us.
pub fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// npm, for the web pages.
pub fn npm() -> Command {
    let mut npm = Command::new("npm");
    npm.args(["--prefix", "chain/mua/web"]);
    npm
}

/// Runs `command`, shows its output as it comes and how long it took, and fails when it does.
pub fn step(command: &mut Command) -> Outcome {
    timed(command, Command::status)
}

/// The same, and `hear` is given each line of its standard output.
pub fn step_heard(command: &mut Command, hear: &mut dyn FnMut(&str)) -> Outcome {
    timed(command, |command| {
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        if let Some(output) = child.stdout.take() {
            pass_on(output, hear)?;
        }
        child.wait()
    })
}

fn timed(command: &mut Command, run: impl FnOnce(&mut Command) -> io::Result<ExitStatus>) -> Outcome {
    command.current_dir(root());
    println!("\n▶ {}", show(command));
    let begun = Instant::now();
    let ended = run(command);
    println!("  {} s", begun.elapsed().as_secs());
    match ended {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{} ended with {status}", show(command))),
        Err(error) => Err(format!("{} did not start: {error}", show(command))),
    }
}

/// Shows the output, line by line, and gives it to `hear`.
fn pass_on(output: impl io::Read, hear: &mut dyn FnMut(&str)) -> io::Result<()> {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    while output.read_until(b'\n', &mut line)? > 0 {
        io::stdout().write_all(&line)?;
        hear(&String::from_utf8_lossy(&line));
        line.clear();
    }
    Ok(())
}

/// Returns true if a program of this name is on the PATH (or where Debian keeps servers).
pub fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(PathBuf::from))
        .any(|folder| folder.join(program).is_file())
}

fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
