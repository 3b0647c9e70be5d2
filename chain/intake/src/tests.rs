mod fetched;
mod filters;
mod forwarding;
mod octets;
mod reports;
mod waiting;

use mailbox::Access;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use directory::account::New;
use directory::{Language, Secret};
use mail::seam::{Accept, AccountId, Deliver, Origin, Verdict, Wire};
use mail::{Address, BodyKind, Domain, Envelope, Letter, LetterId, LetterWishes, Password, Reply, ReturnPath};
use mta::delivery::{Done, LocalDrop, Waiting};
use mta::queue::{Filter, Listed, Page};
use store::{Migration, Options, Store, Tx, View};

use super::*;
use crate::hops::MOST_HOPS;

/// The tables of all rooms that stand behind this one.
pub(crate) const MIGRATIONS: [&[Migration]; 8] = [
    directory::MIGRATIONS,
    mailbox::MIGRATIONS,
    mta::MIGRATIONS,
    mda::MIGRATIONS,
    mra::MIGRATIONS,
    trace::MIGRATIONS,
    import_export::MIGRATIONS,
    conduct::MIGRATIONS,
];

/// alpha.test, where Alice and Bob live; Bob's mailbox takes 1000 octets. team@ leads to both, and to elsewhere.
struct Town {
    intake: Intake,
    _folder: tempfile::TempDir,
}

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

impl Town {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(Options::new(folder.path()), &MIGRATIONS.concat()).unwrap();
        store.write(store::Key::Everything, settle).await.unwrap();
        let intake = Intake::new(store, &Domain::parse("mail.alpha.test").unwrap());
        // It is made in a commit of its own when the first letter goes on, which is none of those that tests count.
        intake.directory.return_paths().await.unwrap();
        Self { intake, _folder: folder }
    }

    async fn accept(&self, letter: &Letter, from: &str, to: &[&str], origin: Origin) -> Verdict {
        self.intake.acceptor().accept(letter.clone(), envelope(from, to), origin).await.unwrap()
    }

    /// Counts the letters that Alice (1) or Bob (2) has.
    async fn letters(&self, account: i64) -> u64 {
        let look = move |view: &View| mailbox::account::usage(view, Access::own(AccountId(account)));
        self.intake.store.read(look).await.unwrap().letters
    }

    async fn queue(&self) -> Vec<Listed> {
        let page = Page { after: 0, most: 100 };
        self.intake.store.read(move |view| mta::queue::list(view, &Filter::default(), page)).await.unwrap()
    }

    /// Returns the recipients for whom letters wait.
    async fn waiting(&self) -> Vec<String> {
        let letters = self.queue().await;
        letters.iter().flat_map(|letter| &letter.recipients).map(|recipient| recipient.address.to_string()).collect()
    }

    /// The letters of a folder, whole.
    async fn folder(&self, account: i64, name: &'static str) -> Vec<String> {
        let look = move |view: &View| {
            let Some(folder) = mailbox::folder::by_name(view, Access::own(AccountId(account)), name)? else {
                return Ok(Vec::new());
            };
            let rows = mailbox::fetch(
                view,
                Access::own(AccountId(account)),
                folder.id,
                &[mailbox::UidRange::ALL],
                mailbox::Want::ALL,
                100,
            )?;
            let whole = |row: &mailbox::Row| {
                let blob = row.card.as_ref().unwrap().blob;
                Ok(String::from_utf8_lossy(&view.read_blob(blob, 0..row.size)?).into_owned())
            };
            rows.iter().map(whole).collect::<Result<Vec<String>, mailbox::Error>>()
        };
        self.intake.store.read(look).await.unwrap()
    }

    /// Returns the findings about the first letter of a folder.
    async fn findings(&self, account: i64, name: &'static str) -> Vec<mail::Finding> {
        let look = move |view: &View| {
            let folder = mailbox::folder::by_name(view, Access::own(AccountId(account)), name)?.unwrap();
            let rows = mailbox::fetch(
                view,
                Access::own(AccountId(account)),
                folder.id,
                &[mailbox::UidRange::ALL],
                mailbox::Want::ROW,
                1,
            )?;
            mailbox::findings::of(view, Access::own(AccountId(account)), rows[0].letter)
        };
        let found: Result<_, mailbox::Error> = self.intake.store.read(look).await;
        found.unwrap().iter().cloned().collect()
    }

    /// The octets of the letters that wait, the oldest first.
    async fn queued(&self) -> Vec<Vec<u8>> {
        let read = move |view: &View| {
            let sql = "SELECT blob, size FROM queue_letter ORDER BY id";
            let all = view.query(sql, ::store::params![], |row| Ok((row.get(0)?, row.get::<u64>(1)?)))?;
            all.into_iter().map(|(blob, size)| Ok(view.read_blob(blob, 0..size)?.to_vec())).collect()
        };
        self.intake.store.read::<Vec<Vec<u8>>, store::Error, _>(read).await.unwrap()
    }

    fn commits(&self) -> u64 {
        self.intake.store.statistics().commits
    }
}

fn settle(tx: &mut Tx) -> Result<(), store::Error> {
    let secret = Secret::make(&Password::new("correct horse".to_owned()), &[]).unwrap();
    let now = net::now();
    directory::domain::add(tx, &Domain::parse("alpha.test").unwrap(), now).unwrap();
    for (name, quota) in [("alice@alpha.test", None), ("bob@alpha.test", Some(1000))] {
        let new = New { address: &address(name), name: None, language: Language::English };
        let account = directory::account::add(tx, &new, &secret, now).unwrap();
        mailbox::account::create(tx, account, quota).unwrap();
    }
    let team = ["alice@alpha.test", "bob@alpha.test", "carol@elsewhere.test"].map(address);
    directory::alias::add(tx, &address("team@alpha.test"), &team, now).unwrap();
    Ok(())
}

fn envelope(from: &str, to: &[&str]) -> Envelope {
    Envelope {
        return_path: if from.is_empty() { ReturnPath::Null } else { ReturnPath::Address(address(from)) },
        recipients: to.iter().map(|text| address(text).into()).collect(),
        body: BodyKind::SevenBit,
        smtputf8: false,
        hold: None,
        wishes: LetterWishes::default(),
    }
}

fn letter(raw: impl Into<bytes::Bytes>) -> Letter {
    Letter { id: LetterId::from_random([3; 10]), raw: raw.into() }
}

fn hello() -> Letter {
    letter("Subject: hello\r\n\r\nHello.\r\n")
}

fn large() -> Letter {
    letter(format!("Subject: large\r\n\r\n{}\r\n", "x".repeat(2000)))
}

fn peer() -> Origin {
    let wire = Wire::new("192.0.2.1".parse().unwrap());
    Origin::Peer(Wire { hello: "client.test".to_owned(), extended: true, ..wire })
}

fn refusal(verdict: Verdict) -> String {
    match verdict {
        Verdict::Accept => panic!("the letter was taken"),
        Verdict::Refuse(reply) => reply.to_string(),
    }
}

#[tokio::test]
async fn a_letter_to_people_here_and_elsewhere_is_one_commit() {
    let town = Town::new().await;
    let before = town.commits();
    let verdict = town.accept(&hello(), "alice@alpha.test", &["bob@alpha.test", "dora@beta.test"], Origin::House).await;
    assert_eq!(verdict, Verdict::Accept);
    assert_eq!(town.commits() - before, 1);
    assert_eq!((town.letters(2).await, town.waiting().await), (1, vec!["dora@beta.test".to_owned()]));
}

#[tokio::test]
async fn a_stranger_s_letter_goes_to_our_people_and_to_nobody_else() {
    let town = Town::new().await;
    let refused = town.accept(&hello(), "eve@evil.test", &["victim@elsewhere.test"], peer()).await;
    assert!(refusal(refused).starts_with("550 5.7.1"));
    assert_eq!(town.accept(&hello(), "eve@evil.test", &["alice@alpha.test"], peer()).await, Verdict::Accept);
    assert!(town.queue().await.is_empty());
}

#[tokio::test]
async fn who_is_full_when_others_are_not_is_tried_again_later() {
    let town = Town::new().await;
    assert_eq!(town.accept(&large(), "eve@evil.test", &["team@alpha.test"], peer()).await, Verdict::Accept);
    assert_eq!((town.letters(1).await, town.letters(2).await), (1, 0));
    let mut waiting = town.waiting().await;
    waiting.sort();
    assert_eq!(waiting, ["bob@alpha.test", "carol@elsewhere.test"]);
}

#[tokio::test]
async fn a_letter_that_only_the_full_should_get_is_refused_for_now() {
    let town = Town::new().await;
    let refused = town.accept(&large(), "eve@evil.test", &["bob@alpha.test"], peer()).await;
    assert!(refusal(refused).starts_with("452 4.2.2"));
    assert!(town.queue().await.is_empty());
}

#[tokio::test]
async fn who_does_not_exist_is_reported_in_the_commit_that_files_for_the_others() {
    let town = Town::new().await;
    let before = town.commits();
    let to = ["alice@alpha.test", "ghost@alpha.test"];
    assert_eq!(town.accept(&hello(), "dora@beta.test", &to, Origin::House).await, Verdict::Accept);
    assert_eq!(town.commits() - before, 1);
    let queue = town.queue().await;
    assert_eq!(queue.len(), 1);
    assert_eq!((queue[0].return_path.to_string(), town.waiting().await[0].as_str()), (String::new(), "dora@beta.test"));
}

#[tokio::test]
async fn a_report_is_never_reported_on() {
    let town = Town::new().await;
    let to = ["alice@alpha.test", "ghost@alpha.test"];
    assert_eq!(town.accept(&hello(), "", &to, Origin::House).await, Verdict::Accept);
    assert!(town.queue().await.is_empty());
}

#[tokio::test]
async fn a_letter_for_nobody_is_refused_and_leaves_nothing() {
    let town = Town::new().await;
    let before = town.commits();
    let refused = town.accept(&hello(), "dora@beta.test", &["ghost@alpha.test"], Origin::House).await;
    assert!(refusal(refused).starts_with("550 5.1.1"));
    assert_eq!(town.commits(), before);
}

#[tokio::test]
async fn a_letter_that_goes_round_in_circles_is_refused() {
    let town = Town::new().await;
    let hops = |count| letter("Received: by somewhere\r\n".repeat(count) + "\r\n");
    let far = hops(MOST_HOPS);
    assert_eq!(town.accept(&far, "eve@evil.test", &["alice@alpha.test"], peer()).await, Verdict::Accept);
    let refused = town.accept(&hops(MOST_HOPS + 1), "eve@evil.test", &["alice@alpha.test"], peer()).await;
    assert!(refusal(refused).starts_with("554 5.4.6"));
}

#[tokio::test]
async fn an_alias_that_leads_back_to_itself_through_others_ends_the_second_time() {
    let town = Town::new().await;
    let back = letter("Delivered-To: team@alpha.test\r\nSubject: hello\r\n\r\nHello.\r\n");
    assert_eq!(town.accept(&back, "eve@evil.test", &["team@alpha.test"], peer()).await, Verdict::Accept);
    let queue = town.queue().await;
    assert_eq!(town.waiting().await, ["eve@evil.test"], "a report, and nothing for carol again: {queue:?}");
}

/// The replies that the queue is told, by recipient.
type Told = Arc<Mutex<Vec<(Address, Reply)>>>;

fn telling(told: &Told, fails: usize) -> Done {
    let (told, calls) = (told.clone(), AtomicUsize::new(0));
    Box::new(move |_, fates| {
        if calls.fetch_add(1, Ordering::Relaxed) < fails {
            return Err(store::Error::NoRow);
        }
        *told.lock().unwrap() = fates.to_vec();
        Ok(())
    })
}

fn waiting(letter: Letter, to: &[&str]) -> Waiting {
    Waiting { letter, envelope: envelope("dora@beta.test", to), findings: mail::Findings::default(), mistrusted: false }
}

async fn drop_off(town: &Town, letter: &Letter, to: &[&str]) -> Vec<String> {
    let told = Told::default();
    town.intake.queue_drop().drop_off(waiting(letter.clone(), to), telling(&told, 0)).await.unwrap();
    let told = told.lock().unwrap();
    told.iter().map(|(address, reply)| format!("{address} {}", reply.code)).collect()
}

#[tokio::test]
async fn what_the_queue_holds_for_our_people_is_filed_and_taken_off_in_one_commit() {
    let town = Town::new().await;
    let before = town.commits();
    let told = drop_off(&town, &hello(), &["alice@alpha.test", "ghost@alpha.test"]).await;
    assert_eq!(told, ["alice@alpha.test 250", "ghost@alpha.test 550"]);
    assert_eq!((town.commits() - before, town.letters(1).await), (1, 1));
    assert!(town.queue().await.is_empty(), "the queue reports on the ghost itself");
}

#[tokio::test]
async fn what_cannot_be_taken_off_the_queue_is_not_filed() {
    let town = Town::new().await;
    let told = Told::default();
    let queue_drop = town.intake.queue_drop();
    let dropped = queue_drop.drop_off(waiting(hello(), &["alice@alpha.test"]), telling(&told, 9));
    assert!(dropped.await.is_err());
    assert_eq!(town.letters(1).await, 0);
}

#[tokio::test]
async fn who_is_full_stays_the_queue_s_to_try_again() {
    let town = Town::new().await;
    assert_eq!(drop_off(&town, &large(), &["bob@alpha.test"]).await, ["bob@alpha.test 452"]);
    assert!(town.queue().await.is_empty());
}

#[tokio::test]
async fn an_alias_in_the_queue_is_done_when_anybody_got_the_letter_and_the_rest_is_queued_anew() {
    let town = Town::new().await;
    assert_eq!(drop_off(&town, &large(), &["team@alpha.test"]).await, ["team@alpha.test 250"]);
    let mut waiting = town.waiting().await;
    waiting.sort();
    assert_eq!(waiting, ["bob@alpha.test", "carol@elsewhere.test"]);
}

fn front() -> Origin {
    Origin::Front(Wire { hello: "front.test".to_owned(), ..Wire::new("127.0.0.1".parse().unwrap()) })
}

async fn delivered(town: &Town, letter: &Letter, to: &[&str]) -> Vec<u16> {
    let replies =
        town.intake.deliverer().deliver(letter.clone(), envelope("eve@evil.test", to), front()).await.unwrap();
    replies.iter().map(|reply| reply.code).collect()
}

#[tokio::test]
async fn a_front_hears_about_each_recipient_in_order_and_keeps_what_we_do_not_take() {
    let town = Town::new().await;
    let to = ["bob@alpha.test", "alice@alpha.test", "nobody@alpha.test", "victim@elsewhere.test", "alice@alpha.test"];
    assert_eq!(delivered(&town, &large(), &to).await, [452, 250, 550, 550, 250]);
    assert_eq!((town.letters(1).await, town.letters(2).await), (1, 0), "who is named twice gets one copy");
    assert!(town.waiting().await.is_empty(), "nothing is tried twice, by the front and by us");
}

#[tokio::test]
async fn a_front_s_letter_to_several_people_is_one_commit() {
    let town = Town::new().await;
    let before = town.commits();
    assert_eq!(delivered(&town, &hello(), &["bob@alpha.test", "alice@alpha.test"]).await, [250, 250]);
    assert_eq!((town.letters(1).await, town.letters(2).await, town.commits() - before), (1, 1, 1));
}

#[tokio::test]
async fn a_front_s_letter_that_nobody_can_have_is_left_with_the_front() {
    let town = Town::new().await;
    assert_eq!(delivered(&town, &large(), &["bob@alpha.test", "victim@elsewhere.test"]).await, [452, 550]);
    assert!(town.queue().await.is_empty());
    assert_eq!(
        delivered(&town, &letter("Received: x\r\n".repeat(MOST_HOPS + 1)), &["alice@alpha.test", "bob@alpha.test"])
            .await,
        [554, 554]
    );
}

#[tokio::test]
async fn the_part_of_an_alias_that_a_front_cannot_know_of_is_ours_to_try_again() {
    let town = Town::new().await;
    assert_eq!(delivered(&town, &large(), &["team@alpha.test"]).await, [250]);
    assert_eq!((town.letters(1).await, town.letters(2).await), (1, 0));
    let mut waiting = town.waiting().await;
    waiting.sort();
    assert_eq!(waiting, ["bob@alpha.test", "carol@elsewhere.test"]);
}

#[tokio::test]
async fn a_person_named_under_many_addresses_gets_one_copy_and_each_address_a_true_answer() {
    let town = Town::new().await;
    let to: Vec<String> = (0..1000).map(|n| format!("alice+d{n}@alpha.test")).collect();
    let to: Vec<&str> = to.iter().map(String::as_str).chain(["alice@alpha.test", "team@alpha.test"]).collect();
    assert_eq!(town.accept(&hello(), "eve@evil.test", &to, peer()).await, Verdict::Accept);
    assert_eq!(town.letters(1).await, 1);

    let to = ["bob@alpha.test", "bob+news@alpha.test", "alice@alpha.test", "ghost@alpha.test"];
    let front = Origin::Front(Wire::new("127.0.0.1".parse().unwrap()));
    let replies = town.intake.deliverer().deliver(large(), envelope("eve@evil.test", &to), front).await.unwrap();
    let codes: Vec<u16> = replies.iter().map(|reply| reply.code).collect();
    assert_eq!(codes, [452, 452, 250, 550], "Bob has no room, under neither address");
}
