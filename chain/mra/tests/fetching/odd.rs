//! Servers that misbehave in one way each. Whatever they do: each letter that they can give comes exactly once, those that
//! they cannot are named, nothing is taken away there that is not here, and the fetch comes to an end.

use std::collections::BTreeSet;

use facteur_mra::progress::{News, Round};
use facteur_mra::{Fault, Keep, ledger};

use crate::odd_imap::{self, ILL_FOLDER, Odd};
use crate::odd_pop3::{self, Odd as Pop};
use crate::{Scene, no_change};

/// The things that a server of this kind cannot give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lacks {
    Nothing,
    /// The ill letter of each folder.
    Letter,
    /// The ill folder.
    Folder,
    /// A folder that is listed and is not there; all letters come.
    Ghost,
}

/// The modes of the server, and what each lacks.
const IMAP: [(Odd, Lacks); 45] = [
    (Odd::Not, Lacks::Nothing),
    (Odd::ByeAtTheGreetingTwice, Lacks::Nothing),
    (Odd::LimitAtTheGreetingTwice, Lacks::Nothing),
    (Odd::LimitAtTheLogInTwice, Lacks::Nothing),
    (Odd::ListsAGhost, Lacks::Ghost),
    (Odd::ListsWithoutSeparator, Lacks::Ghost),
    (Odd::RefusesStatus, Lacks::Folder),
    (Odd::DropsAtStatus, Lacks::Nothing),
    (Odd::RefusesTheFolder, Lacks::Folder),
    (Odd::DropsAtTheFolder, Lacks::Folder),
    (Odd::NoUidValidity, Lacks::Folder),
    (Odd::UidValidityOfEachConnection, Lacks::Nothing),
    (Odd::UidValidityInTheMiddle, Lacks::Nothing),
    (Odd::SaysThatLettersGo, Lacks::Nothing),
    (Odd::SaysThatNothingIsThere, Lacks::Nothing),
    (Odd::SearchRefusedOnce, Lacks::Nothing),
    (Odd::SearchRefusedInTheFolder, Lacks::Folder),
    (Odd::SearchHides, Lacks::Letter),
    (Odd::Unsolicited, Lacks::Nothing),
    (Odd::WeirdAndAlarmed, Lacks::Nothing),
    (Odd::BadDates, Lacks::Nothing),
    (Odd::NoDates, Lacks::Nothing),
    (Odd::WrongSizes, Lacks::Nothing),
    (Odd::NoSizes, Lacks::Nothing),
    (Odd::Truncates, Lacks::Nothing),
    (Odd::DropsInALetterFourTimes, Lacks::Nothing),
    (Odd::ByeInALetterFourTimes, Lacks::Nothing),
    (Odd::DropsAtTheLetter, Lacks::Letter),
    (Odd::ByeAtTheLetter, Lacks::Letter),
    (Odd::LimitAndByeAtTheLetter, Lacks::Letter),
    (Odd::DropsAtTheListing, Lacks::Letter),
    (Odd::AbsurdLiteralAtTheLetter, Lacks::Letter),
    (Odd::NilBody, Lacks::Letter),
    (Odd::EmptyBody, Lacks::Letter),
    (Odd::SkipsTheLetter, Lacks::Letter),
    (Odd::SkipsTheListing, Lacks::Nothing),
    (Odd::RefusesTheLetter, Lacks::Letter),
    (Odd::RefusesTheLetterForNow, Lacks::Letter),
    (Odd::LimitsTheLetter, Lacks::Letter),
    (Odd::LimitsInTheMiddle, Lacks::Nothing),
    (Odd::WrongUid, Lacks::Letter),
    (Odd::EachUidTwice, Lacks::Nothing),
    (Odd::RefusesToExpunge, Lacks::Nothing),
    (Odd::ForgetsToExpunge, Lacks::Nothing),
    (Odd::DropsAtExpunge, Lacks::Nothing),
];

/// Waits for the tests of all modes; names those that failed.
async fn all_must_do(each: Vec<(String, tokio::task::JoinHandle<()>)>) {
    let mut failed = Vec::new();
    for (mode, task) in each {
        if task.await.is_err() {
            failed.push(mode);
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}

impl Scene {
    /// Rounds as `facteur fetch run` makes them, without its pauses: on after a break and a complaint, and once more where
    /// something failed once.
    async fn fetch_to_the_end(&mut self) -> Result<Round, Fault> {
        let mut again = true;
        self.means.asked = Some(net::now());
        for _ in 0..12 {
            match self.fetch().await {
                Ok(round) if round.fresh > 0 && again => again = false,
                Err(Fault::Cut(_)) => {}
                Err(Fault::Throttled { .. }) => self.means.gently = true,
                outcome => return outcome,
            }
        }
        panic!("it comes to no end");
    }

    /// Returns what was told as left there: `folder/letter`, and folders alone.
    fn told_as_left(&self) -> BTreeSet<String> {
        let news = self.ear.0.lock().unwrap();
        let left = news.iter().filter_map(|news| match news {
            News::LeftThere { folder, name, .. } => Some(format!("{folder}/{name}")),
            News::FolderLeft { folder, .. } => Some(folder.clone()),
            _ => None,
        });
        left.collect()
    }

    /// Returns what is written down as left there, in the same words.
    async fn written_as_left(&self) -> BTreeSet<String> {
        let id = self.source.id;
        let left = self.store.read(move |view| ledger::left_of(view, id, 1000)).await.unwrap();
        let shown = left.iter().map(|left| match left.is_folder() {
            true => left.folder_shown(),
            false => format!("{}/{}", left.folder_shown(), left.letter_shown()),
        });
        shown.collect()
    }
}

fn all_of_imap() -> BTreeSet<String> {
    let state = odd_imap::State::new(Odd::Not);
    let state = state.lock().unwrap();
    let each = state.folders.iter().flat_map(|(folder, uids)| uids.iter().map(|uid| odd_imap::name(folder, *uid)));
    each.collect()
}

/// Returns what comes from a server of this kind, and what is named as left there.
fn expected(odd: Odd, lacks: Lacks) -> (BTreeSet<String>, BTreeSet<String>) {
    let ill = |name: &String| match lacks {
        Lacks::Letter if odd == Odd::SearchHides => *name == odd_imap::name(ILL_FOLDER, odd_imap::ILL),
        Lacks::Letter => name.ends_with(&format!("/{}", odd_imap::ILL)),
        Lacks::Folder => name.starts_with(ILL_FOLDER),
        Lacks::Nothing | Lacks::Ghost => false,
    };
    let (missing, come): (BTreeSet<String>, BTreeSet<String>) = all_of_imap().into_iter().partition(ill);
    let named = match (odd, lacks) {
        (Odd::ListsWithoutSeparator, _) => BTreeSet::from(["News.x".to_owned()]),
        (_, Lacks::Ghost) => BTreeSet::from(["Ghost".to_owned()]),
        // The server hides which one it is.
        (Odd::SearchHides, _) | (_, Lacks::Folder) => BTreeSet::from([ILL_FOLDER.to_owned()]),
        _ => missing,
    };
    (come, named)
}

async fn meet_imap(odd: Odd, lacks: Lacks, keep: Keep) {
    let state = odd_imap::State::new(odd);
    let port = odd_imap::serve(state.clone()).await;
    let mut scene = Scene::to(&format!("imap://alice@127.0.0.1:{port}"), |settings| settings.keep = keep).await;
    let round = scene.fetch_to_the_end().await.unwrap_or_else(|fault| panic!("{odd:?}, {keep:?}: {fault:?}"));
    let (come, named) = expected(odd, lacks);
    let here = scene.here();
    assert_eq!(here.len(), come.len(), "{odd:?}, {keep:?}: none twice: {here:?}");
    assert_eq!(here.into_iter().collect::<BTreeSet<_>>(), come, "{odd:?}, {keep:?}");
    let fails_to_delete = keep != Keep::Forever && matches!(odd, Odd::RefusesToExpunge | Odd::DropsAtExpunge);
    if !fails_to_delete {
        // A letter that failed once and came then was told, too.
        assert!(named.is_subset(&scene.told_as_left()), "{odd:?}, {keep:?}: {:?}", scene.told_as_left());
        assert_eq!(scene.written_as_left().await, named, "{odd:?}, {keep:?}");
    }
    assert_eq!(round.vain > 0, !named.is_empty() || fails_to_delete, "{odd:?}, {keep:?}: {round:?}");
    {
        let state = state.lock().unwrap();
        assert!(state.connections < 30, "{odd:?}: {} connections", state.connections);
        let gone: BTreeSet<String> = state.expunged.iter().cloned().collect();
        assert!(gone.is_subset(&come), "{odd:?}: not here, and deleted there: {gone:?}");
        if keep == Keep::Forever {
            assert!(gone.is_empty(), "{odd:?}: {gone:?}");
        } else if odd == Odd::Not || lacks == Lacks::Letter && odd != Odd::SearchHides {
            assert_eq!(gone, come, "{odd:?}: what is here goes there");
        }
        let twice = state.given.values().filter(|times| **times > 1).count();
        let may = matches!(odd, Odd::DropsInALetterFourTimes | Odd::ByeInALetterFourTimes) || keep != Keep::Forever;
        assert!(may || twice <= 12, "{odd:?}: {twice} letters crossed the line twice");
    }
    heal_imap(odd, &mut scene, &state, keep).await;
}

/// The next time somebody asks, the fault is gone: the letters that were left there come, and no others do.
async fn heal_imap(odd: Odd, scene: &mut Scene, state: &odd_imap::Shared, keep: Keep) {
    state.lock().unwrap().odd = Odd::Not;
    scene.means.gently = false;
    let round = scene.fetch_to_the_end().await.unwrap_or_else(|fault| panic!("{odd:?}, {keep:?}: {fault:?}"));
    assert_eq!(round, Round::default(), "{odd:?}, {keep:?}: {:?}", scene.written_as_left().await);
    let here = scene.here();
    assert_eq!(here.len(), all_of_imap().len(), "{odd:?}, {keep:?}: {here:?}");
    assert_eq!(here.into_iter().collect::<BTreeSet<_>>(), all_of_imap(), "{odd:?}, {keep:?}");
}

#[tokio::test]
async fn an_imap_server_that_misbehaves_keeps_back_only_what_it_cannot_give() {
    let each = IMAP.map(|(odd, lacks)| (format!("{odd:?}"), tokio::spawn(meet_imap(odd, lacks, Keep::Forever))));
    all_must_do(each.into()).await;
}

#[tokio::test]
async fn an_imap_server_that_misbehaves_loses_no_letter_that_is_not_here() {
    let each = IMAP.map(|(odd, lacks)| (format!("{odd:?}"), tokio::spawn(meet_imap(odd, lacks, Keep::Days(0)))));
    all_must_do(each.into()).await;
}

#[tokio::test]
async fn an_alert_is_told_once_over_all_connections_and_rounds() {
    let state = odd_imap::State::new(Odd::WeirdAndAlarmed);
    let port = odd_imap::serve(state.clone()).await;
    let scene = Scene::to(&format!("imap://alice@127.0.0.1:{port}"), no_change).await;
    for round in 0..3 {
        state.lock().unwrap().folders.get_mut("INBOX").unwrap().push(50 + round);
        scene.fetch().await.unwrap();
    }
    assert!(state.lock().unwrap().connections >= 3);
    let news = scene.ear.0.lock().unwrap();
    let alerts: Vec<&News> = news.iter().filter(|news| matches!(news, News::Alert(_))).collect();
    assert_eq!(alerts, [&News::Alert("disk is nearly full".to_owned())]);
}

/// The modes of the server; for each, whether the ill letter can be had, and whether the lists make sense.
const POP3: [(Pop, bool, bool); 23] = [
    (Pop::Not, true, true),
    (Pop::UidlNonsense, true, false),
    (Pop::UidlRefused, true, true),
    (Pop::UidlTheSameForAll, true, true),
    (Pop::UidlTheSameForTwo, true, true),
    (Pop::UidlOfFewer, true, true),
    (Pop::UidlOtherEachTime, true, true),
    (Pop::UidlIsTheNumber, true, true),
    (Pop::NoUidlNoTop, true, true),
    (Pop::ListNonsense, true, false),
    (Pop::ListRefused, true, false),
    (Pop::ListWithGaps, true, true),
    (Pop::ListOutOfOrder, true, false),
    (Pop::ListEmpty, true, true),
    (Pop::RefusesTheLetter, false, true),
    (Pop::RefusesTheLetterForNow, false, true),
    (Pop::DropsAtTheLetter, false, true),
    (Pop::DropsAtTop, true, true),
    (Pop::EmptyLetter, false, true),
    (Pop::ShorterThanTold, true, true),
    (Pop::DropsAtQuit, true, true),
    (Pop::RefusesToDelete, true, true),
    (Pop::NoPop3AtTheLetter, false, true),
];

fn all_of_pop3(and: &[&str]) -> BTreeSet<String> {
    let all = (1..=9).map(|number| format!("INBOX/p{number}"));
    all.chain(and.iter().map(|name| format!("INBOX/{name}"))).collect()
}

fn deleted(state: &odd_pop3::Shared) -> BTreeSet<String> {
    state.lock().unwrap().deleted.iter().map(|name| format!("INBOX/{name}")).collect()
}

async fn meet_pop3((odd, whole, sensible): (Pop, bool, bool), keep: Keep) {
    let state = odd_pop3::State::new(odd);
    let port = odd_pop3::serve(state.clone()).await;
    let mut scene = Scene::to(&format!("pop3://alice@127.0.0.1:{port}"), |settings| settings.keep = keep).await;
    let round = scene.fetch_to_the_end().await.unwrap_or_else(|fault| panic!("{odd:?}, {keep:?}: {fault:?}"));
    let ill = format!("INBOX/{}", odd_pop3::ILL);
    let come: BTreeSet<String> = all_of_pop3(&[]).into_iter().filter(|name| whole || *name != ill).collect();
    let here = scene.here();
    assert_eq!(here.len(), come.len(), "{odd:?}, {keep:?}: none twice: {here:?}");
    assert_eq!(here.into_iter().collect::<BTreeSet<_>>(), come, "{odd:?}, {keep:?}");
    assert_eq!(round.vain > 0, !whole || !sensible, "{odd:?}, {keep:?}: {round:?}");
    let named = scene.told_as_left();
    assert_eq!(named.contains("INBOX"), !sensible, "{odd:?}, {keep:?}: {named:?}");
    assert_eq!(named.iter().any(|name| name.starts_with("INBOX/")), !whole, "{odd:?}, {keep:?}: {named:?}");
    let gone = deleted(&state);
    assert!(gone.is_subset(&come), "{odd:?}: not here, and deleted there: {gone:?}");
    let keeps = keep == Keep::Forever || !sensible || matches!(odd, Pop::ShorterThanTold | Pop::RefusesToDelete);
    assert_eq!(gone, if keeps { BTreeSet::new() } else { come }, "{odd:?}, {keep:?}");
    assert!(state.lock().unwrap().connections < 30, "{odd:?}");
    heal_pop3(odd, &mut scene, &state, keep).await;
}

/// The fault is gone, and two letters are new: the letters that were left there come, and none comes twice.
async fn heal_pop3(odd: Pop, scene: &mut Scene, state: &odd_pop3::Shared, keep: Keep) {
    {
        let mut state = state.lock().unwrap();
        if !matches!(odd, Pop::UidlIsTheNumber | Pop::UidlOtherEachTime) {
            state.odd = Pop::Not;
        }
        // Another client takes the first away: where numbers are names, all letters get other ones.
        if keep == Keep::Forever {
            state.letters.remove(0);
        }
        state.letters.extend(["q1".to_owned(), "q2".to_owned()]);
    }
    let round = scene.fetch_to_the_end().await.unwrap_or_else(|fault| panic!("{odd:?}, {keep:?}: {fault:?}"));
    assert_eq!(round, Round::default(), "{odd:?}, {keep:?}: {:?}", scene.written_as_left().await);
    let here = scene.here();
    let all = all_of_pop3(&["q1", "q2"]);
    assert_eq!(here.len(), all.len(), "{odd:?}, {keep:?}: {here:?}");
    assert_eq!(here.into_iter().collect::<BTreeSet<_>>(), all, "{odd:?}, {keep:?}");
    assert!(deleted(state).is_subset(&all), "{odd:?}, {keep:?}");
}

#[tokio::test]
async fn a_pop3_server_that_misbehaves_keeps_back_only_what_it_cannot_give() {
    let each = POP3.map(|mode| (format!("{mode:?}"), tokio::spawn(meet_pop3(mode, Keep::Forever))));
    all_must_do(each.into()).await;
}

#[tokio::test]
async fn a_pop3_server_that_misbehaves_loses_no_letter_that_is_not_here() {
    let each = POP3.map(|mode| (format!("{mode:?}"), tokio::spawn(meet_pop3(mode, Keep::Days(0)))));
    all_must_do(each.into()).await;
}
