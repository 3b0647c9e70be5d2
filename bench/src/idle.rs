//! Memory of connections that have logged in, selected INBOX and idle, over TLS.

use std::path::Path;
use std::time::Duration;

use tests::{Dovecot, OfficeBuilder};

use crate::imap::Imap;
use crate::report::{table, times};

const CONNECTIONS: usize = 200;

/// Measures the growth of each server from 0 to 200 connections.
pub fn run() {
    let office = OfficeBuilder::new("alpha.test").person("alice").start();
    let alice = office.first();
    let ours = growth(office.pid(), || Imap::open(office.ports.imaps, &alice.address, &alice.password));
    let dovecot =
        Dovecot::start("service imap-login {\n  process_limit = 1000\n}\nmail_max_userip_connections = 1000\n");
    let theirs = growth(dovecot.pid(), || Imap::open(dovecot.imaps, "alice", "secret"));
    let kilobytes = |bytes: f64| format!("{:.1}", bytes / 1024.0);
    table(
        &format!("Memory of one idle IMAP connection over TLS, from {CONNECTIONS} of them (proportional set size, kB)"),
        &["Facteur", "Dovecot (as Debian sets it up)", "ratio"],
        &[vec![kilobytes(ours), kilobytes(theirs), times(theirs, ours)]],
    );
}

/// Bytes a connection.
fn growth(pid: u32, open: impl Fn() -> Imap) -> f64 {
    let connect = || {
        let mut imap = open();
        imap.ask("SELECT INBOX");
        imap.idle();
        imap
    };
    // Memory that is set up once (log-in caches, auth workers) does not belong to the connections.
    let first: Vec<Imap> = (0..4).map(|_| connect()).collect();
    std::thread::sleep(Duration::from_secs(1));
    let before = memory_of_tree(pid);
    let all: Vec<Imap> = (0..CONNECTIONS).map(|_| connect()).collect();
    std::thread::sleep(Duration::from_secs(2));
    let after = memory_of_tree(pid);
    drop((first, all));
    (after.saturating_sub(before)) as f64 / CONNECTIONS as f64
}

/// Proportional set size of a process and all below it, in bytes.
pub fn memory_of_tree(pid: u32) -> u64 {
    let process = Path::new("/proc").join(pid.to_string());
    let rollup = std::fs::read_to_string(process.join("smaps_rollup")).unwrap_or_default();
    let own: u64 = rollup
        .lines()
        .find_map(|line| line.strip_prefix("Pss:")?.trim().strip_suffix(" kB")?.trim().parse().ok())
        .unwrap_or(0);
    own * 1024 + children(pid).into_iter().map(memory_of_tree).sum::<u64>()
}

fn children(pid: u32) -> Vec<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task"));
    tasks
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok())
        .flat_map(|list| list.split_whitespace().filter_map(|word| word.parse().ok()).collect::<Vec<_>>())
        .collect()
}
