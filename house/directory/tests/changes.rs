//! Tests of adding, listing and removing domains, people and aliases, and of refusals.

mod common;

use common::{Fixture, NOW, PASSWORD, address, name};
use facteur_directory::{Error, Language, Secret, account, alias, domain};

#[test]
fn a_domain_is_added_listed_and_removed() {
    let fixture = Fixture::empty();
    fixture.add_domain("bücher.test").unwrap();
    assert!(matches!(fixture.add_domain("Bücher.test"), Err(Error::DomainExists(_))));
    let listed = fixture.store.read_blocking(domain::list).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (listed[0].name.to_unicode(), listed[0].accounts, listed[0].created),
        ("bücher.test".to_owned(), 0, NOW)
    );
    fixture.write(|tx| domain::remove(tx, &name("bücher.test"), false)).unwrap();
    assert!(fixture.store.read_blocking(domain::list).unwrap().is_empty());
}

#[test]
fn a_domain_with_people_goes_only_by_force_and_they_go_with_it() {
    let fixture = Fixture::with_people();
    fixture.add_alias("team@alpha.test", &["alice@alpha.test"]).unwrap();
    let error = fixture.write(|tx| domain::remove(tx, &name("alpha.test"), false)).unwrap_err();
    assert!(matches!(error, Error::DomainInUse { accounts: 2, .. }));
    let ids = [fixture.id("alice@alpha.test"), fixture.id("bob@alpha.test")];
    let removed = fixture.write(|tx| domain::remove(tx, &name("alpha.test"), true)).unwrap();
    assert_eq!(removed.accounts, ids);
    let left = fixture.store.read_blocking(|view| account::list(view, None)).unwrap();
    assert_eq!(left.len(), 1);
    assert!(fixture.store.read_blocking(|view| alias::list(view, None)).unwrap().is_empty());
}

#[test]
fn a_person_needs_a_domain_of_ours_and_is_told_how_to_add_it() {
    let error = Fixture::with_people().add_account("eve@beta.test").unwrap_err().to_string();
    assert_eq!(error, "beta.test is not one of our domains; add it with: facteur domain add beta.test");
}

#[test]
fn two_people_do_not_share_an_address_whatever_its_case() {
    let fixture = Fixture::with_people();
    assert!(matches!(fixture.add_account("ALICE@alpha.test"), Err(Error::AccountExists(_))));
    fixture.add_alias("team@alpha.test", &["alice@alpha.test"]).unwrap();
    assert!(matches!(fixture.add_account("Team@alpha.test"), Err(Error::AliasExists(_))));
    assert!(matches!(fixture.add_alias("Bob@alpha.test", &["alice@alpha.test"]), Err(Error::AccountExists(_))));
}

#[test]
fn names_that_would_be_misunderstood_are_refused() {
    let fixture = Fixture::with_people();
    assert!(matches!(fixture.add_account("a+b@alpha.test"), Err(Error::PlusInName(_))));
    assert!(matches!(fixture.add_account("*@alpha.test"), Err(Error::StarIsNobody(_))));
    assert!(matches!(fixture.add_domain("[192.0.2.1]"), Err(Error::NotAName(_))));
}

#[test]
fn people_are_listed_with_what_is_known_of_them() {
    let fixture = Fixture::with_people();
    let listed = fixture.store.read_blocking(|view| account::list(view, Some(&name("alpha.test")))).unwrap();
    let addresses: Vec<_> = listed.iter().map(|account| account.address.to_string()).collect();
    assert_eq!(addresses, ["Alice@alpha.test", "bob@alpha.test"]);
    assert_eq!((listed[0].name.as_deref(), listed[0].language), (Some("Somebody"), Language::French));
    let unknown = fixture.store.read_blocking(|view| account::list(view, Some(&name("beta.test")))).unwrap_err();
    assert!(matches!(unknown, Error::UnknownDomain(_)));
}

#[test]
fn the_number_of_somebody_who_went_is_never_given_again() {
    let fixture = Fixture::with_people();
    let gone = fixture.add_account("carol@alpha.test").unwrap();
    fixture.write(|tx| account::remove(tx, &address("carol@alpha.test"))).unwrap();
    assert_ne!(fixture.add_account("carol@alpha.test").unwrap(), gone);
    let error = fixture.write(|tx| account::remove(tx, &address("dave@alpha.test"))).unwrap_err();
    assert!(matches!(error, Error::UnknownAccount(_)));
}

#[test]
fn somebody_who_goes_leaves_the_aliases() {
    let fixture = Fixture::with_people();
    fixture.add_alias("team@alpha.test", &["alice@alpha.test", "bob@alpha.test"]).unwrap();
    fixture.add_alias("boss@alpha.test", &["Bob@alpha.test"]).unwrap();
    let removed = fixture.write(|tx| account::remove(tx, &address("BOB@alpha.test"))).unwrap();
    assert_eq!(removed.aliases, [address("boss@alpha.test"), address("team@alpha.test")]);
    let left = fixture.store.read_blocking(|view| alias::list(view, None)).unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].targets, [address("alice@alpha.test")]);
}

#[test]
fn an_alias_grows_and_shrinks() {
    let fixture = Fixture::with_people();
    fixture.add_alias("team@alpha.test", &["alice@alpha.test"]).unwrap();
    fixture.add_alias("Team@alpha.test", &["bob@alpha.test", "friend@beta.test", "BOB@alpha.test"]).unwrap();
    let list =
        |fixture: &Fixture| fixture.store.read_blocking(|view| alias::list(view, Some(&name("alpha.test")))).unwrap();
    assert_eq!(list(&fixture)[0].targets.len(), 3);
    fixture.write(|tx| alias::remove(tx, &address("team@alpha.test"), &[address("Alice@alpha.test")])).unwrap();
    assert_eq!(list(&fixture)[0].targets, [address("bob@alpha.test"), address("friend@beta.test")]);
    let unknown = fixture.write(|tx| alias::remove(tx, &address("team@alpha.test"), &[address("x@alpha.test")]));
    assert!(matches!(unknown, Err(Error::UnknownTarget { .. })));
    fixture.write(|tx| alias::remove(tx, &address("team@alpha.test"), &[])).unwrap();
    assert!(list(&fixture).is_empty());
    let gone = fixture.write(|tx| alias::remove(tx, &address("team@alpha.test"), &[]));
    assert!(matches!(gone, Err(Error::UnknownAlias(_))));
}

#[test]
fn an_alias_leads_somewhere_and_never_back_to_itself() {
    let fixture = Fixture::with_people();
    assert!(matches!(fixture.add_alias("a@alpha.test", &[]), Err(Error::NoTarget(_))));
    assert!(matches!(fixture.add_alias("a@alpha.test", &["nobody@alpha.test"]), Err(Error::NobodyThere(_))));
    assert!(matches!(fixture.add_alias("a@alpha.test", &["A@alpha.test"]), Err(Error::Loop(_))));
    fixture.add_alias("a@alpha.test", &["alice@alpha.test"]).unwrap();
    fixture.add_alias("b@alpha.test", &["a@alpha.test"]).unwrap();
    fixture.add_alias("c@alpha.test", &["b@alpha.test"]).unwrap();
    assert!(matches!(fixture.add_alias("a@alpha.test", &["c@alpha.test"]), Err(Error::Loop(_))));
    // The refused change has left no trace.
    let listed = fixture.store.read_blocking(|view| alias::list(view, None)).unwrap();
    assert_eq!(listed[0].targets, [address("alice@alpha.test")]);
}

#[test]
fn an_alias_has_a_reasonable_number_of_targets() {
    let fixture = Fixture::with_people();
    let many: Vec<String> = (0..=alias::MOST_TARGETS).map(|n| format!("u{n}@beta.test")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!(matches!(fixture.add_alias("all@alpha.test", &many), Err(Error::TooManyTargets { .. })));
    fixture.add_alias("all@alpha.test", &many[1..]).unwrap();
}

#[test]
fn a_password_is_changed_for_people_only() {
    let fixture = Fixture::with_people();
    let secret = Secret::make(&common::password(PASSWORD), &[]).unwrap();
    let nobody = fixture.write(move |tx| account::set_secret(tx, &address("nobody@alpha.test"), &secret, NOW));
    assert!(matches!(nobody, Err(Error::UnknownAccount(_))));
}
