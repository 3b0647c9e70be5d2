//! A log-in answered by [`Logins`]: all a door needs.

use std::net::IpAddr;

use mail::Password;
use mail::seam::{Login, Logins};

use crate::exchange::{Answer, Exchange, Keys, Question, Refusal, Step, judged};
use crate::prepare::prepare;

/// The next thing that the door does.
#[derive(Debug)]
pub enum Turn {
    /// Send this behind `334 ` or `+ ` (base64, perhaps empty), read a line, show it to [`Exchange::line`].
    Say(String),
    /// The log-in is over.
    Done(Result<Login, Refusal>),
}

/// Answers the questions of a log-in until it is the client's turn, or over: doors call `settle(&mut exchange, step,
/// …)` behind each [`Exchange::begin`] and [`Exchange::line`].
pub async fn settle(exchange: &mut Exchange, mut step: Step, logins: &dyn Logins, from: IpAddr) -> Turn {
    loop {
        step = match step {
            Step::Challenge(text) => return Turn::Say(text),
            Step::Done(outcome) => return Turn::Done(outcome),
            Step::Ask(question) => exchange.answer(ask(logins, question, from).await),
        }
    }
}

/// Checks a name and a password that came without SASL: IMAP's LOGIN, POP3's USER and PASS.
pub async fn check(logins: &dyn Logins, name: &str, password: &Password, from: IpAddr) -> Result<Login, Refusal> {
    let name = prepare(name);
    let password = Password::new(prepare(password.reveal()).into_owned());
    logins.check(&name, &password, from).await.map_or_else(|fault| Err(Refusal::Fault(fault)), judged)
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
