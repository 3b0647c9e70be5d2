//! Coming in: USER and PASS, AUTH (RFC 5034), and the maildrop that opens.

use bytes::Bytes;
use doors::Lines;
use mail::Password;
use mail::seam::Login;
use mail::stay::{Doing, SharedStay};
use mailbox::Access;
use sasl::{Mechanism, Refusal};

use super::conversation::{Conversation, End};
use super::locks::Hold;
use crate::dialogue::{Act, Shut};
use crate::maildrop::Maildrop;

/// Checks a name and a password, and says what came of it.
pub(super) async fn check(conversation: &mut Conversation, name: &str, password: &Password) -> Act {
    let from = conversation.connection.peer().ip();
    let outcome = sasl::check(conversation.server.shared.logins.as_ref(), name, password, from).await;
    conclude(conversation, outcome).await
}

/// Carries out the exchange of a mechanism.
pub(super) async fn authenticate(
    conversation: &mut Conversation,
    mechanism: Mechanism,
    initial: Option<Password>,
) -> Result<Act, End> {
    let logins = conversation.server.shared.logins.clone();
    let from = conversation.connection.peer().ip();
    let outcome = doors::log_in(conversation, logins.as_ref(), from, mechanism, initial).await?;
    Ok(conclude(conversation, outcome).await)
}

impl Lines for Conversation {
    type End = End;

    async fn challenge(&mut self, challenge: &str) -> Result<(), End> {
        Ok(self.connection.write(format!("+ {challenge}\r\n").as_bytes()).await?)
    }

    async fn line(&mut self) -> Result<Option<Password>, End> {
        let line = self.next_line().await?;
        let text = |line: Bytes| String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned();
        Ok(line.map(|line| Password::new(text(line))))
    }
}

/// Lets the person in to their maildrop, or refuses with a reason.
async fn conclude(conversation: &mut Conversation, outcome: Result<Login, Refusal>) -> Act {
    let opened = match outcome {
        Ok(login) => open(conversation, &login).await,
        Err(refusal) => {
            conversation.stranger.refused(&refusal);
            Err(Shut::Refused(refusal))
        }
    };
    match opened {
        Ok((hold, maildrop, stay)) => {
            conversation.hold = Some(hold);
            conversation.connection.stay_while(stay);
            Act::Say(conversation.dialogue.let_in(maildrop))
        }
        Err(shut) if conversation.stranger.has_to_go() => Act::Leave(conversation.dialogue.refuse(&shut)),
        Err(shut) => Act::Say(conversation.dialogue.refuse(&shut)),
    }
}

async fn open(conversation: &Conversation, login: &Login) -> Result<(Hold, Maildrop, SharedStay), Shut> {
    let (server, account) = (&conversation.server, login.account);
    let stay = server.shared.logins.stay(login, Doing::Pop3, conversation.connection.peer().ip());
    let hold = server.locks.take(account, server.timeouts.lock).await.ok_or(Shut::InUse)?;
    let access = Access::own(account);
    let opened = server.shared.store.read_for(access.asker(), move |view| Maildrop::open(view, access)).await;
    opened.map(|maildrop| (hold, maildrop, stay)).map_err(|error| {
        tracing::error!(%error, "a maildrop cannot be opened");
        let temporary = matches!(&error, mailbox::Error::Store(error) if error.is_temporary());
        Shut::Fault { temporary }
    })
}
