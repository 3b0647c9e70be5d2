//! EmailSubmission/get and EmailSubmission/changes (RFC 8621 §7.1, §7.2).

use mailbox::account_changes::Cursor;
use records::{Kind, SubmissionId, submission};
use store::View;

use super::{PROPERTIES, object};
use crate::api::{MethodError, Object};
use crate::email::room::Room;
use crate::id::Id;
use crate::identity::get::with_ids;
use crate::scope::Scope;
use crate::standard::{self, ChangesArguments, GetArguments, changes as standard_changes, get as standard_get};
use crate::{limits, state};

pub async fn get(scope: &Scope, arguments: Object) -> Result<Object, MethodError> {
    let mut arguments: GetArguments = standard::arguments(arguments)?;
    let account = scope.account(&arguments.account_id)?;
    arguments.checked(&PROPERTIES)?;
    let (ids, mut room) = (arguments.ids, Room::new(scope.left));
    let read = move |view: &View| -> Result<_, MethodError> {
        let head = records::state(view, account, Kind::Submission)?;
        let Some(ids) = ids else { return Ok((head, submission::list(view, account)?, Vec::new())) };
        let (mut found, mut not_found) = (Vec::new(), Vec::new());
        for id in ids {
            let submission = match SubmissionId::read(&id) {
                Some(id) => submission::get(view, account, id)?,
                None => None,
            };
            match submission {
                Some(submission) => {
                    // The submission of a letter to a thousand people is long.
                    room.take_object(&submission.data)?;
                    found.push(submission);
                }
                None => not_found.push(id),
            }
        }
        Ok((head, found, not_found))
    };
    let (head, found, not_found) = scope.server.read(account, read).await?;
    if found.len() > limits::OBJECTS_IN_GET {
        return Err(MethodError::request_too_large());
    }
    let properties = arguments.properties.as_deref();
    let list = found.iter().map(|submission| standard_get::only(object(submission), properties)).collect();
    Ok(standard_get::answer(&arguments.account_id, state::write(Cursor::at(head)), list, not_found))
}

pub async fn changes(scope: &Scope, arguments: Object) -> Result<Object, MethodError> {
    let arguments: ChangesArguments = standard::arguments(arguments)?;
    let account = scope.account(&arguments.account_id)?;
    let (from, most) = arguments.checked()?;
    let read = move |view: &View| records::changes(view, account, Kind::Submission, from, most);
    let changes = scope.server.read(account, read).await?.ok_or_else(MethodError::cannot_calculate_changes)?;
    Ok(standard_changes::answer(&arguments, with_ids(changes, SubmissionId)))
}
