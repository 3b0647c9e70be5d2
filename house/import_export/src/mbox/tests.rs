use proptest::prelude::*;

use super::*;

fn pieces(mbox: &[u8]) -> Vec<Piece> {
    pieces_as(mbox, Dialect::Quoted)
}

fn pieces_as(mbox: &[u8], dialect: Dialect) -> Vec<Piece> {
    let mut reader = Mbox::new(mbox, dialect, 1 << 20);
    std::iter::from_fn(|| reader.next_piece().expect("memory can be read")).collect()
}

fn letters(mbox: &[u8]) -> Vec<String> {
    contents(pieces(mbox))
}

fn contents(pieces: Vec<Piece>) -> Vec<String> {
    let text = |piece| match piece {
        Piece::Letter(letter) => String::from_utf8(letter.content).expect("text"),
        Piece::Passed { at, fault } => format!("{at} {fault:?}"),
    };
    pieces.into_iter().map(text).collect()
}

const TWO: &[u8] = b"From a@x.test Tue Nov 24 12:00:00 2026\nSubject: one\n\nFrom the heart\n>From me\n\nFrom b@x.test Tue Nov 24 12:00:01 2026\nSubject: two\n\nbye\n\n";

#[test]
fn letters_are_told_apart_and_their_quoting_is_taken_back() {
    assert_eq!(letters(TWO), ["Subject: one\n\nFrom the heart\nFrom me\n", "Subject: two\n\nbye\n"]);
    let Piece::Letter(second) = &pieces(TWO)[1] else { panic!("a letter") };
    assert_eq!(second.at, 78);
    assert_eq!(second.date, Some(Timestamp::from_seconds(1_795_521_601)));
}

#[test]
fn a_file_with_crlf_or_without_its_last_line_end_is_read_too() {
    let crlf = String::from_utf8_lossy(TWO).replace('\n', "\r\n");
    assert_eq!(letters(crlf.as_bytes())[1], "Subject: two\r\n\r\nbye\r\n");
    assert_eq!(letters(b"From a@b Tue Nov 24 12:00:00 2026\nA: b\n\nno end"), ["A: b\n\nno end"]);
    assert_eq!(letters(b""), Vec::<String>::new());
    assert_eq!(letters(b"\n\n"), Vec::<String>::new());
}

#[test]
fn a_letter_whose_writer_was_killed_does_not_swallow_the_next() {
    let torn =
        b"From a@b Tue Nov 24 12:00:00 2026\nA: b\n\nhalf a li\nFrom c@d Tue Nov 24 12:00:00 2026\nB: c\n\nwhole\n";
    assert_eq!(letters(torn), ["A: b\n\nhalf a li\n", "B: c\n\nwhole\n"]);
}

#[test]
fn thunderbird_writes_separators_that_say_nothing() {
    let mbox = b"From \nSubject: a\n\none\n\nFrom - Tue Nov 24 12:00:00 2026\nX-Mozilla-Status: 0001\n\ntwo\n\nFrom \nB: c\n\n";
    assert_eq!(letters(mbox), ["Subject: a\n\none\n", "X-Mozilla-Status: 0001\n\ntwo\n", "B: c\n"]);
}

#[test]
fn a_content_length_is_believed_only_where_it_fits() {
    let body = "x\n\nFrom b@x.test Tue Nov 24 12:00:01 2026\nno: letter\n\n>From y\n";
    let letter = |length: usize| {
        format!(
            "From a@b Tue Nov 24 12:00:00 2026\nContent-Length: {length}\n\n{body}\nFrom c@d Tue Nov 24 12:00:02 2026\nC: d\n\nend\n"
        )
    };
    let fitting = letters(letter(body.len()).as_bytes());
    assert_eq!(fitting.len(), 2, "{fitting:?}");
    assert!(fitting[0].ends_with("\n\n>From y\n"), "nothing is unquoted where nothing was quoted");
    for wrong in [0, 1, body.len() - 1, body.len() + 1, body.len() + 50, usize::MAX] {
        let found = letters(letter(wrong).as_bytes());
        assert_eq!(found.len(), 3, "{wrong}: {found:?}");
        assert_eq!(found[2], "C: d\n\nend\n");
    }
}

#[test]
fn the_dialect_can_be_said() {
    let mbox = b"From a@b Tue Nov 24 12:00:00 2026\nA: b\n\n>From x\n>>From y\n";
    assert_eq!(contents(pieces_as(mbox, Dialect::QuotedOnce)), ["A: b\n\nFrom x\n>>From y\n"]);
    assert_eq!(contents(pieces_as(mbox, Dialect::Counted)), ["A: b\n\n>From x\n>>From y\n"]);
}

#[test]
fn what_is_no_letter_is_told_with_its_place_and_passed_over() {
    let mbox = [b"rubbish\n\n", TWO].concat();
    let found = contents(pieces(&mbox));
    assert_eq!(found[0], "0 NoLetter");
    assert_eq!(found.len(), 3);
}

#[test]
fn a_letter_that_is_too_large_is_passed_over_without_being_kept() {
    let large = format!("From a@b Tue Nov 24 12:00:00 2026\nA: b\n\n{}\n", "x".repeat(3 << 20));
    let mbox = [TWO, large.as_bytes(), b"\n", TWO].concat();
    let mut reader = Mbox::new(&mbox[..], Dialect::Quoted, 1 << 20);
    let found = contents(std::iter::from_fn(|| reader.next_piece().expect("memory")).collect());
    assert_eq!(found.len(), 5);
    assert!(found[2].contains("TooLarge(31457"), "{}", found[2]);
    assert!(reader.buffer.capacity() < 8 << 20);
}

/// Reads a few octets at a time, as a slow pipe does.
struct Trickle<'a>(&'a [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.1.min(self.0.len()).min(into.len());
        into[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_however_it_trickles_in(
        bodies in proptest::collection::vec("(From a@b Tue Nov 24 12:00:00 2026|>*From |[ab]|\n|: ){0,12}", 1..5),
        step in 1usize..40,
    ) {
        let mut mbox = Vec::new();
        let letters: Vec<String> = bodies.iter().map(|body| format!("A: b\n\n{body}\n")).collect();
        for letter in &letters {
            mbox.extend_from_slice(b"From a@b Tue Nov 24 12:00:00 2026\n");
            mbox.extend_from_slice(&quote(letter.as_bytes()));
            mbox.push(b'\n');
        }
        let mut reader = Mbox::new(Trickle(&mbox, step), Dialect::Quoted, 1 << 20);
        let found = contents(std::iter::from_fn(|| reader.next_piece().expect("memory")).collect());
        prop_assert_eq!(found, letters);
    }

    #[test]
    fn any_bytes_are_read_to_their_end(mbox in proptest::collection::vec(any::<u8>(), 0..300)) {
        pieces(&mbox);
        pieces(&[&mbox[..], b"\nFrom a@b Tue Nov 24 12:00:00 2026\nContent-Length: 5\n\n", &mbox].concat());
    }
}
