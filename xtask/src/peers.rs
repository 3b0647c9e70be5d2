//! The foreign programs that the tests talk to: from Debian, and from the registries of Python, npm and Rust.

use std::path::Path;
use std::process::Command;

use crate::run::{Outcome, cargo, has, root, step};

/// The packages that the tests and benchmarks need beside Rust. swaks speaks TLS and logs in through the two Perl
/// libraries.
const PACKAGES: &[&str] = &[
    "chromium",
    "curl",
    "dovecot-imapd",
    "dovecot-lmtpd",
    "dovecot-pop3d",
    "fetchmail",
    "firefox-esr",
    "gcc",
    "getmail6",
    "haproxy",
    "interimap",
    "isync",
    "libauthen-sasl-perl",
    "libc6-dev",
    "libnet-ssleay-perl",
    "libopendkim11",
    "maildrop",
    "mpop",
    "msmtp",
    "mutt",
    "neomutt",
    "nginx-light",
    "offlineimap3",
    "openssl",
    "poppler-utils",
    "postfix",
    "postgresql",
    "procmail",
    "python3",
    "python3-venv",
    "strace",
    "swaks",
    "webkit2gtk-driver",
    "xvfb",
];

/// The packages that only the clients that are built need (mujmap reads and writes notmuch's index).
const TO_BUILD: &[&str] = &["libnotmuch-dev", "notmuch"];

/// Clients, and other readers of SPF, DKIM and ARC with what they import, from the registry of Python, in an environment of
/// their own below `target`.
const PYTHON: &[&str] = &[
    "aioimaplib==2.0.3",
    "authres==1.2.0",
    "dkimpy==1.1.8",
    "dnspython==2.9.2",
    "imapclient==4.1.0",
    "jmapc==0.4.0",
    "jmaplib==3.0.1",
    "jmax==0.2.0",
    "pynacl==1.6.2",
    "pyspf==2.0.14",
];

/// Clients from the registry of npm, in a folder of their own below `target`.
const NODE: &[&str] = &["imapflow@2.10.2", "jmap-jam@0.13.1"];

/// A client from the registry of Rust, a program of its own.
const MUJMAP: &str = "mujmap@0.2.0";

/// Installs what is missing, where apt and the right to use it are there. Elsewhere it says what is needed; the tests
/// that miss a program then fail with its name.
pub fn install() -> Outcome {
    debian(PACKAGES);
    kept("python", PYTHON, python);
    if has("npm") {
        kept("node", NODE, node);
    } else {
        println!("there is no npm here; the tests need these of its packages: {}", NODE.join(" "));
    }
    Ok(())
}

/// Builds the clients that take minutes to build, which only `cargo xtask soak` runs: mujmap, and a program around the
/// crate jmap-client.
pub fn build() -> Outcome {
    debian(TO_BUILD);
    kept("mujmap", &[MUJMAP], built);
    built(&root().join("target/peers/jmap-client"), &["--force", "--path", "tests/clients/known/jmap-client"])
}

fn debian(packages: &[&str]) {
    if !has("apt-get") {
        println!("there is no apt-get here; the tests need these of Debian's packages: {}", packages.join(" "));
        return;
    }
    let missing: Vec<_> = packages.iter().filter(|package| !installed(package)).collect();
    if missing.is_empty() {
        return;
    }
    let installed = step(apt().arg("update"))
        .and_then(|()| step(apt().args(["install", "-y", "--no-install-recommends"]).args(missing)));
    if let Err(why) = installed {
        println!("{why}; the tests that need these programs will say so");
    }
}

/// Has `make` put the programs that `wanted` names into a folder of `target/peers`, unless they are there in these
/// versions already. If a registry cannot be reached, it says which are missing.
fn kept(name: &str, wanted: &[&str], make: impl Fn(&Path, &[&str]) -> Outcome) {
    let place = root().join("target/peers").join(name);
    let (list, versions) = (place.join("versions"), wanted.join("\n"));
    if std::fs::read_to_string(&list).is_ok_and(|there| there == versions) {
        return;
    }
    let made = make(&place, wanted)
        .and_then(|()| std::fs::write(&list, &versions).map_err(|why| format!("{}: {why}", list.display())));
    if let Err(why) = made {
        println!("{why}; the tests that need what is in {} will say so", place.display());
    }
}

fn python(place: &Path, packages: &[&str]) -> Outcome {
    step(Command::new("python3").args(["-m", "venv", "--clear"]).arg(place))?;
    step(Command::new(place.join("bin/pip")).args(["install", "--quiet"]).args(packages))
}

fn node(place: &Path, packages: &[&str]) -> Outcome {
    std::fs::create_dir_all(place).map_err(|why| format!("{}: {why}", place.display()))?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"]).arg(place);
    step(npm.args(packages))
}

/// Builds with the versions that `--locked` pins, in a folder of its own: the features asked for here are not those
/// of the workspace.
fn built(place: &Path, words: &[&str]) -> Outcome {
    let mut install = cargo();
    install.args(["install", "--locked", "--root"]).arg(place).args(words);
    step(install.env("CARGO_TARGET_DIR", root().join("target/peers/build")))
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
