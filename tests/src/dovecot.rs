//! Dovecot from Debian, in a folder of its own: IMAP and POP3 with TLS, and LMTP for a Postfix in front of it.

use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::client::{client, python};
use crate::office::free_port;

/// A running Dovecot. Anyone may log in with the password `secret`; their mail is a Maildir.
pub struct Dovecot {
    /// The port at which it takes letters.
    pub lmtp: u16,
    /// The port at which it serves IMAP with TLS.
    pub imaps: u16,
    /// The port at which it serves POP3 with TLS.
    pub pop3s: u16,
    folder: TempDir,
    process: Child,
}

impl Dovecot {
    /// Starts it with more lines for its configuration.
    pub fn start(extra: &str) -> Self {
        Self::start_with(|_| extra.to_owned(), &[])
    }

    /// The same, with lines that depend on its folder, and, where `people` are named, with nobody else in it.
    pub fn start_with(extra: impl FnOnce(&Path) -> String, people: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("opened");
        let mail = folder.path().join("mail");
        std::fs::create_dir(&mail).expect("made");
        chown(&mail, Some(65534), Some(65534)).expect("the tests with Dovecot run as root");
        make_certificate(&folder);
        let (lmtp, imaps, pop3s) = (free_port(), free_port(), free_port());
        let config = folder.path().join("dovecot.conf");
        std::fs::write(&config, configuration(&folder, lmtp, imaps, pop3s, people) + &extra(folder.path()))
            .expect("written");
        let mut command = Command::new("/usr/sbin/dovecot");
        command.arg("-F").arg("-c").arg(&config).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().expect("dovecot starts; `cargo xtask test` installs it");
        let dovecot = Self { lmtp, imaps, pop3s, folder, process };
        dovecot.wait();
        dovecot
    }

    fn wait(&self) {
        let listens = |&port: &u16| TcpStream::connect(("127.0.0.1", port)).is_ok();
        let log = || std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let what = std::fmt::from_fn(|f| write!(f, "Dovecot listens\n{}", log()));
        waiting::wait_until(what, || [self.imaps, self.pop3s].iter().all(listens));
    }

    /// Closes its LMTP socket to all, as if it were away.
    pub fn pause(&self) {
        std::fs::rename(self.sockets().join("lmtp"), self.sockets().join("lmtp.away")).expect("there is a socket");
    }

    /// Opens it again.
    pub fn go_on(&self) {
        std::fs::rename(self.sockets().join("lmtp.away"), self.sockets().join("lmtp")).expect("it was away");
    }

    /// Returns the folder of its Unix sockets.
    pub fn sockets(&self) -> PathBuf {
        self.folder.path().join("run")
    }

    /// The number of its master process.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The certificate it shows, which it has signed itself.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    /// Puts so many letters called `FOLDER-0`, `FOLDER-1`, … into a folder of a person.
    pub fn fill(&self, person: &str, folder: &str, count: usize, flags: &str) {
        let words = [&self.imaps.to_string(), person, folder, &count.to_string(), flags];
        python("fill.py", &words, b"").must_succeed();
    }

    /// The Maildir of a person.
    pub fn maildir(&self, person: &str) -> PathBuf {
        self.folder.path().join("mail").join(person)
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}

fn make_certificate(folder: &TempDir) {
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]);
    openssl.args(["-subj", "/CN=localhost", "-keyout"]).arg(folder.path().join("key.pem"));
    openssl.arg("-out").arg(folder.path().join("cert.pem"));
    client(&mut openssl, b"").must_succeed();
}

fn configuration(folder: &TempDir, lmtp: u16, imaps: u16, pop3s: u16, people: &[&str]) -> String {
    let at = folder.path().display();
    let entry = |name: &&str| format!("{name}::65534:65534::{at}/mail/{name}\n");
    std::fs::write(folder.path().join("people"), people.iter().map(entry).collect::<String>()).expect("written");
    let userdb = match people {
        [] => format!("driver = static\n  args = uid=65534 gid=65534 home={at}/mail/%u allow_all_users=yes"),
        _ => format!("driver = passwd-file\n  args = {at}/people"),
    };
    format!(
        "base_dir = {at}/run
state_dir = {at}/state
log_path = {at}/log
protocols = imap pop3 lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <{at}/cert.pem
ssl_key = <{at}/key.pem
mail_location = maildir:{at}/mail/%u
first_valid_uid = 1
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  {userdb}
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
service imap-login {{
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = 0
  }}
  inet_listener pop3s {{
    port = {pop3s}
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
"
    )
}
