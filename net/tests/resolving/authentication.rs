//! SPF asks through the resolver of a letter, within its bounds.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use auth::spf::{SpfQuestion, SpfResult, check};
use facteur_net::{Answer, Exchange, Lookups, MxAnswer, Table};

fn table() -> Table {
    let text = |text: &str| Ok(Answer::found(vec![text.as_bytes().to_vec()]));
    let four: IpAddr = Ipv4Addr::new(192, 0, 2, 1).into();
    let six: IpAddr = "2001:db8::1".parse().unwrap();
    let hosts = MxAnswer::hosts(vec![Exchange { preference: 10, host: "mail.beta.test".into() }]);
    Table::new()
        .txt("beta.test", text("v=spf1 a:foo:bar/x.beta.test mx -all"))
        .txt("null.test", text("v=spf1 mx -all"))
        .mx("beta.test", Ok(hosts))
        .mx("null.test", Ok(MxAnswer::null()))
        .addresses("mail.beta.test", Ok(Answer::found(vec![six, four])))
}

async fn result(lookups: &Lookups, ip: &str, mail_from: &str) -> SpfResult {
    let question = SpfQuestion { ip: ip.parse().unwrap(), helo: "", mail_from, receiver: "", now: 0 };
    check(lookups, question).await.result
}

#[tokio::test]
async fn each_family_of_addresses_is_asked_for_alone() {
    let lookups = Lookups::new(Arc::new(table()), 100, Duration::from_secs(20));
    assert_eq!(result(&lookups, "192.0.2.1", "ann@beta.test").await, SpfResult::Pass);
    assert_eq!(lookups.left(), 96, "the record, the name that nobody can have, the MX, and its IPv4 address");
    assert_eq!(result(&lookups, "2001:db8::1", "ann@beta.test").await, SpfResult::Pass);
    assert_eq!(result(&lookups, "2001:db8::2", "ann@beta.test").await, SpfResult::Fail);
    assert_eq!(result(&lookups, "192.0.2.1", "ann@null.test").await, SpfResult::Fail, "a null MX is no host");
    assert_eq!(result(&lookups, "192.0.2.1", "ann@nowhere.test").await, SpfResult::None);
}

#[tokio::test]
async fn a_question_beyond_the_bounds_is_one_for_later() {
    let lookups = Lookups::new(Arc::new(table()), 3, Duration::from_secs(20));
    assert_eq!(result(&lookups, "192.0.2.1", "ann@beta.test").await, SpfResult::TempError);
}
