//! The wishes of the sender as the columns hold them.

use mail::{DeliverBy, LetterWishes, OriginalRecipient, Timestamp, Wishes};

/// Writes the wishes for one recipient: the columns `notify` and `original`.
pub fn columns(wishes: &Wishes) -> (String, String) {
    let notify = wishes.notify.map(|notify| notify.to_string()).unwrap_or_default();
    let original = wishes.original.as_ref().map(|original| format!("{};{}", original.kind, original.address));
    (notify, original.unwrap_or_default())
}

/// Reads them.
pub fn wishes(notify: &str, original: &str) -> Wishes {
    let original = original
        .split_once(';')
        .map(|(kind, address)| OriginalRecipient { kind: kind.to_owned(), address: address.to_owned() });
    Wishes { notify: notify.parse().ok(), original }
}

/// Reads the wishes for the letter, with the time that is left of them `now`.
pub fn letter_wishes(
    (returned, envelope_id): (&str, &str),
    (by_mode, deadline_at): (&str, Option<Timestamp>),
    now: Timestamp,
) -> LetterWishes {
    let envelope_id = Some(envelope_id).filter(|id| !id.is_empty()).map(str::to_owned);
    let by = format!("1;{by_mode}").parse::<DeliverBy>().ok().zip(deadline_at);
    let by = by.map(|(by, deadline)| by.left(deadline, now));
    LetterWishes { returned: returned.parse().ok(), envelope_id, by }
}

/// Writes what the column `by_mode` holds of a time to deliver by.
pub fn by_mode(by: DeliverBy) -> String {
    by.to_string().split_once(';').map(|(_, mode)| mode.to_owned()).unwrap_or_default()
}
