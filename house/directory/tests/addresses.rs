//! Tests of where letters for an address go.

mod common;

use std::sync::Arc;

use common::{Fixture, address, name};
use facteur_directory::{Destination, Resolution, Space, resolve};
use mail::seam::{AccountId, Login, Logins, Recipients, Standing};
use store::View;

fn find(fixture: &Fixture, text: &str) -> Resolution {
    let address = address(text);
    fixture.store.read_blocking(move |view| resolve(view, Some(&name("mail.alpha.test")), &address)).unwrap()
}

/// Main addresses, with the detail behind a `/`; addresses elsewhere as they are.
fn places(fixture: &Fixture, text: &str) -> Vec<String> {
    let Resolution::Ours(found) = find(fixture, text) else { panic!("{text} is not ours") };
    let show = |place| match place {
        Destination::Local { address, detail: Some(detail), .. } => format!("{address}/{detail}"),
        Destination::Local { address, .. } => address.to_string(),
        Destination::Remote(address) => format!("→ {address}"),
    };
    found.into_iter().map(show).collect()
}

#[test]
fn people_are_found_whatever_the_case() {
    let fixture = Fixture::with_people();
    assert_eq!(places(&fixture, "alice@ALPHA.test"), ["Alice@alpha.test"]);
    assert_eq!(places(&fixture, "ÉLISE@BÜCHER.test"), ["élise@xn--bcher-kva.test"]);
    assert_eq!(places(&fixture, "e\u{301}lise@xn--bcher-kva.test"), ["élise@xn--bcher-kva.test"]);
}

#[test]
fn strangers_and_other_domains_are_told_apart() {
    let fixture = Fixture::with_people();
    assert_eq!(find(&fixture, "eve@alpha.test"), Resolution::Unknown);
    assert_eq!(find(&fixture, "eve@beta.test"), Resolution::Elsewhere);
    assert_eq!(find(&fixture, "alice@bücher.test"), Resolution::Unknown);
}

#[test]
fn what_stands_behind_the_plus_is_kept_through_aliases() {
    let fixture = Fixture::with_people();
    fixture.add_alias("team@alpha.test", &["alice@alpha.test", "bob+work@alpha.test"]).unwrap();
    assert_eq!(places(&fixture, "alice+Lists@alpha.test"), ["Alice@alpha.test/lists"]);
    assert_eq!(places(&fixture, "alice+@alpha.test"), ["Alice@alpha.test"]);
    assert_eq!(places(&fixture, "team+x@alpha.test"), ["Alice@alpha.test/x", "bob@alpha.test/work"]);
}

#[test]
fn an_alias_leads_through_other_aliases_and_elsewhere_and_to_each_place_once() {
    let fixture = Fixture::with_people();
    fixture.add_alias("inner@alpha.test", &["alice@alpha.test", "friend@beta.test"]).unwrap();
    fixture.add_alias("outer@alpha.test", &["inner@alpha.test", "alice@alpha.test", "bob@alpha.test"]).unwrap();
    let mut found = places(&fixture, "outer@alpha.test");
    found.sort();
    assert_eq!(found, ["Alice@alpha.test", "bob@alpha.test", "→ friend@beta.test"]);
}

#[test]
fn the_catch_all_takes_what_is_nobody_s_and_nothing_else() {
    let fixture = Fixture::with_people();
    fixture.add_alias("*@alpha.test", &["bob@alpha.test"]).unwrap();
    assert_eq!(places(&fixture, "whatever@alpha.test"), ["bob@alpha.test"]);
    assert_eq!(places(&fixture, "alice@alpha.test"), ["Alice@alpha.test"]);
    assert_eq!(find(&fixture, "whatever@bücher.test"), Resolution::Unknown);
}

#[test]
fn postmaster_and_abuse_reach_somebody_in_each_domain_and_at_the_hostname() {
    let fixture = Fixture::with_people();
    assert_eq!(places(&fixture, "Postmaster@alpha.test"), ["Alice@alpha.test"]);
    assert_eq!(places(&fixture, "abuse@bücher.test"), ["élise@xn--bcher-kva.test"]);
    assert_eq!(places(&fixture, "postmaster@mail.alpha.test"), ["Alice@alpha.test"]);
    assert_eq!(find(&fixture, "alice@mail.alpha.test"), Resolution::Elsewhere);
    fixture.add_alias("postmaster@alpha.test", &["bob@alpha.test"]).unwrap();
    assert_eq!(places(&fixture, "postmaster@alpha.test"), ["bob@alpha.test"]);
}

#[test]
fn a_domain_without_people_has_its_postmaster_in_the_house() {
    let fixture = Fixture::with_people();
    fixture.add_domain("new.test").unwrap();
    assert_eq!(places(&fixture, "postmaster@new.test"), ["Alice@alpha.test"]);
    assert_eq!(find(&Fixture::empty(), "postmaster@mail.alpha.test"), Resolution::Unknown);
}

struct AliceIsFull(AccountId);

impl Space for AliceIsFull {
    fn has_room(&self, _: &View, account: AccountId) -> Result<bool, store::Error> {
        Ok(account != self.0)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_door_hears_who_is_ours_who_is_full_and_who_is_not() {
    let fixture = tokio::task::spawn_blocking(Fixture::with_people).await.unwrap();
    let alice = Login::of(house_id(&fixture), address("alice@alpha.test"));
    tokio::task::block_in_place(|| fixture.add_alias("both@alpha.test", &["alice@alpha.test", "bob@alpha.test"]))
        .unwrap();
    let directory = fixture.directory_with(Arc::new(AliceIsFull(alice.account)));
    for (text, standing) in [
        ("alice@alpha.test", Standing::Full),
        ("bob@alpha.test", Standing::Ours),
        ("both@alpha.test", Standing::Ours),
        ("eve@alpha.test", Standing::Unknown),
        ("eve@beta.test", Standing::Elsewhere),
    ] {
        assert_eq!(directory.standing(&address(text)).await.unwrap(), standing, "{text}");
    }
    let all = directory.resolve(vec![address("eve@beta.test"), address("bob@alpha.test")]).await.unwrap();
    assert!(matches!(all[..], [Resolution::Elsewhere, Resolution::Ours(_)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn people_write_as_themselves_and_their_aliases_only() {
    let fixture = tokio::task::spawn_blocking(Fixture::with_people).await.unwrap();
    let alice = Login::of(house_id(&fixture), address("alice@alpha.test"));
    tokio::task::block_in_place(|| fixture.add_alias("team@alpha.test", &["alice@alpha.test"])).unwrap();
    let directory = fixture.directory();
    for (text, may) in [
        ("ALICE@alpha.test", true),
        ("alice+shop@alpha.test", true),
        ("team@alpha.test", true),
        ("bob@alpha.test", false),
        ("nobody@alpha.test", false),
        ("alice@beta.test", false),
    ] {
        assert_eq!(directory.may_write_as(&alice, &address(text)).await.unwrap(), may, "{text}");
    }
}

fn house_id(fixture: &Fixture) -> AccountId {
    tokio::task::block_in_place(|| fixture.id("alice@alpha.test"))
}
