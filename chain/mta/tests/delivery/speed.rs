//! Measurements, not tests: `cargo test -p facteur-mta --test delivery speed -- --ignored --nocapture --test-threads 1`.

use std::time::Instant;

use crate::support::office::{Office, beta, mx};
use crate::support::server::Server;
use crate::support::until;

/// About 10 kB.
fn letter() -> String {
    format!("Subject: x\r\n\r\n{}", "All work and no play makes Jack a dull boy.\r\n".repeat(220))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn letters_a_second_to_a_server_on_this_machine() {
    const LETTERS: usize = 5000;
    let server = Server::start(|_| None).await;
    for per_site in [1, 5, 20] {
        let folder = tempfile::tempdir().unwrap();
        let mut office = Office::open(folder.path(), beta(), server.port());
        office.means.limits.connections_per_site = per_site;
        office.queue_many(LETTERS, "bob@beta.test", letter().as_bytes()).await;
        let before = office.store.statistics();
        let begun = Instant::now();
        office.start();
        until("all have left", || office.is_empty()).await;
        let rate = LETTERS as f64 / begun.elapsed().as_secs_f64();
        let syncs = (office.store.statistics().syncs - before.syncs) as f64 / LETTERS as f64;
        println!("{per_site} connections: {rate:.0} letters/s, {syncs:.2} syncs a letter");
        office.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn letters_a_second_past_a_hundred_thousand_that_wait_for_a_dead_host() {
    const LETTERS: usize = 5000;
    let server = Server::start(|_| None).await;
    for dead in [0, 10_000, 100_000] {
        let folder = tempfile::tempdir().unwrap();
        // Nobody listens at 127.0.0.9.
        let names = mx(beta(), "dead.test", &[(1, "mx.dead.test", "127.0.0.9")]);
        let mut office = Office::open(folder.path(), names, server.port());
        office.queue_many(dead, "bob@dead.test", b"Subject: x\r\n\r\n").await;
        office.queue_many(LETTERS, "bob@beta.test", letter().as_bytes()).await;
        let taken = server.count();
        let begun = Instant::now();
        office.start();
        until("all have left", || server.count() == taken + LETTERS).await;
        println!("{dead} waiting: {:.0} letters/s", LETTERS as f64 / begun.elapsed().as_secs_f64());
        office.stop().await;
    }
}
