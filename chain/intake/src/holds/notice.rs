//! The letters that tell a person, and the postmaster, that letters are kept back: once for each hold, in the commit that
//! notes that they were told.

use conduct::Reason;
use conduct::hold::{self, Hold};
use directory::account::Account;
use directory::{Destination, Language, Resolution};
use mail::seam::OurFault;
use mail::{Address, BodyKind, Envelope, Letter, LetterId, ReturnPath, Timestamp};
use mta::outgoing::Outgoing;
use mta::queue::{self, PreparedReport, Terms};
use mta::{header_text, quoted_printable};
use store::View;

use super::words::{self, Told};
use super::{Holds, fault};
use crate::weighing::Unweighed;
use crate::{Intake, new_letter_id, our_fault};

/// Somebody who is told.
struct Reader {
    address: Address,
    language: Language,
    /// It is the person whose letters they are.
    is_author: bool,
}

impl Holds {
    /// Tells the person, and of a suspicion the postmaster too.
    pub(super) async fn tell(&self, hold: &Hold) -> Result<(), OurFault> {
        let (id, account, reason) = (hold.id, hold.account, hold.reason);
        let postmaster = self.0.reports.postmaster.clone();
        let found = self.0.store.read(move |view| readers(view, account, reason, &postmaster));
        let Some((author, readers)) = found.await.map_err(fault)? else { return Ok(()) };
        let now = net::now();
        let mut letters = Vec::new();
        for reader in readers {
            let told = Told { address: &author.address, reason, network: hold.network };
            let (subject, text) = match reader.is_author {
                true => words::to_author(reader.language, &told),
                false => words::to_postmaster(reader.language, &told),
            };
            letters.push(self.0.hold_notice(&reader.address, &subject, &text, now).await?);
        }
        let put = self.write(move |tx| {
            if hold::tell(tx, id)? {
                letters.iter().try_for_each(|letter| letter.put(tx))?;
            }
            Ok(())
        });
        put.await?;
        tracing::warn!(person = %author.address, why = reason.name(), "letters of a person are kept back");
        Ok(())
    }
}

fn readers(
    view: &View,
    account: mail::seam::AccountId,
    reason: Reason,
    postmaster: &Address,
) -> Result<Option<(Account, Vec<Reader>)>, Unweighed> {
    let Some(author) = directory::account::by_id(view, account)? else { return Ok(None) };
    let mut readers = vec![Reader { address: author.address.clone(), language: author.language, is_author: true }];
    if reason != Reason::DayLimit {
        let own = match directory::resolve(view, Some(postmaster.domain()), postmaster)? {
            Resolution::Ours(places) => places,
            Resolution::Unknown | Resolution::Elsewhere => Vec::new(),
        };
        let people: Vec<_> = own.iter().filter_map(local).collect();
        // A postmaster whose own account it is has one letter about it.
        if people != [account] {
            let first = people.iter().find(|person| **person != account);
            let person = first.map(|person| directory::account::by_id(view, *person)).transpose()?.flatten();
            let language = person.map(|person| person.language).unwrap_or_default();
            readers.push(Reader { address: postmaster.clone(), language, is_author: false });
        }
    }
    Ok(Some((author, readers)))
}

fn local(place: &Destination) -> Option<mail::seam::AccountId> {
    match place {
        Destination::Local { account, .. } => Some(*account),
        Destination::Remote(_) => None,
    }
}

impl Intake {
    /// A letter of this server to one of our people, ready for the queue. It is never reported on.
    async fn hold_notice(
        &self,
        to: &Address,
        subject: &str,
        text: &str,
        now: Timestamp,
    ) -> Result<PreparedReport, OurFault> {
        let id = new_letter_id();
        let letter = Letter { id, raw: self.hold_letter(id, to, subject, text, now).into() };
        let body = if to.needs_smtputf8() { BodyKind::EightBitMime } else { BodyKind::SevenBit };
        let recipients = vec![to.clone().into()];
        let envelope = Envelope {
            return_path: ReturnPath::Null,
            recipients,
            body,
            smtputf8: to.needs_smtputf8(),
            hold: None,
            wishes: mail::LetterWishes::default(),
        };
        let (intake, terms) = (self.clone(), Terms::new(now, &self.schedule));
        let preparing = tokio::task::spawn_blocking(move || {
            let outgoing = Outgoing::report(letter, now, &*intake.reports.signer);
            queue::prepare_report(&intake.store, &outgoing, &envelope, terms)
        });
        preparing.await.map_err(our_fault)?.map_err(our_fault)
    }

    fn hold_letter(&self, id: LetterId, to: &Address, subject: &str, text: &str, now: Timestamp) -> Vec<u8> {
        let (from, host, subject, date) =
            (&self.reports.postmaster, &self.hostname, header_text(subject), now.rfc5322());
        let mut out = format!(
            "From: =?utf-8?Q?Mail_server_/_Serveur_de_courrier?= <{from}>\r\nTo: <{to}>\r\nSubject: {subject}\r\n\
             Date: {date}\r\nMessage-ID: <{id}@{host}>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        )
        .into_bytes();
        quoted_printable(text.replace('\n', "\r\n").as_bytes(), &mut out);
        out.extend_from_slice(b"\r\n");
        out
    }
}
