//! An mbox of any bytes: read to its end without a panic, letters in order and inside the file; and a letter of any bytes
//! comes back from an mbox as it was.
#![no_main]

use import_export::mbox::{Dialect, Mbox, Piece, quote, unquote};
use libfuzzer_sys::fuzz_target;

fn pieces(mbox: &[u8], dialect: Dialect) -> Vec<Piece> {
    let mut reader = Mbox::new(mbox, dialect, 1 << 16);
    std::iter::from_fn(|| reader.next_piece().expect("memory can be read")).collect()
}

fuzz_target!(|data: &[u8]| {
    for dialect in [Dialect::Quoted, Dialect::QuotedOnce, Dialect::Counted] {
        let mut last = None;
        for piece in pieces(data, dialect) {
            let (Piece::Letter(import_export::mbox::Found { at, .. }) | Piece::Passed { at, .. }) = piece;
            assert!(at < data.len() as u64 && last.is_none_or(|last| last < at));
            last = Some(at);
        }
    }
    assert_eq!(unquote(&quote(data), usize::MAX), data);
    if data.len() > 1 << 15 || data.contains(&b'\r') {
        return;
    }
    let letter = [b"A: b\n\n", data, b"\n"].concat();
    let mbox = [b"From a@b Tue Nov 24 12:00:00 2026\n", &quote(&letter)[..], b"\n"].concat();
    match &pieces(&mbox, Dialect::Quoted)[..] {
        [Piece::Letter(found)] => assert_eq!(found.content, letter),
        other => panic!("{other:?}"),
    }
});
