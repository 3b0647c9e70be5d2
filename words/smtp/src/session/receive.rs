//! Takes in the letter, behind DATA or in chunks.

use mail::{Envelope, Reply};

use super::verbs::declare;
use super::{Asked, Draft, Mended, Session, Stage, Step, replies};
use crate::body::{ChunkDecoder, DataDecoder, Found};

/// A letter behind DATA.
#[derive(Debug)]
pub(super) struct Incoming {
    envelope: Envelope,
    decoder: DataDecoder,
    tally: Tally,
}

/// The octets that came, and the reason, if any, to keep no more.
#[derive(Debug, Default)]
struct Tally {
    kept: u64,
    thrown: u64,
    eight_bit: bool,
    mended: Mended,
    lost: Option<Reply>,
}

/// The line end that belongs to a letter where the input has something else.
const LINE_END: &[u8] = b"\r\n";

impl Tally {
    /// Counts octets of the letter; returns true if they are to be kept.
    fn keep(&mut self, octets: &[u8], most: u64) -> bool {
        self.kept = self.kept.saturating_add(octets.len() as u64);
        self.eight_bit |= !octets.is_ascii();
        self.mended.nul |= memchr::memchr(0, octets).is_some();
        if self.lost.is_none() && self.kept > most {
            self.lost = Some(replies::too_large(most));
        }
        self.lost.is_none()
    }

    /// Counts a line end of the letter that did not come as one; returns true if it is to be kept.
    fn keep_line_end(&mut self, mended: bool, most: u64) -> bool {
        self.mended.line_ends += u64::from(mended);
        self.keep(LINE_END, most)
    }

    /// Counts octets that are thrown away; returns true if they are too many even for that.
    fn throw(&mut self, octets: usize, most: u64) -> bool {
        self.thrown = self.thrown.saturating_add(octets as u64);
        self.thrown > most.saturating_add(1024 * 1024)
    }
}

impl Incoming {
    pub fn new(envelope: Envelope) -> Self {
        Self { envelope, decoder: DataDecoder::new(), tally: Tally::default() }
    }

    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// Returns true while octets are still kept.
    pub fn is_kept(&self) -> bool {
        self.tally.lost.is_none()
    }

    pub fn lose(&mut self, reply: Reply) {
        self.decoder.lose();
        self.tally.lost.get_or_insert(reply);
    }
}

/// A letter in chunks (RFC 3030), between its first BDAT and its last.
#[derive(Debug, Default)]
pub(super) struct Chunked {
    /// The octets of this chunk that are still to come.
    left: u64,
    size: u64,
    last: bool,
    decoder: ChunkDecoder,
    tally: Tally,
}

impl Chunked {
    pub fn new(lost: Option<Reply>) -> Self {
        Self { tally: Tally { lost, ..Tally::default() }, ..Self::default() }
    }

    /// Starts to skip a chunk that was not due.
    pub fn stray(size: u64) -> Self {
        Self { left: size, ..Self::new(Some(replies::out_of_order("say MAIL and RCPT first"))) }
    }

    pub fn begin(&mut self, size: u64, last: bool, most: u64) {
        (self.left, self.size, self.last) = (size, size, last);
        if self.tally.lost.is_none() && self.tally.kept.saturating_add(size) > most {
            self.tally.lost = Some(replies::too_large(most));
        }
    }

    pub fn is_kept(&self) -> bool {
        self.tally.lost.is_none()
    }

    pub fn lose(&mut self, reply: Reply) {
        self.tally.lost.get_or_insert(reply);
    }

    /// Returns the front of the input that belongs to the chunk.
    fn of<'a>(&self, input: &'a [u8]) -> &'a [u8] {
        &input[..usize::try_from(self.left).unwrap_or(usize::MAX).min(input.len())]
    }

    /// Notes that so many octets of the chunk are dealt with.
    fn pass(&mut self, octets: usize) {
        self.left = self.left.saturating_sub(octets as u64);
    }

    /// Returns true if all octets of the letter's last chunk are there and a line end is still to come out of them.
    fn owes_line_end(&mut self) -> bool {
        self.left == 0 && self.last && self.decoder.finish()
    }
}

impl Session {
    /// Takes octets behind DATA.
    pub(super) fn letter(&mut self, input: &[u8]) -> (usize, Step) {
        let Stage::Data(incoming) = &mut self.stage else { return (0, Step::More) };
        let most = self.settings.max_letter;
        let mut used = 0;
        loop {
            let (more, found) = incoming.decoder.next(&input[used..]);
            let piece = used..used + more;
            used += more;
            match found {
                Found::Letter(inside) => {
                    let inside = piece.start + inside.start..piece.start + inside.end;
                    if incoming.tally.keep(&input[inside.clone()], most) {
                        return (used, Step::Keep(inside));
                    }
                    incoming.decoder.lose();
                }
                Found::LineEnd { mended } => {
                    if incoming.tally.keep_line_end(mended, most) {
                        return (used, Step::KeepLineEnd);
                    }
                    incoming.decoder.lose();
                }
                Found::LonelyDot => incoming.lose(replies::lonely_dot()),
                Found::Nothing if more == 0 => return (used, Step::More),
                Found::Nothing => {}
                Found::FalseEnd => {
                    let envelope = incoming.envelope.clone();
                    self.note_refused(&envelope, &replies::false_end());
                    return (used, self.close(replies::false_end()));
                }
                Found::End => return (used, self.letter_ends()),
            }
            if !incoming.is_kept() && incoming.tally.throw(more, most) {
                let reply = incoming.tally.lost.take().unwrap_or_else(replies::our_fault);
                let envelope = incoming.envelope.clone();
                self.note_refused(&envelope, &reply);
                return (used, self.close(reply));
            }
        }
    }

    fn letter_ends(&mut self) -> Step {
        let Stage::Data(incoming) = std::mem::replace(&mut self.stage, Stage::Idle) else { return Step::More };
        self.hand_over(incoming.envelope, incoming.tally)
    }

    fn hand_over(&mut self, mut envelope: Envelope, tally: Tally) -> Step {
        if let Some(reply) = tally.lost {
            // RFC 2033 §4.2: even then, each recipient gets one reply.
            return self.say_letter_replies(&envelope, reply);
        }
        declare(&mut envelope, tally.eight_bit);
        self.mended = tally.mended;
        self.stage = Stage::Asked(Asked::Letter);
        Step::Deliver(Box::new(envelope))
    }

    /// Takes octets of a chunk.
    pub(super) fn chunk(&mut self, input: &[u8]) -> (usize, Step) {
        let Stage::Chunk(_, chunked) = &mut self.stage else { return (0, Step::More) };
        let most = self.settings.max_letter;
        let mut used = 0;
        while chunked.is_kept() {
            let (more, found) = chunked.decoder.next(chunked.of(&input[used..]));
            let start = used;
            used += more;
            chunked.pass(more);
            match found {
                Found::Letter(inside) => {
                    let inside = start + inside.start..start + inside.end;
                    if chunked.tally.keep(&input[inside.clone()], most) {
                        return (used, Step::Keep(inside));
                    }
                }
                Found::LineEnd { mended } => {
                    if chunked.tally.keep_line_end(mended, most) {
                        return (used, Step::KeepLineEnd);
                    }
                }
                _ if more > 0 => {}
                _ if chunked.owes_line_end() => {
                    if chunked.tally.keep_line_end(true, most) {
                        return (used, Step::KeepLineEnd);
                    }
                }
                _ => break,
            }
        }
        let (thrown, step) = self.rest_of_chunk(&input[used..]);
        (used + thrown, step)
    }

    /// Throws away the octets of a chunk that are not kept, and answers the chunk once all of it has come.
    fn rest_of_chunk(&mut self, input: &[u8]) -> (usize, Step) {
        let Stage::Chunk(envelope, chunked) = &mut self.stage else { return (0, Step::More) };
        let thrown = chunked.of(input).len();
        chunked.pass(thrown);
        if chunked.tally.throw(thrown, self.settings.max_letter) {
            let reply = chunked.tally.lost.take().unwrap_or_else(replies::our_fault);
            let envelope = envelope.clone();
            self.note_refused(&envelope, &reply);
            return (thrown, self.close(reply));
        }
        if chunked.left > 0 {
            return (thrown, Step::More);
        }
        (thrown, self.chunk_ends())
    }

    /// Answers a complete chunk that has no answer yet.
    fn chunk_ends(&mut self) -> Step {
        let Stage::Chunk(envelope, chunked) = std::mem::replace(&mut self.stage, Stage::Idle) else {
            return Step::More;
        };
        if chunked.last {
            return self.hand_over(envelope, chunked.tally);
        }
        // RFC 3030 §2: after a refused chunk, those that follow are refused too, until RSET or MAIL.
        let reply = match &chunked.tally.lost {
            Some(reply) => {
                self.note_refused(&envelope, reply);
                reply.clone()
            }
            None => Reply::new(250, (2, 0, 0), format!("{} octets taken", chunked.size)),
        };
        self.stage = Stage::Draft(Draft { envelope, chunked: Some(chunked) });
        Step::Say(reply)
    }

    /// Skips the octets of a chunk that was not due.
    pub(super) fn stray(&mut self, input: &[u8]) -> (usize, Step) {
        let Stage::Stray(chunked) = &mut self.stage else { return (0, Step::More) };
        let length = chunked.of(input).len();
        chunked.pass(length);
        if chunked.tally.throw(length, self.settings.max_letter) {
            return (length, self.close(replies::too_large(self.settings.max_letter)));
        }
        if chunked.left > 0 {
            return (length, Step::More);
        }
        let reply = chunked.tally.lost.take().unwrap_or_else(replies::our_fault);
        self.stage = Stage::Idle;
        (length, self.mistake(reply))
    }
}
