//! Commands for many letters, some of them on their way while answers are read.

use std::collections::VecDeque;

use crate::Fault;
use crate::pop3::Client;

/// The octets that are asked for at once, beyond which no letter more is.
const AHEAD: u64 = 4 << 20;

/// The commands of one kind: a number, and the octets that its answer may have.
pub struct Ahead<'l> {
    verb: &'static str,
    end: &'static str,
    waiting: std::iter::Peekable<std::slice::Iter<'l, (u32, u64)>>,
    running: VecDeque<(u32, u64)>,
    octets: u64,
    depth: usize,
}

impl<'l> Ahead<'l> {
    /// `verb NUMBER end` for each letter, at most `depth` of them on their way.
    pub fn new(verb: &'static str, end: &'static str, letters: &'l [(u32, u64)], depth: usize) -> Self {
        Self { verb, end, waiting: letters.iter().peekable(), running: VecDeque::new(), octets: 0, depth }
    }

    /// Sends the commands that may be sent; returns the number whose answer comes next.
    pub async fn next(&mut self, client: &mut Client) -> Result<Option<u32>, Fault> {
        while self.running.len() < self.depth
            && let Some((number, size)) = self.waiting.peek()
            && (self.running.is_empty() || self.octets.saturating_add(*size) <= AHEAD)
        {
            client.start(&format!("{} {number}{}", self.verb, self.end)).await?;
            self.octets = self.octets.saturating_add(*size);
            self.running.push_back((*number, *size));
            self.waiting.next();
        }
        let Some((number, size)) = self.running.pop_front() else { return Ok(None) };
        self.octets = self.octets.saturating_sub(size);
        Ok(Some(number))
    }
}
