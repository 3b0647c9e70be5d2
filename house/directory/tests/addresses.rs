//! Where letters for an address go.

mod common;

use std::sync::Arc;

use common::{House, address, name};
use facteur_directory::{Destination, Resolution, Space, resolve};
use mail::seam::{AccountId, Login, Logins, Recipients, Standing};
use store::View;

fn find(house: &House, text: &str) -> Resolution {
    let address = address(text);
    house.store.read_blocking(move |view| resolve(view, Some(&name("mail.alpha.test")), &address)).unwrap()
}

/// Main addresses, with the detail behind a `/`; addresses elsewhere as they are.
fn places(house: &House, text: &str) -> Vec<String> {
    let Resolution::Ours(found) = find(house, text) else { panic!("{text} is not ours") };
    let show = |place| match place {
        Destination::Local { address, detail: Some(detail), .. } => format!("{address}/{detail}"),
        Destination::Local { address, .. } => address.to_string(),
        Destination::Remote(address) => format!("→ {address}"),
    };
    found.into_iter().map(show).collect()
}

#[test]
fn people_are_found_whatever_the_case() {
    let house = House::with_people();
    assert_eq!(places(&house, "alice@ALPHA.test"), ["Alice@alpha.test"]);
    assert_eq!(places(&house, "ÉLISE@BÜCHER.test"), ["élise@xn--bcher-kva.test"]);
    assert_eq!(places(&house, "e\u{301}lise@xn--bcher-kva.test"), ["élise@xn--bcher-kva.test"]);
}

#[test]
fn strangers_and_other_domains_are_told_apart() {
    let house = House::with_people();
    assert_eq!(find(&house, "eve@alpha.test"), Resolution::Unknown);
    assert_eq!(find(&house, "eve@beta.test"), Resolution::Elsewhere);
    assert_eq!(find(&house, "alice@bücher.test"), Resolution::Unknown);
}

#[test]
fn what_stands_behind_the_plus_is_kept_through_aliases() {
    let house = House::with_people();
    house.add_alias("team@alpha.test", &["alice@alpha.test", "bob+work@alpha.test"]).unwrap();
    assert_eq!(places(&house, "alice+Lists@alpha.test"), ["Alice@alpha.test/lists"]);
    assert_eq!(places(&house, "alice+@alpha.test"), ["Alice@alpha.test"]);
    assert_eq!(places(&house, "team+x@alpha.test"), ["Alice@alpha.test/x", "bob@alpha.test/work"]);
}

#[test]
fn an_alias_leads_through_other_aliases_and_elsewhere_and_to_each_place_once() {
    let house = House::with_people();
    house.add_alias("inner@alpha.test", &["alice@alpha.test", "friend@beta.test"]).unwrap();
    house.add_alias("outer@alpha.test", &["inner@alpha.test", "alice@alpha.test", "bob@alpha.test"]).unwrap();
    let mut found = places(&house, "outer@alpha.test");
    found.sort();
    assert_eq!(found, ["Alice@alpha.test", "bob@alpha.test", "→ friend@beta.test"]);
}

#[test]
fn the_catch_all_takes_what_is_nobody_s_and_nothing_else() {
    let house = House::with_people();
    house.add_alias("*@alpha.test", &["bob@alpha.test"]).unwrap();
    assert_eq!(places(&house, "whatever@alpha.test"), ["bob@alpha.test"]);
    assert_eq!(places(&house, "alice@alpha.test"), ["Alice@alpha.test"]);
    assert_eq!(find(&house, "whatever@bücher.test"), Resolution::Unknown);
}

#[test]
fn postmaster_and_abuse_reach_somebody_in_each_domain_and_at_the_hostname() {
    let house = House::with_people();
    assert_eq!(places(&house, "Postmaster@alpha.test"), ["Alice@alpha.test"]);
    assert_eq!(places(&house, "abuse@bücher.test"), ["élise@xn--bcher-kva.test"]);
    assert_eq!(places(&house, "postmaster@mail.alpha.test"), ["Alice@alpha.test"]);
    assert_eq!(find(&house, "alice@mail.alpha.test"), Resolution::Elsewhere);
    house.add_alias("postmaster@alpha.test", &["bob@alpha.test"]).unwrap();
    assert_eq!(places(&house, "postmaster@alpha.test"), ["bob@alpha.test"]);
}

#[test]
fn a_domain_without_people_has_its_postmaster_in_the_house() {
    let house = House::with_people();
    house.add_domain("new.test").unwrap();
    assert_eq!(places(&house, "postmaster@new.test"), ["Alice@alpha.test"]);
    assert_eq!(find(&House::empty(), "postmaster@mail.alpha.test"), Resolution::Unknown);
}

struct AliceIsFull(AccountId);

impl Space for AliceIsFull {
    fn has_room(&self, _: &View, account: AccountId) -> Result<bool, store::Error> {
        Ok(account != self.0)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_door_hears_who_is_ours_who_is_full_and_who_is_not() {
    let house = tokio::task::spawn_blocking(House::with_people).await.unwrap();
    let alice = Login::of(house_id(&house), address("alice@alpha.test"));
    tokio::task::block_in_place(|| house.add_alias("both@alpha.test", &["alice@alpha.test", "bob@alpha.test"]))
        .unwrap();
    let directory = house.directory_with(Arc::new(AliceIsFull(alice.account)));
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
    let house = tokio::task::spawn_blocking(House::with_people).await.unwrap();
    let alice = Login::of(house_id(&house), address("alice@alpha.test"));
    tokio::task::block_in_place(|| house.add_alias("team@alpha.test", &["alice@alpha.test"])).unwrap();
    let directory = house.directory();
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

fn house_id(house: &House) -> AccountId {
    tokio::task::block_in_place(|| house.id("alice@alpha.test"))
}
