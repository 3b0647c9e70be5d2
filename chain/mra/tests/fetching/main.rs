//! Fetching from servers that renumber, refuse, throttle, break off and lie.

mod odd;
mod odd_imap;
mod odd_pop3;
mod server;

use std::sync::{Arc, Mutex};

use facteur_mra::fetch::{Means, fetch};
use facteur_mra::ledger::{self, Fate, Source};
use facteur_mra::progress::{Listener, News, Round, Why};
use facteur_mra::{
    Arrived, Credential, Destination, Endpoint, Fault, Keep, Mailbox, Pace, Security, Settings, Taken, Waits,
};
use mail::Password;
use mail::seam::Pending;
use net::{ClientTls, Shutdown, Table};
use server::{Shared, Shelf, letter, serve};
use store::{Key, Options, Store};

/// Takes letters as a mailbox does: it has the letters that were admitted.
struct Chest {
    store: Store,
    letters: Mutex<Vec<String>>,
}

impl Destination for Chest {
    fn take(&self, letters: Vec<Arrived>) -> Pending<'_, Result<Vec<Taken>, Fault>> {
        Box::pin(async move {
            let entries: Vec<_> = letters.iter().map(|letter| letter.entry.clone()).collect();
            let admitted = move |tx: &mut store::Tx| {
                entries.iter().map(|entry| entry.admit(tx, net::now())).collect::<Result<Vec<Fate>, store::Error>>()
            };
            let fates = self.store.write(Key::Everything, admitted).await?;
            let new = letters.iter().zip(&fates).filter(|(_, fate)| **fate == Fate::New);
            let texts = new.map(|(letter, _)| {
                let text = String::from_utf8_lossy(&letter.raw);
                let name = text.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap_or("?").to_owned();
                format!("{}/{name}", letter.place.folder)
            });
            self.letters.lock().unwrap().extend(texts);
            Ok(fates.iter().map(|fate| if *fate == Fate::New { Taken::Filed } else { Taken::Known }).collect())
        })
    }
}

#[derive(Default)]
struct Ear(Mutex<Vec<News>>);

impl Listener for Ear {
    fn hear(&self, news: &News) {
        self.0.lock().unwrap().push(news.clone());
    }
}

/// A server, a source on it, and a home for its letters.
struct Scene {
    shelf: Shared,
    store: Store,
    source: Source,
    chest: Arc<Chest>,
    ear: Arc<Ear>,
    means: Means,
    _folder: tempfile::TempDir,
}

impl Scene {
    async fn new(shelf: Shelf, change: impl FnOnce(&mut Settings)) -> Self {
        let shelf = Arc::new(Mutex::new(shelf));
        let port = serve(shelf.clone()).await;
        Self { shelf, ..Self::to(&format!("imap://alice@127.0.0.1:{port}"), change).await }
    }

    /// The same on a server that runs already.
    async fn to(url: &str, change: impl FnOnce(&mut Settings)) -> Self {
        let shelf = Shared::default();
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(Options::new(folder.path()), facteur_mra::MIGRATIONS).unwrap();
        let mailbox = Mailbox::parse(url).unwrap();
        let port = mailbox.port;
        let mut settings = Settings::new(mailbox, "chest".to_owned());
        change(&mut settings);
        let source = store
            .write(Key::Everything, move |tx| {
                let id = ledger::add(tx, "there", &settings, None, true, net::now())?;
                ledger::get(tx, id)
            })
            .await
            .unwrap()
            .unwrap();
        let chest = Arc::new(Chest { store: store.clone(), letters: Mutex::default() });
        let ear = Arc::new(Ear::default());
        let way = Endpoint {
            host: "127.0.0.1".to_owned(),
            port,
            security: Security::Cleartext,
            tls: ClientTls::opportunistic().unwrap(),
            resolver: Arc::new(Table::new()),
            pace: Pace::free(),
            waits: Waits::default(),
        };
        let means = Means {
            store: store.clone(),
            endpoint: way,
            destination: chest.clone(),
            listener: ear.clone(),
            shutdown: Shutdown::never(),
            gently: false,
            memory: net::Budget::of_this_machine(),
            owner: net::Owner::Source(1),
            asked: None,
        };
        Self { shelf, store, source, chest, ear, means, _folder: folder }
    }

    async fn fetch(&self) -> Result<Round, Fault> {
        let secret = Credential::Password(Password::new("secret".to_owned()));
        fetch(&self.means, &self.source, &secret).await
    }

    fn change(&self, change: impl FnOnce(&mut Shelf)) {
        change(&mut self.shelf.lock().unwrap());
    }

    /// Returns the letters that are here, sorted.
    fn here(&self) -> Vec<String> {
        let mut letters = self.chest.letters.lock().unwrap().clone();
        letters.sort();
        letters
    }

    fn given(&self) -> usize {
        self.shelf.lock().unwrap().given
    }

    fn left_there(&self) -> Vec<(String, Why)> {
        let news = self.ear.0.lock().unwrap();
        let left = news.iter().filter_map(|news| match news {
            News::LeftThere { name, why, .. } => Some((name.clone(), *why)),
            _ => None,
        });
        left.collect()
    }
}

fn filled(folder: &str, count: usize) -> Shelf {
    let mut shelf = Shelf { uidplus: true, ..Shelf::default() };
    shelf.fill(folder, count);
    shelf
}

fn no_change(_: &mut Settings) {}

#[tokio::test]
async fn a_folder_that_gets_other_numbers_brings_nothing_twice_and_nothing_over_the_line() {
    let scene = Scene::new(filled("INBOX", 700), no_change).await;
    scene.fetch().await.unwrap();
    assert_eq!((scene.here().len(), scene.given()), (700, 700));
    scene.change(|shelf| shelf.renumber("INBOX"));
    scene.change(|shelf| shelf.fill("INBOX", 0));
    scene.change(|shelf| shelf.put("INBOX", &letter("new")));
    scene.fetch().await.unwrap();
    assert_eq!((scene.here().len(), scene.given()), (701, 701));
    scene.fetch().await.unwrap();
    assert_eq!(scene.given(), 701);
}

#[tokio::test]
async fn letters_without_a_name_are_recognised_by_their_content() {
    let mut shelf = Shelf::default();
    for i in 0..3 {
        shelf.put("INBOX", &format!("Subject: {i}\r\n\r\nhello\r\n"));
    }
    let scene = Scene::new(shelf, no_change).await;
    scene.fetch().await.unwrap();
    scene.change(|shelf| shelf.renumber("INBOX"));
    scene.fetch().await.unwrap();
    assert_eq!((scene.here().len(), scene.given()), (3, 6));
}

#[tokio::test]
async fn a_letter_that_was_moved_there_or_whose_folder_was_renamed_does_not_come_again() {
    let mut shelf = filled("INBOX", 5);
    shelf.fill("Archive", 1);
    let scene = Scene::new(shelf, no_change).await;
    scene.fetch().await.unwrap();
    scene.change(|shelf| shelf.move_first("INBOX", "Archive"));
    scene.change(|shelf| shelf.move_first("INBOX", "New"));
    scene.fetch().await.unwrap();
    assert_eq!((scene.here().len(), scene.given()), (6, 6));
    scene.change(|shelf| {
        let folder = shelf.folders.remove("Archive").unwrap();
        shelf.folders.insert("Old".to_owned(), folder);
    });
    scene.fetch().await.unwrap();
    assert_eq!((scene.here().len(), scene.given()), (6, 6));
}

#[tokio::test]
async fn a_fetch_that_is_cut_goes_on_where_it_was() {
    let mut shelf = filled("INBOX", 300);
    shelf.cut_after = Some(150);
    let scene = Scene::new(shelf, no_change).await;
    assert_eq!(scene.fetch().await.unwrap(), Round::default());
    assert_eq!((scene.here().len(), scene.given()), (300, 300), "nothing is asked for twice");
}

#[tokio::test]
async fn a_server_that_asks_for_less_is_told_apart_from_one_that_fails() {
    let mut shelf = filled("INBOX", 100);
    shelf.throttle_after = Some(70);
    let scene = Scene::new(shelf, no_change).await;
    assert!(matches!(scene.fetch().await, Err(Fault::Throttled { .. })));
    scene.fetch().await.unwrap();
    assert_eq!((scene.here().len(), scene.given()), (100, 100));
}

#[tokio::test]
async fn a_letter_that_the_server_cannot_read_keeps_no_other_back() {
    let mut shelf = filled("INBOX", 100);
    shelf.broken = Some(40);
    let scene = Scene::new(shelf, no_change).await;
    assert_eq!(scene.fetch().await.unwrap(), Round { vain: 1, fresh: 1 });
    assert_eq!(scene.here().len(), 99);
    assert_eq!(scene.left_there(), [("40".to_owned(), Why::NotGiven)]);
    scene.change(|shelf| shelf.broken = None);
    assert_eq!(scene.fetch().await.unwrap(), Round::default(), "it comes when its server can read it again");
    assert_eq!(scene.here().len(), 100);
}

#[tokio::test]
async fn a_letter_that_is_too_large_is_left_there_and_not_even_asked_for() {
    let mut shelf = filled("INBOX", 3);
    shelf.put("INBOX", &(letter("large") + &"x".repeat(5000)));
    let scene = Scene::new(shelf, |settings| settings.largest = 4000).await;
    scene.fetch().await.unwrap();
    assert_eq!((scene.here().len(), scene.given()), (3, 3));
    assert!(matches!(scene.left_there()[..], [(_, Why::TooLarge(size))] if size > 5000));
    scene.fetch().await.unwrap();
    assert_eq!(scene.left_there().len(), 1, "it is said once");
    let id = scene.source.id;
    let standing = scene.store.read(move |view| ledger::get(view, id)).await.unwrap().unwrap().standing;
    assert_eq!(standing.left_there, 1);
}

#[tokio::test]
async fn what_nobody_asked_for_is_not_taken() {
    let lie = letter("lie");
    for noise in [
        format!("* 1 FETCH (UID 9999 BODY[] {{{}}}\r\n{lie})\r\n", lie.len()),
        format!("* 1 FETCH (BODY[] {{{}}}\r\n{lie})\r\n", lie.len()),
        "* 4294967295 FETCH (UID 4294967295 RFC822.SIZE 1)\r\n".to_owned(),
        "* FETCH\r\n* 1 FETCH (((\r\n* LIST\r\n* OK [ALERT] hello\r\n".to_owned(),
        "* 1 FETCH (UID 2 FLAGS (\\Seen))\r\n".to_owned(),
    ] {
        let mut shelf = filled("INBOX", 5);
        shelf.noise = noise.clone();
        let scene = Scene::new(shelf, no_change).await;
        scene.fetch().await.unwrap();
        assert_eq!(scene.here().len(), 5, "{noise}");
    }
}

#[tokio::test]
async fn a_server_that_sends_without_end_is_hung_up_on() {
    for noise in
        ["x".repeat(17 << 20), format!("* 1 FETCH (BODY[] {{{}}}\r\n", u64::MAX / 20), "* BYE no\r\n".to_owned()]
    {
        let mut shelf = filled("INBOX", 5);
        shelf.noise = noise;
        let scene = Scene::new(shelf, no_change).await;
        let outcome = scene.fetch().await;
        assert!(!outcome.as_ref().is_ok_and(|round| round.vain == 0), "{outcome:?}");
        assert!(scene.here().is_empty());
    }
}

#[tokio::test]
async fn letters_are_taken_away_there_only_after_they_are_here_and_no_others_are() {
    for uidplus in [true, false] {
        let mut shelf = filled("INBOX", 10);
        shelf.uidplus = uidplus;
        let scene = Scene::new(shelf, |settings| settings.keep = Keep::Days(0)).await;
        // Somebody else has marked a letter that is not ours to take away.
        scene.change(|shelf| {
            let mut foreign = letter("foreign") + &"x".repeat(200);
            foreign.push_str("\r\n");
            shelf.put("INBOX", &foreign);
            shelf.folders.get_mut("INBOX").unwrap().letters.last_mut().unwrap().deleted = true;
        });
        let large = Scene {
            source: Source {
                settings: Settings { largest: 150, ..scene.source.settings.clone() },
                ..scene.source.clone()
            },
            ..scene
        };
        large.fetch().await.unwrap();
        assert_eq!(large.here().len(), 10);
        assert_eq!(large.shelf.lock().unwrap().count("INBOX"), if uidplus { 1 } else { 11 });
    }
}

#[tokio::test]
async fn letters_stay_there_as_long_as_was_said() {
    let scene = Scene::new(filled("INBOX", 4), |settings| settings.keep = Keep::Days(3)).await;
    scene.fetch().await.unwrap();
    scene.fetch().await.unwrap();
    assert_eq!(scene.shelf.lock().unwrap().count("INBOX"), 4);
}
