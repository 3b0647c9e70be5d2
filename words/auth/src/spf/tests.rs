use proptest::prelude::*;

use super::*;
use crate::Table;
use crate::tests::wait;

fn question<'a>(ip: &str, helo: &'a str, mail_from: &'a str) -> SpfQuestion<'a> {
    SpfQuestion { ip: ip.parse().unwrap(), helo, mail_from, receiver: "mail.alpha.test", now: 1_795_501_377 }
}

fn asked(table: &Table, ip: &str, mail_from: &str) -> Verdict {
    wait(check(table, question(ip, "mail.beta.test", mail_from)))
}

fn with(record: &str) -> Table {
    Table::new().txt("beta.test", record)
}

#[test]
fn the_term_that_decides_is_named() {
    let table =
        with("v=spf1 ip4:192.0.2.0/24 -all exp=why.beta.test").txt("why.beta.test", "%{i} may not write as %{s}");
    let pass = asked(&table, "192.0.2.7", "ann@beta.test");
    assert_eq!((pass.result, pass.mechanism.as_deref()), (SpfResult::Pass, Some("ip4:192.0.2.0/24")));
    assert_eq!((pass.domain.as_str(), pass.explanation), ("beta.test", None));
    let fail = asked(&table, "198.51.100.1", "ann@beta.test");
    assert_eq!((fail.result, fail.mechanism.as_deref()), (SpfResult::Fail, Some("-all")));
    assert_eq!(fail.explanation.as_deref(), Some("198.51.100.1 may not write as ann@beta.test"));
}

#[test]
fn a_peer_that_speaks_ipv4_through_ipv6_is_an_ipv4_peer() {
    assert_eq!(asked(&with("v=spf1 ip4:192.0.2.1 -all"), "::ffff:192.0.2.1", "a@beta.test").result, SpfResult::Pass);
}

#[test]
fn a_letter_without_return_path_is_that_of_its_server() {
    let table = Table::new().txt("mail.beta.test", "v=spf1 a:%{l}.%{d} -all");
    let table = table.host("postmaster.mail.beta.test", "192.0.2.1".parse().unwrap());
    let verdict = asked(&table, "192.0.2.1", "");
    assert_eq!((verdict.result, verdict.identity), (SpfResult::Pass, Identity::MailFrom));
    assert_eq!(verdict.domain, "mail.beta.test");
    let helo = wait(check_helo(&table, question("192.0.2.2", "mail.beta.test", "x@elsewhere.test")));
    assert_eq!((helo.result, helo.identity), (SpfResult::Fail, Identity::Helo));
}

#[test]
fn a_domain_in_unicode_is_asked_in_a_labels() {
    let table = Table::new().txt("xn--bcher-kva.example", "v=spf1 exists:%{d}.x.test -all");
    let table = table.host("xn--bcher-kva.example.x.test", "127.0.0.2".parse().unwrap());
    let verdict = asked(&table, "192.0.2.1", "ann@bücher.example");
    assert_eq!((verdict.result, verdict.domain.as_str()), (SpfResult::Pass, "xn--bcher-kva.example"));
}

#[test]
fn a_term_with_a_local_part_outside_ascii_fits_nothing() {
    let table = with("v=spf1 exists:%{l}.beta.test include:%{s}.beta.test -all");
    assert_eq!(asked(&table, "192.0.2.1", "élise@beta.test").mechanism.as_deref(), Some("-all"), "RFC 8616 §4");
}

#[test]
fn each_problem_has_its_result_and_its_words() {
    let several = with("v=spf1 -all").txt("beta.test", "v=spf1 +all");
    let eleven = format!("v=spf1{} -all", " exists:a.test".repeat(11));
    let eleven = with(&eleven).name("a.test");
    let void = with("v=spf1 a:a.test a:b.test a:c.test -all");
    let many_mx = (0..11).fold(with("v=spf1 mx -all"), |table, n| table.mx("beta.test", &format!("mx{n}.beta.test")));
    for (table, result, code) in [
        (Table::new(), SpfResult::None, "spf-no-record"),
        (Table::new().silent("beta.test"), SpfResult::TempError, "spf-no-answer"),
        (with("v=spf1 a:far.test").silent("far.test"), SpfResult::TempError, "spf-no-answer"),
        (several, SpfResult::PermError, "spf-several-records"),
        (with("v=spf1 a:é.test"), SpfResult::PermError, "spf-not-ascii"),
        (with("v=spf1 ipv4:1.2.3.4 -all"), SpfResult::PermError, "spf-syntax"),
        (with("v=spf1 include:nowhere.test"), SpfResult::PermError, "spf-leads-nowhere"),
        (with("v=spf1 redirect=nowhere.test"), SpfResult::PermError, "spf-leads-nowhere"),
        (with("v=spf1 include:beta.test"), SpfResult::PermError, "spf-too-many-lookups"),
        (with("v=spf1 redirect=beta.test"), SpfResult::PermError, "spf-too-many-lookups"),
        (eleven, SpfResult::PermError, "spf-too-many-void-lookups"),
        (void, SpfResult::PermError, "spf-too-many-void-lookups"),
        (many_mx, SpfResult::PermError, "spf-too-many-mx"),
    ] {
        let verdict = asked(&table, "192.0.2.1", "ann@beta.test");
        let problem = verdict.problem.expect("a problem");
        assert_eq!((verdict.result, problem.code()), (result, code));
        assert_eq!(problem.result(), result);
        assert!(problem.to_string().len() > 20, "{problem}");
    }
    let literal = asked(&Table::new(), "192.0.2.1", "ann@[192.0.2.1]");
    assert_eq!(literal.problem.unwrap().code(), "spf-not-a-domain");
}

#[test]
fn ten_terms_may_ask_and_an_eleventh_may_not() {
    let hosts = |count| {
        let record = format!("v=spf1{} ip4:192.0.2.1 -all", " a:host.test".repeat(count));
        with(&record).host("host.test", "198.51.100.1".parse().unwrap())
    };
    assert_eq!(asked(&hosts(10), "192.0.2.1", "ann@beta.test").result, SpfResult::Pass);
    let eleven = asked(&hosts(11), "192.0.2.1", "ann@beta.test");
    assert_eq!((eleven.result, eleven.problem), (SpfResult::PermError, Some(Problem::TooManyTerms)));
}

#[test]
fn an_explanation_that_is_wrong_changes_no_result() {
    for text in ["%", "\u{e9}", "a\nb"] {
        let table = with("v=spf1 -all exp=why.test").txt("why.test", text);
        let verdict = asked(&table, "192.0.2.1", "ann@beta.test");
        assert_eq!((verdict.result, verdict.explanation), (SpfResult::Fail, None), "{text:?}");
    }
    let silent = with("v=spf1 -all exp=why.test").silent("why.test");
    assert_eq!(asked(&silent, "192.0.2.1", "ann@beta.test").result, SpfResult::Fail);
}

#[test]
fn a_record_is_reviewed_without_questions() {
    assert_eq!(review("v=spf1 mx include:_spf.beta.test ~all"), Ok(()));
    assert!(matches!(review("v=spf1 include ~all"), Err(Problem::Syntax { .. })));
    assert!(review("v=spf2").is_err());
}

#[test]
fn a_huge_record_is_read_in_a_time_that_grows_as_its_length() {
    let time = |count: usize| {
        let record = format!("v=spf1{} -all", " ip4:192.0.2.0/24 exists:%{s}.%{ir}.test".repeat(count));
        let once = |_| {
            let begin = std::time::Instant::now();
            assert_eq!(review(&record), Ok(()));
            begin.elapsed()
        };
        // The quickest of several is the one in which nobody else had the processor.
        (0..9).map(once).min().unwrap()
    };
    let (small, large) = (time(200), time(6400));
    assert!(large < small * 32 * 8, "{small:?} and {large:?}");
}

proptest! {
    #[test]
    fn no_record_and_no_peer_panics(
        terms in prop::collection::vec(
            "[-+~?]?(a|mx|ptr|all|ip4|ip6|include|exists|redirect|exp|x)[:=/]?[ -~]{0,20}", 0..12,
        ),
        junk in prop::collection::vec(any::<u8>(), 0..60),
        sender in "\\PC{0,30}", helo in "\\PC{0,30}", ip in any::<u128>(), four in any::<bool>(),
    ) {
        let ip: IpAddr = if four {
            std::net::Ipv4Addr::from_bits(ip as u32).into()
        } else {
            std::net::Ipv6Addr::from_bits(ip).into()
        };
        let record = [format!("v=spf1 {} ", terms.join(" ")).as_bytes(), &junk].concat();
        for record in [format!("v=spf1 {}", terms.join(" ")).into_bytes(), record] {
            let table = Table::new().txt("beta.test", record).ptr(ip, "beta.test").host("beta.test", ip);
            for mail_from in [format!("{sender}@beta.test"), sender.clone()] {
                let question = SpfQuestion { ip, helo: &helo, mail_from: &mail_from, receiver: "", now: 0 };
                let verdict = wait(check(&table, question));
                prop_assert_eq!(verdict.problem.map_or(verdict.result, |problem| problem.result()), verdict.result);
            }
        }
    }
}
