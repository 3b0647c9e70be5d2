//! `cargo xtask deb-trial FILE`: makes a Debian (debootstrap), boots it with a network of its own (systemd-nspawn), and does in
//! there what `packaging/deb/trial.sh` says: the package is installed, used, upgraded, removed, purged and installed again.
//! Needs root and a mirror of Debian; where one is missing, it fails and says which.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::run::{Outcome, has, root, step};

/// The packages that a small Debian of people who use it has, beside its core.
const FURNITURE: &str = "systemd-sysv dbus adduser man-db bash-completion zsh fish curl iproute2";
/// Seconds that the whole story may take.
const PATIENCE: &str = "1200";

/// Runs the story as soon as the system is up, and ends the system with the result.
const UNIT: &str = "\
[Unit]
After=basic.target dbus.service
SuccessAction=exit
SuccessActionExitStatus=0
FailureAction=exit
FailureActionExitStatus=1

[Service]
Type=oneshot
ExecStart=/trial.sh
StandardOutput=append:/trial.log
StandardError=inherit

[Install]
WantedBy=multi-user.target
";

/// Tries a package out, from the first installation to the last.
pub fn try_out(package: &Path) -> Outcome {
    if has("lintian") {
        // Whoever ships it names himself by DEBEMAIL: then these two are silent.
        let of_the_builder = "--suppress-tags=bogus-mail-host,bogus-mail-host-in-debian-changelog";
        step(Command::new("lintian").args(["--no-cfg", "--fail-on=error,warning", of_the_builder]).arg(package))?;
    }
    for (program, of) in [("debootstrap", "debootstrap"), ("systemd-nspawn", "systemd-container")] {
        if !has(program) {
            return Err(format!("NOT TRIED: {program} is not here: apt-get install {of}"));
        }
    }
    let debian = root().join("target/debian/root");
    let _ = fs::remove_dir_all(&debian);
    let outcome = furnish(&debian, package).and_then(|()| {
        let outcome = step(&mut boot(&debian));
        println!("{}", fs::read_to_string(debian.join("trial.log")).unwrap_or_default());
        outcome
    });
    let _ = fs::remove_dir_all(&debian);
    outcome
}

/// A Debian as old as the C library that the program was built with, with the package and the story in it.
fn furnish(debian: &Path, package: &Path) -> Outcome {
    let no_debian = |why| format!("NOT TRIED (it needs root, and a mirror of Debian): {why}");
    step(Command::new("debootstrap").args(["--variant=minbase", &release()]).arg(debian)).map_err(no_debian)?;
    let install = format!("DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends {FURNITURE}");
    step(enter(debian).args(["--pipe", "sh", "-c", &install])).map_err(no_debian)?;
    put(package, &debian.join("facteur.deb"))?;
    put(&root().join("packaging/deb/trial.sh"), &debian.join("trial.sh"))?;
    let unit = debian.join("etc/systemd/system/trial.service");
    fs::write(&unit, UNIT).map_err(|why| format!("{}: {why}", unit.display()))?;
    step(enter(debian).args(["--pipe", "systemctl", "enable", "trial.service"]))
}

/// Starts that Debian; it ends as the story ends.
fn boot(debian: &Path) -> Command {
    let mut boot = enter(debian);
    boot.args([
        "--machine=facteur-trial",
        "--private-network",
        "--console=read-only",
        "--boot",
        "systemd.show_status=no",
    ]);
    boot
}

/// Does something in that Debian, for so long at most.
fn enter(debian: &Path) -> Command {
    let mut enter = Command::new("timeout");
    enter.args([PATIENCE, "systemd-nspawn", "--quiet", "--directory"]).arg(debian);
    if !Path::new("/run/systemd/system").exists() {
        // There is nobody here to register it with.
        enter.args(["--register=no", "--keep-unit"]);
    }
    enter
}

fn put(from: &Path, to: &Path) -> Outcome {
    let copied = fs::copy(from, to).and_then(|_| fs::set_permissions(to, fs::Permissions::from_mode(0o755)));
    copied.map_err(|why| format!("{}: {why}", from.display()))
}

/// The name of the Debian that runs here.
fn release() -> String {
    let told = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = told.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    name.unwrap_or("stable").trim_matches('"').to_owned()
}
