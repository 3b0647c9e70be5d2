//! Feeds the client with whatever an IMAP server elsewhere may send: any bytes, in any pieces. Nothing panics,
//! nothing beyond the bounds is kept, and in whichever pieces it comes it means the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mra::imap::{Assembler, Bounds, Malformed, Piece, Response};

const BOUNDS: Bounds = Bounds { text: 4096, literal: 1024, literals: 8 };

fn read(mut input: &[u8], step: usize) -> (Vec<Response>, Option<Malformed>) {
    let (mut assembler, mut responses) = (Assembler::new(BOUNDS), Vec::new());
    while !input.is_empty() {
        match assembler.take(&input[..step.min(input.len())]) {
            Err(malformed) => return (responses, Some(malformed)),
            Ok((took, whole)) => {
                assert!(took > 0 || whole.is_some(), "it goes on");
                input = &input[took..];
                if let Some(raw) = whole {
                    let kept = raw.iter().map(|piece| match piece {
                        Piece::Text(bytes) | Piece::Literal(bytes) => bytes.len(),
                        Piece::TooLarge(_) => 0,
                    });
                    assert!(kept.sum::<usize>() <= BOUNDS.text + 9 * 1024);
                    responses.push(Response::read(&raw));
                }
            }
        }
    }
    (responses, None)
}

fuzz_target!(|data: &[u8]| {
    assert_eq!(read(data, usize::MAX), read(data, 7));
});
