use proptest::prelude::*;

use super::*;
use crate::Table;
use crate::tests::wait;

fn proof(method: Method, domain: &str, outcome: Outcome) -> Proof<'_> {
    Proof { method, domain, outcome }
}

fn evaluated(table: &Table, authors: &[&str], proofs: &[Proof<'_>]) -> Verdict {
    wait(evaluate(table, DmarcQuestion { authors, proofs }))
}

fn bank() -> Table {
    Table::new().txt("_dmarc.bank.test", "v=DMARC1; p=reject; sp=quarantine; np=reject; rua=mailto:d@bank.test")
}

#[test]
fn a_proof_of_the_same_owner_is_one_of_the_author() {
    for (author, domain) in [
        ("bank.test", "bank.test"),
        ("bank.test", "mail.bank.test"),
        ("news.bank.test", "Bank.test"),
        ("BANK.test.", "bank.test"),
    ] {
        for method in [Method::Spf, Method::Dkim] {
            let verdict = evaluated(&bank(), &[author], &[proof(method, domain, Outcome::Pass)]);
            assert_eq!(verdict.result, DmarcResult::Pass, "{author} {domain}");
            assert_eq!(verdict.proved_by, Some((method, domain.to_ascii_lowercase())));
            assert_eq!(verdict.disposition(), Policy::None);
        }
    }
}

#[test]
fn a_proof_of_somebody_else_is_none() {
    let proofs = [
        proof(Method::Spf, "evil.test", Outcome::Pass),
        proof(Method::Dkim, "notbank.test", Outcome::Pass),
        proof(Method::Dkim, "test", Outcome::Pass),
        proof(Method::Dkim, "bank.test", Outcome::Fail),
        proof(Method::Dkim, "not a domain", Outcome::Pass),
    ];
    let verdict = evaluated(&bank(), &["bank.test"], &proofs);
    assert_eq!((verdict.result, verdict.disposition()), (DmarcResult::Fail, Policy::Reject));
    assert_eq!(verdict.record_at.as_deref(), Some("bank.test"));
    assert_eq!(verdict.reports, ["mailto:d@bank.test"]);
}

#[test]
fn a_strict_record_takes_its_own_domain_alone() {
    let table = Table::new().txt("_dmarc.bank.test", "v=DMARC1; p=reject; adkim=s");
    let result = |method, domain| evaluated(&table, &["bank.test"], &[proof(method, domain, Outcome::Pass)]).result;
    assert_eq!(result(Method::Dkim, "mail.bank.test"), DmarcResult::Fail);
    assert_eq!(result(Method::Dkim, "bank.test"), DmarcResult::Pass);
    assert_eq!(result(Method::Spf, "mail.bank.test"), DmarcResult::Pass, "aspf stays relaxed");
}

#[test]
fn a_domain_that_is_its_own_owner_is_not_proved_by_the_one_above() {
    let table = bank().txt("_dmarc.own.bank.test", "v=DMARC1; p=quarantine; psd=n");
    let above = evaluated(&table, &["own.bank.test"], &[proof(Method::Dkim, "bank.test", Outcome::Pass)]);
    assert_eq!((above.result, above.organization.as_str()), (DmarcResult::Fail, "own.bank.test"));
    let below = evaluated(&table, &["bank.test"], &[proof(Method::Dkim, "own.bank.test", Outcome::Pass)]);
    assert_eq!(below.result, DmarcResult::Fail);
}

#[test]
fn owners_below_a_public_suffix_do_not_prove_each_other() {
    let table = Table::new().txt("_dmarc.gov.test", "v=DMARC1; p=reject; np=quarantine; psd=y");
    let table = table.name("tax.gov.test").name("post.gov.test");
    let verdict = evaluated(&table, &["tax.gov.test"], &[proof(Method::Dkim, "post.gov.test", Outcome::Pass)]);
    assert_eq!((verdict.result, verdict.disposition()), (DmarcResult::Fail, Policy::Reject));
    assert_eq!((verdict.organization.as_str(), verdict.record_at.as_deref()), ("tax.gov.test", Some("gov.test")));
    let missing = evaluated(&table, &["typo.gov.test"], &[]);
    assert_eq!(missing.disposition(), Policy::Quarantine, "np holds for a domain that does not exist");
}

#[test]
fn a_subdomain_has_the_policy_for_subdomains() {
    let table = bank().name("news.bank.test");
    assert_eq!(evaluated(&table, &["news.bank.test"], &[]).disposition(), Policy::Quarantine);
    assert_eq!(evaluated(&table, &["a.b.bank.test"], &[]).disposition(), Policy::Reject);
    let unknown = table.silent("c.bank.test");
    assert_eq!(evaluated(&unknown, &["c.bank.test"], &[]).disposition(), Policy::Quarantine, "it may exist");
}

#[test]
fn an_owner_who_tests_gets_the_next_milder_policy() {
    for (record, policy) in [("p=reject; t=y", Policy::Quarantine), ("p=quarantine; pct=0", Policy::None)] {
        let table = Table::new().txt("_dmarc.bank.test", format!("v=DMARC1; {record}"));
        let verdict = evaluated(&table, &["bank.test"], &[]);
        assert_eq!((verdict.result, verdict.disposition()), (DmarcResult::Fail, policy));
    }
}

#[test]
fn without_a_record_nothing_is_said() {
    let verdict = evaluated(&Table::new(), &["bank.test"], &[proof(Method::Dkim, "bank.test", Outcome::Pass)]);
    assert_eq!((verdict.result, verdict.record_at), (DmarcResult::None, None));
}

#[test]
fn trouble_is_never_a_failure() {
    let verdict = evaluated(&bank().silent("_dmarc.bank.test"), &["bank.test"], &[]);
    assert_eq!((verdict.result, verdict.disposition()), (DmarcResult::TempError, Policy::None));
    for domain in ["bank.test", "mail.bank.test"] {
        let verdict = evaluated(&bank(), &["bank.test"], &[proof(Method::Dkim, domain, Outcome::Later)]);
        assert_eq!(verdict.result, DmarcResult::TempError, "{domain}");
        assert_eq!(verdict.problem.unwrap().code(), "dmarc-no-proof-yet");
    }
    let foreign = evaluated(&bank(), &["bank.test"], &[proof(Method::Dkim, "evil.test", Outcome::Later)]);
    assert_eq!(foreign.result, DmarcResult::Fail, "trouble of somebody else's does not help");
}

#[test]
fn every_author_has_to_be_proved() {
    let proofs = [proof(Method::Dkim, "evil.test", Outcome::Pass)];
    let table = bank().txt("_dmarc.evil.test", "v=DMARC1; p=none");
    let verdict = evaluated(&table, &["evil.test", "bank.test"], &proofs);
    assert_eq!((verdict.result, verdict.author.as_str()), (DmarcResult::Fail, "bank.test"));
    assert_eq!(verdict.disposition(), Policy::Reject);
    let both = [proofs[0], proof(Method::Spf, "bank.test", Outcome::Pass)];
    assert_eq!(evaluated(&table, &["bank.test", "evil.test", "evil.test"], &both).result, DmarcResult::Pass);
}

#[test]
fn a_letter_without_an_author_is_an_error() {
    let code = |authors: &[&str]| evaluated(&bank(), authors, &[]).problem.unwrap().code();
    assert_eq!(code(&[]), "dmarc-no-author");
    assert_eq!(code(&["bank.test", "no domain"]), "dmarc-no-author");
    assert_eq!(code(&["a.test", "b.test", "c.test", "d.test", "bank.test"]), "dmarc-too-many-authors");
}

#[test]
fn a_domain_in_unicode_is_asked_in_a_labels() {
    let table = Table::new().txt("_dmarc.xn--bcher-kva.example", "v=DMARC1; p=reject");
    let verdict =
        evaluated(&table, &["bücher.example"], &[proof(Method::Dkim, "xn--bcher-kva.example", Outcome::Pass)]);
    assert_eq!((verdict.result, verdict.author.as_str()), (DmarcResult::Pass, "xn--bcher-kva.example"));
}

proptest! {
    #[test]
    fn no_record_and_no_author_panics(
        tags in "(v=DMARC1;)?([ -~]{0,12}(p|sp|np|t|psd|rua|pct)=(y|n|none|reject|0|mailto:a@b)?;?){0,6}",
        junk in prop::collection::vec(any::<u8>(), 0..40), author in "\\PC{0,40}", proved in "[a-z.]{0,20}",
    ) {
        for text in [tags.clone().into_bytes(), [tags.as_bytes(), &junk].concat(), junk.clone()] {
            let _ = Record::read(&text);
            let table = Table::new().txt("_dmarc.a.test", text.clone()).txt("_dmarc.test", text);
            let proofs = [proof(Method::Spf, &proved, Outcome::Pass), proof(Method::Dkim, "b.a.test", Outcome::Pass)];
            for authors in [vec![author.as_str()], vec!["a.test", &author], vec!["x.y.a.test", "a.test"]] {
                let verdict = evaluated(&table, &authors, &proofs);
                prop_assert!(verdict.disposition() <= verdict.policy);
            }
        }
    }
}
