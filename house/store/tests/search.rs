//! Full text: found by its account only, in any combination, and built again when it is damaged.

mod common;

use common::open;
use facteur_store::{Answer, Document, Error, Field, HeaderField, Query, Question, SearchIndex};

fn letter(letter: i64, account: i64, subject: &str, body: &str) -> Document {
    let texts = vec![(Field::Subject, subject.to_owned()), (Field::Body, body.to_owned())];
    Document { letter, account, texts, values: Vec::new(), partial: Vec::new() }
}

fn phrase(words: &str) -> Query {
    Query::Phrase { field: None, words: words.split(' ').map(str::to_owned).collect(), prefix_last: false }
}

fn not(query: Query) -> Query {
    Query::Not(Box::new(query))
}

async fn filled(index: &SearchIndex) {
    let letters = vec![
        letter(1, 7, "invoice for june", "please pay the invoice soon"),
        letter(2, 7, "party", "bring june and cake"),
        letter(3, 7, "l'été à la mer", "rien d'autre 100% a@b.test"),
        letter(4, 8, "invoice", "of another account"),
        letter(5, 77, "invoice", "of an account whose number begins alike"),
    ];
    index.add(letters, 6).await.unwrap();
}

async fn found(index: &SearchIndex, query: &Query) -> Vec<i64> {
    index.query(7, query, None, 100).await.unwrap()
}

#[tokio::test]
async fn words_phrases_fields_and_their_combinations_find_what_they_say() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let index = store.search();
    filled(&index).await;
    let in_subject = |words: &str| Query::Phrase {
        field: Some(Field::Subject),
        words: words.split(' ').map(str::to_owned).collect(),
        prefix_last: false,
    };
    let beginning = |words: &str| Query::Phrase {
        field: None,
        words: words.split(' ').map(str::to_owned).collect(),
        prefix_last: true,
    };
    let cases = [
        (phrase("invoice"), vec![1]),
        (phrase("june"), vec![2, 1]),
        (in_subject("june"), vec![1]),
        (phrase("pay the invoice"), vec![1]),
        (phrase("the pay invoice"), vec![]),
        (phrase("june please"), vec![]),
        (beginning("pay the inv"), vec![1]),
        (beginning("ju"), vec![2, 1]),
        (phrase("ju"), vec![]),
        (phrase("l'été"), vec![3]),
        (phrase("100%"), vec![3]),
        (phrase("a@b.test"), vec![3]),
        (Query::And(vec![phrase("june"), phrase("cake")]), vec![2]),
        (Query::And(vec![phrase("june"), not(phrase("cake"))]), vec![1]),
        (Query::Or(vec![phrase("cake"), phrase("mer")]), vec![3, 2]),
        (not(phrase("june")), vec![3]),
        (Query::Or(vec![not(phrase("june")), phrase("cake")]), vec![3, 2]),
        (not(not(phrase("cake"))), vec![2]),
        (phrase(""), vec![3, 2, 1]),
        (Query::And(vec![]), vec![3, 2, 1]),
        (Query::Or(vec![]), vec![]),
        (not(Query::And(vec![])), vec![]),
    ];
    for (query, expected) in cases {
        assert_eq!(found(&index, &query).await, expected, "{query:?}");
    }
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
        "*",
        "body : june",
        "(",
        "june*",
        "\0",
        "^june",
        "-",
        "OR",
        "8:invoice",
        "7.",
        "'",
        "\u{1}\u{7f}",
        "😀",
    ];
    for words in hostile {
        assert_eq!(found(&index, &phrase(words)).await, [] as [i64; 0], "{words:?}");
    }
}

#[tokio::test]
async fn results_come_in_pages_newest_first() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let index = store.search();
    let letters = (1..=100).map(|number| letter(number, 7, "same", "words")).collect();
    index.add(letters, 100).await.unwrap();
    let first = index.query(7, &phrase("same"), None, 30).await.unwrap();
    assert_eq!(first, (71..=100).rev().collect::<Vec<i64>>());
    let second = index.query(7, &phrase("same"), Some(71), 30).await.unwrap();
    assert_eq!(second, (41..=70).rev().collect::<Vec<i64>>());
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
    assert_eq!(found(&index, &phrase("invoice")).await, [] as [i64; 0]);
    assert_eq!(found(&index, &phrase("receipt")).await, [1]);
    index.remove(vec![1, 2, 999]).await.unwrap();
    assert_eq!(found(&index, &Query::And(vec![])).await, [3]);
    store.close().await;
    let store = open(folder.path());
    assert_eq!(store.search().reached().await, Ok(6));
    assert_eq!(found(&store.search(), &phrase("mer")).await, [3]);
}

#[tokio::test]
async fn a_search_can_run_inside_a_read() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let index = store.search();
    filled(&index).await;
    let found = store.read(move |_| index.query_blocking(7, &phrase("cake"), None, usize::MAX)).await;
    assert_eq!(found, Ok(vec![2]));
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
        // The damage may be seen at once or by the first that meets it; who met it tries again.
        let reached = match index.reached().await {
            Err(Error::Corrupt(_)) => index.reached().await,
            reached => reached,
        };
        if reached != Ok(0) {
            assert!(matches!(index.query(7, &phrase("june"), None, 10).await, Err(Error::Corrupt(_))));
        }
        assert_eq!(index.reached().await, Ok(0), "damaged from {damage} on");
        filled(&index).await;
        assert_eq!(found(&index, &phrase("june")).await, [2, 1]);
        store.close().await;
    }
}

const FROM: HeaderField = HeaderField { shelf: 1, number: 1 };
const ID: HeaderField = HeaderField { shelf: 2, number: 2 };
const ANSWERED: HeaderField = HeaderField { shelf: 2, number: 3 };

fn valued(letter: i64, account: i64, values: &[(HeaderField, &str)]) -> Document {
    let values = values.iter().map(|(field, text)| (*field, (*text).to_owned())).collect();
    Document { letter, account, texts: Vec::new(), values, partial: Vec::new() }
}

async fn holding(index: &SearchIndex, account: i64, field: HeaderField, piece: &str) -> Vec<u64> {
    let answers = index.ask(account, vec![Question::Holds(field, piece.to_owned())]).await.unwrap();
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
    assert_eq!(holding(&index, 7, FROM, "").await, []);
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
        index.ask(7, vec![Question::Holds(FROM, "ann".into()), Question::Words(phrase("june"))]).await.unwrap();
    let says = |answer: &Answer| (1..5).map(|letter| answer.says(letter)).collect::<Vec<_>>();
    assert_eq!(says(&answers[0]), [Some(true), None, Some(false), None]);
    assert_eq!(says(&answers[1]), [Some(false), Some(false), Some(false), None]);
    assert_eq!(index.asked(), 1);
}

#[tokio::test]
async fn an_index_from_before_header_fields_keeps_its_words_and_gets_the_fields_behind() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    filled(&store.search()).await;
    store.close().await;
    let connection = rusqlite::Connection::open(folder.path().join("search.db")).unwrap();
    for table in ["value_reached", "value", "held", "partial", "gram"] {
        connection.execute_batch(&format!("DROP TABLE {table}")).unwrap();
    }
    drop(connection);
    let store = open(folder.path());
    let index = store.search();
    let progress = index.progress().await.unwrap();
    assert_eq!((progress.words, progress.values), (6, 0));
    assert_eq!(found(&index, &phrase("mer")).await, [3]);
    // A letter that comes now is no sign that those before it were looked at.
    index.add(vec![letter(7, 7, "new", "mer")], 7).await.unwrap();
    assert_eq!(index.progress().await.unwrap().values, 0);
    index.add_values(vec![valued(1, 7, &[(FROM, "ann")])], 7).await.unwrap();
    assert_eq!(index.progress().await.unwrap().values, 7);
    assert_eq!(holding(&index, 7, FROM, "ann").await, [1]);
    assert_eq!(found(&index, &phrase("mer")).await, [7, 3]);
}
