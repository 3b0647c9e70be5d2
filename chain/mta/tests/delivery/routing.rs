//! Tests of the routes of letters.

use std::time::Duration;

use mail::Password;
use mta::route::{Credentials, Demand, Route};
use net::{AddressAnswer, DnsFault, Exchange, MxAnswer, Table};

use crate::support::office::{Office, beta, mx};
use crate::support::server::{Act, Server, Turn, say};
use crate::support::until;

const BOB: &str = "bob@beta.test";

fn office(names: Table, port: u16) -> (tempfile::TempDir, Office) {
    let folder = tempfile::tempdir().unwrap();
    let office = Office::open(folder.path(), names, port);
    (folder, office)
}

/// The report on a letter to beta.test in a world of these names.
async fn report_with(names: Table) -> String {
    let (_folder, mut office) = office(names, 1);
    office.queue(&[BOB]).await;
    office.start();
    until("the report is filed", || office.filed().len() == 1).await;
    office.filed()[0].1.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_are_tried_by_preference_until_one_takes_the_letter() {
    let last = Server::start(|_| None).await;
    let port = last.port();
    let busy = Server::start_at(&format!("127.0.0.2:{port}"), None, |turn: Turn| {
        (turn.said == "GREETING").then(|| Act::SayAndClose("421 busy".into()))
    })
    .await;
    // Nobody listens at 127.0.0.3, and mx4 has no address.
    let names = mx(
        Table::new(),
        "beta.test",
        &[(5, "mx3.beta.test", "127.0.0.3"), (10, "mx2.beta.test", "127.0.0.2"), (20, "mx1.beta.test", "127.0.0.1")],
    );
    let (_folder, mut office) = office(names, port);
    office.queue(&[BOB]).await;
    office.start();
    until("it has left", || office.is_empty()).await;
    assert_eq!((busy.connections(), last.taken().len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_of_one_preference_share_the_load() {
    let one = Server::start(|_| None).await;
    let two = Server::start_at(&format!("127.0.0.2:{}", one.port()), None, |_| None).await;
    let hosts = [(10, "mx1.beta.test", "127.0.0.1"), (10, "mx2.beta.test", "127.0.0.2")];
    let (_folder, mut office) = office(mx(Table::new(), "beta.test", &hosts), one.port());
    office.means.limits.letters_per_connection = 1;
    for _ in 0..40 {
        office.queue(&[BOB]).await;
    }
    office.start();
    until("all have left", || office.is_empty()).await;
    assert!(one.taken().len() > 3 && two.taken().len() > 3, "{} and {}", one.taken().len(), two.taken().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn domains_of_one_host_share_a_transaction_and_a_connection() {
    let server = Server::start(|_| None).await;
    let names = mx(beta(), "gamma.test", &[(1, "mx.beta.test", "127.0.0.1")]);
    let (_folder, mut office) = office(names, server.port());
    office.means.limits.connections_per_site = 1;
    for _ in 0..5 {
        office.queue(&[BOB, "carl@gamma.test"]).await;
    }
    office.start();
    until("all have left", || office.is_empty()).await;
    assert_eq!(server.connections(), 1);
    let recipients: usize = server.taken().iter().map(|letter| letter.rcpt.len()).sum();
    assert_eq!(recipients, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_mx_the_domain_itself_is_the_host() {
    let server = Server::start(|_| None).await;
    let names = Table::new().addresses("beta.test", Ok(AddressAnswer::found(vec![[127, 0, 0, 1].into()])));
    let (_folder, mut office) = office(names, server.port());
    office.queue(&[BOB]).await;
    office.start();
    until("it has left", || office.is_empty()).await;
    assert_eq!(server.taken().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_literal_is_the_host() {
    let server = Server::start(|_| None).await;
    let (_folder, mut office) = office(Table::new(), server.port());
    office.queue(&["bob@[127.0.0.1]"]).await;
    office.start();
    until("it has left", || office.is_empty()).await;
    assert_eq!(server.taken()[0].rcpt, ["RCPT TO:<bob@[127.0.0.1]>"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_that_takes_no_mail_is_reported_at_once() {
    let report = report_with(Table::new().mx("beta.test", Ok(MxAnswer::null()))).await;
    assert!(report.contains("Status: 5.1.10") && report.contains("takes no mail at all"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_that_does_not_exist_is_reported_at_once() {
    let report = report_with(Table::new()).await;
    assert!(report.contains("Status: 5.1.2"), "{report}");
    let report = report_with(Table::new().addresses("beta.test", Ok(AddressAnswer::NoRecord))).await;
    assert!(report.contains("Status: 5.1.2"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_would_come_back_to_us_is_reported() {
    let us = [(10, "mail.alpha.test", "127.0.0.1"), (20, "backup.beta.test", "127.0.0.1")];
    let report = report_with(mx(Table::new(), "beta.test", &us)).await;
    assert!(report.contains("Status: 5.4.6"), "{report}");

    let server =
        Server::start(
            |turn| {
                if turn.said.starts_with("EHLO") { say("250 mail.alpha.test hello, myself") } else { None }
            },
        )
        .await;
    let (_folder, mut office) = office(beta(), server.port());
    office.queue(&[BOB]).await;
    office.start();
    until("the report is filed", || office.filed().len() == 1).await;
    assert!(office.filed()[0].1.contains("Status: 5.4.6"));
}

/// A host with its preference and its addresses.
type Host<'a> = (u16, &'a str, &'a [&'a str]);

fn at(hosts: &[Host<'_>]) -> Table {
    let exchange = |(preference, host, _): &Host<'_>| Exchange { preference: *preference, host: (*host).to_owned() };
    let names = Table::new().mx("beta.test", Ok(MxAnswer::hosts(hosts.iter().map(exchange).collect())));
    hosts.iter().fold(names, |names, (_, host, ips)| {
        let ips = ips.iter().map(|ip| ip.parse().unwrap()).collect();
        names.addresses(host, Ok(AddressAnswer::found(ips)))
    })
}

fn is_this_machine(ip: std::net::IpAddr) -> bool {
    ip == std::net::Ipv4Addr::LOCALHOST || ip == std::net::Ipv6Addr::LOCALHOST
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_whose_host_is_this_machine_is_reported_at_once() {
    let cases: [&[Host<'_>]; 3] = [
        &[(10, "mx.beta.test", &["127.0.0.1", "::1"])],
        &[(10, "mx.beta.test", &["::1", "127.0.0.1"])],
        // Less preferred hosts do not count (RFC 5321 §5.1).
        &[(10, "mx.beta.test", &["127.0.0.1"]), (20, "backup.beta.test", &["127.0.0.9"])],
    ];
    for hosts in cases {
        // Nobody listens on port 1.
        let (_folder, mut office) = office(at(hosts), 1);
        office.means.is_here = is_this_machine;
        office.queue(&[BOB]).await;
        office.start();
        until("the report is filed", || office.filed().len() == 1).await;
        assert!(office.filed()[0].1.contains("Status: 5.4.6"), "{}", office.filed()[0].1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_better_host_that_is_away_is_waited_for_when_this_machine_is_the_backup() {
    let (_folder, mut office) =
        office(at(&[(10, "mx.beta.test", &["127.0.0.9"]), (20, "backup.beta.test", &["127.0.0.1", "::1"])]), 1);
    office.means.is_here = is_this_machine;
    office.queue(&[BOB]).await;
    office.start();
    until("it is said", || office.said_of(BOB).contains("127.0.0.9")).await;
    assert_eq!(office.counts().waiting, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_addresses_the_telling_error_is_shown() {
    let server =
        Server::start(|turn| if turn.said == "GREETING" { say("554 5.7.1 your address is listed") } else { None });
    let server = server.await;
    // Nobody listens at ::1, and 240.0.0.1 is no address anybody can reach.
    for ips in [["::1", "127.0.0.1", "240.0.0.1"], ["127.0.0.1", "240.0.0.1", "::1"]] {
        let (_folder, mut office) = office(at(&[(10, "mx.beta.test", &ips)]), server.port());
        office.means.waits.connect = Duration::from_millis(500);
        office.queue(&[BOB]).await;
        office.start();
        until("it is said", || !office.said_of(BOB).is_empty()).await;
        assert_eq!(office.said_of(BOB), "554 5.7.1 your address is listed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_name_servers_do_not_answer_the_letter_waits() {
    let names = Table::new().mx("beta.test", Err(DnsFault("SERVFAIL".into())));
    let (_folder, mut office) = office(names, 1);
    office.queue(&[BOB]).await;
    office.start();
    until("it is said", || office.said_of(BOB).contains("SERVFAIL")).await;
    assert_eq!(office.counts().waiting, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_wins_over_the_name_servers_and_the_smarthost_takes_the_rest() {
    let direct = Server::start(|_| None).await;
    let smarthost = Server::start(|_| None).await;
    let (_folder, mut office) = office(Table::new(), 1);
    office.means.limits.connections_per_site = 1;
    office.means.routes.add("beta.test", Route::parse(&direct.address.to_string()).unwrap()).unwrap();
    office.means.routes.add("*", Route::parse(&smarthost.address.to_string()).unwrap()).unwrap();
    office.queue(&[BOB, "carl@gamma.test", "dora@delta.test"]).await;
    office.start();
    until("all have left", || office.is_empty()).await;
    assert_eq!(direct.taken().len(), 1);
    // Two domains by one smarthost: one transaction.
    assert_eq!(smarthost.taken()[0].rcpt.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_smarthost_that_wants_a_login_gets_it_and_a_wrong_password_bounces_nothing() {
    let server = Server::start(|turn| match turn.said {
        said if said.starts_with("EHLO") => say("250-smarthost\r\n250 AUTH PLAIN"),
        // "\0me\0secret"
        "AUTH PLAIN AG1lAHNlY3JldA==" => say("235 2.7.0 welcome"),
        said if said.starts_with("AUTH") => say("535 5.7.8 wrong"),
        _ => None,
    })
    .await;
    for (password, taken) in [("wrong", 0), ("secret", 1)] {
        let (_folder, mut office) = office(Table::new(), 1);
        let login = Credentials { user: "me".into(), password: Password::new(password.into()) };
        let route = Route::parse(&server.address.to_string()).unwrap();
        office.means.routes.add("*", route.with_login(login).with_demand(Demand::Opportunistic)).unwrap();
        office.queue(&[BOB]).await;
        office.start();
        if taken == 0 {
            until("it is said", || office.said_of(BOB) == "535 5.7.8 wrong").await;
            assert_eq!(office.counts().waiting, 1);
        } else {
            until("it has left", || office.is_empty()).await;
        }
        assert_eq!(server.taken().len(), taken);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_that_demands_tls_never_goes_in_clear() {
    let keys = tempfile::tempdir().unwrap();
    let tls = net::ServerTls::self_signed(keys.path(), "mx.beta.test").unwrap();
    let with_tls = Server::start_at("127.0.0.1:0", Some(tls), |turn| {
        turn.said.starts_with("EHLO").then(|| Act::Say("250-mx.beta.test\r\n250 STARTTLS".into()))
    })
    .await;
    let without = Server::start(|_| None).await;
    for (server, demand, arrives) in [
        (&without, Demand::Encrypted, false),
        (&with_tls, Demand::Encrypted, true),
        // The certificate is nobody's that this machine trusts.
        (&with_tls, Demand::Verified, false),
    ] {
        let before = server.taken().len();
        let (_folder, mut office) = office(Table::new(), 1);
        let route = Route::parse(&server.address.to_string()).unwrap().with_demand(demand);
        office.means.routes.add("*", route).unwrap();
        office.queue(&[BOB]).await;
        office.start();
        if arrives {
            until("it has left", || office.is_empty()).await;
            assert!(server.taken()[before].tls);
        } else {
            until("it is said", || office.said_of(BOB).contains("TLS")).await;
            // time passes: nothing may happen meanwhile
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert_eq!(server.taken().len(), before);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn at_our_own_name_the_postmaster_is_here_and_nobody_else() {
    let names = mx(Table::new(), "mail.alpha.test", &[(10, "mail.alpha.test", "127.0.0.1")]);
    let (_folder, mut office) = office(names, 1);
    office.queue(&["postmaster@mail.alpha.test", "bob@mail.alpha.test"]).await;
    office.start();
    until("letter and report are filed", || office.filed().len() == 2 && office.is_empty()).await;
    let mut filed = office.filed();
    filed.sort_by(|one, two| one.0.cmp(&two.0));
    assert!(filed[0].1.contains("Final-Recipient: rfc822; bob@mail.alpha.test"));
    assert_eq!(filed[1].0, "postmaster@mail.alpha.test");
}

/// A server that says nothing before TLS, as at port 465.
async fn silent_before_tls() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let folder = tempfile::tempdir().unwrap();
        let tls = net::ServerTls::self_signed(folder.path(), "localhost").unwrap();
        while let Ok((socket, _)) = listener.accept().await {
            let tls = tls.clone();
            tokio::spawn(async move {
                let Ok(stream) = net::Stream::plain(socket).unwrap().start_tls_server(&tls).await else { return };
                let _ = net::Connection::new(stream).line(1000).await;
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_does_not_go_with_the_scheme_is_told_with_what_to_write() {
    let begun = std::time::Instant::now();
    let in_clear = Server::start(|_| None).await;
    for (to, said) in [
        (format!("127.0.0.1:{}", silent_before_tls().await), "takes TLS there: write to = \"smtps:127.0.0.1:"),
        (format!("smtps:127.0.0.1:{}", in_clear.port()), "does not begin with TLS at port"),
    ] {
        let (_folder, mut office) = office(Table::new(), 1);
        office.means.routes.add("beta.test", Route::parse(&to).unwrap()).unwrap();
        office.queue(&[BOB]).await;
        office.start();
        until("a try has failed", || !office.said_of(BOB).is_empty()).await;
        assert!(office.said_of(BOB).contains(said), "{to}: {}", office.said_of(BOB));
    }
    // A greeting may take five minutes (RFC 5321 §4.5.3.2.1).
    assert!(begun.elapsed() < Duration::from_secs(120));
}
