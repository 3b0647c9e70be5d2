//! mbsync and OfflineIMAP, configured as docs/clients.md shows.

use std::path::PathBuf;
use std::process::Command;

use tests::{Office, client, shown_client};

use crate::mirror::{self, Mirror};
use crate::post;

const FEW: usize = 6;
const MANY: usize = 300;
const ROUNDS: usize = 10;

struct Mbsync {
    home: PathBuf,
}

impl Mbsync {
    fn of(office: &Office) -> Self {
        let home = office.folder().join("mbsync");
        std::fs::create_dir_all(home.join("mail")).expect("a folder");
        shown_client(office, office.first(), &home, "mbsync");
        Self { home }
    }
}

impl Mirror for Mbsync {
    fn root(&self) -> PathBuf {
        self.home.join("mail")
    }

    fn sync(&self) {
        client(Command::new("mbsync").arg("-c").arg(self.home.join("mbsyncrc")).arg("-a"), b"").must_succeed();
    }

    fn folder(&self, on_disk: &str) -> String {
        plain(on_disk)
    }

    fn on_disk(&self, folder: &str) -> String {
        coded(folder)
    }
}

struct OfflineImap {
    home: PathBuf,
}

impl OfflineImap {
    fn of(office: &Office) -> Self {
        let home = office.folder().join("offlineimap");
        shown_client(office, office.first(), &home, "offlineimap");
        Self { home }
    }
}

impl Mirror for OfflineImap {
    fn root(&self) -> PathBuf {
        self.home.join("mail")
    }

    fn sync(&self) {
        let mut offlineimap = Command::new("offlineimap");
        offlineimap.arg("-c").arg(self.home.join("offlineimaprc")).args(["-o", "-u", "quiet"]).env("HOME", &self.home);
        client(&mut offlineimap, b"").must_succeed();
    }

    fn folder(&self, on_disk: &str) -> String {
        plain(on_disk)
    }

    fn on_disk(&self, folder: &str) -> String {
        coded(folder)
    }

    /// It writes letters by Python's own means, which put a blank line before the first part.
    fn essence(&self, text: &str) -> String {
        text.split_inclusive("\r\n").filter(|line| !line.trim().is_empty()).collect()
    }
}

/// The folders of these tests as IMAP4rev1 writes them (RFC 3501 §5.1.3), which is how both programs call them on the disk.
const NAMES: [(&str, &str); 2] = [("Voyages d’été", "Voyages d&IBkA6Q-t&AOk-"), ("Projets/Île", "Projets/&AM4-le")];

fn plain(on_disk: &str) -> String {
    let known = NAMES.iter().find(|(_, coded)| *coded == on_disk);
    known.map_or(on_disk, |(plain, _)| plain).to_owned()
}

fn coded(folder: &str) -> String {
    let known = NAMES.iter().find(|(plain, _)| *plain == folder);
    known.map_or(folder, |(_, coded)| coded).to_owned()
}

#[test]
fn mbsync_keeps_a_maildir_and_an_account_the_same() {
    let (mut office, look, _) = post::office(FEW);
    let mbsync = Mbsync::of(&office);
    mirror::cycle(&mut office, look, &mbsync);
}

#[test]
fn offlineimap_keeps_a_maildir_and_an_account_the_same() {
    let (mut office, look, _) = post::office(FEW);
    let offlineimap = OfflineImap::of(&office);
    mirror::cycle(&mut office, look, &offlineimap);
}

#[test]
#[ignore = "long: cargo xtask soak clients"]
fn mbsync_and_offlineimap_keep_a_large_account_through_many_rounds() {
    let (office, mut look, _) = post::office(MANY);
    mirror::rounds(&office, &mut look, &Mbsync::of(&office), ROUNDS);
    let (office, mut look, _) = post::office(MANY);
    mirror::rounds(&office, &mut look, &OfflineImap::of(&office), ROUNDS);
}
