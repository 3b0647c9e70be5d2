//! The foreign programs that the tests talk to, from Debian.

use std::process::Command;

use crate::run::{Outcome, has, step};

/// (program, package that has it)
const PEERS: &[(&str, &str)] = &[
    ("cc", "gcc"),
    ("curl", "curl"),
    ("dovecot", "dovecot-imapd"),
    ("mbsync", "isync"),
    ("msmtp", "msmtp"),
    ("mutt", "mutt"),
    ("openssl", "openssl"),
    ("postfix", "postfix"),
    ("python3", "python3"),
    ("strace", "strace"),
    ("swaks", "swaks"),
];

/// Installs the peers that are missing, where apt and the right to use it are there. What stays missing is said;
/// the tests that need it then fail with its name.
pub fn install() -> Outcome {
    let missing: Vec<_> = PEERS.iter().filter(|(program, _)| !has(program)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<_> = missing.iter().map(|(_, package)| *package).collect();
    if !has("apt-get") {
        println!("missing, and there is no apt-get to install them: {}", packages.join(" "));
        return Ok(());
    }
    let installed = step(apt().arg("update")).and_then(|()| {
        // swaks signs in and speaks TLS through these two, which it only recommends; dovecot's LMTP is in the benchmarks.
        let extra = ["libnet-ssleay-perl", "libauthen-sasl-perl", "dovecot-lmtpd", "libsasl2-modules"];
        step(apt().args(["install", "-y", "--no-install-recommends"]).args(packages).args(extra))
    });
    if let Err(why) = installed {
        println!("{why}; the tests that need these programs will say so");
    }
    Ok(())
}

fn apt() -> Command {
    let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.trim_ascii() == b"0");
    let mut command = if root || !has("sudo") { Command::new("apt-get") } else { Command::new("sudo") };
    if command.get_program() == "sudo" {
        command.args(["-n", "apt-get"]);
    }
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}
