//! Writes to the owners of forwards that do not work: once when the letters begin to fail, and once when the forward is
//! paused. The letter and the note that it was written are one commit.

use std::fmt::Write as _;
use std::time::Duration;

use directory::Language;
use mail::seam::OurFault;
use mail::{Address, BodyKind, Envelope, Letter, ReturnPath};
use mta::encode::{header_text, quoted_printable};
use mta::outgoing::Outgoing;
use mta::queue::{self, REFUSALS, Terms, Troubled};
use net::Shutdown;
use store::{Key, View};

use crate::{Intake, new_letter_id, our_fault};

/// Forwards looked at in one go.
const SLICE: usize = 50;
/// A look without a notice: one may have been lost.
const LOOK_AGAIN: Duration = Duration::from_secs(600);
/// The wait after a fault of the disk.
const AFTER_FAULT: Duration = Duration::from_secs(30);

impl Intake {
    /// Tells owners until the post office closes.
    pub async fn tell_of_forwards(self, shutdown: Shutdown) {
        let mut watch = self.store.watch(queue::FORWARDS);
        loop {
            let pause = match self.tell_all().await {
                Ok(told) if told == SLICE => Duration::ZERO,
                Ok(_) => LOOK_AGAIN,
                Err(_noted) => AFTER_FAULT,
            };
            tokio::select! {
                () = shutdown.requested() => return,
                () = tokio::time::sleep(pause) => {}
                () = watch.changed() => {}
            }
        }
    }

    async fn tell_all(&self) -> Result<usize, OurFault> {
        let look = |view: &View| queue::untold(view, SLICE);
        let untold: Vec<Troubled> = self.store.read::<_, store::Error, _>(look).await.map_err(our_fault)?;
        let count = untold.len();
        for one in untold {
            self.tell_of(one).await?;
        }
        Ok(count)
    }

    async fn tell_of(&self, troubled: Troubled) -> Result<(), OurFault> {
        let report = match self.owner_of(&troubled).await? {
            None => None,
            Some(owner) => Some(self.notice(&troubled, owner).await?),
        };
        let write = move |tx: &mut store::Tx| {
            if queue::tell(tx, &troubled)?
                && let Some(report) = &report
            {
                report.put(tx)?;
            }
            Ok::<_, store::Error>(())
        };
        self.store.write(Key::Everything, write).await.map_err(our_fault)
    }

    /// The person whose address it is, or the one in charge of an alias; with the language of that person, and whether it is
    /// an alias.
    async fn owner_of(&self, troubled: &Troubled) -> Result<Option<Owner>, OurFault> {
        let Ok(through) = Address::parse(&troubled.through) else { return Ok(None) };
        let wanted = through.clone();
        let find = move |view: &View| match directory::account::find(view, &wanted) {
            Ok(person) => Ok(Some(person)),
            Err(directory::Error::UnknownAccount(_)) => Ok(None),
            Err(error) => Err(error),
        };
        if let Some(person) = self.store.read(find).await.map_err(our_fault)? {
            return Ok(Some(Owner { address: person.address, language: person.language, is_alias: false }));
        }
        let postmaster = self.postmaster_of(&through).await?;
        Ok(postmaster.map(|(_, address, language)| Owner { address, language, is_alias: true }))
    }

    async fn notice(&self, troubled: &Troubled, owner: Owner) -> Result<queue::PreparedReport, OurFault> {
        let now = net::now();
        let id = new_letter_id();
        let letter = Letter { id, raw: self.compose(troubled, &owner, id).into() };
        let (intake, terms) = (self.clone(), Terms::new(now, &self.schedule));
        let preparing = tokio::task::spawn_blocking(move || {
            let outgoing = Outgoing::report(letter, now, &*intake.reports.signer);
            let recipients = vec![owner.address.clone().into()];
            let smtputf8 = owner.address.needs_smtputf8();
            let body = if smtputf8 { BodyKind::EightBitMime } else { BodyKind::SevenBit };
            let wishes = mail::LetterWishes::default();
            let envelope = Envelope { return_path: ReturnPath::Null, recipients, body, smtputf8, hold: None, wishes };
            queue::prepare_report(&intake.store, &outgoing, &envelope, terms)
        });
        preparing.await.map_err(our_fault)?.map_err(our_fault)
    }

    fn compose(&self, troubled: &Troubled, owner: &Owner, id: mail::LetterId) -> Vec<u8> {
        let (subject, text) = match owner.language {
            Language::English => english(troubled, owner.is_alias, &self.hostname.to_string()),
            Language::French => french(troubled, owner.is_alias, &self.hostname.to_string()),
        };
        let name = match owner.language {
            Language::English => "Mail server",
            Language::French => "Serveur de courrier",
        };
        let mut head = format!("From: {name} <{}>\r\nTo: <{}>\r\n", self.reports.postmaster, owner.address);
        let _ = write!(head, "Subject: {}\r\nDate: {}\r\n", header_text(&subject), net::now().rfc5322());
        let _ = write!(head, "Message-ID: <{id}@{}>\r\nAuto-Submitted: auto-generated\r\n", self.hostname);
        head.push_str("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n");
        head.push_str("Content-Transfer-Encoding: quoted-printable\r\n\r\n");
        let mut raw = head.into_bytes();
        quoted_printable(text.replace('\n', "\r\n").as_bytes(), &mut raw);
        raw
    }
}

/// The person who is told.
struct Owner {
    address: Address,
    language: Language,
    /// The forward is that of an alias, which this person is in charge of.
    is_alias: bool,
}

/// Subject and text.
fn english(troubled: &Troubled, is_alias: bool, host: &str) -> (String, String) {
    let Troubled { through, target, said, paused, .. } = troubled;
    let place = if is_alias { "the folder \u{201c}Not forwarded\u{201d} of your mailbox" } else { "your mailbox" };
    let whose = if is_alias { "alias" } else { "account" };
    if paused.is_none() {
        let subject = format!("A letter for {through} could not be forwarded");
        let text = format!(
            "Hello,\n\nThis is the mail server {host}. A letter for {through} was to go on to {target}, and was not taken \
             there. It lies in your mailbox. The answer of the other server:\n\n    {said}\n\nIs {target} written rightly, \
             and does that mailbox still exist and have room? As long as letters fail, they lie here, and this is the only \
             notice of it. Where the letters go on to is changed by whoever runs {host}.\n"
        );
        return (subject, text);
    }
    let subject = format!("Letters for {through} are no longer forwarded to {target}");
    let text = format!(
        "Hello,\n\nThis is the mail server {host}. The server of {target} has taken {REFUSALS} letters in a row for spam, \
         which were forwarded from {through}. So that it does not refuse all letters of this server, nothing is forwarded \
         there any more. The letters stay here: you find them in {place}. Its last answer:\n\n    {said}\n\nWhat you can do: \
         tell the provider of {target} that you want these letters, or mark those that came as \u{201c}not spam\u{201d} \
         there; or read them here. When that is done, whoever runs {host} lets the letters go on again with this \
         command:\n\n    facteur {whose} resume {through} {target}\n"
    );
    (subject, text)
}

/// The same in French.
fn french(troubled: &Troubled, is_alias: bool, host: &str) -> (String, String) {
    let Troubled { through, target, said, paused, .. } = troubled;
    let place = if is_alias { "le dossier «\u{a0}Non transmises\u{a0}» de votre boîte" } else { "votre boîte" };
    let whose = if is_alias { "alias" } else { "account" };
    if paused.is_none() {
        let subject = format!("Une lettre pour {through} n'a pas pu être transmise");
        let text = format!(
            "Bonjour,\n\nIci le serveur de courrier {host}. Une lettre pour {through} devait être transmise à {target}, où \
             elle n'a pas été prise. Elle se trouve dans votre boîte. La réponse de l'autre serveur\u{a0}:\n\n    {said}\n\n\
             {target} est-il écrit comme il faut, cette boîte existe-t-elle encore, a-t-elle de la place\u{202f}? Tant que \
             des lettres échouent, elles restent ici, et ceci est le seul avis. La personne qui s'occupe de {host} peut \
             changer l'adresse où les lettres sont transmises.\n"
        );
        return (subject, text);
    }
    let subject = format!("Les lettres pour {through} ne sont plus transmises à {target}");
    let text = format!(
        "Bonjour,\n\nIci le serveur de courrier {host}. Le serveur de {target} a pris pour du spam {REFUSALS} lettres de \
         suite, transmises de la part de {through}. Pour qu'il ne refuse pas toutes les lettres de ce serveur, plus rien ne \
         lui est transmis. Les lettres restent ici\u{a0}: vous les trouvez dans {place}. Sa dernière réponse\u{a0}:\n\n    \
         {said}\n\nCe que vous pouvez faire\u{a0}: dire au fournisseur de {target} que vous voulez ces lettres, ou y marquer \
         celles qui sont arrivées comme «\u{a0}légitimes\u{a0}»\u{202f}; ou bien les lire ici. Ensuite, la personne qui \
         s'occupe de {host} les fera de nouveau transmettre par cette commande\u{a0}:\n\n    facteur {whose} resume \
         {through} {target}\n"
    );
    (subject, text)
}

#[cfg(test)]
mod tests {
    use mail::Timestamp;

    use super::*;

    #[test]
    fn the_owner_reads_in_their_language_what_is_refused_and_what_to_do() {
        let (through, target) = ("alice@alpha.test".to_owned(), "carol@gamma.test".to_owned());
        let (since, said) = (Timestamp(0), "550 5.7.1 spam".to_owned());
        let paused = Troubled { through, target, said, since, paused: Some(since) };
        for (subject, text) in [english(&paused, false, "mail.alpha.test"), french(&paused, false, "mail.alpha.test")] {
            assert!(subject.contains("carol@gamma.test"));
            assert!(text.contains("550 5.7.1 spam"));
            assert!(text.contains("\n    facteur account resume alice@alpha.test carol@gamma.test\n"), "{text}");
        }
        let failing = Troubled { paused: None, ..paused };
        assert!(!english(&failing, true, "mail.alpha.test").1.contains("resume"));
        assert!(french(&failing, true, "mail.alpha.test").1.contains("550 5.7.1 spam"));
    }
}
