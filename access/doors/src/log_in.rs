//! The log-in at a door that speaks lines.

use std::net::IpAddr;

use mail::Password;
use mail::seam::{Login, Logins};
use sasl::{Exchange, Mechanism, Refusal, Turn};

/// A conversation as the log-in sees it: challenges go out, and lines come in.
pub trait Lines: Send {
    /// The reason why the conversation is over.
    type End;

    /// Sends `challenge` (base64, perhaps empty) in the door's frame: behind `+ ` in IMAP and POP3.
    fn challenge(&mut self, challenge: &str) -> impl Future<Output = Result<(), Self::End>> + Send;

    /// Returns the client's next line without its line end; `None` if the line was too long and has been skipped.
    fn line(&mut self) -> impl Future<Output = Result<Option<Password>, Self::End>> + Send;
}

/// Carries out the exchange of `mechanism` (RFC 4422 §3): from the client's first response, if it came with the
/// command, until the client is known or refused. `from` is the client's address. Returns an error if the conversation
/// ended on the way.
pub async fn log_in<L: Lines>(
    lines: &mut L,
    logins: &dyn Logins,
    from: IpAddr,
    mechanism: Mechanism,
    initial: Option<Password>,
) -> Result<Result<Login, Refusal>, L::End> {
    let mut exchange = Exchange::new(mechanism, rand::random());
    let mut step = exchange.begin(initial.as_ref().map(Password::reveal));
    loop {
        match sasl::settle(&mut exchange, step, logins, from).await {
            Turn::Done(outcome) => return Ok(outcome),
            Turn::Say(challenge) => {
                lines.challenge(&challenge).await?;
                let Some(line) = lines.line().await? else {
                    return Ok(Err(Refusal::Malformed("the line is too long")));
                };
                step = exchange.line(line.reveal());
            }
        }
    }
}
