//! interimap keeps a Facteur and a Dovecot the same while both change. It trusts QRESYNC (RFC 7162) in all it does, so
//! it finds out whether what we tell of changes is the whole truth.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use tests::{Dovecot, OfficeBuilder, client, python};

/// Rounds of changes on both sides.
const ROUNDS: u32 = 5;

/// One of the two servers.
struct Side<'a> {
    port: u16,
    user: &'a str,
    password: &'a str,
}

impl Side<'_> {
    fn churn(&self, action: &str, seed: &str) -> String {
        python("churn.py", &[action, &self.port.to_string(), self.user, self.password, seed], b"").must_succeed().out
    }

    fn section(&self, name: &str) -> String {
        let Self { port, user, password } = self;
        format!(
            "[{name}]\ntype = imaps\nhost = 127.0.0.1\nport = {port}\nusername = {user}\npassword = {password}\nSSL_verify = NO\n\n"
        )
    }
}

#[test]
fn interimap_keeps_a_facteur_and_a_dovecot_the_same() {
    let office = OfficeBuilder::new("alpha.test").person("alice").start();
    // interimap reads a password without blanks only.
    office.command_with_input(&["account", "password", "alice@alpha.test", "--password-stdin"], b"un-mot-de-passe");
    let dovecot = Dovecot::start("");
    let here = Side { port: office.ports.imaps, user: "alice@alpha.test", password: "un-mot-de-passe" };
    let there = Side { port: dovecot.imaps, user: "alice", password: "secret" };
    let config = configuration(office.folder(), &here, &there);

    for round in 0..ROUNDS {
        here.churn("change", &format!("here{round}"));
        there.churn("change", &format!("there{round}"));
        // The changes of one side reach the other at the second run at the latest.
        for _ in 0..2 {
            client(Command::new("interimap").arg(format!("--config={config}")), b"").must_succeed();
        }
        let told = here.churn("tell", "");
        assert_eq!(told, there.churn("tell", ""), "round {round}");
        assert!(told.contains(&format!("here{round}-")) && told.contains(&format!("there{round}-")), "{told}");
    }
}

fn configuration(folder: &Path, here: &Side<'_>, there: &Side<'_>) -> String {
    let path = folder.join("interimap.conf");
    let mut text = format!("database = {}/interimap.db\nlist-select-opts =\n\n", folder.display());
    let _ = write!(text, "{}{}", here.section("local"), there.section("remote"));
    std::fs::write(&path, text).expect("written");
    path.display().to_string()
}
