//! Letters brought home from one Dovecot, by Facteur and by the programs that people use for it.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use tests::{Dovecot, Office, OfficeBuilder};

use crate::fill::fill_maildir;
use crate::report::{table, times};

const LETTERS: usize = 1000;
const SIZE: usize = 10_000;
/// The user that getmail and fetchmail run as: they do not deliver as root.
const NOBODY: u32 = 65534;

/// Measures each, one after the other, on the same letters: from the start of the program to its end. Every letter must
/// have arrived.
pub fn run() {
    let dovecot = Dovecot::start("");
    fill_maildir(&dovecot, LETTERS, SIZE);
    // The program that comes first makes the indexes of Dovecot; that is none of those measured.
    let folder = tempfile::tempdir().expect("a folder");
    let place = Place { dovecot, folder };
    place.mbsync("warm");
    let imap = [
        ("Facteur, into a mailbox", place.facteur("imaps", None)),
        ("Facteur, into a Maildir", place.facteur("imaps", Some("maildir"))),
        ("mbsync", place.mbsync("measured")),
        ("fetchmail, through procmail", place.fetchmail("imap", place.dovecot.imaps)),
        ("getmail", place.getmail("SimpleIMAPSSLRetriever\nmailboxes = (\"INBOX\",)", place.dovecot.imaps)),
    ];
    show("IMAP", &imap);
    let pop3 = [
        ("Facteur, into a mailbox", place.facteur("pop3s", None)),
        ("Facteur, into a Maildir", place.facteur("pop3s", Some("maildir"))),
        ("getmail", place.getmail("SimplePOP3SSLRetriever", place.dovecot.pop3s)),
        ("fetchmail, through procmail", place.fetchmail("pop3", place.dovecot.pop3s)),
    ];
    show("POP3", &pop3);
}

fn show(protocol: &str, measured: &[(&str, f64)]) {
    let ours = measured[0].1;
    let rows: Vec<_> =
        measured.iter().map(|(name, rate)| vec![(*name).into(), format!("{rate:.0}"), times(ours, *rate)]).collect();
    let title = format!("{LETTERS} letters of {SIZE} octets from Dovecot over {protocol} with TLS");
    table(&title, &["", "letters/s", "Facteur is faster"], &rows);
}

struct Place {
    dovecot: Dovecot,
    folder: tempfile::TempDir,
}

impl Place {
    fn facteur(&self, scheme: &str, target: Option<&str>) -> f64 {
        let office = OfficeBuilder::new("alpha.test").person("alice").prepare();
        let port = if scheme == "imaps" { self.dovecot.imaps } else { self.dovecot.pop3s };
        let url = format!("{scheme}://alice@localhost:{port}");
        let maildir = office.folder().join("Maildir");
        let to = target.map_or_else(|| office.first().address.clone(), |_| format!("maildir:{}", maildir.display()));
        let certificate = self.dovecot.certificate().display().to_string();
        let add = ["fetch", "add", &url, "--name", "old", "--to", &to, "--ca", &certificate, "--password-stdin"];
        office.command_with_input(&add, b"secret");
        let rate = timed(|| drop(office.command(&["fetch", "run", "old"])));
        let came = if target.is_some() { files(&maildir) } else { listed(&office) };
        assert_eq!(came, LETTERS);
        rate
    }

    fn mbsync(&self, name: &str) -> f64 {
        let home = self.home(&format!("mbsync-{name}"));
        let rc = format!(
            "IMAPAccount there\nHost localhost\nPort {}\nUser alice\nPass secret\nSSLType IMAPS\nCertificateFile {}\n\
             AuthMechs LOGIN\n\nIMAPStore there\nAccount there\n\nMaildirStore here\nInbox {}/Maildir/\n\n\
             Channel all\nFar :there:\nNear :here:\nPatterns INBOX\nSync Pull\nCreate Near\nSyncState *\n",
            self.dovecot.imaps,
            self.dovecot.certificate().display(),
            home.display()
        );
        let rc = private(home.join("rc"), &rc);
        let rate = timed(|| must_end_well(Command::new("mbsync").arg("-c").arg(&rc).arg("all")));
        assert_eq!(files(&home.join("Maildir")), LETTERS);
        rate
    }

    fn getmail(&self, retriever: &str, port: u16) -> f64 {
        let home = self.home(&format!("getmail-{port}"));
        let maildir = self.maildir(&home);
        let rc = format!(
            "[retriever]\ntype = {retriever}\nserver = localhost\nport = {port}\nusername = alice\npassword = secret\n\
             [destination]\ntype = Maildir\npath = {}/\n[options]\nread_all = false\ndelete = false\n",
            maildir.display()
        );
        let rc = private(home.join("rc"), &rc);
        let rate = timed(|| {
            // It gives up where its own child process is slow, and goes on when it is called again.
            for _ in 0..10 {
                let mut getmail = as_nobody("getmail", &home);
                let output = getmail.arg("--getmaildir").arg(&home).arg("--rcfile").arg(&rc).output();
                if output.expect("getmail starts; `cargo xtask bench` installs it").status.success() {
                    break;
                }
            }
        });
        // A letter that it gave up at may be there twice.
        assert!(files(&maildir) >= LETTERS);
        rate
    }

    fn fetchmail(&self, protocol: &str, port: u16) -> f64 {
        let home = self.home(&format!("fetchmail-{protocol}"));
        let maildir = self.maildir(&home);
        let procmail = private(home.join("procmailrc"), &format!("DEFAULT={}/\n", maildir.display()));
        let rc = format!(
            "set no bouncemail\npoll localhost protocol {protocol} port {port} auth password\n\
             user \"alice\" password \"secret\" ssl no sslcertck keep fetchall\nmda \"/usr/bin/procmail -m {}\"\n",
            procmail.display()
        );
        let rc = private(home.join("rc"), &rc);
        let rate = timed(|| {
            let mut fetchmail = as_nobody("fetchmail", &home);
            let ids = home.join("ids");
            must_end_well(fetchmail.arg("-f").arg(&rc).arg("-i").arg(&ids));
        });
        assert_eq!(files(&maildir), LETTERS);
        rate
    }

    fn home(&self, name: &str) -> PathBuf {
        std::fs::set_permissions(self.folder.path(), std::fs::Permissions::from_mode(0o755)).expect("opened");
        let home = self.folder.path().join(name);
        std::fs::create_dir(&home).expect("made");
        chown(&home, Some(NOBODY), Some(NOBODY)).expect("given");
        home
    }

    fn maildir(&self, home: &Path) -> PathBuf {
        let maildir = home.join("Maildir");
        for part in ["", "cur", "new", "tmp"] {
            std::fs::create_dir_all(maildir.join(part)).expect("made");
            chown(maildir.join(part), Some(NOBODY), Some(NOBODY)).expect("given");
        }
        maildir
    }
}

fn as_nobody(program: &str, home: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", program]).env("HOME", home);
    command
}

/// However long it takes.
fn must_end_well(command: &mut Command) {
    let output = command.output().expect("it starts; `cargo xtask bench` installs it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn private(path: PathBuf, text: &str) -> PathBuf {
    std::fs::write(&path, text).expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("permissions");
    chown(&path, Some(NOBODY), Some(NOBODY)).expect("given");
    path
}

/// Letters a second.
fn timed(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    let rate = LETTERS as f64 / start.elapsed().as_secs_f64();
    eprintln!("{rate:.0} letters/s");
    rate
}

fn files(maildir: &Path) -> usize {
    ["new", "cur"].iter().map(|part| std::fs::read_dir(maildir.join(part)).map_or(0, Iterator::count)).sum()
}

fn listed(office: &Office) -> usize {
    let list = office.command(&["fetch", "list", "--json"]);
    let list: serde_json::Value = serde_json::from_str(&list).expect("json");
    list[0]["letters"].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or(0)
}
