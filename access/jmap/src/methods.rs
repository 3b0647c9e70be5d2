//! The table of methods, and the capability that each belongs to.

use crate::api::{MethodError, Object};
use crate::preferences::PREFERENCES;
use crate::scope::Scope;
use crate::session::{self, BLOB, CORE, MAIL, QUOTA, SUBMISSION};
use crate::vacation::VACATION;
use crate::{blob, core, email, identity, mailboxes, quota, snippet, submission, subscription, threads};

/// The responses to one call: nearly always one.
pub type Answers = Vec<(String, Object)>;

/// Calls a method.
pub async fn call(scope: &mut Scope, name: &str, arguments: Object) -> Result<Answers, MethodError> {
    let capability = capability(name).ok_or_else(MethodError::unknown_method)?;
    if !scope.uses(capability) {
        return Err(not_used(scope, name, capability));
    }
    let answer = match name {
        "Core/echo" => core::echo(arguments),
        "Blob/copy" => blob::copy(scope, arguments).await,
        "Blob/upload" => blob::set::upload(scope, arguments).await,
        "Blob/get" => blob::get::get(scope, arguments).await,
        "Blob/lookup" => blob::lookup::lookup(scope, arguments).await,
        "Mailbox/get" => mailboxes::get::get(scope, arguments).await,
        "Mailbox/changes" => mailboxes::changes::changes(scope, arguments).await,
        "Mailbox/query" => mailboxes::query::query(scope, arguments).await,
        "Mailbox/queryChanges" => mailboxes::query::changes(scope, arguments).await,
        "Mailbox/set" => mailboxes::set::set(scope, arguments).await,
        "Thread/get" => threads::get(scope, arguments).await,
        "Thread/changes" => threads::changes(scope, arguments).await,
        "Email/get" => email::get::get(scope, arguments).await,
        "Email/changes" => email::changes::changes(scope, arguments).await,
        "Email/query" => email::query::query(scope, arguments).await,
        "Email/queryChanges" => email::query::changes(scope, arguments).await,
        "Email/set" => email::set::set(scope, arguments).await,
        "Email/copy" => email::copy::copy(scope, arguments),
        "Email/import" => email::import::import(scope, arguments).await,
        "Email/parse" => email::parse::parse(scope, arguments).await,
        "SearchSnippet/get" => snippet::get(scope, arguments).await,
        "Identity/get" => identity::get::get(scope, arguments).await,
        "Identity/changes" => identity::get::changes(scope, arguments).await,
        "Identity/set" => identity::set::set(scope, arguments).await,
        "EmailSubmission/get" => submission::get::get(scope, arguments).await,
        "EmailSubmission/changes" => submission::get::changes(scope, arguments).await,
        "EmailSubmission/query" => submission::query::query(scope, arguments).await,
        "EmailSubmission/queryChanges" => submission::query::changes(scope, arguments).await,
        "EmailSubmission/set" => return submission::set::set(scope, arguments).await,
        "Quota/get" => quota::get(scope, arguments).await,
        "Quota/changes" => quota::changes(scope, arguments).await,
        "Quota/query" => quota::query::query(scope, arguments).await,
        "Quota/queryChanges" => quota::query::changes(scope, arguments).await,
        "PushSubscription/get" => subscription::get(scope, arguments).await,
        "PushSubscription/set" => subscription::set(scope, arguments).await,
        "VacationResponse/get" => VACATION.get(scope, arguments).await,
        "VacationResponse/set" => VACATION.set(scope, arguments).await,
        "Preferences/get" => PREFERENCES.get(scope, arguments).await,
        "Preferences/set" => PREFERENCES.set(scope, arguments).await,
        _ => Err(MethodError::unknown_method()),
    };
    answer.map(|answer| vec![(name.to_owned(), answer)])
}

/// Refuses a method of a capability that the request does not name. Such a client believes that the call succeeded:
/// some tell their people that a letter was sent. Only the log shows the mistake.
fn not_used(scope: &Scope, name: &str, capability: &str) -> MethodError {
    let (login, called) = (&scope.person.address, name.get(..name.floor_char_boundary(64)).unwrap_or_default());
    tracing::info!(%login, method = called, capability, "a method is refused: its capability is not in \"using\"");
    MethodError::not_used(format!("{called} belongs to {capability}, which is not in \"using\""))
}

/// Returns true if the method changes nothing.
pub fn only_reads(name: &str) -> bool {
    let act = name.split_once('/').map(|(_, act)| act).unwrap_or_default();
    matches!(act, "echo" | "get" | "changes" | "query" | "queryChanges" | "parse" | "lookup")
}

fn capability(method: &str) -> Option<&'static str> {
    Some(match method.split_once('/')?.0 {
        "Core" | "PushSubscription" => CORE,
        // RFC 8620 §6.3 has one of the Blob methods, RFC 9404 the others.
        "Blob" if method == "Blob/copy" => CORE,
        "Blob" => BLOB,
        "Quota" => QUOTA,
        "Mailbox" | "Thread" | "Email" | "SearchSnippet" => MAIL,
        "Identity" | "EmailSubmission" => SUBMISSION,
        "VacationResponse" => session::VACATION,
        "Preferences" => session::PREFERENCES,
        _ => return None,
    })
}
