use mail::DotStuffer;
use proptest::prelude::*;

use super::*;

/// Returns the result of an input that comes in chunks: the letter, the verdict, and the rest of the input.
fn decode(chunks: &[&[u8]]) -> (Vec<u8>, Option<Found>, Vec<u8>) {
    let (mut decoder, mut letter, mut verdict) = (DataDecoder::new(), Vec::new(), None);
    let mut input = Vec::new();
    for (number, chunk) in chunks.iter().enumerate() {
        input.extend_from_slice(chunk);
        loop {
            let (used, found) = decoder.next(&input);
            match &found {
                Found::Letter(piece) => letter.extend_from_slice(&input[piece.clone()]),
                Found::LineEnd { .. } => letter.extend_from_slice(b"\r\n"),
                Found::LonelyDot => verdict = Some(found.clone()),
                _ => {}
            }
            input.drain(..used);
            match found {
                Found::Nothing => break,
                Found::End | Found::FalseEnd => {
                    input.extend(chunks[number + 1..].concat());
                    return (letter, verdict.or(Some(found)), input);
                }
                _ => {}
            }
        }
    }
    (letter, verdict, input)
}

fn whole(input: &[u8]) -> (Vec<u8>, Option<Found>, Vec<u8>) {
    decode(&[input])
}

/// Returns the letter that the chunks make, and the number of line ends that were mended.
fn join(chunks: &[&[u8]]) -> (Vec<u8>, u64) {
    let (mut decoder, mut letter, mut mended_ends) = (ChunkDecoder::default(), Vec::new(), 0);
    for chunk in chunks {
        let mut rest = *chunk;
        loop {
            let (used, found) = decoder.next(rest);
            match &found {
                Found::Letter(piece) => letter.extend_from_slice(&rest[piece.clone()]),
                Found::LineEnd { mended } => {
                    letter.extend_from_slice(b"\r\n");
                    mended_ends += u64::from(*mended);
                }
                _ => {}
            }
            rest = &rest[used..];
            if found == Found::Nothing && used == 0 {
                break;
            }
        }
        assert!(rest.is_empty(), "the octets of a chunk are used up with it");
    }
    while decoder.finish() {
        letter.extend_from_slice(b"\r\n");
        mended_ends += 1;
    }
    (letter, mended_ends)
}

/// Expresses the same in another way: CR CR LF, CR LF, CR and LF, the longest first, are each one line end.
fn normalised(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = octets;
    while let Some(first) = rest.first() {
        let line_end = [&b"\r\r\n"[..], b"\r\n", b"\r", b"\n"].into_iter().find(|end| rest.starts_with(end));
        match line_end {
            Some(_) => out.extend_from_slice(b"\r\n"),
            None => out.push(*first),
        }
        rest = &rest[line_end.map_or(1, <[u8]>::len)..];
    }
    out
}

/// Writes octets as a client sends them behind DATA: a dot more on each line that begins with one behind CRLF, and the
/// end.
fn behind_data(octets: &[u8]) -> Vec<u8> {
    let mut wire = Vec::new();
    for (at, byte) in octets.iter().enumerate() {
        if *byte == b'.' && (at == 0 || octets[..at].ends_with(b"\r\n")) {
            wire.push(b'.');
        }
        wire.push(*byte);
    }
    if !octets.is_empty() && !octets.ends_with(b"\r\n") {
        wire.extend_from_slice(b"\r\n");
    }
    [&wire, &b".\r\n"[..]].concat()
}

/// Encodes a letter as our relay sends it on.
fn sent_on(letter: &[u8]) -> Vec<u8> {
    let mut stuffer = DotStuffer::new();
    let mut wire: Vec<u8> = stuffer.pieces(letter).flatten().copied().collect();
    wire.extend_from_slice(stuffer.finish());
    wire
}

#[test]
fn a_dot_alone_ends_the_letter_and_others_lose_one() {
    assert_eq!(
        whole(b"a\r\n..b\r\n...\r\n.c\r\n.\r\nQUIT\r\n"),
        (b"a\r\n.b\r\n..\r\nc\r\n".into(), Some(Found::End), b"QUIT\r\n".into())
    );
    assert_eq!(whole(b".\r\n"), (vec![], Some(Found::End), vec![]));
}

#[test]
fn what_is_not_clear_yet_is_left_alone() {
    for (input, left) in
        [(&b"a\r"[..], &b"\r"[..]), (b"a\r\r", b"\r\r"), (b"a\r\n.", b"."), (b"a\r\n.\r", b".\r"), (b"a\r\n", b"")]
    {
        assert_eq!(whole(input), (input[..input.len() - left.len()].into(), None, left.into()));
    }
}

#[test]
fn a_line_end_that_is_not_crlf_becomes_one_and_nul_stays() {
    for (input, letter) in [
        (&b"a\nb\r\n.\r\n"[..], &b"a\r\nb\r\n"[..]),
        (b"\n\n\r\n.\r\n", b"\r\n\r\n\r\n"),
        (b"a\rb\r\n.\r\n", b"a\r\nb\r\n"),
        (b"a\r\r\n.\r\n", b"a\r\n"),
        (b"a\r\r\r\n.\r\n", b"a\r\n\r\n"),
        (b"a\0b\r\n.\r\n", b"a\0b\r\n"),
        (b".\0b\r\n.\r\n", b"\0b\r\n"),
        // No sender has put a dot before these.
        (b"a\n.b\r\n.\r\n", b"a\r\n.b\r\n"),
        (b"a\r..b\r\n.\r\n", b"a\r\n..b\r\n"),
    ] {
        assert_eq!(whole(input), (letter.into(), Some(Found::End), vec![]), "{}", input.escape_ascii());
    }
}

#[test]
fn a_dot_between_a_bare_cr_and_another_line_end_loses_the_letter() {
    for input in [&b"a\r.\rb\r\n.\r\n"[..], b"a\r\n.\rb\r\n.\r\n", b"a\r\n.\r\r\nb\r\n.\r\n", b"a\r.\r\nb\r\n.\r\n"] {
        assert_eq!(whole(input).1, Some(Found::LonelyDot), "{}", input.escape_ascii());
    }
}

#[test]
fn a_false_end_is_never_taken_for_an_end() {
    for false_end in [&b"a\r\n.\n"[..], b"a\n.\n", b"a\n.\r\n", b"\n.\n", b".\n", b"a\r.\n", b"a\r.\r\n.\n"] {
        let mut decoder = DataDecoder::new();
        let mut rest = [false_end, b"MAIL FROM:<evil@x.test>\r\n"].concat();
        let last = loop {
            let (used, found) = decoder.next(&rest);
            rest.drain(..used);
            assert_ne!(found, Found::End, "{false_end:?}");
            if matches!(found, Found::FalseEnd | Found::Nothing) {
                break found;
            }
        };
        assert_eq!(last, Found::FalseEnd, "{}", false_end.escape_ascii());
    }
}

#[test]
fn chunks_are_read_across_their_borders() {
    assert_eq!(join(&[b"a\r", b"", b"\nb\r\n"]), (b"a\r\nb\r\n".into(), 0));
    assert_eq!(join(&[b"a\r", b"b"]), (b"a\r\nb".into(), 1));
    assert_eq!(join(&[b"a\r"]), (b"a\r\n".into(), 1));
    assert_eq!(join(&[b"a\r", b"\r", b"\nb"]), (b"a\r\nb".into(), 1));
    assert_eq!(join(&[b"a\r\r"]), (b"a\r\n\r\n".into(), 2));
    assert_eq!(join(&[b"a\r\n", b"\n.\nb"]), (b"a\r\n\r\n.\r\nb".into(), 2));
    assert_eq!(join(&[b"a\0"]), (b"a\0".into(), 0));
}

fn cut<'a>(input: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (input.len() + 1)).collect();
    cuts.extend([0, input.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|pair| &input[pair[0]..pair[1]]).collect()
}

/// Generates octets that contain everything of interest here.
fn octets() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![4 => prop::sample::select(b"a.\r\n\0".to_vec()), 1 => any::<u8>()];
    prop::collection::vec(byte, 0..40)
}

fn cuts() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(any::<usize>(), 0..8)
}

proptest! {
    #[test]
    fn whatever_comes_behind_data_is_kept_normalised_or_refused_and_never_two_letters(octets in octets(), cuts in cuts()) {
        let wire = [behind_data(&octets), b"QUIT\r\n".to_vec()].concat();
        let (letter, verdict, left) = decode(&cut(&wire, &cuts));
        match verdict {
            Some(Found::End) => {
                let mut expected = normalised(&octets);
                if !octets.is_empty() && !octets.ends_with(b"\r\n") {
                    expected = normalised(&[&octets[..], b"\r\n"].concat());
                }
                prop_assert_eq!(letter, expected);
                prop_assert_eq!(left, b"QUIT\r\n".to_vec());
            }
            // The input is ambiguous: somewhere a dot stands alone between line ends that are not both CRLF.
            Some(Found::FalseEnd | Found::LonelyDot) => {
                let whole = [b"\r\n", &normalised(&wire)[..]].concat();
                prop_assert!(whole.windows(5).any(|five| five == b"\r\n.\r\n"));
            }
            other => prop_assert!(false, "{other:?}"),
        }
    }

    #[test]
    fn whatever_comes_in_chunks_is_kept_normalised(octets in octets(), cuts in cuts()) {
        let (letter, mended) = join(&cut(&octets, &cuts));
        prop_assert_eq!(&letter, &normalised(&octets));
        prop_assert_eq!(mended == 0, letter == octets);
    }

    #[test]
    fn what_was_kept_is_sent_on_as_one_letter_and_the_same(octets in octets()) {
        let kept = normalised(&octets);
        let (letter, verdict, left) = whole(&sent_on(&kept));
        let mut expected: Vec<u8> = kept.iter().map(|byte| if *byte == 0 { b' ' } else { *byte }).collect();
        if !expected.is_empty() && !expected.ends_with(b"\r\n") {
            expected.extend_from_slice(b"\r\n");
        }
        prop_assert_eq!((letter, verdict, left), (expected, Some(Found::End), vec![]));
    }

    #[test]
    fn the_cuts_between_chunks_do_not_matter(input in "[a.\r\n\0]{0,24}", cuts in cuts()) {
        let (letter, verdict, left) = whole(input.as_bytes());
        let found = decode(&cut(input.as_bytes(), &cuts));
        prop_assert_eq!(&found.1, &verdict);
        prop_assert_eq!(&found.2, &left);
        prop_assert_eq!(&found.0, &letter);
    }
}
