//! Limits the mistakes that one dialogue may contain.

/// Counts a client's commands that bring no letter.
#[derive(Debug, Default)]
pub(super) struct Patience {
    mistakes: u32,
    strangers: u32,
    idle: u32,
    logins: u32,
}

impl Patience {
    /// The most lines that are no command, or are out of order.
    const MISTAKES: u32 = 20;
    /// The most recipients that do not exist: a harvester's list has more of them than any honest one.
    const STRANGERS: u32 = 100;
    /// The most commands such as NOOP, RSET and EHLO between two letters.
    const IDLE: u32 = 200;
    /// The most failed log-ins.
    const LOGINS: u32 = 3;

    /// Counts an event; each of these returns true when the patience is at its end.
    pub fn mistake(&mut self) -> bool {
        count(&mut self.mistakes, Self::MISTAKES)
    }

    pub fn stranger(&mut self) -> bool {
        count(&mut self.strangers, Self::STRANGERS)
    }

    pub fn idle(&mut self) -> bool {
        count(&mut self.idle, Self::IDLE)
    }

    pub fn failed_login(&mut self) -> bool {
        count(&mut self.logins, Self::LOGINS)
    }

    /// Notes that a letter came through.
    pub fn letter(&mut self) {
        self.idle = 0;
    }
}

fn count(counter: &mut u32, most: u32) -> bool {
    *counter += 1;
    *counter > most
}
