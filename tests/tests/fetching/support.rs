//! The tools that these tests share.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tests::{Dovecot, GMAIL_PASSWORD, Gmail, Office, OfficeBuilder, Person, facteur, generated_letter};

pub const TO: &str = "alice@alpha.test";

/// An office where Alice lives, not serving.
pub fn office() -> Office {
    OfficeBuilder::new("alpha.test").person("alice").prepare()
}

/// A place that letters come from.
pub struct Source {
    pub url: String,
    pub certificate: String,
    pub password: String,
}

impl Source {
    pub fn new(url: String, certificate: &Path, password: &str) -> Self {
        Self { url, certificate: certificate.display().to_string(), password: password.into() }
    }

    pub fn imap(dovecot: &Dovecot) -> Self {
        Self::new(format!("imaps://alice@localhost:{}", dovecot.imaps), &dovecot.certificate(), "secret")
    }

    pub fn pop3(dovecot: &Dovecot) -> Self {
        Self::new(format!("pop3s://alice@localhost:{}", dovecot.pop3s), &dovecot.certificate(), "secret")
    }

    pub fn gmail(gmail: &Gmail) -> Self {
        Self::new(gmail.url(), gmail.certificate(), GMAIL_PASSWORD)
    }

    /// The same through another port of this machine.
    pub fn through(mut self, port: u16) -> Self {
        let at = self.url.rfind(':').expect("a port");
        self.url.truncate(at);
        self.url.push_str(&format!(":{port}"));
        self
    }

    /// `facteur fetch add`, under the name `old`.
    pub fn add(&self, office: &Office, more: &[&str]) {
        self.add_to(office, TO, more);
    }

    pub fn add_to(&self, office: &Office, target: &str, more: &[&str]) {
        let words = ["fetch", "add", &self.url, "--name", "old", "--to", target, "--ca", &self.certificate];
        // The servers of these tests show how they treat a log-in when something is fetched.
        let words = [&words[..], &["--password-stdin", "--untried"], more].concat();
        office.command_with_input(&words, self.password.as_bytes());
    }
}

/// The result of `facteur fetch run --json`.
pub struct Run {
    pub code: i32,
    pub told: Vec<Value>,
    pub err: String,
}

impl Run {
    /// The last word on the source.
    pub fn end(&self) -> &Value {
        let end = self.told.iter().rfind(|told| told["event"] == "end");
        end.unwrap_or_else(|| panic!("no end: {:?}\n{}", self.told, self.err))
    }

    /// Returns how many letters came, in a fetch that went well.
    #[track_caller]
    pub fn letters(&self) -> u64 {
        assert_eq!((self.code, &self.end()["ok"]), (0, &true.into()), "{:?}\n{}", self.told, self.err);
        self.end()["letters"].as_u64().expect("a number")
    }

    /// Returns the fault of a fetch that did not go well.
    #[track_caller]
    pub fn state(&self) -> &str {
        assert_eq!((self.code, &self.end()["ok"]), (1, &false.into()), "{:?}\n{}", self.told, self.err);
        self.end()["state"].as_str().expect("a state")
    }
}

/// `facteur fetch run old --json`
pub fn run(office: &Office) -> Run {
    run_with(office, &["old"], b"")
}

pub fn run_with(office: &Office, words: &[&str], input: &[u8]) -> Run {
    let (code, out, err) = office.try_command(&[&["fetch", "run", "--json"], words].concat(), input);
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}\n{err}"));
    Run { code, told: out.lines().map(parse).collect(), err }
}

/// Starts `facteur fetch run old` and does not wait for it. Its output goes into the file `told` of the office.
pub fn start_run(office: &Office) -> Child {
    let told = std::fs::File::create(office.folder().join("told")).expect("made");
    let mut command = Command::new(facteur());
    command.args(["fetch", "run", "old", "--json", "--config"]).arg(&office.config).env("LANG", "C.UTF-8");
    command.stdin(Stdio::null()).stdout(told).stderr(Stdio::null()).spawn().expect("facteur starts")
}

/// Returns the news that the fetch has told so far.
pub fn told(office: &Office) -> String {
    std::fs::read_to_string(office.folder().join("told")).unwrap_or_default()
}

/// The facts about a letter that the tests compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub folder: String,
    /// The other folders that show the same letter.
    pub also: Vec<String>,
    pub flags: Vec<String>,
    pub date: String,
}

/// All letters of a person by the name in their Message-ID. A letter that is there twice, and not only in several folders,
/// fails the test. The office must serve.
#[track_caller]
pub fn inventory(office: &Office, person: &Person) -> BTreeMap<String, Known> {
    let port = office.ports.imaps.to_string();
    let out = tests::python("inventory.py", &[&port, &person.address, &person.password], b"").must_succeed().out;
    let all: Vec<Value> = serde_json::from_str(&out).expect("json");
    let mut letters = BTreeMap::new();
    for letter in all {
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let flags = letter["flags"].as_array().expect("a list").iter().map(text).collect();
        let known = Known { folder: text(&letter["folder"]), also: Vec::new(), flags, date: text(&letter["date"]) };
        match letters.entry(text(&letter["id"])) {
            Entry::Vacant(new) => drop(new.insert(known)),
            Entry::Occupied(mut there) => {
                let there: &mut Known = there.get_mut();
                assert_eq!((&there.flags, &there.date), (&known.flags, &known.date), "flags are the letter's");
                there.also.push(known.folder);
            }
        }
    }
    if letters.values().any(|known| !known.also.is_empty()) {
        assert_eq!(emails(office, person).len(), letters.len(), "each is one letter: {letters:?}");
    }
    letters
}

/// Asks a method of JMAP.
fn ask(office: &Office, person: &Person, method: &str, mut arguments: Value) -> Value {
    let request = |path: &str, more: &[&str]| -> Value {
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--fail-with-body", "--user"]);
        command.arg(format!("{}:{}", person.address, person.password)).arg("--cacert").arg(office.certificate());
        command.args(more).arg(format!("https://127.0.0.1:{}{path}", office.ports.https));
        let out = tests::client(&mut command, b"").must_succeed().out;
        serde_json::from_str(&out).unwrap_or_else(|why| panic!("{why}: {out}"))
    };
    let session = request("/jmap/session", &[]);
    arguments["accountId"] = session["primaryAccounts"]["urn:ietf:params:jmap:mail"].clone();
    let using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"];
    let body = json!({"using": using, "methodCalls": [[method, arguments, "0"]]}).to_string();
    let response = request("/jmap/api", &["--header", "Content-Type: application/json", "--data", &body]);
    assert_eq!(response["methodResponses"][0][0], method, "{response}");
    response["methodResponses"][0][1].clone()
}

/// The letters of a person as JMAP has them: the name in the Message-ID of each, and the names of the folders in its
/// mailboxIds.
pub fn emails(office: &Office, person: &Person) -> Vec<(String, Vec<String>)> {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let folders = ask(office, person, "Mailbox/get", json!({"ids": null}))["list"].clone();
    let folders: BTreeMap<String, &Value> =
        folders.as_array().expect("a list").iter().map(|folder| (text(&folder["id"]), folder)).collect();
    let path = |id: &String| {
        let mut folder = folders[id];
        let mut path = text(&folder["name"]);
        while let Some(above) = folder["parentId"].as_str() {
            folder = folders[above];
            path = format!("{}/{path}", text(&folder["name"]));
        }
        path
    };
    let ids = ask(office, person, "Email/query", json!({}))["ids"].clone();
    let got = ask(office, person, "Email/get", json!({"ids": ids, "properties": ["messageId", "mailboxIds"]}));
    let email = |email: &Value| {
        let name = text(&email["messageId"][0]);
        let mut lies: Vec<String> = email["mailboxIds"].as_object().expect("ids").keys().map(path).collect();
        lies.sort();
        (name.split('@').next().unwrap_or_default().to_owned(), lies)
    };
    let mut emails: Vec<_> = got["list"].as_array().expect("a list").iter().map(email).collect();
    emails.sort();
    emails
}

/// The same of Alice, with the office started for it.
pub fn look_by_jmap(office: &mut Office) -> BTreeMap<String, Vec<String>> {
    office.start();
    let alice = office.first().clone();
    let emails = emails(office, &alice);
    office.stop();
    let count = emails.len();
    let by_name: BTreeMap<_, _> = emails.into_iter().collect();
    assert_eq!(by_name.len(), count, "a letter is there twice: {by_name:?}");
    by_name
}

/// The same of Alice, with the office started for it.
#[track_caller]
pub fn look(office: &mut Office) -> BTreeMap<String, Known> {
    office.start();
    let alice = office.first().clone();
    let letters = inventory(office, &alice);
    office.stop();
    letters
}

/// The names of letters, sorted.
pub fn names(letters: &BTreeMap<String, Known>) -> Vec<&str> {
    letters.keys().map(String::as_str).collect()
}

/// A letter with a Message-ID, of about so many octets.
pub fn letter(id: &str, size: usize) -> Vec<u8> {
    generated_letter(id, "carol@elsewhere.test", "alice@dovecot.test", size)
}

/// A letter in a Maildir of the Dovecot, as a file: thousands are made in a second.
pub struct Put<'a> {
    pub folder: &'a str,
    pub id: &'a str,
    /// Letters of the Maildir's info: `S` seen, `R` answered, `F` flagged, `a` the first keyword.
    pub info: &'a str,
    /// Seconds since 1970: the INTERNALDATE.
    pub date: u64,
    pub size: usize,
}

pub fn put(dovecot: &Dovecot, letters: &[Put<'_>]) {
    use std::os::unix::fs::chown;
    let root = dovecot.maildir("alice");
    let own = |path: &Path| chown(path, Some(65534), Some(65534)).expect("given");
    for one in letters {
        let folder = if one.folder == "INBOX" { root.clone() } else { root.join(format!(".{}", one.folder)) };
        if !folder.is_dir() {
            std::fs::create_dir_all(&folder).expect("made");
            own(&root);
            own(&folder);
            for part in ["cur", "new", "tmp"] {
                std::fs::create_dir_all(folder.join(part)).expect("made");
                own(&folder.join(part));
            }
            std::fs::write(folder.join("maildirfolder"), "").expect("made");
        }
        for part in ["cur", "new", "tmp"] {
            if !folder.join(part).is_dir() {
                std::fs::create_dir_all(folder.join(part)).expect("made");
                own(&folder.join(part));
            }
        }
        let path = folder.join(format!("cur/{}.{}.test:2,{}", one.date, one.id, one.info));
        std::fs::write(&path, letter(one.id, one.size)).expect("written");
        let date = SystemTime::UNIX_EPOCH + Duration::from_secs(one.date);
        let file = std::fs::File::options().write(true).open(&path).expect("opened");
        file.set_modified(date).expect("dated");
        own(&path);
    }
}

/// 1 February 2020, 03:04:05, and how IMAP shows the seconds after it.
pub const DAY: u64 = 1_580_526_245;

pub fn shown(seconds: u64) -> String {
    assert!((DAY..DAY + 50).contains(&seconds), "one minute is enough for the tests");
    format!("1-Feb-2020 03:04:{:02} +0000", 5 + seconds - DAY)
}

pub use waiting::wait_until;

/// The letters in all folders of a Maildir.
pub fn maildir_files(maildir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    collect(maildir, &mut files);
    files
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if path.is_dir() && name != "facteur-fetch" {
            collect(&path, files);
        } else if folder.ends_with("cur") || folder.ends_with("new") {
            files.push(path);
        }
    }
}
