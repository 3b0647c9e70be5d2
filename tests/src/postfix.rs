//! Postfix from Debian, in a folder of its own.

use std::fmt::Write as _;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::client::{Output, client, python};
use crate::office::free_port;

/// A Postfix of our own for foreign.test, with Carol in it.
pub struct Postfix {
    folder: TempDir,
    /// The port that it listens on.
    pub port: u16,
}

impl Postfix {
    /// Starts it; letters for alpha.test go to port `alpha` of this machine.
    pub fn start(alpha: u16) -> Self {
        let to_alpha = format!("inline:{{alpha.test=smtp:[127.0.0.1]:{alpha}}}");
        Self::start_with(&[("transport_maps", &to_alpha)])
    }

    /// Starts it with these settings beside the usual ones.
    pub fn start_with(settings: &[(&str, &str)]) -> Self {
        let postfix = Self { folder: tempfile::tempdir().expect("a folder"), port: free_port() };
        for folder in ["", "config", "queue", "data", "mail"] {
            let path = postfix.path(folder);
            std::fs::create_dir_all(&path).expect("made");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("opened");
        }
        // Postfix writes letters as the user it is told to; `nobody` everywhere on Debian.
        chown(postfix.path("mail"), Some(65534), Some(65534)).expect("the tests with Postfix run as root");
        postfix.give_to_postfix("data");
        postfix.make_certificate();
        std::fs::write(postfix.path("config/main.cf"), postfix.main_cf(settings)).expect("written");
        std::fs::write(postfix.path("config/master.cf"), postfix.master_cf()).expect("written");
        postfix.control("start").must_succeed();
        postfix
    }

    /// A path in its folder: `config`, `queue`, `mail`, `log`.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn give_to_postfix(&self, name: &str) {
        let done = Command::new("chown").arg("postfix").arg(self.path(name)).status().expect("chown");
        assert!(done.success(), "there is no user postfix");
    }

    fn make_certificate(&self) {
        let mut openssl = Command::new("openssl");
        openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
        openssl.args(["-days", "2", "-subj", "/CN=mail.foreign.test", "-keyout"]).arg(self.path("config/key.pem"));
        openssl.arg("-out").arg(self.path("config/cert.pem"));
        client(&mut openssl, b"").must_succeed();
    }

    fn main_cf(&self, settings: &[(&str, &str)]) -> String {
        let at = |name: &str| self.path(name).display().to_string();
        let mut text = String::new();
        for (key, value) in [
            ("compatibility_level", "3.6".into()),
            ("queue_directory", at("queue")),
            ("data_directory", at("data")),
            ("maillog_file", at("log")),
            ("maillog_file_prefixes", "/".into()),
            ("myhostname", "mail.foreign.test".into()),
            ("mydestination", String::new()),
            ("inet_interfaces", "127.0.0.1".into()),
            ("inet_protocols", "ipv4".into()),
            ("mynetworks", "127.0.0.0/8".into()),
            ("virtual_mailbox_domains", "foreign.test".into()),
            ("virtual_mailbox_base", at("mail")),
            ("virtual_mailbox_maps", "inline:{carol@foreign.test=carol/}".into()),
            ("virtual_uid_maps", "static:65534".into()),
            ("virtual_gid_maps", "static:65534".into()),
            ("smtpd_tls_security_level", "may".into()),
            ("smtpd_tls_cert_file", at("config/cert.pem")),
            ("smtpd_tls_key_file", at("config/key.pem")),
            ("smtp_tls_security_level", "encrypt".into()),
            ("smtputf8_enable", "yes".into()),
            ("message_size_limit", "0".into()),
            ("mailbox_size_limit", "0".into()),
            ("virtual_mailbox_limit", "0".into()),
        ] {
            let _ = writeln!(text, "{key} = {value}");
        }
        for (key, value) in settings {
            let _ = writeln!(text, "{key} = {value}");
        }
        text
    }

    fn master_cf(&self) -> String {
        let services = [
            // name, type, private, wake-up, process limit, command
            ("pickup unix", "n", "60", "1", "pickup"),
            ("cleanup unix", "n", "-", "0", "cleanup"),
            ("qmgr unix", "n", "300", "1", "qmgr"),
            ("tlsmgr unix", "-", "1000?", "1", "tlsmgr"),
            ("rewrite unix", "-", "-", "-", "trivial-rewrite"),
            ("bounce unix", "-", "-", "0", "bounce"),
            ("defer unix", "-", "-", "0", "bounce"),
            ("trace unix", "-", "-", "0", "bounce"),
            ("verify unix", "-", "-", "1", "verify"),
            ("proxymap unix", "-", "-", "-", "proxymap"),
            ("smtp unix", "-", "-", "-", "smtp"),
            ("lmtp unix", "-", "-", "-", "lmtp"),
            ("relay unix", "-", "-", "-", "smtp"),
            ("error unix", "-", "-", "-", "error"),
            ("retry unix", "-", "-", "-", "error"),
            ("discard unix", "-", "-", "-", "discard"),
            ("virtual unix", "-", "-", "-", "virtual"),
            ("anvil unix", "-", "-", "1", "anvil"),
            ("scache unix", "-", "-", "1", "scache"),
            ("postlog unix-dgram", "n", "-", "1", "postlogd"),
        ];
        let mut text = format!("127.0.0.1:{} inet n - n - - smtpd\n", self.port);
        for (service, private, wake_up, limit, command) in services {
            // Only the delivery agent keeps its privileges, so that it can write as the recipient.
            let unprivileged = if command == "virtual" { "n" } else { "-" };
            let _ = writeln!(text, "{service} {private} {unprivileged} n {wake_up} {limit} {command}");
        }
        text
    }

    fn control(&self, what: &str) -> Output {
        client(Command::new("postfix").arg("-c").arg(self.path("config")).arg(what), b"")
    }

    /// Carol's letters, once there are `count` of them.
    pub fn carols_letters(&self, count: usize) -> Vec<String> {
        let log = || std::fs::read_to_string(self.path("log")).unwrap_or_default();
        let what = std::fmt::from_fn(|f| write!(f, "Carol has {count} letters\n{}", log()));
        let paths = waiting::wait_for(what, || {
            let folder = std::fs::read_dir(self.path("mail/carol/new"));
            let paths: Vec<PathBuf> = folder.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
            Some(paths).filter(|paths| paths.len() >= count)
        });
        paths.iter().map(|path| String::from_utf8_lossy(&std::fs::read(path).expect("read")).into_owned()).collect()
    }

    /// Gives Postfix a letter to carry.
    pub fn send(&self, from: &str, to: &[&str], letter: &[u8]) {
        let port = self.port.to_string();
        let mut words = vec!["hand-in", port.as_str(), from, ""];
        words.extend(to);
        python("smtp.py", &words, letter).must_succeed();
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        // Not through `client`, which may panic: that would end the whole test run here.
        let _ = Command::new("postfix").arg("-c").arg(self.path("config")).arg("stop").output();
        if std::thread::panicking() {
            eprintln!("── log of Postfix ──\n{}", std::fs::read_to_string(self.path("log")).unwrap_or_default());
        }
    }
}
