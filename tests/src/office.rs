//! One running post office of the test.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A person of an office.
#[derive(Clone, Debug)]
pub struct Person {
    /// `alice@alpha.test`
    pub address: String,
    /// The password in clear; the tests have no secrets.
    pub password: String,
}

/// The program under test. `FACTEUR_BIN` names another one (a release build, say).
pub fn facteur() -> PathBuf {
    if let Some(path) = std::env::var_os("FACTEUR_BIN") {
        return path.into();
    }
    let test = std::env::current_exe().expect("the test knows where it is");
    let folder = test.ancestors().skip(1).find(|folder| !folder.ends_with("deps")).expect("target/debug");
    let program = folder.join("facteur");
    assert!(program.is_file(), "{} is missing: run `cargo build -p facteur` first", program.display());
    program
}

/// The user of this machine who has nothing: `nobody`.
pub const NOBODY: u32 = 65_534;

/// Returns true if this test may act as other users. Without that right there is nothing to see, and the test says so.
pub fn may_become_others() -> bool {
    let output = Command::new("id").arg("-u").output().expect("id");
    let root = output.stdout.trim_ascii() == b"0";
    if !root {
        println!("not root: other users are not tried");
    }
    root
}

/// A port nobody listens on now, and that is given out once in this process. From below the range the kernel takes
/// ports of outgoing connections from, so that none of those takes it before the office does.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let turn = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 20_000 + (std::process::id().wrapping_mul(97).wrapping_add(turn) % 12_000) as u16;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// The settings of an office that a test is going to start.
pub struct OfficeBuilder {
    domain: String,
    people: Vec<String>,
    smtp_port: u16,
    routes: Vec<(String, u16)>,
    extra: String,
    shown: Option<String>,
    environment: Vec<(String, String)>,
    open_files: Option<u32>,
}

impl OfficeBuilder {
    /// An office for `domain`, without people yet.
    pub fn new(domain: &str) -> Self {
        Self {
            domain: domain.into(),
            people: Vec::new(),
            smtp_port: free_port(),
            routes: Vec::new(),
            extra: String::new(),
            shown: None,
            environment: Vec::new(),
            open_files: None,
        }
    }

    /// Someone to live there; the password is made up.
    pub fn person(mut self, name: &str) -> Self {
        self.people.push(name.into());
        self
    }

    /// The port of reception, where others must know it.
    pub fn smtp_port(mut self, port: u16) -> Self {
        self.smtp_port = port;
        self
    }

    /// Letters for `domain` (or `*`) go to this port of 127.0.0.1.
    pub fn route(mut self, domain: &str, port: u16) -> Self {
        self.routes.push((domain.into(), port));
        self
    }

    /// More lines for the configuration, put at its end.
    pub fn configure(mut self, toml: &str) -> Self {
        self.extra.push_str(toml);
        self
    }

    /// The configuration is this one, from the documentation, and nothing else: only the data folder is the test's own, and
    /// each port another one. Doors of which it does not speak are where the test wants them.
    pub fn as_shown(mut self, toml: &str) -> Self {
        self.shown = Some(toml.into());
        self
    }

    /// A variable for the environment of `facteur serve`.
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Limits how many files `facteur serve` may have open.
    pub fn open_files(mut self, most: u32) -> Self {
        self.open_files = Some(most);
        self
    }

    /// Makes the folder, the domain and the people with the command line, and starts `facteur serve`.
    pub fn start(self) -> Office {
        let mut office = self.prepare();
        office.start();
        office
    }

    /// The same, without starting it.
    pub fn prepare(self) -> Office {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut ports = Ports {
            smtp: self.smtp_port,
            submission: free_port(),
            submissions: free_port(),
            imap: free_port(),
            imaps: free_port(),
            pop3: free_port(),
            pop3s: free_port(),
            http: free_port(),
            https: free_port(),
        };
        let config = folder.path().join("facteur.toml");
        let toml = match &self.shown {
            Some(shown) => moved(shown, folder.path(), &mut ports),
            None => self.toml(folder.path(), &ports),
        };
        std::fs::write(&config, toml).expect("the configuration is written");
        let mut office = Office {
            domain: self.domain.clone(),
            people: Vec::new(),
            ports,
            config,
            folder,
            environment: self.environment.clone(),
            user: None,
            open_files: self.open_files,
            process: None,
            damaged: AtomicBool::new(false),
        };
        office.command(&["domain", "add", &self.domain]);
        for name in &self.people {
            office.add_person(name);
        }
        office
    }

    fn toml(&self, folder: &Path, ports: &Ports) -> String {
        let mut toml = format!(
            "hostname = \"mail.{}\"\ndata = \"{}\"\n\n[listen]\nlmtp = []\nmanagesieve = []\n",
            self.domain,
            folder.join("data").display()
        );
        for (door, port) in ports.all() {
            let _ = writeln!(toml, "{door} = [\"127.0.0.1:{port}\"]");
        }
        for (domain, port) in &self.routes {
            let _ = write!(toml, "\n[[route]]\ndomain = \"{domain}\"\nto = \"127.0.0.1:{port}\"\n");
        }
        toml + "\n" + &self.extra
    }
}

/// A configuration of the documentation with the data folder and the ports of the test. Those of doors that it closes
/// become 0.
fn moved(shown: &str, folder: &Path, ports: &mut Ports) -> String {
    let mut toml = format!("data = \"{}\"\n", folder.join("data").display());
    let mut unspoken: Vec<&str> = ports.all().iter().map(|(door, _)| *door).collect();
    for line in shown.lines() {
        let key = line.split('=').next().unwrap_or_default().trim();
        let Some(place) = unspoken.iter().position(|door| *door == key) else {
            toml += &format!("{line}\n");
            continue;
        };
        let port = ports.at(unspoken.remove(place));
        if line.contains('[') && line.split('#').next().is_some_and(|line| line.contains("[]")) {
            *port = 0;
        }
        let _ = writeln!(toml, "{key} = {}", place_of(*port));
    }
    let rest = unspoken.into_iter().map(|door| format!("{door} = {}\n", place_of(*ports.at(door)))).collect::<String>();
    toml.replace("[listen]\n", &format!("[listen]\nmanagesieve = []\n{rest}"))
}

fn place_of(port: u16) -> String {
    if port == 0 { "[]".into() } else { format!("[\"127.0.0.1:{port}\"]") }
}

/// The doors of an office; 0 where one is closed.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Ports {
    pub smtp: u16,
    pub submission: u16,
    pub submissions: u16,
    pub imap: u16,
    pub imaps: u16,
    pub pop3: u16,
    pub pop3s: u16,
    pub http: u16,
    pub https: u16,
}

impl Ports {
    fn all(&self) -> [(&'static str, u16); 9] {
        [
            ("smtp", self.smtp),
            ("submission", self.submission),
            ("submissions", self.submissions),
            ("imap", self.imap),
            ("imaps", self.imaps),
            ("pop3", self.pop3),
            ("pop3s", self.pop3s),
            ("http", self.http),
            ("https", self.https),
        ]
    }

    fn at(&mut self, door: &str) -> &mut u16 {
        match door {
            "smtp" => &mut self.smtp,
            "submission" => &mut self.submission,
            "submissions" => &mut self.submissions,
            "imap" => &mut self.imap,
            "imaps" => &mut self.imaps,
            "pop3" => &mut self.pop3,
            "pop3s" => &mut self.pop3s,
            "http" => &mut self.http,
            "https" => &mut self.https,
            other => panic!("there is no door {other}"),
        }
    }
}

/// An office: its folder, its people, and its process while it runs.
pub struct Office {
    /// `alpha.test`
    pub domain: String,
    /// The people in the order they moved in.
    pub people: Vec<Person>,
    /// The ports that it listens on.
    pub ports: Ports,
    /// Its configuration file.
    pub config: PathBuf,
    folder: TempDir,
    environment: Vec<(String, String)>,
    /// The user that runs `facteur serve`, if it is another one.
    user: Option<u32>,
    open_files: Option<u32>,
    process: Option<Child>,
    damaged: AtomicBool,
}

impl Office {
    /// The first person.
    pub fn first(&self) -> &Person {
        &self.people[0]
    }

    /// A folder for the test's own files, gone with the office.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Returns the certificate that the office shows and has signed itself: a client must trust it.
    pub fn certificate(&self) -> PathBuf {
        self.data().join(format!("tls/self-signed-mail.{}.pem", self.domain))
    }

    /// Returns the log of `facteur serve` so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The number of the running process.
    pub fn pid(&self) -> u32 {
        self.process.as_ref().expect("the office runs").id()
    }

    /// Adds a person with `facteur account add --password-stdin`.
    pub fn add_person(&mut self, name: &str) -> Person {
        let person =
            Person { address: format!("{name}@{}", self.domain), password: format!("le mot de passe de {name}") };
        self.command_with_input(&["account", "add", &person.address, "--password-stdin"], person.password.as_bytes());
        self.people.push(person.clone());
        person
    }

    /// Lets other users reach the configuration and the program; the data folder stays closed.
    pub fn open_to_others(&self) {
        let mode = |path: &Path| std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755));
        mode(self.folder.path()).expect("the folder is opened");
        let program = self.program_of_others();
        if !program.exists() && std::fs::hard_link(facteur(), &program).is_err() {
            std::fs::copy(facteur(), &program).expect("the program is copied");
        }
    }

    /// Gives the data to another user, who runs `facteur serve` from now on.
    pub fn give_to(&mut self, user: u32) {
        self.open_to_others();
        for path in below(&self.data()) {
            chown(&path, Some(user), Some(user)).expect("given away");
        }
        self.user = Some(user);
    }

    /// All files and folders of the data that are not of this user.
    pub fn not_of(&self, user: u32) -> Vec<PathBuf> {
        use std::os::unix::fs::MetadataExt;
        let foreign = |path: &PathBuf| std::fs::symlink_metadata(path).is_ok_and(|about| about.uid() != user);
        below(&self.data()).into_iter().filter(foreign).collect()
    }

    fn program_of_others(&self) -> PathBuf {
        self.folder.path().join("facteur")
    }

    /// The program, run by this user.
    pub fn program(&self, user: Option<u32>) -> Command {
        let Some(user) = user else { return Command::new(facteur()) };
        let mut program = Command::new(self.program_of_others());
        program.uid(user).gid(user);
        program
    }

    /// Runs a command of this office, which must succeed; returns its output.
    pub fn command(&self, words: &[&str]) -> String {
        self.command_with_input(words, b"")
    }

    /// The same with something on standard input.
    pub fn command_with_input(&self, words: &[&str], input: &[u8]) -> String {
        let (code, out, err) = self.try_command(words, input);
        assert_eq!(code, 0, "facteur {words:?} failed: {err}");
        out
    }

    /// Runs a command of this office; gives exit status, standard output and standard error.
    pub fn try_command(&self, words: &[&str], input: &[u8]) -> (i32, String, String) {
        self.try_command_as(None, words, input)
    }

    /// The same, as another user of this machine.
    pub fn try_command_as(&self, user: Option<u32>, words: &[&str], input: &[u8]) -> (i32, String, String) {
        let mut child = self
            .program(user)
            .args(words)
            .arg("--config")
            .arg(&self.config)
            .env("LANG", "C.UTF-8")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("facteur starts");
        let mut stdin = child.stdin.take().expect("piped");
        // The command may end without reading its input; that is its right.
        let _ = stdin.write_all(input);
        drop(stdin);
        let output = child.wait_with_output().expect("facteur ends");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
    }

    /// Starts `facteur serve` and waits until all its doors are open.
    pub fn start(&mut self) {
        assert!(self.process.is_none(), "the office runs already");
        let log =
            std::fs::OpenOptions::new().create(true).append(true).open(self.folder.path().join("log")).expect("log");
        let mut command = self.program(self.user);
        if let Some(most) = self.open_files {
            let mut shell = Command::new("sh");
            shell.args(["-c", &format!("ulimit -n {most}; exec \"$0\" \"$@\"")]).arg(facteur());
            command = shell;
        }
        command.arg("serve").arg("--config").arg(&self.config).env("LANG", "C.UTF-8");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("log")).stderr(log);
        self.process = Some(command.spawn().expect("facteur starts"));
        for (door, port) in self.ports.all().into_iter().filter(|(_, port)| *port != 0) {
            assert!(self.wait_for(port), "the {door} door did not open:\n{}", self.log());
        }
        // The doors answer before the data are open; commands are served a moment later.
        let socket = self.data().join("facteur.socket");
        assert!(self.wait_until(|| UnixStream::connect(&socket).is_ok()), "no command is served:\n{}", self.log());
    }

    fn wait_for(&mut self, port: u16) -> bool {
        self.wait_until(|| TcpStream::connect(("127.0.0.1", port)).is_ok())
    }

    /// Waits as long as the office runs; false when it has ended, or it took too long.
    fn wait_until(&mut self, holds: impl Fn() -> bool) -> bool {
        let patience = Instant::now() + Duration::from_secs(60);
        while Instant::now() < patience {
            if holds() {
                return true;
            }
            if self.process.as_mut().is_some_and(|p| p.try_wait().is_ok_and(|s| s.is_some())) {
                return false;
            }
            // time passes: between two looks
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }

    /// kill -9.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// SIGTERM, and waits for a good end.
    pub fn stop(&mut self) {
        let mut process = self.process.take().expect("the office runs");
        let sent = Command::new("kill").arg(process.id().to_string()).status().expect("kill");
        assert!(sent.success());
        let patience = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(status) = process.try_wait().expect("wait") {
                assert!(status.success(), "facteur serve ended with {status}:\n{}", self.log());
                return;
            }
            assert!(Instant::now() < patience, "facteur serve does not stop:\n{}", self.log());
            // time passes: between two looks
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A folder and all that is in it, links not followed.
pub fn below(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(below(&entry.path())),
            _ => found.push(entry.path()),
        }
    }
    found
}

impl Office {
    /// The test has damaged the data of this office, so that it cannot be verified at its end.
    pub fn is_damaged(&self) {
        self.damaged.store(true, Ordering::Relaxed);
    }

    /// Everything is kept as it should be, whatever was done to the office; it need not run.
    pub fn verify(&self) {
        let (status, out, err) = self.try_command(&["verify"], b"");
        assert_eq!(status, 0, "facteur verify of {}:\n{out}{err}", self.domain);
    }
}

/// Every office that a test has used is verified at its end.
impl Drop for Office {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("── log of {} ──\n{}", self.domain, self.log());
        } else if !self.damaged.load(Ordering::Relaxed) {
            self.verify();
        }
    }
}
