//! Labels of Gmail's letters, as the mailbox of a person takes them: each is a folder that holds the letter, and follows.

use std::sync::Arc;

use directory::account::New;
use directory::{Language, Secret};
use facteur_intake::Intake;
use mail::seam::AccountId;
use mail::{Address, Domain, Password};
use mailbox::{Access, SpecialUse, System, Uid, UidRange, folder, letter};
use mra::ledger::{self, Entry, Source};
use mra::{Arrived, Destination, Destinations, Mailbox, Relabelled, Settings, SourceFolder, Taken};
use mta::delivery::{Means, OutgoingTls};
use store::{Key, Options, Store, Tx, View};

const ALICE: AccountId = AccountId(1);
const ACCESS: Access = Access::own(ALICE);

/// Alice's mailbox as the destination of a source.
struct Home {
    store: Store,
    source: Source,
    row: i64,
    destination: Arc<dyn Destination>,
    _folder: tempfile::TempDir,
}

fn settle(tx: &mut Tx, deliver: bool) -> Result<(Source, i64), store::Error> {
    let secret = Secret::make(&Password::new("correct horse".to_owned()), &[]).unwrap();
    let (address, now) = (Address::parse("alice@alpha.test").unwrap(), net::now());
    directory::domain::add(tx, &Domain::parse("alpha.test").unwrap(), now).unwrap();
    let new = New { address: &address, name: None, language: Language::English };
    let account = directory::account::add(tx, &new, &secret, now).unwrap();
    mailbox::account::create(tx, account, None).unwrap();
    let elsewhere = Mailbox::parse("imaps://alice.a@imap.example.org").unwrap();
    let settings = Settings { deliver, ..Settings::new(elsewhere, address.to_string()) };
    let id = ledger::add(tx, "elsewhere", &settings, None, true, now).unwrap();
    let row = ledger::folder(tx, id, b"[Gmail]/All Mail")?;
    Ok((ledger::get(tx, id).unwrap().unwrap(), row.id))
}

impl Home {
    async fn new(deliver: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rooms = [directory::MIGRATIONS, mailbox::MIGRATIONS, mta::MIGRATIONS, mda::MIGRATIONS, mra::MIGRATIONS];
        let migrations = [&rooms.concat()[..], trace::MIGRATIONS, import_export::MIGRATIONS].concat();
        let store = Store::open(Options::new(folder.path()), &migrations).unwrap();
        let (source, row) = store.write(Key::Everything, move |tx| settle(tx, deliver)).await.unwrap();
        let intake = Intake::new(store.clone(), &Domain::parse("mail.alpha.test").unwrap());
        let (everyone, reports) = (Arc::new(intake.everyone()), intake.reports().clone());
        let (names, drop, tls) =
            (Arc::new(net::Table::new()), Arc::new(intake.queue_drop()), OutgoingTls::new().unwrap());
        let means = Means::new(store.clone(), names, everyone, drop, reports, tls);
        let destination = intake.fetch_destinations(means).destination(&source).await.unwrap();
        Self { store, source, row, destination, _folder: folder }
    }

    /// A letter of All Mail with this number, in folders by name; `Sent` and `Archive` are those for that use.
    fn arrived(&self, number: u32, places: &[&str]) -> Arrived {
        let raw = format!("Subject: letter {number}\r\nMessage-ID: <{number}@x.test>\r\n\r\nHello.\r\n");
        let mut entry = Entry::imap(self.source.id, self.row, 1, number, raw.len() as u64);
        entry.gmail = Some(u64::from(number));
        let mut places = places.iter().map(|name| place(name));
        let (place, also) = (places.next().unwrap(), places.collect());
        let (flags, keywords) = (System::SEEN, Vec::new());
        Arrived { entry, raw: raw.into(), place, also, flags, keywords, received: net::now() }
    }

    async fn take(&self, number: u32, places: &[&str]) -> Taken {
        self.destination.take(vec![self.arrived(number, places)]).await.unwrap().remove(0)
    }

    /// These are all the folders of the letter there now.
    async fn relabel(&self, number: u32, places: &[&str]) {
        self.follow(number, places, true).await;
    }

    async fn follow(&self, number: u32, places: &[&str], all: bool) {
        let places = places.iter().map(|name| place(name)).collect();
        self.destination.relabel(vec![Relabelled { gmail: u64::from(number), places, all }]).await.unwrap();
    }

    /// The folders of each letter, and the number of letters.
    async fn lies(&self) -> (Vec<Vec<String>>, u64) {
        let look = |view: &View| {
            let folders = folder::list(view, ACCESS)?;
            let mut letters = std::collections::BTreeMap::new();
            for folder in &folders {
                for row in mailbox::fetch(view, ACCESS, folder.id, &[UidRange::ALL], mailbox::Want::ROW, 100)? {
                    letters.entry(row.letter).or_insert_with(Vec::new).push(folder.name.clone());
                }
            }
            Ok::<_, mailbox::Error>((letters.into_values().collect(), mailbox::account::usage(view, ACCESS)?.letters))
        };
        let (mut lies, count): (Vec<Vec<String>>, u64) = self.store.read(look).await.unwrap();
        lies.iter_mut().for_each(|folders| folders.sort());
        (lies, count)
    }

    /// The folders of the only letter.
    async fn lies_in(&self) -> Vec<String> {
        let (mut lies, count) = self.lies().await;
        assert_eq!((lies.len(), count), (1, 1), "{lies:?}");
        lies.remove(0)
    }

    /// The person does something with the first letter of a folder.
    async fn person(
        &self,
        folder: &'static str,
        act: impl Fn(&mut Tx, mailbox::FolderId, Uid) -> Result<(), mailbox::Error> + Send + 'static,
    ) {
        let acted = move |tx: &mut Tx| {
            let folder = folder::by_name(tx, ACCESS, folder)?.unwrap().id;
            let row = mailbox::fetch(tx, ACCESS, folder, &[UidRange::ALL], mailbox::Want::ROW, 1)?.remove(0);
            act(tx, folder, row.uid)
        };
        self.store.write(Key::Everything, acted).await.unwrap();
    }
}

fn place(name: &str) -> SourceFolder {
    let special_use = match name {
        "Sent" => Some(SpecialUse::Sent),
        "Archive" => Some(SpecialUse::Archive),
        _ => None,
    };
    SourceFolder { folder: name.to_owned(), special_use }
}

#[tokio::test]
async fn a_letter_lies_in_the_folder_of_each_label_and_follows_them() {
    let home = Home::new(false).await;
    assert_eq!(home.take(1, &["INBOX", "Sent", "Travel/2026", "Work"]).await, Taken::Filed);
    assert_eq!(home.lies_in().await, ["INBOX", "Sent", "Travel/2026", "Work"]);
    home.relabel(1, &["Work", "Later"]).await;
    assert_eq!(home.lies_in().await, ["Later", "Work"]);
    home.relabel(1, &["Archive"]).await;
    assert_eq!(home.lies_in().await, ["Archive"]);
    // Another folder shows it: that is one more, and takes none away.
    home.follow(1, &["Work"], false).await;
    assert_eq!(home.lies_in().await, ["Archive", "Work"]);
    // A letter that nobody knows changes nothing.
    home.relabel(2, &["INBOX"]).await;
    assert_eq!(home.lies_in().await, ["Archive", "Work"]);
}

#[tokio::test]
async fn what_the_person_does_with_a_letter_is_not_undone() {
    let home = Home::new(false).await;
    home.take(1, &["INBOX", "Work"]).await;
    // Taken out of Work here, it does not come back; put into Mine here, it stays there.
    home.person("Work", |tx, folder, uid| {
        letter::expunge(tx, ACCESS, folder, &letter::Expunge::All(&[UidRange::one(uid)]), 1).map(drop)
    })
    .await;
    home.person("INBOX", |tx, inbox, uid| {
        let mine = folder::create(tx, ACCESS, "Mine", None)?;
        letter::copy(tx, ACCESS, inbox, &[UidRange::one(uid)], mine, 1).map(drop)
    })
    .await;
    home.relabel(1, &["INBOX", "Work", "Mine", "Later"]).await;
    assert_eq!(home.lies_in().await, ["INBOX", "Later", "Mine"]);
    home.relabel(1, &["INBOX"]).await;
    assert_eq!(home.lies_in().await, ["INBOX", "Mine"]);
    // Moved out of all of its folders, it is left alone.
    home.person("INBOX", |tx, inbox, uid| {
        letter::expunge(tx, ACCESS, inbox, &letter::Expunge::All(&[UidRange::one(uid)]), 1).map(drop)
    })
    .await;
    home.relabel(1, &["INBOX", "Work", "New"]).await;
    assert_eq!(home.lies_in().await, ["Mine"]);
}

#[tokio::test]
async fn no_letter_loses_its_last_folder_with_a_label() {
    let home = Home::new(false).await;
    home.take(1, &["INBOX", "Work"]).await;
    home.person("INBOX", |tx, inbox, uid| {
        letter::expunge(tx, ACCESS, inbox, &letter::Expunge::All(&[UidRange::one(uid)]), 1).map(drop)
    })
    .await;
    home.relabel(1, &["INBOX"]).await;
    assert_eq!(home.lies_in().await, ["Work"]);
}

#[tokio::test]
async fn a_letter_that_is_shown_again_gains_a_folder_and_comes_once() {
    let home = Home::new(false).await;
    assert_eq!(home.take(1, &["INBOX"]).await, Taken::Filed);
    let mut again = home.arrived(1, &["Travel"]);
    again.entry.key = b"another key".to_vec();
    assert_eq!(home.destination.take(vec![again]).await.unwrap(), [Taken::Known]);
    assert_eq!(home.lies_in().await, ["INBOX", "Travel"]);
}

#[tokio::test]
async fn a_delivered_letter_comes_under_its_other_labels_too() {
    let home = Home::new(true).await;
    assert_eq!(home.take(1, &["INBOX", "Work"]).await, Taken::Filed);
    assert_eq!(home.lies_in().await, ["INBOX", "Work"]);
    home.relabel(1, &["Work"]).await;
    assert_eq!(home.lies_in().await, ["Work"]);
}
