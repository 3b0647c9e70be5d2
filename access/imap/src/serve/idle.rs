//! IDLE (RFC 2177, RFC 9051 §6.3.13): waits for changes by others.

use mailbox::account;
use store::Watch;
use tokio::time::Instant;

use super::conversation::{CLOSING, Conversation, End, Who};
use crate::codec::command::Tag;
use crate::codec::decoder::Event;
use crate::session::Answer;

/// Idles until the client sends DONE. It holds nothing while it waits but a place at the store's bell.
pub(super) async fn idle(conversation: &mut Conversation, tag: &Tag) -> Result<(), End> {
    let until = Instant::now() + conversation.server.timeouts.command;
    // Begun before the first look, so that a change between the look and the wait is not missed.
    let mut watch = watch(conversation);
    conversation.connection.write(b"+ Idling\r\n").await?;
    conversation.decoder.expect_line();
    loop {
        Box::pin(conversation.tell(true)).await?;
        tokio::select! {
            heard = conversation.connection.heard() => heard?,
            () = changed(&mut watch) => continue,
            () = conversation.server.shared.shutdown.requested() => return Err(CLOSING),
            () = tokio::time::sleep_until(until) => return Err(End::Bye("Idle for too long")),
        }
        if let Some(answer) = answer_to(conversation)? {
            return conversation.answer(&tag.0, &answer).await;
        }
    }
}

fn watch(conversation: &Conversation) -> Option<Watch> {
    match &conversation.who {
        Who::Person(session) if session.selected.is_some() => {
            Some(conversation.server.shared.store.watch(account::topic(session.login.account)))
        }
        _ => None,
    }
}

async fn changed(watch: &mut Option<Watch>) {
    match watch {
        Some(watch) => watch.changed().await,
        None => std::future::pending().await,
    }
}

/// Returns the answer to the line that has come, if all of it is there.
fn answer_to(conversation: &mut Conversation) -> Result<Option<Answer>, End> {
    let (taken, event) = conversation.decoder.decode(conversation.connection.buffered());
    conversation.connection.consume(taken);
    match event {
        Event::Line(line) if line.trim_ascii().eq_ignore_ascii_case(b"DONE") => Ok(Some(Answer::ok("Idled"))),
        Event::More => Ok(None),
        Event::Lost(why) => Err(End::Bye(why)),
        _ => Ok(Some(Answer::bad("IDLE ends with DONE"))),
    }
}
