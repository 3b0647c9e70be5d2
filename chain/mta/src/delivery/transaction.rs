//! Hands one letter to a server, to some recipients, in one mail transaction (RFC 5321 §3.3).

use std::time::Duration;

use mail::{DotStuffer, Enhanced, Finding, Reply};
use smtp::{Command, Forward, RcptTo};

use super::concern::{Concern, Stage, concern};
use super::line::{Line, Lost};
use super::means::Waits;
use super::plan::{Plan, our_fault, plan};
use super::to_send::LetterToSend;
use super::weather::Bearing;
use crate::queue::Said;
use crate::route::Protocol;

/// The fate of one recipient in a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The server has taken the letter.
    Taken(Said),
    /// Not now, wherever.
    Later(Said),
    /// Not now and not here: another host of the site may take it at once (RFC 5321 §5.1).
    Elsewhere(Said),
    /// Greylisted: taken at this host, after the time that it names.
    Greylisted(Said, Option<Duration>),
    /// Never.
    Never(Said),
    /// The server wants no more recipients in this transaction.
    NextTransaction,
}

/// The result of a transaction.
pub struct Handed {
    /// One for each recipient, in order.
    pub fates: Vec<Fate>,
    /// The conversation can go on.
    pub usable: bool,
    /// The bearing of the result on the site.
    pub bearing: Bearing,
    /// The loss of the letter if the server has taken it, for its history.
    pub lost: Option<Finding>,
}

impl Handed {
    /// Makes a result with one fate for all, for a reason that does not concern the site.
    pub fn all(fate: Fate, recipients: usize) -> Self {
        Self { fates: vec![fate; recipients], usable: true, bearing: Bearing::Well, lost: None }
    }
}

/// The result of trying a transaction.
pub enum Tried {
    /// Something was decided.
    Handed(Handed),
    /// The server ended the conversation instead of answering MAIL, as they do with idle connections. Nothing happened;
    /// on a fresh connection it says something about the site.
    Stale(Said, Bearing),
}

/// Hands the letter over.
pub async fn hand_over(line: &mut Line, letter: &LetterToSend<'_>, waits: &Waits) -> Tried {
    let plan = match plan(line, letter).await {
        Ok(plan) => plan,
        Err(fate) => return Tried::Handed(Handed::all(fate, letter.recipients.len())),
    };
    let fates = vec![None; letter.recipients.len()];
    let mut transaction = Transaction { fates, line, letter, waits, plan, bearing: Bearing::Well };
    transaction.leave_out_what_cannot_go();
    if transaction.open().is_empty() {
        return Tried::Handed(transaction.end(true));
    }
    transaction.run().await
}

struct Transaction<'a> {
    line: &'a mut Line,
    letter: &'a LetterToSend<'a>,
    waits: &'a Waits,
    plan: Plan,
    /// `None`: still open, or accepted by RCPT.
    fates: Vec<Option<Fate>>,
    bearing: Bearing,
}

impl Transaction<'_> {
    /// A recipient with an international address stays behind where the server does not know such.
    fn leave_out_what_cannot_go(&mut self) {
        if self.plan.mail.smtputf8 {
            return;
        }
        let text = format!("the address is international (SMTPUTF8), which {} does not know", self.line.host);
        for (fate, to) in self.fates.iter_mut().zip(&self.letter.recipients) {
            if to.needs_smtputf8() {
                *fate = Some(Fate::Never(Said::ours(Enhanced(5, 6, 7), &text)));
            }
        }
    }

    /// The recipients whose fate is open, by place.
    fn open(&self) -> Vec<usize> {
        self.fates.iter().enumerate().filter(|(_, fate)| fate.is_none()).map(|(place, _)| place).collect()
    }

    fn end(self, usable: bool) -> Handed {
        let nothing = || Fate::Later(Said::ours(Enhanced(4, 3, 0), "the transaction ended without an answer"));
        let fates = self.fates.into_iter().map(|fate| fate.unwrap_or_else(nothing)).collect();
        Handed { fates, usable, bearing: self.bearing, lost: self.plan.lost }
    }

    /// Ends the transaction with one fate for all open recipients.
    fn end_with(mut self, fate: Fate, usable: bool) -> Handed {
        for place in self.open() {
            self.fates[place] = Some(fate.clone());
        }
        self.end(usable)
    }

    /// Ends the transaction with a refusal for all open recipients.
    fn refused(mut self, reply: &Reply, stage: Stage, usable: bool) -> Handed {
        let fate = self.refusal(reply, stage);
        self.end_with(fate, usable && reply.code != 421)
    }

    /// 5xx: never; anything else that is no success: not now, or not here. Some of it concerns the site.
    fn refusal(&mut self, reply: &Reply, stage: Stage) -> Fate {
        let said = Said::reply(status(reply, stage), reply, &self.line.host);
        if reply.is_permanent() {
            return Fate::Never(said);
        }
        match concern(reply, stage) {
            Concern::Letter => Fate::Elsewhere(said),
            Concern::Greylisted(named) => Fate::Greylisted(said, named),
            Concern::Site => {
                self.bearing = Bearing::Busy(said.clone());
                Fate::Elsewhere(said)
            }
        }
    }

    /// The connection broke before the letter was over: another host may have it at once.
    fn lost(mut self, doing: &str, lost: &Lost) -> Handed {
        let said = self.broken(doing, lost);
        self.bearing = Bearing::Lost(said.clone());
        self.end_with(Fate::Elsewhere(said), false)
    }

    /// The connection broke when the server had the whole letter: it may have taken it, or not. It is sent again, since
    /// two are better than none, but not at once.
    fn lost_at_the_end(mut self, lost: &Lost) -> Handed {
        let said = self.broken("before the letter was acknowledged", lost);
        self.bearing = Bearing::Lost(said.clone());
        self.end_with(Fate::Later(said), false)
    }

    fn broken(&self, doing: &str, lost: &Lost) -> Said {
        Said::ours(Enhanced(4, 4, 2), format!("the connection to {} broke {doing}: {lost}", self.line.host))
    }

    fn stale(self, lost: &Lost) -> Tried {
        match lost {
            Lost::Net(net::Error::Closed) => {
                let text = format!("{} closed the connection at MAIL", self.line.host);
                let said = Said::ours(Enhanced(4, 4, 2), text);
                Tried::Stale(said.clone(), Bearing::Lost(said))
            }
            lost => Tried::Handed(self.lost("at MAIL", lost)),
        }
    }

    async fn run(mut self) -> Tried {
        let recipients = self.open();
        let pipelining = self.line.offers.pipelining;
        if let Err(lost) = self.say_envelope(&recipients, pipelining).await {
            return self.stale(&lost);
        }
        let reply = match self.line.reply(self.waits.command).await {
            Ok(reply) if reply.code == 421 => {
                let said = Said::reply(status(&reply, Stage::Mail), &reply, &self.line.host);
                return Tried::Stale(said.clone(), Bearing::Busy(said));
            }
            Ok(reply) => reply,
            Err(lost) => return self.stale(&lost),
        };
        Tried::Handed(self.after_mail(reply, &recipients, pipelining).await)
    }

    /// The RCPT for a recipient. The wishes of its sender go on to a server that heeds them (RFC 3461 §5.2.1).
    fn rcpt(&self, place: usize) -> Command {
        let mut rcpt = RcptTo::new(Forward::Address(self.letter.recipients[place].clone()));
        if let Some(wishes) = self.letter.wishes.get(place).filter(|_| self.line.offers.dsn) {
            rcpt.wishes = (*wishes).clone();
        }
        Command::Rcpt(rcpt)
    }

    /// Sends the envelope: with pipelining all at once (RFC 2920), else MAIL alone.
    async fn say_envelope(&mut self, recipients: &[usize], pipelining: bool) -> Result<(), Lost> {
        let mail = Command::Mail(self.plan.mail.clone());
        self.line.write(&mail).await?;
        if pipelining {
            for place in recipients {
                let rcpt = self.rcpt(*place);
                self.line.write(&rcpt).await?;
            }
            self.line.write(&Command::Data).await?;
        }
        Ok(())
    }

    async fn after_mail(mut self, mail: Reply, recipients: &[usize], pipelining: bool) -> Handed {
        if !mail.is_positive() {
            // The answers to the commands that were pipelined behind MAIL are of no interest, but they come.
            let usable = if pipelining { self.drain(recipients.len()).await } else { self.reset().await };
            return self.refused(&mail, Stage::Mail, usable);
        }
        if let Err((lost, reply)) = self.recipients(recipients, pipelining).await {
            return match reply {
                Some(reply) => self.refused(&reply, Stage::Rcpt, false),
                None => self.lost("at RCPT", &lost),
            };
        }
        if !pipelining {
            if self.open().is_empty() {
                let usable = self.reset().await;
                return self.end(usable);
            }
            if let Err(lost) = self.line.write(&Command::Data).await {
                return self.lost("at DATA", &lost);
            }
        }
        match self.line.reply(self.waits.data).await {
            Ok(reply) => self.after_data(reply).await,
            Err(lost) => self.lost("at DATA", &lost),
        }
    }

    /// Reads the answers to each RCPT. `Err` ends the conversation, with the 421 where the server said one.
    async fn recipients(&mut self, recipients: &[usize], pipelining: bool) -> Result<(), (Lost, Option<Reply>)> {
        let mut accepted = false;
        for place in recipients {
            if !pipelining {
                let rcpt = self.rcpt(*place);
                self.line.write(&rcpt).await.map_err(|lost| (lost, None))?;
            }
            let reply = self.line.reply(self.waits.command).await.map_err(|lost| (lost, None))?;
            if reply.code == 421 {
                return Err((Lost::Net(net::Error::Closed), Some(reply)));
            }
            self.fates[*place] = match reply.code {
                200..300 => None,
                // RFC 5321 §4.5.3.1.10: too many; 552 is what some say for it. The rest goes in another transaction.
                _ if accepted && says_too_many(&reply) => Some(Fate::NextTransaction),
                _ => Some(self.refusal(&reply, Stage::Rcpt)),
            };
            accepted |= reply.is_positive();
        }
        Ok(())
    }

    async fn after_data(mut self, reply: Reply) -> Handed {
        let wanted = !self.open().is_empty();
        if reply.code != 354 {
            // Without a recipient it is only the answer to a DATA that came too early.
            let usable = reply.code != 421 && self.reset().await;
            return self.refused(&reply, Stage::Data, usable);
        }
        if !wanted {
            // RFC 2920 §3.1: the server must be let out of DATA; an empty letter to nobody.
            // With LMTP that letter has no answer at all, and it is better to leave a server that asks for it.
            let ended = self.line.protocol == Protocol::Smtp && self.line.write_bytes(b".\r\n").await.is_ok();
            let usable = ended && self.line.reply(self.waits.dot).await.is_ok_and(|reply| reply.code != 421);
            return self.end(usable);
        }
        match self.send_letter().await {
            Ok(()) => self.after_dot().await,
            Err(Stopped::Store(fate)) => self.end_with(fate, false),
            Err(Stopped::Lost(lost)) => self.refused_under_way(lost).await,
        }
    }

    /// The server stopped taking the letter: perhaps it has said why.
    async fn refused_under_way(self, lost: Lost) -> Handed {
        match self.line.reply(Duration::from_secs(1)).await {
            Ok(reply) if !reply.is_positive() => self.refused(&reply, Stage::Data, false),
            _ => self.lost("while the letter was sent", &lost),
        }
    }

    async fn after_dot(self) -> Handed {
        if self.line.protocol == Protocol::Lmtp {
            return self.after_lmtp_dot().await;
        }
        match self.line.last_reply(self.waits.dot).await {
            Ok(reply) if reply.is_positive() => {
                let said = taken(&reply, &self.line.host);
                self.end_with(Fate::Taken(said), true)
            }
            Ok(reply) => self.refused(&reply, Stage::Data, true),
            Err(lost) => self.lost_at_the_end(&lost),
        }
    }

    /// RFC 2033 §4.2: one reply for each recipient that RCPT took, in their order. Those who were answered before the
    /// connection broke have their answer; the others may get the letter twice, since two are better than none.
    async fn after_lmtp_dot(mut self) -> Handed {
        let mut usable = true;
        for place in self.open() {
            let reply = match self.line.last_reply(self.waits.dot).await {
                Ok(reply) => reply,
                Err(lost) => return self.lost_at_the_end(&lost),
            };
            usable &= reply.code != 421;
            self.fates[place] = Some(match reply.is_positive() {
                true => Fate::Taken(taken(&reply, &self.line.host)),
                false => self.refusal(&reply, Stage::Rcpt),
            });
        }
        self.end(usable)
    }

    async fn send_letter(&mut self) -> Result<(), Stopped> {
        let mut stuffer = DotStuffer::new();
        if let Some(converted) = self.plan.converted.clone() {
            self.send_piece(&mut stuffer, &converted).await?;
        } else {
            let mut at = 0;
            while let Some(piece) = self.letter.piece(at).await.map_err(|error| Stopped::Store(our_fault(&error)))? {
                self.send_piece(&mut stuffer, &piece).await?;
                at += piece.len() as u64;
            }
        }
        Ok(self.line.write_bytes(stuffer.finish()).await?)
    }

    async fn send_piece(&mut self, stuffer: &mut DotStuffer, piece: &[u8]) -> Result<(), Stopped> {
        for bytes in stuffer.pieces(piece) {
            self.line.write_bytes(bytes).await?;
        }
        Ok(())
    }

    /// Reads the answers to pipelined RCPTs and DATA after MAIL was refused.
    async fn drain(&mut self, recipients: usize) -> bool {
        for _ in 0..recipients {
            match self.line.reply(self.waits.command).await {
                Ok(reply) if reply.code != 421 => {}
                _ => return false,
            }
        }
        match self.line.reply(self.waits.data).await {
            Ok(reply) => reply.code != 421 && reply.code != 354,
            Err(_) => false,
        }
    }

    /// Leaves the transaction, so that the next letter begins in a known state.
    async fn reset(&mut self) -> bool {
        self.line.ask(&Command::Rset, self.waits.command).await.is_ok_and(|reply| reply.is_positive())
    }
}

enum Stopped {
    Store(Fate),
    Lost(Lost),
}

impl From<Lost> for Stopped {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost)
    }
}

/// A mailbox that is full says 452 4.2.2, which is no reason for another transaction.
fn says_too_many(reply: &Reply) -> bool {
    matches!(reply.code, 452 | 552) && matches!(reply.enhanced, None | Some(Enhanced(_, 5, 3)))
}

fn taken(reply: &Reply, host: &str) -> Said {
    Said::reply(reply.enhanced.unwrap_or(Enhanced(2, 0, 0)), reply, host)
}

/// The server's enhanced code, or the one that fits its plain code at this stage (RFC 3463 §3).
fn status(reply: &Reply, stage: Stage) -> Enhanced {
    let class = if reply.is_permanent() { 5 } else { 4 };
    if let Some(enhanced) = reply.enhanced {
        return Enhanced(class, enhanced.1, enhanced.2);
    }
    match (stage, reply.code % 100) {
        (Stage::Rcpt, 50 | 51 | 53) => Enhanced(class, 1, 1),
        (Stage::Rcpt, 52) => Enhanced(class, 2, 2),
        (Stage::Mail | Stage::Data, 52) => Enhanced(class, 3, 4),
        _ => Enhanced(class, 0, 0),
    }
}
