//! The reports that a sender asks for, where the letter is taken (RFC 3461 §5.2).

use mail::check::{Check, Conclusion};
use mail::seam::{OurFault, Pending};
use mail::{Finding, Notify, Recipient, Severity, Wishes};

use super::filters::check;
use super::*;

fn asking(to: &[(&str, &str)]) -> Envelope {
    let recipient = |(to, notify): &(&str, &str)| {
        let notify = Some(*notify).filter(|text| !text.is_empty()).map(|text| text.parse::<Notify>().unwrap());
        Recipient { wishes: Wishes { notify, original: None }, ..Recipient::new(address(to)) }
    };
    Envelope { recipients: to.iter().map(recipient).collect(), ..envelope("eve@evil.test", &[]) }
}

impl Town {
    async fn asked(&self, to: &[(&str, &str)], letter: &Letter) -> Verdict {
        self.intake.acceptor().accept(letter.clone(), asking(to), peer()).await.unwrap()
    }

    /// The reports to Eve that wait.
    async fn reports(&self) -> Vec<String> {
        let queued = self.queued().await.into_iter().map(|raw| String::from_utf8(raw).unwrap());
        queued.filter(|raw| raw.contains("report-type=delivery-status")).collect()
    }

    /// Returns the wishes of the sender for this recipient who waits.
    async fn wished_of(&self, to: &str) -> Wishes {
        let all = self.queue().await;
        let found = all.iter().flat_map(|letter| &letter.recipients).find(|one| one.address == address(to));
        found.expect("it waits").wishes.clone()
    }
}

#[tokio::test]
async fn who_asks_hears_of_the_copy_in_the_commit_that_files_it() {
    let town = Town::new().await;
    let before = town.commits();
    let to = [("alice@alpha.test", "SUCCESS"), ("bob@alpha.test", "FAILURE")];
    assert_eq!(town.asked(&to, &hello()).await, Verdict::Accept);
    assert_eq!((town.commits() - before, town.letters(1).await, town.letters(2).await), (1, 1, 1));
    let reports = town.reports().await;
    assert!(reports[0].contains("Final-Recipient: rfc822; alice@alpha.test\r\nAction: delivered\r\n"), "{reports:?}");
    assert!(!reports[0].contains("bob@") && reports.len() == 1);
    assert_eq!(town.wished_of("eve@evil.test").await, Wishes::none(), "nobody reports on a report");
}

fn alarms() -> Pending<'static, Result<Conclusion, OurFault>> {
    let alarm = Finding::new("made-up", "fail").with_severity(Severity::Alarm);
    Box::pin(async { Ok(Conclusion::Found(vec![alarm])) })
}

#[tokio::test]
async fn nobody_hears_of_a_letter_that_is_not_what_it_claims_to_be() {
    let town = Town::new().await;
    let checks: Vec<Arc<dyn Check>> = vec![check(alarms).0];
    let town = Town { intake: town.intake.clone().with_checks(checks), ..town };
    let to = [("alice@alpha.test", "SUCCESS"), ("ghost@alpha.test", ""), ("team@alpha.test", "SUCCESS")];
    assert_eq!(town.asked(&to, &hello()).await, Verdict::Accept);
    assert_eq!(town.reports().await, Vec::<String>::new());
}

#[tokio::test]
async fn an_address_that_stands_for_several_is_told_of_as_such_and_the_copies_go_on_without_the_wish() {
    let town = Town::new().await;
    assert_eq!(town.asked(&[("team@alpha.test", "SUCCESS,DELAY")], &hello()).await, Verdict::Accept);
    let reports = town.reports().await;
    assert!(reports[0].contains("Final-Recipient: rfc822; team@alpha.test\r\nAction: expanded\r\n"), "{reports:?}");
    let wishes = town.wished_of("carol@elsewhere.test").await;
    assert_eq!(wishes.notify.unwrap().to_string(), "DELAY");
    assert_eq!(wishes.original.unwrap().to_string(), "rfc822; team@alpha.test");
}

#[tokio::test]
async fn an_address_that_leads_to_one_place_passes_every_wish_on() {
    let town = Town::new().await;
    let add = |tx: &mut Tx| {
        directory::alias::add(tx, &address("carol@alpha.test"), &[address("carol@elsewhere.test")], net::now())
            .unwrap();
        Ok(())
    };
    town.intake.store.write::<(), ::store::Error, _>(::store::Key::Everything, add).await.unwrap();
    assert_eq!(town.asked(&[("carol@alpha.test", "SUCCESS")], &hello()).await, Verdict::Accept);
    assert_eq!(town.reports().await, Vec::<String>::new());
    let wishes = town.wished_of("carol@elsewhere.test").await;
    assert!(wishes.success());
    assert_eq!(wishes.original.unwrap().to_string(), "rfc822; carol@alpha.test");
}

#[tokio::test]
async fn who_is_full_is_tried_again_with_the_wishes_of_the_sender() {
    let town = Town::new().await;
    let to = [("alice@alpha.test", "SUCCESS"), ("bob@alpha.test", "SUCCESS")];
    assert_eq!(town.asked(&to, &large()).await, Verdict::Accept);
    let reports = town.reports().await;
    assert!(reports[0].contains("alice@alpha.test") && !reports[0].contains("bob@alpha.test"), "{reports:?}");
    assert!(town.wished_of("bob@alpha.test").await.success());
}

#[tokio::test]
async fn a_failure_is_told_to_those_who_want_to_hear_of_it() {
    let town = Town::new().await;
    let to = [("alice@alpha.test", ""), ("ghost@alpha.test", "NEVER"), ("spirit@alpha.test", "FAILURE")];
    assert_eq!(town.asked(&to, &hello()).await, Verdict::Accept);
    let reports = town.reports().await;
    assert!(reports[0].contains("spirit@alpha.test") && !reports[0].contains("ghost@"), "{reports:?}");
}
