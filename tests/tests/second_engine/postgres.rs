//! A PostgreSQL of our own, in a temporary folder, that answers on a Unix socket only.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::record::Statement;

/// The folder in which Debian keeps the programs of the server.
const PROGRAMS: &str = "/usr/lib/postgresql";
const PATIENCE: Duration = Duration::from_secs(60);

/// The steps that make the tables.
type Schema = BTreeMap<(String, String), String>;

/// A server, stopped and removed when dropped.
pub struct Postgres {
    folder: TempDir,
    server: Child,
}

impl Postgres {
    /// Makes a database and starts it.
    pub fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("pg").tempdir().expect("a folder");
        if is_root() {
            // The server refuses to run as root; the package makes this user.
            let mut given = Command::new("chown");
            succeed(given.arg("postgres").arg(folder.path()));
        }
        let data = folder.path().join("data");
        let mut made = as_server("initdb");
        made.arg("-D").arg(&data).args(["-U", "facteur", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"]);
        succeed(made.current_dir(folder.path()));
        let mut server = as_server("postgres");
        server.arg("-D").arg(&data).arg("-k").arg(folder.path()).args(["-c", "listen_addresses=", "-F"]);
        server.current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
        let server = Self { server: server.spawn().expect("PostgreSQL starts"), folder };
        server.wait();
        server
    }

    /// Makes the tables, then has each statement prepared. Gives what is refused, with the reason.
    pub fn prepare(&self, schema: &Schema, statements: &[&Statement]) -> Vec<String> {
        let databases: BTreeSet<&str> = statements.iter().map(|one| one.database.as_str()).collect();
        databases.into_iter().flat_map(|database| self.prepare_in(database, schema, statements)).collect()
    }

    fn prepare_in(&self, database: &str, schema: &Schema, all: &[&Statement]) -> Vec<String> {
        assert!(self.psql("postgres", &format!("CREATE DATABASE {database};")).is_empty(), "a database");
        let mut script = Script::default();
        for (_, sql) in schema.iter().filter(|((of, _), _)| of == database) {
            pieces(sql).for_each(|piece| script.add(&piece, &piece));
        }
        for (number, one) in all.iter().filter(|one| one.database == database).enumerate() {
            let kinds: Vec<&str> = one.kinds.chars().map(kind).collect();
            let kinds = if kinds.is_empty() { String::new() } else { format!(" ({})", kinds.join(", ")) };
            script.add(
                &format!("PREPARE s{number}{kinds} AS {}", one.sql),
                &format!("{} [{}] {}", one.from, one.kinds, one.sql),
            );
        }
        let said = self.psql(database, &script.text);
        said.iter()
            .map(|(line, why)| format!("{why}: {}", script.shown.get(line).map_or("?", String::as_str)))
            .collect()
    }

    /// Runs a script, one statement a line. Gives the lines that failed, and why.
    fn psql(&self, database: &str, script: &str) -> Vec<(usize, String)> {
        let file = self.folder.path().join("script.sql");
        std::fs::write(&file, script).expect("a script");
        let said = self.psql_on(database).arg("-f").arg(&file).output().expect("psql runs");
        let marked = format!("psql:{}:", file.display());
        let said = String::from_utf8_lossy(&said.stderr).into_owned();
        let failed = said.lines().filter_map(|line| line.strip_prefix(&marked)?.split_once(": ERROR:"));
        failed.filter_map(|(line, why)| Some((line.trim().parse().ok()?, why.trim().to_owned()))).collect()
    }

    /// The program that speaks to a database of it.
    pub fn psql_on(&self, database: &str) -> Command {
        let mut psql = Command::new("psql");
        psql.arg("-h").arg(self.folder.path()).args(["-U", "facteur", "-d", database, "-X", "-q"]);
        psql
    }

    fn wait(&self) {
        let begun = Instant::now();
        loop {
            let mut ready = self.psql_on("postgres");
            if ready.args(["-c", "SELECT 1"]).output().is_ok_and(|said| said.status.success()) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "PostgreSQL does not answer");
            // time passes: between two looks
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // SIGQUIT, which the server takes for "at once"; its children go with it.
        let id = self.server.id().to_string();
        let _ = Command::new("kill").args(["-QUIT", &id]).status();
        let _ = self.server.wait();
    }
}

/// Statements, one a line, and how each is to be shown.
#[derive(Default)]
struct Script {
    text: String,
    shown: BTreeMap<usize, String>,
    lines: usize,
}

impl Script {
    fn add(&mut self, sql: &str, shown: &str) {
        self.lines += 1;
        let _ = writeln!(self.text, "{sql};");
        self.shown.insert(self.lines, shown.to_owned());
    }
}

/// The statements of a step, each in one line and in the words of PostgreSQL: what the tokens of the store stand for,
/// and texts that are told apart and put in order by their octets, whatever the language of the server.
fn pieces(sql: &str) -> impl Iterator<Item = String> {
    let uncommented = sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect::<Vec<_>>().join(" ");
    let of_postgres = uncommented
        .replace("{id}", "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY")
        .replace("{key}", "BIGINT PRIMARY KEY")
        .replace("{clustered}", "")
        .replace("{blob}", "BYTEA")
        .replace(" TEXT", " TEXT COLLATE \"C\"");
    let all: Vec<String> =
        of_postgres.split(';').map(|one| one.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    all.into_iter().filter(|one| !one.is_empty())
}

fn kind(letter: char) -> &'static str {
    match letter {
        'i' => "bigint",
        't' => "text",
        'b' => "bytea",
        'n' => "unknown",
        other => panic!("a parameter of another kind: {other}"),
    }
}

/// A program of the server, as the user that it runs as.
fn as_server(name: &str) -> Command {
    let program = program(name);
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
    command
}

fn program(name: &str) -> PathBuf {
    let versions = std::fs::read_dir(PROGRAMS).into_iter().flatten().flatten();
    let found = versions.map(|version| version.path().join("bin").join(name)).filter(|program| program.is_file()).max();
    found.unwrap_or_else(|| panic!("PostgreSQL is missing: install Debian's package postgresql"))
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

fn succeed(command: &mut Command) {
    let Output { status, stderr, .. } = command.output().unwrap_or_else(|why| panic!("{command:?}: {why}"));
    assert!(status.success(), "{command:?}: {}", String::from_utf8_lossy(&stderr));
}
