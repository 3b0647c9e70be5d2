//! Watches through strace what the system is really asked to sync: before each answer, and once for a whole group.

mod common;

use std::path::Path;
use std::process::Command;

use common::{open, write_note};

const FOLDER: &str = "STORE_TEST_FOLDER";

/// The calls that matter of this program playing `part`, in their order. `None`: there is no strace here.
fn calls(part: &str, folder: &Path) -> Option<Vec<Call>> {
    let log = folder.join("calls");
    let traced = Command::new("strace")
        .args(["-f", "-y", "-s", "64", "-e", "trace=fsync,fdatasync,write", "-o"])
        .arg(&log)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", part, "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .output();
    let traced = match traced {
        Ok(traced) if traced.status.success() => traced,
        other => {
            eprintln!("skipped: strace cannot be used here ({other:?})");
            return None;
        }
    };
    drop(traced);
    let log = std::fs::read_to_string(log).unwrap();
    Some(log.lines().filter_map(call).collect())
}

#[derive(Debug, PartialEq)]
enum Call {
    Sync,
    Answer,
}

/// A sync counts when it returns, an answer when it begins.
fn call(line: &str) -> Option<Call> {
    let synced = line.contains("sync(") && line.contains("facteur.db-wal") || line.contains("sync resumed");
    if synced && line.ends_with("= 0") {
        return Some(Call::Sync);
    }
    (line.contains("write(1<") && line.contains("acknowledged")).then_some(Call::Answer)
}

fn count(calls: &[Call], what: &Call) -> usize {
    calls.iter().filter(|call| *call == what).count()
}

#[test]
fn each_answer_comes_after_a_sync_of_its_own_commit() {
    let folder = tempfile::tempdir().unwrap();
    let Some(calls) = calls("writes_fifty_notes_one_after_the_other", folder.path()) else { return };
    let first_answer = calls.iter().position(|call| *call == Call::Answer).unwrap();
    let (mut syncs, mut answers) = (count(&calls[..first_answer], &Call::Sync).min(1), 0);
    for call in &calls[first_answer..] {
        match call {
            Call::Sync => syncs += 1,
            Call::Answer => {
                answers += 1;
                assert!(syncs >= answers, "answer {answers} after {syncs} syncs");
            }
        }
    }
    assert_eq!(answers, 50);
    assert!(syncs <= 55, "{syncs} syncs for 50 commits");
}

#[test]
fn sixty_four_writers_share_their_syncs() {
    let folder = tempfile::tempdir().unwrap();
    let Some(calls) = calls("sixty_four_writers_write_twenty_notes_each", folder.path()) else { return };
    let (syncs, answers) = (count(&calls, &Call::Sync), count(&calls, &Call::Answer));
    assert_eq!(answers, 64 * 20);
    assert!(syncs * 8 <= answers, "{syncs} syncs for {answers} writes");
}

#[tokio::test]
#[ignore = "a part in another test"]
async fn writes_fifty_notes_one_after_the_other() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let store = open(Path::new(&folder));
    for number in 0..50 {
        write_note(&store, &number.to_string()).await.unwrap();
        println!("acknowledged {number}");
    }
    // No close: its checkpoint would add syncs of its own.
    std::process::exit(0);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a part in another test"]
async fn sixty_four_writers_write_twenty_notes_each() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let store = open(Path::new(&folder));
    let writers = (0..64).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move {
            for number in 0..20 {
                write_note(&store, &format!("{writer} {number}")).await.unwrap();
                println!("acknowledged {number}");
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    std::process::exit(0);
}
