//! Runs the conversations of `tests/dialogues/*.txt` against the real thing: the IMAP door over a store in a
//! temporary folder, reached over TCP. Each file has a fresh server with alice and bob in it, whose passwords are
//! `secret`.

#[path = "../../testing/dialogue.rs"]
mod dialogue;
mod fixture;

use std::path::Path;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_conversation_goes_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialogues");
    dialogue::play_all(&folder, async |data| fixture::open(data, |server| server.terms.clear_logins = true).await)
        .await;
}
