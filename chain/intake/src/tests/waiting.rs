//! The findings about a letter while it waits in the queue for one of our people.

use std::time::Duration;

use mail::seam::Login;
use mail::{Finding, Findings};
use mta::delivery::{Delivery, Means, OutgoingTls};

use super::filters::{check, finds};
use super::*;

impl Town {
    /// Returns the means of a delivery that knows no other server.
    pub(super) fn means(&self) -> Means {
        let (intake, everyone) = (&self.intake, Arc::new(self.intake.everyone()));
        let (names, drop, reports) =
            (Arc::new(net::Table::new()), Arc::new(intake.queue_drop()), intake.reports().clone());
        Means::new(intake.store.clone(), names, everyone, drop, reports, OutgoingTls::new().unwrap())
    }

    /// Carries letters until this account has one.
    async fn carry_until_filed(&self, account: i64) {
        let means = self.means();
        let (stop, shutdown) = net::Stop::new();
        let running = tokio::spawn(Delivery::new(means).run(shutdown));
        let filed = async {
            while self.letters(account).await == 0 {
                // time passes: between two looks
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), filed).await.expect("it is filed");
        stop.request(Duration::from_secs(5));
        running.await.unwrap();
    }
}

fn found() -> Finding {
    Finding::new("made-up", "pass").about("policy.x", "y")
}

const FIELD: &str = "\r\nAuthentication-Results: mail.alpha.test;\r\n\tmade-up=pass\r\n\t  policy.x=y\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn what_was_found_out_about_a_letter_is_filed_with_it_once_there_is_room() {
    let (made_up, seen) = check(finds);
    let town = Town::checked(vec![made_up]).await;
    let to = ["alice@alpha.test", "bob@alpha.test"];
    assert_eq!(town.accept(&large(), "eve@evil.test", &to, peer()).await, Verdict::Accept);
    assert_eq!(town.waiting().await, ["bob@alpha.test"]);
    let room = |tx: &mut Tx| mailbox::account::set_quota(tx, AccountId(2), None);
    town.intake.store.write::<_, mailbox::Error, _>(store::Key::Everything, room).await.unwrap();
    town.carry_until_filed(2).await;
    let filed = town.folder(2, "INBOX").await;
    assert!(filed[0].contains(FIELD), "{filed:?}");
    assert_eq!(town.findings(2, "INBOX").await, [found()]);
    assert_eq!(seen.lock().unwrap().len(), 1, "it was checked where it came in, and not again");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_found_out_about_a_letter_that_its_author_postponed_is_filed_with_it() {
    let town = Town::checked(vec![check(finds).0]).await;
    let login = Login::of(AccountId(2), address("bob@alpha.test"));
    let Origin::Peer(wire) = peer() else { panic!("a peer") };
    let later = Envelope { hold: Some(mail::Hold::For(1)), ..envelope("bob@alpha.test", &["alice@alpha.test"]) };
    let verdict = town.intake.acceptor().accept(hello(), later, Origin::Person(login, wire)).await.unwrap();
    assert_eq!((verdict, town.letters(1).await), (Verdict::Accept, 0));
    town.carry_until_filed(1).await;
    assert_eq!(town.findings(1, "INBOX").await, [found()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_that_cannot_be_read_keep_no_letter_back() {
    let town = Town::checked(vec![check(finds).0]).await;
    let to = ["alice@alpha.test", "bob@alpha.test"];
    assert_eq!(town.accept(&large(), "eve@evil.test", &to, peer()).await, Verdict::Accept);
    let damage = |tx: &mut Tx| {
        tx.execute("UPDATE queue_letter SET findings = $1", ::store::params![vec![9_u8, 9]])?;
        mailbox::account::set_quota(tx, AccountId(2), None)
    };
    town.intake.store.write::<_, mailbox::Error, _>(store::Key::Everything, damage).await.unwrap();
    town.carry_until_filed(2).await;
    assert_eq!(town.findings(2, "INBOX").await, Findings::default().iter().cloned().collect::<Vec<_>>());
}
