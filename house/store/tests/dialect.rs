//! The SQL and the values that every engine must understand alike.

mod common;

use std::ops::ControlFlow;

use bytes::Bytes;
use common::{add, open};
use facteur_store::{Error, Key, Result, Store, Tx, Value, params};

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    (folder, store)
}

#[test]
fn parameters_are_numbered_by_what_they_say_and_may_repeat() {
    let (_folder, store) = store();
    let got = store.read_blocking(|view| {
        view.query_one("SELECT $2, $1, $2", params!["one", 2], |row| {
            Ok((row.get::<i64>(0)?, row.get::<String>(1)?, row.get::<u8>(2)?))
        })
    });
    assert_eq!(got, Ok((2, "one".to_owned(), 2)));
}

#[test]
fn parameters_that_are_missing_or_too_many_are_errors() {
    let (_folder, store) = store();
    let ask = |count: usize| {
        store.read_blocking(move |view| {
            let values = [Value::Integer(1), Value::Integer(2), Value::Integer(3)];
            view.query_one("SELECT $1 + $2", &values[..count], |row| row.get::<i64>(0))
        })
    };
    assert!(matches!(ask(1), Err(Error::Sql(_))));
    assert_eq!(ask(2), Ok(3));
    assert!(matches!(ask(3), Err(Error::Sql(_))));
    let other = store.read_blocking(|view| view.query_one("SELECT ?", params![1], |row| row.get::<i64>(0)));
    assert!(matches!(other, Err(Error::Sql(_))), "parameters of one engine only are refused");
}

#[test]
fn every_kind_of_value_goes_round() {
    let (_folder, store) = store();
    let outcome = store.read_blocking(|view| {
        let sql = "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9";
        let (bytes, vector) = (Bytes::from_static(b"\0\xff"), vec![1_u8]);
        let values = params![i64::MIN, u32::MAX, i64::MAX as u64, true, "é\0x", bytes, vector, None::<i64>, [7_u8; 3]];
        view.query_one(sql, values, |row| {
            assert_eq!(row.get::<i64>(0)?, i64::MIN);
            assert_eq!(row.get::<u32>(1)?, u32::MAX);
            assert_eq!(row.get::<u64>(2)?, i64::MAX as u64);
            assert!(row.get::<bool>(3)?);
            assert_eq!(
                (row.text(4)?, row.get::<String>(4)?.as_str()),
                ("é\u{fffd}x", "é\u{fffd}x"),
                "no engine keeps the octet 0 in a text"
            );
            assert_eq!((row.bytes(5)?, row.get::<Bytes>(5)?), (&b"\0\xff"[..], Bytes::from_static(b"\0\xff")));
            assert_eq!(row.get::<Vec<u8>>(6)?, [1]);
            assert_eq!((row.get::<Option<i64>>(7)?, row.bytes(7)?), (None, &b""[..]));
            assert_eq!(row.get::<[u8; 3]>(8)?, [7; 3]);
            Ok(())
        })
    });
    assert_eq!(outcome, Ok(()));
}

#[test]
fn a_value_of_another_kind_or_out_of_range_is_an_error_that_names_the_column() {
    let (_folder, store) = store();
    let outcome = store.read_blocking(|view| {
        view.query_one("SELECT 1, -1, 'text', 300, 1.5", params![], |row| {
            assert!(matches!(row.get::<String>(0), Err(Error::Type { column: 0, .. })));
            assert!(matches!(row.get::<u64>(1), Err(Error::Type { column: 1, .. })));
            assert!(matches!(row.get::<i64>(2), Err(Error::Type { column: 2, .. })));
            assert!(matches!(row.get::<u8>(3), Err(Error::Type { column: 3, .. })));
            assert!(matches!(row.get::<i64>(4), Err(Error::Type { column: 4, .. })));
            assert!(row.get::<i64>(5).is_err(), "there is no such column");
            Ok(())
        })
    });
    assert_eq!(outcome, Ok(()));
}

#[test]
fn a_number_beyond_the_range_of_the_database_is_refused() {
    let (_folder, store) = store();
    let outcome = store.read_blocking(|view| view.query_one("SELECT $1", params![u64::MAX], |row| row.get::<i64>(0)));
    assert_eq!(outcome, Err(Error::TooLarge));
}

#[test]
fn returning_and_on_conflict_work_in_both_verbs() {
    let (_folder, store) = store();
    let outcome = store.write_blocking(Key::Everything, |tx| {
        let first = add(tx, "one")?;
        let sql =
            "INSERT INTO note (text) VALUES ($1) ON CONFLICT (text) DO UPDATE SET weight = 5 RETURNING id, weight";
        let again = tx.query_one(sql, params!["one"], |row| Ok((row.get::<i64>(0)?, row.get::<i64>(1)?)))?;
        assert_eq!(again, (first, 5));
        assert_eq!(tx.execute("UPDATE note SET weight = 6", params![])?, 1);
        assert_eq!(tx.execute("UPDATE note SET weight = 7 RETURNING id", params![])?, 1);
        assert_eq!(tx.execute("INSERT INTO note (text) VALUES ($1) ON CONFLICT DO NOTHING", params!["one"])?, 0);
        Ok::<_, Error>(())
    });
    assert_eq!(outcome, Ok(()));
}

#[test]
fn a_number_given_by_the_database_is_never_given_again() {
    let (_folder, store) = store();
    let (first, second) = store
        .write_blocking(Key::Everything, |tx| {
            let first = add(tx, "one")?;
            tx.execute("DELETE FROM note", params![])?;
            Ok::<_, Error>((first, add(tx, "one")?))
        })
        .unwrap();
    assert!(second > first);
}

#[test]
fn broken_rules_and_missing_rows_are_told_apart() {
    let (_folder, store) = store();
    store.write_blocking(Key::Everything, |tx| add(tx, "one")).unwrap();
    assert!(matches!(store.write_blocking(Key::Everything, |tx| add(tx, "one")), Err(Error::Constraint(_))));
    let missing =
        store.read_blocking(|view| view.query_one("SELECT 1 WHERE 1 = 2", params![], |row| row.get::<i64>(0)));
    assert_eq!(missing, Err(Error::NoRow));
    let missing =
        store.read_blocking(|view| view.query_opt("SELECT 1 WHERE 1 = 2", params![], |row| row.get::<i64>(0)));
    assert_eq!(missing, Ok(None));
    let wrong = store.read_blocking(|view| view.query_one("SELECT of mind", params![], |row| row.get::<i64>(0)));
    assert!(matches!(wrong, Err(Error::Sql(_))));
}

fn ten_notes(store: &Store) {
    let add = |tx: &mut Tx| (0..10).try_for_each(|number| add(tx, &number.to_string()).map(|_| ()));
    store.write_blocking(Key::Everything, add).unwrap();
}

#[test]
fn a_walk_can_stop() {
    let (_folder, store) = store();
    ten_notes(&store);
    let seen = store.read_blocking(|view| {
        let mut seen = Vec::new();
        view.for_each("SELECT text FROM note ORDER BY id", params![], |row| {
            seen.push(row.get::<String>(0)?);
            Ok(if seen.len() == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        // When it has ended, others can run.
        view.query_one("SELECT 1", params![], |row| row.get::<i64>(0))?;
        Ok::<_, Error>(seen)
    });
    assert_eq!(seen.unwrap(), ["0", "1", "2"]);
}

/// Engines that send rows as they are found cannot run anything else on the connection meanwhile.
#[cfg(debug_assertions)]
#[test]
fn nothing_can_be_asked_within_the_rows_of_a_statement() {
    let (_folder, store) = store();
    ten_notes(&store);
    let all = "SELECT id FROM note ORDER BY id";
    let body = store.prepare_blob(Bytes::from_static(b"Dear Bob")).unwrap();
    let blob = store.write_blocking(Key::Everything, move |tx| tx.put_blob(&body)).unwrap();
    let refused = |outcome: Result<()>| {
        assert!(matches!(&outcome, Err(Error::Sql(why)) if why.contains("within the rows")), "{outcome:?}");
    };
    refused(store.read_blocking(move |view| {
        view.for_each(all, params![], |_| view.query("SELECT 1", params![], |_| Ok(())).map(|_| ControlFlow::Break(())))
    }));
    refused(
        store.read_blocking(move |view| view.query_one(all, params![], |_| view.read_blob(blob, 0..4).map(|_| ()))),
    );
    // The statement that failed is over, so the next one is not within it.
    assert!(store.read_blocking(move |view| view.read_blob(blob, 0..4)).is_ok());
}

#[test]
fn numbers_are_settled_up_to_the_last_one_given() {
    let (_folder, store) = store();
    let settled = |table| store.read_blocking(move |view| view.settled(table));
    assert_eq!(settled("note"), Ok(0));
    ten_notes(&store);
    assert_eq!(settled("note"), Ok(10));
    store.write_blocking(Key::Everything, |tx| tx.execute("DELETE FROM note WHERE id = 10", params![])).unwrap();
    assert_eq!(settled("note"), Ok(10), "no row turns up with a number that was given before");
    for table in ["pair", "nothing"] {
        assert!(matches!(settled(table), Err(Error::Sql(_))), "{table} does not number its rows");
    }
}

#[test]
fn a_read_cannot_write() {
    let (_folder, store) = store();
    let outcome: Result<i64> = store.read_blocking(|view| {
        view.query_one("INSERT INTO note (text) VALUES ('x') RETURNING id", params![], |row| row.get(0))
    });
    assert!(outcome.is_err());
    let count =
        store.read_blocking(|view| view.query_one("SELECT count(*) FROM note", params![], |row| row.get::<i64>(0)));
    assert_eq!(count, Ok(0));
}

#[test]
fn a_read_that_panics_is_answered_and_the_thread_lives_on() {
    let (_folder, store) = store();
    for _ in 0..10 {
        let outcome: Result<()> = store.read_blocking(|_| panic!("on purpose"));
        assert_eq!(outcome, Err(Error::Panicked("on purpose".to_owned())));
    }
    let count =
        store.read_blocking(|view| view.query_one("SELECT count(*) FROM note", params![], |row| row.get::<i64>(0)));
    assert_eq!(count, Ok(0));
}

#[test]
fn a_write_within_a_write_is_refused_instead_of_waiting_for_itself() {
    let (_folder, store) = store();
    let inner = store.clone();
    let outcome =
        store.write_blocking(Key::Everything, move |_| inner.write_blocking(Key::Everything, |tx| add(tx, "inner")));
    assert!(matches!(outcome, Err(Error::Sql(_))), "{outcome:?}");
    let inner = store.clone();
    let outcome = store.read_blocking(move |_| inner.read_blocking(common::texts));
    assert!(matches!(outcome, Err(Error::Sql(_))), "{outcome:?}");
}

#[test]
fn a_write_that_ends_its_transaction_behind_the_stores_back_is_refused_and_harms_nobody() {
    let (_folder, store) = store();
    let outcome = store.write_blocking(Key::Everything, |tx| {
        add(tx, "sly")?;
        tx.execute("ROLLBACK", params![])?;
        add(tx, "alone")?;
        Ok::<_, Error>(())
    });
    assert!(matches!(outcome, Err(Error::Io(_))), "{outcome:?}");
    store.write_blocking(Key::Everything, |tx| add(tx, "honest")).unwrap();
    assert_eq!(store.read_blocking(common::texts).unwrap(), ["honest"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_read_sees_one_state_and_holds_up_no_write() {
    let (_folder, store) = store();
    common::write_note(&store, "before").await.unwrap();
    let (started, wait) = tokio::sync::oneshot::channel();
    let (go_on, blocked) = std::sync::mpsc::channel::<()>();
    let its_store = store.clone();
    let long = tokio::spawn(async move {
        its_store
            .read(move |view| {
                let first = common::texts(view)?;
                let _ = started.send(());
                let _ = blocked.recv();
                Ok::<_, Error>((first, common::texts(view)?))
            })
            .await
    });
    wait.await.unwrap();
    for number in 0..100 {
        common::write_note(&store, &number.to_string()).await.unwrap();
    }
    assert_eq!(common::all_texts(&store).await.len(), 101, "other reads see the new state");
    go_on.send(()).unwrap();
    let (first, second) = long.await.unwrap().unwrap();
    assert_eq!(first, ["before"]);
    assert_eq!(second, ["before"]);
}
