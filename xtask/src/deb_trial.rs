//! `cargo xtask deb-trial FILE`: installs the package into a Debian that is made for it (debootstrap), uses it, upgrades,
//! removes and purges it. Needs root and a mirror of Debian; where one is missing, it fails and says which.

use std::path::Path;
use std::process::Command;

use crate::run::{Outcome, has, root, step};

/// What is done in there, after the package lies at `/facteur.deb`. Each line that fails ends it.
const STORY: &str = r#"
set -eux
export DEBIAN_FRONTEND=noninteractive LANG=C.UTF-8
# No service is started in a folder (policy-rc.d).
printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d
apt-get install -y --no-install-recommends /facteur.deb
test "$(stat -c %U:%a /var/lib/facteur)" = facteur:700
facteur domain add alpha.test
printf 'correct horse battery\n' | facteur account add alice@alpha.test --password-stdin
test "$(stat -c %U /var/lib/facteur/facteur.db)" = facteur
printf 'Subject: kept\n\nHello.\n' | facteur send -f alice@alpha.test alice@alpha.test
echo '# changed here' >> /etc/facteur/facteur.toml
# As the unit runs it: the service's user, who finds its folder by itself.
setpriv --reuid=facteur --regid=facteur --clear-groups facteur account list | grep -q alice@alpha.test
! setpriv --reuid=nobody --regid=nogroup --clear-groups facteur account list
# An upgrade keeps the letters and what the administrator has changed.
dpkg --force-confdef --force-confold -i /facteur.deb
grep -q 'changed here' /etc/facteur/facteur.toml
facteur account list | grep -q alice@alpha.test
facteur verify
dpkg --remove facteur
test -f /etc/facteur/facteur.toml -a -f /var/lib/facteur/facteur.db
dpkg --purge facteur
test ! -e /etc/facteur/facteur.toml
test -f /var/lib/facteur/facteur.db
dpkg -i /facteur.deb
facteur account list | grep -q alice@alpha.test
"#;

/// Tries a package out, from the first installation to the purge.
pub fn try_out(package: &Path) -> Outcome {
    if !has("debootstrap") {
        return Err("NOT TRIED: debootstrap is not here: apt-get install debootstrap".to_owned());
    }
    let debian = root().join("target/debian/root");
    let _ = std::fs::remove_dir_all(&debian);
    // A Debian as old as the C library that the program was built with.
    step(Command::new("debootstrap").args(["--variant=minbase", &release()]).arg(&debian))
        .map_err(|why| format!("NOT TRIED (it needs root, and a mirror of Debian): {why}"))?;
    std::fs::copy(package, debian.join("facteur.deb")).map_err(|why| format!("{}: {why}", package.display()))?;
    let outcome = step(Command::new("chroot").arg(&debian).args(["sh", "-c", STORY]));
    let _ = std::fs::remove_dir_all(&debian);
    outcome
}

/// The name of the Debian that runs here.
fn release() -> String {
    let told = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = told.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    name.unwrap_or("stable").trim_matches('"').to_owned()
}
