//! Tests of names, passwords and patience, and of the facts that a stranger must not learn.

mod common;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::{Fixture, NOW, PASSWORD, address, password};
use facteur_directory::{Directory, Secret, account};
use mail::seam::{LoginVerdict, Logins};

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

async fn fixture() -> (Fixture, Directory) {
    let fixture = tokio::task::spawn_blocking(Fixture::with_people).await.unwrap();
    let directory = fixture.directory();
    (fixture, directory)
}

async fn log_in(directory: &Directory, name: &str, text: &str) -> LoginVerdict {
    directory.check(name, &password(text), HERE).await.unwrap()
}

fn is_welcome(verdict: &LoginVerdict) -> bool {
    matches!(verdict, LoginVerdict::Welcome(_))
}

#[tokio::test(flavor = "multi_thread")]
async fn name_and_password_open_the_door_whatever_the_case_of_the_name() {
    let (_house, directory) = fixture().await;
    for name in ["alice@alpha.test", "ALICE@Alpha.test", "alice"] {
        let LoginVerdict::Welcome(login) = log_in(&directory, name, PASSWORD).await else { panic!("{name}") };
        assert_eq!(login.address.to_string(), "Alice@alpha.test");
    }
    assert!(is_welcome(&log_in(&directory, "élise@bücher.test", PASSWORD).await));
    for (name, text) in [
        ("alice@alpha.test", "correct horsf"),
        ("alice@alpha.test", ""),
        ("nobody@alpha.test", PASSWORD),
        ("", PASSWORD),
        ("alice@alpha.test\0", PASSWORD),
    ] {
        assert_eq!(log_in(&directory, name, text).await, LoginVerdict::Wrong, "{name} {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_part_that_two_people_have_is_no_name() {
    let (fixture, directory) = fixture().await;
    tokio::task::block_in_place(|| fixture.add_account("alice@bücher.test")).unwrap();
    assert_eq!(log_in(&directory, "alice", PASSWORD).await, LoginVerdict::Wrong);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_log_in_is_remembered_until_the_password_changes() {
    let (fixture, directory) = fixture().await;
    assert!(is_welcome(&log_in(&directory, "alice@alpha.test", PASSWORD).await));
    let mut quickest = Duration::MAX;
    for _ in 0..20 {
        let begun = Instant::now();
        assert!(is_welcome(&log_in(&directory, "alice@alpha.test", PASSWORD).await));
        quickest = quickest.min(begun.elapsed());
    }
    // The passphrase function alone takes longer than this on any machine of its time.
    assert!(quickest < Duration::from_millis(5), "{quickest:?}");
    let secret = Secret::make(&password("another horse"), &[]).unwrap();
    fixture
        .store
        .write(store::Key::Everything, move |tx| account::set_secret(tx, &address("alice@alpha.test"), &secret, NOW))
        .await
        .unwrap();
    assert_eq!(log_in(&directory, "alice@alpha.test", PASSWORD).await, LoginVerdict::Wrong);
    assert!(is_welcome(&log_in(&directory, "alice@alpha.test", "another horse").await));
}

const ELSEWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 7));

/// Wrong passwords for made-up names from one place, until it is refused.
async fn provoke(directory: &Directory, from: IpAddr) {
    for n in 0..31 {
        let proof = directory.scram_done(&format!("made.up.{n}@alpha.test"), false, from).await.unwrap();
        if matches!(proof, LoginVerdict::TooMany(_)) {
            return;
        }
    }
    panic!("the place was never refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_fails_too_often_is_refused_until_time_has_passed_and_is_told_how_much() {
    let (fixture, directory) = fixture().await;
    provoke(&directory, HERE).await;
    let LoginVerdict::TooMany(wait) = log_in(&directory, "bob@alpha.test", PASSWORD).await else { panic!("let in") };
    assert!(wait > Duration::ZERO && wait <= Duration::from_secs(60), "{wait:?}");
    assert!(matches!(directory.scram_done("bob@alpha.test", true, HERE).await.unwrap(), LoginVerdict::TooMany(_)));
    assert!(is_welcome(&directory.scram_done("bob@alpha.test", true, ELSEWHERE).await.unwrap()), "another place");
    fixture.ticks.fetch_add(wait.as_secs() + 1, Ordering::Relaxed);
    assert!(is_welcome(&log_in(&directory, "bob@alpha.test", PASSWORD).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_guesses_at_a_name_does_not_lock_its_owner_out() {
    let (_house, directory) = fixture().await;
    for n in 0..10 {
        let from = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, n));
        assert_eq!(directory.scram_done("bob@alpha.test", false, from).await.unwrap(), LoginVerdict::Wrong);
    }
    let begun = Instant::now();
    assert!(is_welcome(&log_in(&directory, "bob@alpha.test", PASSWORD).await), "slowed, not refused");
    assert!(begun.elapsed() > Duration::from_millis(900), "{:?}", begun.elapsed());
    assert!(is_welcome(&log_in(&directory, "alice@alpha.test", PASSWORD).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_familiar_place_is_familiar_after_a_restart() {
    let (fixture, directory) = fixture().await;
    assert!(is_welcome(&log_in(&directory, "alice@alpha.test", PASSWORD).await));
    let restarted = fixture.directory();
    provoke(&restarted, HERE).await;
    assert!(matches!(log_in(&restarted, "bob@alpha.test", PASSWORD).await, LoginVerdict::TooMany(_)));
    assert!(is_welcome(&log_in(&restarted, "ALICE@alpha.test", PASSWORD).await));
    // A clock that was set back, or is far ahead for a while, changes nothing of it.
    fixture.clock.fetch_sub(400 * 24 * 3_600_000, Ordering::Relaxed);
    assert!(is_welcome(&log_in(&restarted, "alice@alpha.test", PASSWORD).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn setting_the_wall_clock_neither_lifts_a_block_nor_makes_it_longer() {
    let (fixture, directory) = fixture().await;
    provoke(&directory, HERE).await;
    fixture.clock.fetch_add(365 * 24 * 3_600_000, Ordering::Relaxed);
    assert!(matches!(log_in(&directory, "bob@alpha.test", PASSWORD).await, LoginVerdict::TooMany(_)));
    fixture.clock.fetch_sub(2 * 365 * 24 * 3_600_000, Ordering::Relaxed);
    fixture.ticks.fetch_add(61, Ordering::Relaxed);
    assert!(is_welcome(&log_in(&directory, "bob@alpha.test", PASSWORD).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_is_lifted_by_a_command() {
    let (_house, directory) = fixture().await;
    provoke(&directory, HERE).await;
    assert!(directory.lift_block("bob@alpha.test"));
    assert!(is_welcome(&log_in(&directory, "bob@alpha.test", PASSWORD).await));
    assert!(!directory.lift_block("bob@alpha.test"), "there is nothing more to lift");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_name_takes_as_long_as_a_wrong_password() {
    let (fixture, directory) = fixture().await;
    // A busy machine can only make an attempt longer, so the quickest of enough attempts tell the work each one is.
    let mut took = [Duration::MAX; 2];
    for _ in 0..100 {
        for (took, name) in took.iter_mut().zip(["alice@alpha.test", "nobody@alpha.test"]) {
            let begun = Instant::now();
            assert_eq!(log_in(&directory, name, "wrong password").await, LoginVerdict::Wrong);
            *took = begun.elapsed().min(*took);
        }
        if (0.5..2.0).contains(&(took[1].as_secs_f64() / took[0].as_secs_f64())) {
            return;
        }
        fixture.ticks.fetch_add(3600, Ordering::Relaxed);
    }
    panic!("known {:?}, unknown {:?}", took[0], took[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn scram_keys_of_unknown_names_look_like_others_and_stay_the_same() {
    let (fixture, directory) = fixture().await;
    let known = directory.scram_keys("alice@alpha.test", HERE).await.unwrap();
    let made_up = directory.scram_keys("nobody@alpha.test", HERE).await.unwrap();
    assert_eq!((known.salt.len(), known.iterations), (made_up.salt.len(), made_up.iterations));
    // Another process, or the same after a restart.
    let again = fixture.directory().scram_keys("NOBODY@alpha.test", HERE).await.unwrap();
    assert_eq!((made_up.salt, made_up.stored_key), (again.salt, again.stored_key));
    let other = directory.scram_keys("somebody@alpha.test", HERE).await.unwrap();
    assert_ne!(other.stored_key, made_up.stored_key);
    assert_eq!(directory.scram_done("nobody@alpha.test", true, HERE).await.unwrap(), LoginVerdict::Wrong);
}

#[tokio::test(flavor = "multi_thread")]
async fn scram_keys_are_those_of_the_password() {
    let (_house, directory) = fixture().await;
    let kept = directory.scram_keys("alice@alpha.test", HERE).await.unwrap();
    let derived = sasl::derive_keys(PASSWORD, kept.salt.clone(), kept.iterations);
    assert_eq!((derived.stored_key, derived.server_key), (kept.stored_key, kept.server_key));
    assert!(is_welcome(&directory.scram_done("alice@alpha.test", true, HERE).await.unwrap()));
    assert_eq!(directory.scram_done("alice@alpha.test", false, HERE).await.unwrap(), LoginVerdict::Wrong);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_at_one_time_are_all_let_in() {
    let (_house, directory) = fixture().await;
    let begun = Instant::now();
    let running: Vec<_> = (0..100)
        .map(|n| {
            let directory = directory.clone();
            let name = if n % 2 == 0 { "alice@alpha.test" } else { "bob@alpha.test" };
            tokio::spawn(async move { log_in(&directory, name, PASSWORD).await })
        })
        .collect();
    for task in running {
        assert!(is_welcome(&task.await.unwrap()));
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

/// Keys as they were made some time ago, with fewer rounds, for this person.
async fn grow_old(fixture: &Fixture, whose: &str, rounds: u32) -> Vec<u8> {
    let (account, salt) =
        (tokio::task::block_in_place(|| fixture.id(whose)), whose.repeat(4).as_bytes()[..16].to_vec());
    let keys = sasl::derive_keys(PASSWORD, salt.clone(), rounds);
    let sql = "UPDATE password SET scram_salt = $2, scram_iterations = $3, scram_stored_key = $4, scram_server_key = $5
               WHERE account = $1";
    let write = move |tx: &mut store::Tx| {
        tx.execute(sql, store::params![account.0, keys.salt, keys.iterations, keys.stored_key, keys.server_key])
    };
    fixture.store.write(store::Key::Everything, write).await.unwrap();
    salt
}

#[tokio::test(flavor = "multi_thread")]
async fn old_keys_are_renewed_behind_a_log_in_that_shows_the_password_and_end_no_session() {
    let (fixture, directory) = fixture().await;
    let salt = grow_old(&fixture, "alice@alpha.test", 5000).await;
    assert!(is_welcome(&directory.scram_done("alice@alpha.test", true, HERE).await.unwrap()));
    let LoginVerdict::Welcome(login) = log_in(&directory, "alice@alpha.test", PASSWORD).await else { panic!() };
    let keys = waiting::found("the keys are renewed", async || {
        let keys = directory.scram_keys("alice@alpha.test", HERE).await.unwrap();
        Some(keys).filter(|keys| keys.iterations != 5000)
    })
    .await;
    let fresh = sasl::derive_keys(PASSWORD, salt, Secret::SCRAM_ITERATIONS);
    assert_eq!((keys.iterations, keys.salt, keys.stored_key), (fresh.iterations, fresh.salt, fresh.stored_key));
    assert!(directory.has_kept_password(login.account, NOW).await.unwrap(), "it is the same password");
}

#[tokio::test(flavor = "multi_thread")]
async fn by_the_rounds_of_its_keys_nobody_learns_whether_a_name_exists() {
    let (fixture, directory) = fixture().await;
    for (whose, rounds) in [("alice@alpha.test", 5000), ("bob@alpha.test", 6000), ("élise@bücher.test", 200_000)] {
        grow_old(&fixture, whose, rounds).await;
    }
    let mut seen = std::collections::BTreeMap::<u32, usize>::new();
    for n in 0..300 {
        let name = format!("nobody.{n}@alpha.test");
        let rounds = directory.scram_keys(&name, HERE).await.unwrap().iterations;
        assert_eq!(directory.scram_keys(&name, HERE).await.unwrap().iterations, rounds, "the same at each asking");
        *seen.entry(rounds).or_default() += 1;
    }
    let of = |rounds| seen.get(&rounds).copied().unwrap_or(0);
    assert_eq!(of(5000) + of(6000) + of(200_000), 300, "as people have them: {seen:?}");
    assert!(of(5000) > 50 && of(200_000) > 50, "old ones and today's: {seen:?}");
}

/// Many strangers with made-up names, each from a /48 of its own, who try again and again until this is dropped.
struct Flood {
    strangers: Vec<tokio::task::JoinHandle<()>>,
    /// The number of tries that have been answered.
    answered: Arc<AtomicUsize>,
}

impl Flood {
    fn of(directory: &Directory, many: u16) -> Self {
        let answered = Arc::<AtomicUsize>::default();
        let stranger = |n: u16| {
            let (directory, answered) = (directory.clone(), answered.clone());
            async move {
                // The strangers come from thirty providers.
                let from = IpAddr::from([0x2001, 0x1000 + n % 30, n, 0, 0, 0, 0, 1]);
                for round in 0.. {
                    let verdict =
                        directory.check(&format!("{n}.{round}@alpha.test"), &password("guess work"), from).await;
                    answered.fetch_add(1, Ordering::Relaxed);
                    if verdict.unwrap() != LoginVerdict::Wrong {
                        // time passes: the peer is slow
                        tokio::time::sleep(Duration::from_millis(200)).await;
                    }
                }
            }
        };
        Self { strangers: (0..many).map(|n| tokio::spawn(stranger(n))).collect(), answered }
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.strangers.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

/// Returns how long a log-in takes that must succeed.
async fn takes(directory: &Directory, name: &str, from: IpAddr) -> Duration {
    let begun = Instant::now();
    let verdict = directory.check(name, &password(PASSWORD), from).await.unwrap();
    assert!(is_welcome(&verdict), "{name} from {from}: {verdict:?}");
    begun.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_strangers_from_many_networks_holds_up_nobody() {
    let (fixture, directory) = fixture().await;
    let quiet = takes(&directory, "alice@alpha.test", HERE).await;
    // The passwords that were right are forgotten, the places are not.
    let directory = fixture.directory();
    let flood = Flood::of(&directory, 600);
    waiting::until("the flood is there", || flood.answered.load(Ordering::Relaxed) >= 20).await;
    let at_home = takes(&directory, "alice@alpha.test", HERE).await;
    let elsewhere = takes(&directory, "bob@alpha.test", ELSEWHERE).await;
    let remembered = takes(&directory, "alice@alpha.test", ELSEWHERE).await;
    // One second; on a machine that is busy with other things, forty times the quiet time.
    let soon = Duration::from_secs(1).max(quiet * 40);
    assert!(
        at_home < soon && elsewhere < soon && remembered < soon,
        "{at_home:?} {elsewhere:?} {remembered:?} {quiet:?}"
    );
    drop(flood);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_log_ins_from_one_large_network_the_first_are_wrong_some_are_busy_and_the_rest_refused() {
    let (_house, directory) = fixture().await;
    let at_once: Vec<_> = (0..600_u16)
        .map(|n| {
            let (directory, from) = (directory.clone(), IpAddr::from([0x2001, 0xdb8, 1, n, 0, 0, 0, 1]));
            tokio::spawn(async move { directory.check(&format!("{n}"), &password("guess work"), from).await.unwrap() })
        })
        .collect();
    let (mut wrong, mut busy, mut refused) = (0, 0, 0);
    for verdict in at_once {
        match verdict.await.unwrap() {
            LoginVerdict::Wrong => wrong += 1,
            LoginVerdict::Busy(_) => busy += 1,
            LoginVerdict::TooMany(_) => refused += 1,
            LoginVerdict::Welcome(_) => panic!("let in"),
        }
    }
    assert!(busy > 0 && (1..=120).contains(&wrong), "{wrong} wrong, {busy} busy, {refused} refused");
    // It was busy with them, which is nobody's failure: only those that were wrong count.
    assert!(is_welcome(&directory.check("alice", &password(PASSWORD), ELSEWHERE).await.unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_hangs_up_leaves_no_more_work_running_than_there_are_slots() {
    let (_house, directory) = fixture().await;
    let begun = Instant::now();
    assert!(is_welcome(&directory.check("alice", &password(PASSWORD), HERE).await.unwrap()));
    let one = begun.elapsed();
    for n in 0..100_u8 {
        let from = IpAddr::from([198, 18, n, 1]);
        let (name, guess) = (format!("made.up.{n}"), password("guess work"));
        let hangs_up = tokio::time::timeout(Duration::from_millis(2), directory.check(&name, &guess, from));
        assert!(hangs_up.await.is_err() || n > 0);
    }
    // A hundred that were all at work would keep the processors for long after.
    let begun = Instant::now();
    assert!(is_welcome(&directory.check("bob", &password(PASSWORD), ELSEWHERE).await.unwrap()));
    assert!(begun.elapsed() < Duration::from_secs(1).max(one * 20), "{:?}, quiet {one:?}", begun.elapsed());
}
