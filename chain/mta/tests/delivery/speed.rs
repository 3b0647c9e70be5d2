//! A measurement, not a test: `cargo test -p facteur-mta --test delivery speed -- --ignored --nocapture`.

use std::time::Instant;

use crate::support::office::{Office, beta};
use crate::support::server::Server;
use crate::support::until;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn letters_a_second_to_a_server_on_this_machine() {
    const LETTERS: usize = 5000;
    let server = Server::start(|_| None).await;
    for per_site in [1, 5, 20] {
        let folder = tempfile::tempdir().unwrap();
        let mut office = Office::open(folder.path(), beta(), server.port());
        office.means.limits.connections_per_site = per_site;
        let letter = format!("Subject: x\r\n\r\n{}", "All work and no play makes Jack a dull boy.\r\n".repeat(220));
        let begun = Instant::now();
        let (one, two) = (&office, &letter);
        let queue = |n: usize| async move {
            one.queue_from(&format!("a{n}@alpha.test"), &["bob@beta.test"], two.as_bytes()).await
        };
        for n in 0..LETTERS / 50 {
            let mut many = Vec::new();
            for m in 0..50 {
                many.push(queue(n * 50 + m));
            }
            for one in many {
                one.await;
            }
        }
        let queued = begun.elapsed();
        let before = office.store.statistics();
        let begun = Instant::now();
        office.start();
        until("all have left", || office.is_empty()).await;
        let took = begun.elapsed();
        println!(
            "{per_site} connections: {:.0} letters/s delivered (queued one by one at {:.0}/s); {before:?} -> {:?}",
            LETTERS as f64 / took.as_secs_f64(),
            LETTERS as f64 / queued.as_secs_f64(),
            office.store.statistics(),
        );
        office.stop().await;
    }
}
