//! Kinds of object of which an account has exactly one, called `singleton` (RFC 8621 §8 is the first of them).

use mail::seam::AccountId;
use mailbox::account_changes::Cursor;
use records::Kind;
use store::{Tx, View};

use super::{GetArguments, SetAnswer, SetArguments, Span, arguments, get as standard_get, span};
use crate::api::{MethodError, Object, SetError, patch};
use crate::scope::Scope;
use crate::state;

/// The only id.
pub const ID: &str = "singleton";

/// One such kind.
pub struct Singleton {
    pub kind: Kind,
    /// The last change of the kind; [`Span`] asks for it.
    pub state: span::StateOf,
    pub properties: &'static [&'static str],
    /// Reads the object as clients see it.
    pub read: fn(&View, AccountId) -> Result<Object, store::Error>,
    /// Writes the object, which `judge` has judged.
    pub write: fn(&mut Tx, AccountId, &Object) -> Result<(), store::Error>,
    /// Makes the object of an account that never set any property.
    pub fresh: fn() -> Object,
    /// Judges the object that a client wants, and may change it; returns its changes.
    pub judge: fn(&mut Object) -> Result<Option<Object>, SetError>,
}

impl Singleton {
    /// /get (RFC 8620 §5.1).
    pub async fn get(&'static self, scope: &Scope, given: Object) -> Result<Object, MethodError> {
        let mut given: GetArguments = arguments(given)?;
        let access = scope.access(&given.account_id)?;
        let account = access.owner();
        given.checked(self.properties)?;
        let (head, object) = scope.server.read(account, move |view| self.look(view, account)).await?;
        let ids = given.ids.unwrap_or_else(|| vec![ID.to_owned()]);
        let (found, not_found): (Vec<_>, Vec<_>) = ids.into_iter().partition(|id| id == ID);
        let properties = given.properties.as_deref();
        let list = found.iter().map(|_| standard_get::only(object.clone(), properties)).collect();
        Ok(standard_get::answer(&given.account_id, head, list, not_found))
    }

    /// /set (RFC 8620 §5.3): nothing is created or destroyed.
    pub async fn set(&'static self, scope: &Scope, given: Object) -> Result<Object, MethodError> {
        let mut given: SetArguments = arguments(given)?;
        let access = scope.access(&given.account_id)?;
        let account = access.owner();
        given.check()?;
        let mut span = Span::open(&scope.server.shared.store, access, self.state, given.if_in_state.take()).await?;
        let mut answer = SetAnswer::default();
        for (key, _) in given.creates() {
            answer.create(&key, Err(SetError::new("singleton")));
        }
        for (id, change) in given.updates() {
            let outcome = match id.as_str() {
                ID => span.write(&scope.server.shared.store, move |tx| self.update(tx, account, &change)).await?,
                _ => Err(SetError::not_found()),
            };
            answer.update(&id, outcome);
        }
        for id in given.destroys() {
            let error = if id == ID { SetError::new("singleton") } else { SetError::not_found() };
            answer.destroy(&id, Err(error));
        }
        Ok(answer.into_arguments(&given.account_id, span.ends()))
    }

    fn look(&self, view: &View, account: AccountId) -> Result<(String, Object), store::Error> {
        let head = records::state(view, account, self.kind)?;
        Ok((state::write(Cursor::at(head)), (self.read)(view, account)?))
    }

    fn update(
        &self,
        tx: &mut Tx,
        account: AccountId,
        change: &Object,
    ) -> Result<Result<Option<Object>, SetError>, mailbox::Error> {
        let default = |name: &str| (self.fresh)().get(name).cloned();
        let judged = patch::apply((self.read)(tx, account)?, change, default).and_then(|mut after| {
            let changed = (self.judge)(&mut after)?;
            Ok((after, changed))
        });
        let (after, changed) = match judged {
            Ok(judged) => judged,
            Err(error) => return Ok(Err(error)),
        };
        (self.write)(tx, account, &after)?;
        Ok(Ok(changed))
    }
}

/// Returns `invalidProperties` for those that do not fit; `Ok` if all do.
pub fn all_fit(object: &Object, fits: fn(&str, &serde_json::Value) -> bool) -> Result<(), SetError> {
    let bad = object.iter().filter(|(name, value)| !fits(name, value)).map(|(name, _)| name.clone());
    let bad: Vec<String> = bad.collect();
    if bad.is_empty() { Ok(()) } else { Err(SetError::invalid(bad)) }
}
