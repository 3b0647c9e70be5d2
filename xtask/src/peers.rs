//! The foreign programs that the tests talk to, from Debian.

use std::process::Command;

use crate::run::{Outcome, has, root, step};

/// What the tests and benchmarks need beside Rust. swaks speaks TLS and logs in through the two Perl libraries.
const PACKAGES: &[&str] = &[
    "chromium",
    "curl",
    "dovecot-imapd",
    "dovecot-lmtpd",
    "dovecot-pop3d",
    "fetchmail",
    "gcc",
    "getmail6",
    "haproxy",
    "interimap",
    "isync",
    "libauthen-sasl-perl",
    "libc6-dev",
    "libnet-ssleay-perl",
    "maildrop",
    "msmtp",
    "mutt",
    "nginx-light",
    "openssl",
    "postfix",
    "procmail",
    "python3",
    "python3-venv",
    "strace",
    "swaks",
];

/// Clients of JMAP are not in Debian: this one is Python's, in an environment of its own below `target`.
const JMAPC: &str = "jmapc==0.4.0";

/// Installs what is missing, where apt and the right to use it are there. Elsewhere it says what is needed; the tests
/// that miss a program then fail with its name.
pub fn install() -> Outcome {
    debian()?;
    jmapc()
}

fn debian() -> Outcome {
    if !has("apt-get") {
        println!("there is no apt-get here; the tests need these of Debian's packages: {}", PACKAGES.join(" "));
        return Ok(());
    }
    let missing: Vec<_> = PACKAGES.iter().filter(|package| !installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let installed = step(apt().arg("update"))
        .and_then(|()| step(apt().args(["install", "-y", "--no-install-recommends"]).args(missing)));
    if let Err(why) = installed {
        println!("{why}; the tests that need these programs will say so");
    }
    Ok(())
}

fn jmapc() -> Outcome {
    let place = root().join("target/peers/jmapc");
    if place.join("bin/jmapc-is-here").exists() {
        return Ok(());
    }
    let pip = place.join("bin/pip");
    let made = step(Command::new("python3").args(["-m", "venv"]).arg(&place))
        .and_then(|()| step(Command::new(pip).args(["install", "--quiet", JMAPC])))
        .and_then(|()| {
            std::fs::write(place.join("bin/jmapc-is-here"), JMAPC).map_err(|why| format!("{}: {why}", place.display()))
        });
    if let Err(why) = made {
        println!("{why}; the tests that need {JMAPC} will say so");
    }
    Ok(())
}

fn installed(package: &str) -> bool {
    let status = Command::new("dpkg-query").args(["--show", "--showformat=${db:Status-Status}", package]).output();
    status.is_ok_and(|status| status.stdout == b"installed")
}

fn apt() -> Command {
    let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.trim_ascii() == b"0");
    let mut command = Command::new(if root || !has("sudo") { "apt-get" } else { "sudo" });
    if command.get_program() == "sudo" {
        command.args(["-n", "apt-get"]);
    }
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}
