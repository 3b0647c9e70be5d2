//! Plays the conversations of `tests/dialogues/*.txt` with a door of the server over TCP.
//!
//! ```text
//! # a comment
//! C: a NOOP              the client sends this line
//! S: a OK *              the server answers this line; `*` stands for anything, but at the beginning of a line
//! S: ...                 any lines, up to one that fits the next S:
//! S: <nothing>           the server says nothing for a moment
//! S: <closed>            the server closes the connection
//! C: <close>             the client goes
//! C2: / S2:              the same on a second connection (up to 9), which opens with its first line
//! ```
//! In lines of the client, `␀` is NUL, `␊` a line feed without carriage return, and `«x×70000»` a thousand times
//! seventy `x`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(5);
const A_MOMENT: Duration = Duration::from_millis(150);

struct Line {
    number: usize,
    connection: char,
    client: bool,
    text: String,
}

fn read(script: &str) -> Vec<Line> {
    let lines = script.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|(at, line)| {
            let (who, text) = line.split_once(':').unwrap_or_else(|| panic!("line {}: {line}", at + 1));
            let connection = who.chars().nth(1).unwrap_or('1');
            let text = text.strip_prefix(' ').unwrap_or(text).to_owned();
            Line { number: at + 1, connection, client: who.starts_with('C'), text }
        })
        .collect()
}

/// Returns the octets of a client's line on the wire.
fn wire(text: &str) -> Vec<u8> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('«') {
        let (inside, behind) = after.split_once('»').unwrap();
        let (what, times) = inside.split_once('×').unwrap();
        out.push_str(before);
        out.push_str(&what.repeat(times.parse().unwrap()));
        rest = behind;
    }
    out.push_str(rest);
    (out.replace('␀', "\0").replace('␊', "\n") + "\r\n").into_bytes()
}

/// Compares a line with a pattern: `*` stands for anything, but not where an untagged line begins, nor in `\*`.
fn fits(pattern: &str, line: &str) -> bool {
    let (first, rest) = match (pattern.strip_prefix("* "), line.strip_prefix("* ")) {
        (Some(pattern), Some(line)) => (pattern, line),
        (Some(_), None) => return false,
        _ => (pattern, line),
    };
    let marked = first.replace("\\*", "\u{1}");
    let mut rest = rest.replace("\\*", "\u{1}");
    let mut pieces = marked.split('*').peekable();
    let Some(head) = pieces.next() else { return false };
    let Some(after) = rest.strip_prefix(head) else { return false };
    rest = after.to_owned();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        let Some(at) = rest.find(piece) else { return false };
        rest = rest.split_off(at + piece.len());
    }
    true
}

type Peer = BufReader<TcpStream>;

/// Returns the next line of the server, without its end; `<closed>` if it has closed, `<nothing>` if it is silent.
async fn heard(peer: &mut Peer, patience: Duration) -> String {
    let mut line = Vec::new();
    match timeout(patience, peer.read_until(b'\n', &mut line)).await {
        Err(_) => "<nothing>".to_owned(),
        Ok(Err(_) | Ok(0)) => "<closed>".to_owned(),
        Ok(Ok(_)) => String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned(),
    }
}

/// Plays one conversation; the error says where it differed from the script.
async fn play(script: &str, address: SocketAddr) -> Result<(), String> {
    let mut peers: BTreeMap<char, Peer> = BTreeMap::new();
    let mut skipping = BTreeSet::new();
    for Line { number, connection, client, text } in read(script) {
        if let std::collections::btree_map::Entry::Vacant(place) = peers.entry(connection) {
            place.insert(BufReader::new(TcpStream::connect(address).await.unwrap()));
        }
        let peer = peers.get_mut(&connection).unwrap();
        match (client, text.as_str()) {
            (true, "<close>") => drop(peers.remove(&connection)),
            // A server that has closed shows at the next S:.
            (true, text) => drop(peer.write_all(&wire(text)).await),
            (false, "...") => drop(skipping.insert(connection)),
            (false, pattern) => loop {
                let patience = if pattern == "<nothing>" { A_MOMENT } else { PATIENCE };
                let line = heard(peer, patience).await;
                if fits(pattern, &line) {
                    skipping.remove(&connection);
                    break;
                }
                if !skipping.contains(&connection) || line.starts_with('<') {
                    return Err(format!("line {number}: expected {pattern:?}, got {line:?}"));
                }
            },
        }
    }
    Ok(())
}

/// Plays all conversations of a folder, each with the door that `open` opens on a fresh data folder. `DIALOGUE` in the
/// environment names those that are played.
pub async fn play_all(folder: &Path, open: impl AsyncFn(&Path) -> SocketAddr) {
    let only = std::env::var("DIALOGUE").unwrap_or_default();
    let mut scripts: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    scripts.retain(|path| path.to_string_lossy().contains(&only));
    scripts.sort();
    let mut failures = Vec::new();
    for script in &scripts {
        let data = tempfile::tempdir().unwrap();
        let address = open(data.path()).await;
        if let Err(failure) = play(&std::fs::read_to_string(script).unwrap(), address).await {
            failures.push(format!("{}, {failure}", script.display()));
        }
    }
    assert!(!scripts.is_empty() && failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn a_pattern_fits_what_it_says() {
    assert!(fits("* OK [PERMANENTFLAGS (\\Seen \\*)] *", "* OK [PERMANENTFLAGS (\\Seen \\*)] Limited"));
    assert!(fits("a OK *", "a OK anything"));
    assert!(fits("a OK [UIDVALIDITY *] *", "a OK [UIDVALIDITY 3] x"));
    assert!(!fits("* 3 EXISTS", "* 4 EXISTS"));
    assert!(!fits("a OK", "a OK more"));
}
