//! Letters that cannot be read any more, and faults of this program: the rest is served.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::support::office::{Office, beta};
use crate::support::server::Server;
use crate::support::until;

const BOB: &str = "bob@beta.test";

/// The files that hold large bodies.
fn bodies(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let entries = entries.map(|entry| entry.unwrap().path());
    let large = |path: &PathBuf| std::fs::metadata(path).unwrap().len() > 100_000;
    entries.flat_map(|path| if path.is_dir() { bodies(&path) } else { vec![path] }).filter(large).collect()
}

/// A letter that does not fit into the database, and cannot be packed.
fn large() -> Vec<u8> {
    let noise = (0..60_000).map(|_| format!("{:016x}", rand::random::<u64>()));
    format!("Subject: large\r\n\r\n{}\r\n", noise.collect::<Vec<_>>().join("\r\n")).into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_damaged_or_gone_is_told_to_the_sender_and_the_rest_is_served() {
    for damage in [
        |path: &Path| std::fs::remove_file(path).unwrap(),
        |path: &Path| {
            let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
            file.set_len(1000).unwrap();
        },
    ] {
        let server = Server::start(|_| None).await;
        let folder = tempfile::tempdir().unwrap();
        let mut office = Office::open(folder.path(), beta(), server.port());
        let id = office.queue_from("alice@alpha.test", &[BOB, "to-us@alpha.test"], &large()).await;
        let files = bodies(&folder.path().join("blobs"));
        assert!(!files.is_empty());
        files.iter().for_each(|path| damage(path));
        office.queue(&["carol@beta.test"]).await;
        office.start();
        until("the rest has left and all is reported", || office.is_empty()).await;
        assert_eq!(server.taken().len(), 1);
        let filed = office.filed();
        let said: Vec<_> = filed.iter().filter(|(_, report)| report.contains(&id.to_string())).collect();
        assert!(!said.is_empty() && said.iter().all(|(to, _)| to == "alice@alpha.test"));
        for to in [BOB, "to-us@alpha.test"] {
            let told = |report: &str| report.contains(&format!("Final-Recipient: rfc822; {to}"));
            assert!(said.iter().any(|(_, report)| told(report)), "{to}");
        }
        assert!(said[0].1.contains("damaged on the disk of this"), "{}", said[0].1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_carrier_that_panics_strands_nobody_and_tries_not_again_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut office = Office::open(folder.path(), beta(), 1);
    office.queue(&["panic@alpha.test"]).await;
    office.queue(&["bob@alpha.test"]).await;
    office.start();
    until("the other letter is filed", || office.filed().len() == 1).await;
    office.queue(&["carol@alpha.test"]).await;
    until("later ones too", || office.filed().len() == 2).await;
    // time passes: nothing may happen meanwhile
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(office.counts().waiting, 1, "what it panicked over is still in the queue");
}
