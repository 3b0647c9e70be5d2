//! CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE (RFC 9051 §6.3.4 to §6.3.8).

use mailbox::{Access, Error, folder};
use store::Tx;

use crate::codec::command::SpecialUse;
use crate::session::{Answer, Code, Done, Output, Session};

/// Creates a folder, with the use that it shall have (RFC 6154 §3).
pub(super) async fn create(session: &Session, name: String, uses: &[SpecialUse]) -> Done {
    let special_use = match uses {
        [] => None,
        [one] => Some(kept(*one).ok_or_else(|| no_use("Folders for this use are not kept here"))?),
        _ => return Err(no_use("A folder has one use at most").into()),
    };
    let access = session.access();
    let made = session
        .server
        .shared
        .store
        .write(access.key(), move |tx| {
            if let Some(special_use) = special_use
                && folder::by_use(tx, access, special_use)?.is_some()
            {
                return Ok::<_, Error>(None);
            }
            folder::create(tx, access, &name, special_use).map(Some)
        })
        .await?;
    Ok(match made {
        Some(folder) => Answer::ok("Created").with(Code::MailboxId(folder)),
        None => no_use("There is a folder for this use already"),
    })
}

fn no_use(why: &'static str) -> Answer {
    Answer::no(why).word("USEATTR")
}

/// `\All` and `\Flagged` would be views over other folders, and no folder is a view.
fn kept(one: SpecialUse) -> Option<mailbox::SpecialUse> {
    match one {
        SpecialUse::Archive => Some(mailbox::SpecialUse::Archive),
        SpecialUse::Drafts => Some(mailbox::SpecialUse::Drafts),
        SpecialUse::Junk => Some(mailbox::SpecialUse::Junk),
        SpecialUse::Sent => Some(mailbox::SpecialUse::Sent),
        SpecialUse::Trash => Some(mailbox::SpecialUse::Trash),
        SpecialUse::All | SpecialUse::Flagged => None,
    }
}

/// Deletes a folder. A client that deletes its selected folder has none selected afterwards.
pub(super) async fn delete(session: &mut Session, out: &mut Output<'_>, name: String) -> Done {
    let access = session.access();
    let delete = move |tx: &mut Tx| {
        let folder = folder::by_name(tx, access, &name)?;
        folder::delete(tx, access, &name)?;
        Ok::<_, Error>(folder.map(|folder| folder.uid_validity))
    };
    let deleted = session.server.shared.store.write(access.key(), delete).await?;
    // The deletion is decided and goes on by itself; the room that it frees shall be there when the client gets the
    // answer.
    if let Err(error) = folder::finish(&session.server.shared.store, access).await {
        tracing::debug!(%error, "the letters of a folder are cleared away behind the command");
    }
    if session.selected.as_ref().is_some_and(|selected| Some(selected.validity()) == deleted) {
        session.selected = None;
        out.line("* OK [CLOSED] The folder that was selected is deleted");
    }
    Ok(Answer::ok("Deleted"))
}

pub(super) async fn rename(session: &Session, from: String, to: String) -> Done {
    change(session, "Renamed", move |tx, access| folder::rename(tx, access, &from, &to)).await
}

pub(super) async fn subscribe(session: &Session, name: String) -> Done {
    change(session, "Subscribed", move |tx, access| folder::subscribe(tx, access, &name)).await
}

pub(super) async fn unsubscribe(session: &Session, name: String) -> Done {
    change(session, "Unsubscribed", move |tx, access| folder::unsubscribe(tx, access, &name)).await
}

async fn change(
    session: &Session,
    done: &'static str,
    change: impl Fn(&mut Tx, Access) -> Result<(), Error> + Send + 'static,
) -> Done {
    let access = session.access();
    session.server.shared.store.write(access.key(), move |tx| change(tx, access)).await?;
    Ok(Answer::ok(done))
}
