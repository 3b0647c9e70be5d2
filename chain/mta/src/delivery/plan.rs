//! Plans in which form a letter goes over a line, if at all.
//!
//! A letter goes as the queue has it. The one exception is a letter with 8-bit octets for a server without 8BITMIME: that
//! server gets a copy in 7 bits, made for it alone. Letters that are written here were made fit for it before they were
//! queued ([`crate::outgoing`]); so these are letters that pass through, and what they bear of signatures may be lost.

use bytes::Bytes;
use mail::finding::{CONVERSION, SIGNATURES_LOST};
use mail::{BodyKind, Enhanced, Finding, LetterWishes, Overdue};
use smtp::MailFrom;

use super::line::Line;
use super::loading::{damage, unreadable};
use super::to_send::LetterToSend;
use super::transaction::Fate;
use crate::outgoing::seven_bit::{Converted, Whose, seven_bit};
use crate::queue::{EXPIRED, OVERDUE, Said};
use crate::route::Protocol;

/// The plan for a letter on this line.
pub struct Plan {
    /// The MAIL command.
    pub mail: MailFrom,
    /// The letter in 7 bits, where the server takes no others.
    pub converted: Option<Bytes>,
    /// The loss of the letter by that, for its history.
    pub lost: Option<Finding>,
}

/// Decides whether the letter as a whole fits, and in which form.
pub async fn plan(line: &Line, letter: &LetterToSend<'_>) -> Result<Plan, Fate> {
    let offers = &line.offers;
    let host = &line.host;
    let never = |status, text: String| Fate::Never(Said::ours(status, text));
    if let Some(most) = offers.max_size.filter(|most| letter.size > *most) {
        let text = format!("the letter has {} bytes, and {host} takes {most} at most", letter.size);
        return Err(never(Enhanced(5, 3, 4), text));
    }
    let sender = letter.return_path.address();
    let utf8 = letter.smtputf8 || sender.is_some_and(|sender| sender.needs_smtputf8());
    if utf8 && !offers.smtputf8 {
        let text = format!("the letter has international addresses or headers (SMTPUTF8), which {host} does not know");
        return Err(never(Enhanced(5, 6, 7), text));
    }
    // RFC 6152 §3: to a server without 8BITMIME goes a 7-bit letter, or none.
    let (converted, lost) = if letter.eight_bit && !offers.eight_bit_mime {
        let whole = letter.whole().await.map_err(|error| our_fault(&error))?;
        let Converted { octets, signatures_lost } = seven_bit(&whole, Whose::PassingThrough).map_err(|why| {
            never(Enhanced(5, 6, 3), format!("{host} takes no 8-bit letters, and this one cannot be rewritten: {why}"))
        })?;
        (Some(Bytes::from(octets)), signatures_lost.then(|| lost_signatures(host)))
    } else {
        (None, None)
    };
    let mut mail = MailFrom::new(letter.return_path.clone());
    mail.size = offers.size.then(|| converted.as_ref().map_or(letter.size, |bytes| bytes.len() as u64));
    if letter.eight_bit && converted.is_none() {
        mail.body = BodyKind::EightBitMime;
    }
    mail.wishes = wishes(line, letter)?;
    mail.smtputf8 = utf8 || offers.smtputf8 && letter.recipients.iter().any(|to| to.needs_smtputf8());
    Ok(Plan { mail, converted, lost })
}

/// The wishes that go on to this server. A letter that its sender wants back if it is not delivered in time goes to no
/// server that cannot promise that (RFC 2852 §4.1.3); with LMTP, the letter arrives there.
fn wishes(line: &Line, letter: &LetterToSend<'_>) -> Result<LetterWishes, Fate> {
    let Some(wishes) = letter.letter_wishes else { return Ok(LetterWishes::default()) };
    let heeded = if line.offers.dsn { wishes.clone() } else { LetterWishes::default() };
    let Some(by) = wishes.by else { return Ok(LetterWishes { by: None, ..heeded }) };
    let wants_it_back = by.overdue == Overdue::Return;
    if wants_it_back && by.seconds <= 0 {
        return Err(Fate::Never(Said::ours(EXPIRED, OVERDUE)));
    }
    let promises = line.offers.deliver_by.is_some_and(|least| by.span().as_secs() >= least.into() || !wants_it_back);
    if wants_it_back && !promises && line.protocol == Protocol::Smtp {
        let text = format!("{} does not promise to deliver the letter in time, as its sender wants it", line.host);
        return Err(Fate::Never(Said::ours(Enhanced(5, 3, 3), text)));
    }
    Ok(LetterWishes { by: Some(by).filter(|_| promises), ..heeded })
}

fn lost_signatures(host: &str) -> Finding {
    Finding::new(CONVERSION, "converted").because(SIGNATURES_LOST).about("smtp.server", host)
}

/// Returns the fate of a letter whose body cannot be read while it is sent.
pub fn our_fault(error: &store::Error) -> Fate {
    tracing::error!(%error, "cannot read a letter of the queue");
    match damage(error) {
        Some(said) => Fate::Never(said),
        None => Fate::Later(unreadable(error)),
    }
}
