//! A log-in answered by [`Logins`]: all a door needs.

use std::net::IpAddr;

use mail::seam::{Login, Logins};

use crate::server::{Answer, Keys, Question, Refusal, Server, Step};

/// What the door does next.
#[derive(Debug)]
pub enum Turn {
    /// Send this behind `334 ` or `+ ` (base64, perhaps empty), read a line, show it to [`Server::line`].
    Say(String),
    /// It is over.
    Done(Result<Login, Refusal>),
}

/// Answers the questions of a log-in until it is the client's turn, or over:
/// `settle(&mut server, step, …)` behind each [`Server::begin`] and [`Server::line`].
pub async fn settle(server: &mut Server, mut step: Step, logins: &dyn Logins, from: IpAddr) -> Turn {
    loop {
        step = match step {
            Step::Challenge(text) => return Turn::Say(text),
            Step::Done(outcome) => return Turn::Done(outcome),
            Step::Ask(question) => server.answer(ask(logins, question, from).await),
        }
    }
}

async fn ask(logins: &dyn Logins, question: Question, from: IpAddr) -> Answer {
    let verdict = match question {
        Question::Keys { name } => {
            let keys = logins.scram_keys(&name, from).await;
            return keys.map_or_else(Answer::Fault, |keys| Answer::Keys(Box::new(Keys(keys))));
        }
        Question::Password { name, password } => logins.check(&name, &password, from).await,
        Question::Proved { name, proved } => logins.scram_done(&name, proved, from).await,
    };
    verdict.map_or_else(Answer::Fault, Answer::Verdict)
}
