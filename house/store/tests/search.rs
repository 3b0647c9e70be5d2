//! Full text: found by its account only, in any combination, and built again when it is damaged.

mod common;

use common::open;
use facteur_store::{Answer, Document, Error, Field, Fit, Form, HeaderField, Question, Run, SearchIndex, Wanted};

/// Returns the plain form: `e\u{301}` is the exact form of a plain `e`.
fn plain(word: &str) -> String {
    word.replace('\u{301}', "")
}

fn form(word: &str) -> Form {
    Form { plain: plain(word), exact: (plain(word) != word).then(|| word.to_owned()) }
}

fn document(letter: i64, account: i64, texts: &[(Field, &str)]) -> Document {
    let mut document = Document { letter, account, ..Document::default() };
    for (field, text) in texts {
        document.texts.push((*field, plain(text)));
        for form in text.split(' ').map(form) {
            document.marked.extend(form.exact.iter().map(|exact| (*field, exact.clone())));
            document.terms.push(form);
        }
    }
    document
}

fn letter(letter: i64, account: i64, subject: &str, body: &str) -> Document {
    document(letter, account, &[(Field::Subject, subject), (Field::Body, body)])
}

/// The text between bars is as a person asks; an asterisk stands where a word may go on.
fn wanted(fields: &[Field], asked: &str, exact: bool) -> Question {
    let run = |word: &str| {
        let fit = match (word.starts_with('*'), word.ends_with('*')) {
            (true, true) => Fit::Within,
            (true, false) => Fit::Ends,
            (false, true) => Fit::Begins,
            (false, false) => Fit::Whole,
        };
        let word = word.trim_matches('*');
        Run { form: Form { plain: plain(word), exact: exact.then(|| word.to_owned()) }, fit, sealed: true }
    };
    let runs = asked.split(' ').filter(|word| !word.is_empty()).map(run).collect();
    Question::Words(Wanted { fields: fields.to_vec(), runs, decides: true })
}

async fn ask(index: &SearchIndex, account: i64, question: Question) -> (Vec<u64>, Vec<u64>) {
    let answers = index.ask(account, vec![question]).await.unwrap();
    (answers[0].found.iter().collect(), answers[0].perhaps.iter().collect())
}

async fn found(index: &SearchIndex, asked: &str) -> Vec<u64> {
    ask(index, 7, wanted(&Field::ALL, asked, false)).await.0
}

async fn filled(index: &SearchIndex) {
    let letters = vec![
        letter(1, 7, "invoice for june", "please pay the invoice soon"),
        letter(2, 7, "party", "bring june and cake"),
        letter(3, 7, "l e\u{301}te\u{301} mer", "rien d'autre 100% a@b.test"),
        letter(4, 8, "invoice", "of another account"),
        letter(5, 77, "invoice", "of an account whose number begins alike"),
    ];
    index.add(letters, 6).await.unwrap();
}

#[tokio::test]
async fn words_pieces_of_words_and_phrases_are_found_in_their_fields() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let index = store.search();
    filled(&index).await;
    let cases: [(&str, &[u64]); 19] = [
        ("invoice", &[1]),
        ("june", &[1, 2]),
        ("pay the invoice", &[1]),
        ("the pay invoice", &[]),
        ("june please", &[]),
        ("pay the inv*", &[1]),
        ("*ay the inv*", &[1]),
        ("*voice soon", &[1]),
        ("ju*", &[1, 2]),
        ("ju", &[]),
        ("*ne", &[1, 2]),
        ("*u*", &[1, 2, 3]),
        ("*nvoi*", &[1]),
        ("*invx*", &[]),
        ("100%", &[3]),
        ("d'autre", &[3]),
        ("*b.te*", &[3]),
        ("ete", &[3]),
        ("*et* mer", &[3]),
    ];
    for (asked, expected) in cases {
        assert_eq!(found(&index, asked).await, expected, "{asked}");
    }
    assert_eq!(ask(&index, 7, wanted(&[Field::Subject], "june", false)).await.0, [1]);
    assert_eq!(ask(&index, 7, wanted(&[Field::Body, Field::Name], "*un*", false)).await.0, [2]);
    assert_eq!(ask(&index, 7, wanted(&Field::ALL, "", false)).await, (vec![], vec![1, 2, 3]));
}

#[tokio::test]
async fn accents_are_told_apart_where_that_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let index = store.search();
    let body = |number, text: &str| document(number, 7, &[(Field::Body, text)]);
    let letters =
        vec![body(1, "ete"), body(2, "e\u{301}te\u{301}"), body(3, "ete e\u{301}te\u{301}"), body(4, "te\u{301}te")];
    index.add(letters, 4).await.unwrap();
    let cases: [(&str, &[u64], &[u64]); 5] = [
        // A letter with the word in another form may have it in this one as well.
        ("*ete*", &[1], &[2, 3]),
        ("*e\u{301}te\u{301}*", &[2, 3], &[]),
        ("*te*", &[1, 2, 3, 4], &[]),
        ("*te\u{301}*", &[2, 3, 4], &[]),
        ("tete", &[], &[]),
    ];
    for (asked, sure, perhaps) in cases {
        assert_eq!(
            ask(&index, 7, wanted(&[Field::Body], asked, true)).await,
            (sure.to_vec(), perhaps.to_vec()),
            "{asked}"
        );
        assert_eq!(ask(&index, 7, wanted(&[Field::Subject], asked, true)).await.0, [] as [u64; 0], "{asked}");
    }
    assert_eq!(found(&index, "ete").await, [1, 2, 3]);
}

#[tokio::test]
async fn of_sealed_words_and_of_cut_fields_only_the_letter_can_tell() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let index = store.search();
    let sealed =
        Document { sealed: vec![(Field::Body, "de89370400440532".into())], ..letter(1, 7, "iban", "my ~ here") };
    let cut = Document { cut: vec![Field::Body], ..letter(2, 7, "long", "text") };
    index.add(vec![sealed, cut, letter(3, 7, "x", "y")], 3).await.unwrap();
    let body = |asked: &str| ask(&index, 7, wanted(&[Field::Body], asked, false));
    assert_eq!(body("*37040*").await, (vec![], vec![1, 2]));
    assert_eq!(body("*99999*").await, (vec![], vec![2]));
    assert_eq!(body("my *9370*").await, (vec![], vec![1, 2]));
    assert_eq!(ask(&index, 7, wanted(&[Field::Subject], "*37040*", false)).await, (vec![], vec![]));
    index.remove(vec![1, 2]).await.unwrap();
    assert_eq!(body("*37040*").await, (vec![], vec![]));
}

#[tokio::test]
async fn what_a_person_types_is_never_read_as_query_language() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let index = store.search();
    filled(&index).await;
    let hostile = [
        "\"",
        "a\" OR \"b",
        "NEAR(a b)",
        "body : june",
        "(",
        "june* OR",
        "\0",
        "^june",
        "-",
        "OR",
        "8:invoice",
        "7.",
        "'",
        "\u{1}\u{7f}",
        "😀",
        "7;5;x",
    ];
    for words in hostile {
        assert_eq!(found(&index, words).await, [] as [u64; 0], "{words:?}");
    }
}

#[tokio::test]
async fn words_that_no_letter_has_any_more_are_swept_out_when_many_have_gone() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let index = store.search();
    let letters = (1..=50).map(|number| letter(number, 7, &format!("only{number}"), "same")).collect();
    index.add(letters, 50).await.unwrap();
    index.remove((1..=49).collect()).await.unwrap();
    assert_eq!(index.tidy(10).await, Ok(false));
    // Letters that are in no index count as well.
    index.remove((1_000..30_000).collect()).await.unwrap();
    let mut rounds = 0;
    while index.tidy(10).await.unwrap() {
        rounds += 1;
    }
    assert!(rounds >= 5);
    assert_eq!(found(&index, "*nly50*").await, [50]);
    // A word that was taken from the list comes back with a letter.
    index.add(vec![letter(60, 7, "only7", "same")], 60).await.unwrap();
    assert_eq!(found(&index, "*nly7*").await, [60]);
    drop(index);
    store.close().await;
    let connection = rusqlite::Connection::open(folder.path().join("search.db")).unwrap();
    let terms: i64 = connection.query_row("SELECT COUNT(*) FROM term", (), |row| row.get(0)).unwrap();
    assert_eq!(terms, 3);
}

#[tokio::test]
async fn letters_are_replaced_and_removed_and_the_place_reached_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let index = store.search();
    assert_eq!(index.reached().await, Ok(0));
    filled(&index).await;
    assert_eq!(index.reached().await, Ok(6));
    index.add(vec![letter(1, 7, "receipt", "")], 6).await.unwrap();
    assert_eq!(found(&index, "invoice").await, [] as [u64; 0]);
    assert_eq!(found(&index, "receipt").await, [1]);
    index.remove(vec![1, 2, 999]).await.unwrap();
    assert_eq!(ask(&index, 7, wanted(&Field::ALL, "", false)).await.1, [3]);
    store.close().await;
    let store = open(folder.path());
    assert_eq!(store.search().reached().await, Ok(6));
    assert_eq!(found(&store.search(), "mer").await, [3]);
}

#[tokio::test]
async fn a_damaged_index_begins_again_from_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for damage in [0, 100, 4096] {
        let store = open(folder.path());
        filled(&store.search()).await;
        store.close().await;
        let file = folder.path().join("search.db");
        let mut bytes = std::fs::read(&file).unwrap();
        bytes[damage..].iter_mut().for_each(|byte| *byte = 0x55);
        std::fs::write(&file, bytes).unwrap();

        let store = open(folder.path());
        let index = store.search();
        // The damage may be seen at once or by the first question that meets it; that one is asked again.
        let reached = match index.reached().await {
            Err(Error::Corrupt(_)) => index.reached().await,
            reached => reached,
        };
        if reached != Ok(0) {
            assert!(matches!(index.ask(7, vec![wanted(&Field::ALL, "june", false)]).await, Err(Error::Corrupt(_))));
        }
        assert_eq!(index.reached().await, Ok(0), "damaged from {damage} on");
        filled(&index).await;
        assert_eq!(found(&index, "june").await, [1, 2]);
        store.close().await;
    }
}

const FROM: HeaderField = HeaderField { shelf: 1, number: 1 };
const ID: HeaderField = HeaderField { shelf: 2, number: 2 };
const ANSWERED: HeaderField = HeaderField { shelf: 2, number: 3 };

fn valued(letter: i64, account: i64, values: &[(HeaderField, &str)]) -> Document {
    let values = values.iter().map(|(field, text)| (*field, form(text))).collect();
    Document { letter, account, values, ..Document::default() }
}

async fn holding(index: &SearchIndex, account: i64, field: HeaderField, piece: &str) -> Vec<u64> {
    let answers = index.ask(account, vec![Question::Holds(field, form(piece))]).await.unwrap();
    answers[0].found.iter().collect()
}

#[tokio::test]
async fn any_piece_of_a_header_field_is_found_in_its_account_and_field_only() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let index = store.search();
    let letters = vec![
        valued(1, 7, &[(FROM, "ann o'hara \"a\" <ann@one.test>"), (ID, "<1@one.test>")]),
        valued(2, 7, &[(FROM, "ann o'hara \"a\" <ann@one.test>"), (ID, "<2@one.test>"), (ANSWERED, "<1@one.test>")]),
        valued(3, 7, &[(FROM, "zoé"), (FROM, "té"), (FROM, ""), (FROM, "abc bcd")]),
        valued(4, 77, &[(FROM, "ann o'hara"), (ID, "<1@one.test>")]),
    ];
    index.add(letters, 4).await.unwrap();
    for (field, piece, expected) in [
        (FROM, "@one", &[1, 2][..]),
        (FROM, "n o'hara \"a\" <a", &[1, 2]),
        (FROM, "o\u{2019}hara", &[]),
        (FROM, "é", &[3]),
        (FROM, "oé", &[3]),
        (FROM, "zoé", &[3]),
        (FROM, "", &[1, 2, 3]),
        (FROM, "ann@one.test>x", &[]),
        // Each of its runs is there, but not one behind the other.
        (FROM, "abcd", &[]),
        (FROM, "* OR zoé", &[]),
        (ID, "<1@one.test>", &[1]),
        (ANSWERED, "<1@one.test>", &[2]),
        (ANSWERED, "", &[2]),
        (ID, "1@", &[1]),
    ] {
        assert_eq!(holding(&index, 7, field, piece).await, expected, "{piece}");
    }
    assert_eq!(holding(&index, 77, FROM, "o'hara").await, [4]);
}

#[tokio::test]
async fn values_go_with_the_last_letter_that_holds_them() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let index = store.search();
    let some = |letter| valued(letter, 7, &[(FROM, "ann"), (ID, "<same@one.test>")]);
    index.add(vec![some(1), some(2)], 2).await.unwrap();
    index.remove(vec![1]).await.unwrap();
    assert_eq!(holding(&index, 7, FROM, "ann").await, [2]);
    index.remove(vec![2, 9]).await.unwrap();
    assert_eq!(holding(&index, 7, FROM, "").await, [] as [u64; 0]);
    index.add(vec![some(3), valued(4, 7, &[(FROM, "bea")])], 4).await.unwrap();
    // Added once more with other values: the old ones are gone.
    index.add(vec![valued(3, 7, &[(FROM, "cleo")])], 4).await.unwrap();
    for (piece, expected) in [("ann", &[][..]), ("bea", &[4]), ("cleo", &[3]), ("an", &[])] {
        assert_eq!(holding(&index, 7, FROM, piece).await, expected, "{piece}");
    }
    drop(index);
    store.close().await;
    let connection = rusqlite::Connection::open(folder.path().join("search.db")).unwrap();
    let count = |table: &str| -> i64 {
        connection.query_row(&format!("SELECT COUNT(*) FROM {table}"), (), |row| row.get(0)).unwrap()
    };
    assert_eq!((count("value"), count("held"), count("partial")), (2, 2, 0));
}

#[tokio::test]
async fn an_answer_says_what_it_does_not_know() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let index = store.search();
    let partial = Document { partial: vec![FROM], ..valued(2, 7, &[(ID, "<2@one.test>")]) };
    index.add(vec![valued(1, 7, &[(FROM, "ann")]), partial], 3).await.unwrap();
    let answers =
        index.ask(7, vec![Question::Holds(FROM, form("ann")), wanted(&Field::ALL, "june", false)]).await.unwrap();
    let says = |answer: &Answer| (1..5).map(|letter| answer.says(letter)).collect::<Vec<_>>();
    assert_eq!(says(&answers[0]), [Some(true), None, Some(false), None]);
    assert_eq!(says(&answers[1]), [Some(false), Some(false), Some(false), None]);
    assert_eq!(index.asked(), 1);
}

#[tokio::test]
async fn an_index_of_an_earlier_release_is_thrown_away_and_begins_again() {
    let folder = tempfile::tempdir().unwrap();
    for earlier in ["DROP TABLE edition", "UPDATE edition SET number = 1", "DELETE FROM edition"] {
        let store = open(folder.path());
        filled(&store.search()).await;
        store.close().await;
        let connection = rusqlite::Connection::open(folder.path().join("search.db")).unwrap();
        connection.execute_batch(earlier).unwrap();
        drop(connection);
        let store = open(folder.path());
        let index = store.search();
        assert_eq!(index.reached().await, Ok(0), "{earlier}");
        filled(&index).await;
        assert_eq!(found(&index, "june").await, [1, 2]);
        store.close().await;
    }
}
