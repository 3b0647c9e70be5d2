//! The tools that the tests of the store share.
#![allow(dead_code, missing_docs)]

use facteur_store::{Error, Key, Migration, Options, Result, Store, Tx, View, params};

pub const MIGRATIONS: &[Migration] = &[Migration {
    room: "notes",
    number: 1,
    sql: "CREATE TABLE note (id {id}, text TEXT NOT NULL UNIQUE, body {blob}, weight BIGINT);
          CREATE TABLE pair (a BIGINT NOT NULL, b BIGINT NOT NULL, PRIMARY KEY (a, b)) {clustered};",
}];

pub fn options(folder: &std::path::Path) -> Options {
    Options::new(folder)
}

pub fn open(folder: &std::path::Path) -> Store {
    Store::open(options(folder), MIGRATIONS).expect("the store opens")
}

pub fn add(tx: &mut Tx, text: &str) -> Result<i64> {
    tx.query_one("INSERT INTO note (text) VALUES ($1) RETURNING id", params![text], |row| row.get(0))
}

pub fn texts(view: &View) -> Result<Vec<String>> {
    view.query("SELECT text FROM note ORDER BY id", params![], |row| row.get(0))
}

pub async fn all_texts(store: &Store) -> Vec<String> {
    store.read(texts).await.expect("the notes are read")
}

pub async fn write_note(store: &Store, text: &str) -> Result<i64> {
    let text = text.to_owned();
    store.write(Key::Everything, move |tx| add(tx, &text)).await
}

pub fn refused() -> Error {
    Error::Io("the test refuses".to_owned())
}
