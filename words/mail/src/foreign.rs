//! The words of servers elsewhere, and their meaning. The words are mostly English, and made for administrators; each
//! place that shows them shows their meaning beside them. This is the one table of meanings: for reports, histories,
//! the queue, fetches, and pages.

use crate::Enhanced;
use crate::finding::Words;

/// The meaning, for a person, of an answer that is no success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "`words` says of each what it means")]
pub enum Meaning {
    NoSuchMailbox,
    MailboxClosed,
    MailboxFull,
    NoSuchDomain,
    DomainTakesNoMail,
    TooBig,
    Spam,
    Blocked,
    Unproven,
    NamelessServer,
    BadSender,
    NotInCharge,
    Policy,
    Loop,
    CannotCarry,
    Greylisted,
    TooMuch,
    NoRoomThere,
    NotNow,
    NoAnswer,
    NotEncrypted,
    LogInWrong,
    PasswordExpired,
    NotAllowed,
    WebFirst,
    AskTheirAdministrator,
    InUse,
    OutOfOrder,
    Gone,
}

impl Meaning {
    /// Returns the meaning of an answer of SMTP that ended with this status (RFC 3463) and these words; `None` if it is
    /// not known.
    pub fn of(status: Enhanced, said: &str) -> Option<Self> {
        let Enhanced(class, subject, detail) = status;
        let said = said.to_ascii_lowercase();
        // The words say more about a fault that passes: servers have one code for many reasons to wait.
        let by_words = if class == 4 { of_words(&said, WORDS_FOR_NOW) } else { of_words(&said, WORDS_FIRST) };
        by_words.or_else(|| of_status(class, subject, detail, &said)).or_else(|| of_words(&said, WORDS))
    }

    /// Returns the meaning of an answer as a server gave it: one of SMTP with its codes, one of IMAP (RFC 5530) or POP3
    /// (RFC 2449, RFC 3206) with a word in brackets, or one without either. Something may stand before it.
    pub fn told(said: &str) -> Option<Self> {
        if let Some(meaning) = of_brackets(said) {
            return Some(meaning);
        }
        if let Some((reply, status)) = codes(said) {
            return Self::of(status, said).or_else(|| of_reply(reply));
        }
        let said = said.to_ascii_lowercase();
        of_words(&said, LOG_IN_WORDS).or_else(|| of_words(&said, WORDS_FOR_NOW))
    }

    /// Returns the meaning as a clause from which a sentence can be made.
    #[rustfmt::skip]
    pub fn words(self) -> Words {
        let words = |english, french| Words { english, french };
        match self {
            Self::NoSuchMailbox => words("there is no mailbox with this address", "aucune boîte aux lettres ne correspond à cette adresse"),
            Self::MailboxClosed => words("this mailbox exists, but it takes no letters at present", "cette boîte aux lettres existe, mais elle ne reçoit pas de courrier en ce moment"),
            Self::MailboxFull => words("this person's mailbox is full", "la boîte aux lettres de cette personne est pleine"),
            Self::NoSuchDomain => words("this domain does not exist on the Internet, or has no mail server", "ce domaine n'existe pas sur Internet, ou n'a pas de serveur de courrier"),
            Self::DomainTakesNoMail => words("this domain declares that it takes no mail at all", "ce domaine déclare ne recevoir aucun courrier"),
            Self::TooBig => words("the letter is too big for the recipient's server", "la lettre est trop volumineuse pour le serveur du destinataire"),
            Self::Spam => words("the recipient's server took the letter for spam", "le serveur du destinataire a pris la lettre pour un courrier indésirable (spam)"),
            Self::Blocked => words("the recipient's server takes nothing from the sending mail server, because of its reputation there or on a blocklist", "le serveur du destinataire n'accepte rien du serveur expéditeur, qui a mauvaise réputation chez lui ou sur une liste de blocage"),
            Self::Unproven => words("the recipient's server sees no proof that the letter comes from the domain of its sender (SPF, DKIM or DMARC)", "le serveur du destinataire ne voit pas de preuve que la lettre vient du domaine de son expéditeur (SPF, DKIM ou DMARC)"),
            Self::NamelessServer => words("the recipient's server wants the address of the mail server that sent it to have a name (reverse DNS)", "le serveur du destinataire veut que l'adresse du serveur expéditeur ait un nom (DNS inverse)"),
            Self::BadSender => words("the recipient's server does not accept the address of the sender", "le serveur du destinataire n'accepte pas l'adresse de l'expéditeur"),
            Self::NotInCharge => words("the recipient's server says that it is not in charge of this domain", "le serveur du destinataire dit qu'il n'est pas chargé de ce domaine"),
            Self::Policy => words("the recipient's server refused the letter because of its rules", "le serveur du destinataire a refusé la lettre en vertu de ses règles"),
            Self::Loop => words("the letter goes round in circles between the servers in charge of this domain", "la lettre tourne en rond entre les serveurs chargés de ce domaine"),
            Self::CannotCarry => words("the recipient's server is too old for some of the characters in the letter or in its addresses", "le serveur du destinataire est trop ancien pour certains caractères de la lettre ou de ses adresses"),
            Self::Greylisted => words("the recipient's server makes senders whom it does not know come back some minutes later, against spam", "le serveur du destinataire fait revenir quelques minutes plus tard les expéditeurs qu'il ne connaît pas, contre le spam"),
            Self::TooMuch => words("the server has been asked for too much, and wants to be left alone for a while", "le serveur a été trop sollicité, et demande qu'on le laisse tranquille un moment"),
            Self::NoRoomThere => words("the recipient's server has no room left at present", "le serveur du destinataire n'a plus de place en ce moment"),
            Self::NotNow => words("the server is not at work at present", "le serveur n'est pas en service en ce moment"),
            Self::NoAnswer => words("the server cannot be reached, or did not answer in time", "le serveur est injoignable, ou n'a pas répondu à temps"),
            Self::NotEncrypted => words("the server wants an encrypted connection", "le serveur exige une connexion chiffrée"),
            Self::LogInWrong => words("name or password are not accepted there; some providers want a password made for this program", "le nom ou le mot de passe n'y est pas accepté ; certains fournisseurs veulent un mot de passe créé pour ce programme"),
            Self::PasswordExpired => words("the password has expired there, and a new one has to be set", "le mot de passe y a expiré, et il faut en choisir un nouveau"),
            Self::NotAllowed => words("this account may not do that there", "ce compte n'y a pas ce droit"),
            Self::WebFirst => words("the provider wants its web pages to be visited first", "le fournisseur veut qu'on passe d'abord par ses pages web"),
            Self::AskTheirAdministrator => words("the people in charge of that server have to be asked", "il faut s'adresser aux responsables de ce serveur"),
            Self::InUse => words("another program uses this mailbox at present", "un autre programme utilise cette boîte en ce moment"),
            Self::OutOfOrder => words("something is out of order on the server", "quelque chose est en panne sur le serveur"),
            Self::Gone => words("that is no longer there", "cela n'y est plus"),
        }
    }
}

/// The words in which servers report a fault that passes.
const WORDS_FOR_NOW: &[(Meaning, &[&str])] = &[
    (Meaning::Greylisted, &["greylist", "graylist", "grey list", "gray list", "postgrey"]),
    (Meaning::MailboxFull, &["over its quota", "over quota", "mailbox full", "mailbox is full", " 4.2.2 "]),
    (Meaning::TooMuch, &["too many", "rate limit", "throttl", "too much mail", "bandwidth"]),
    (Meaning::NoRoomThere, &["insufficient system storage", "no space left", "disk full"]),
];

/// The words that say more than the code beside them: some servers use codes of their own for these.
const WORDS_FIRST: &[(Meaning, &[&str])] = &[
    // Orange says 5.1.1 of a full mailbox, Microsoft 5.1.10 of a missing one.
    (Meaning::MailboxFull, &["overquota", "out of storage space", "boite du destinataire pleine"]),
    (Meaning::NoSuchMailbox, &["recipientnotfound", "recipient not found by smtp address lookup"]),
    (Meaning::Unproven, &["sender is unauthenticated", "required authentication level"]),
    (Meaning::Blocked, &["ipcheck.proofpoint.com"]),
];

/// The words in which servers report a fault that stays, without a code or with one that says nothing. The first that
/// fits counts.
const WORDS: &[(Meaning, &[&str])] = &[
    (Meaning::Blocked, BLOCKED),
    (Meaning::Spam, SPAM),
    (
        Meaning::NoSuchMailbox,
        &[
            "user unknown",
            "unknown user",
            "no such user",
            "no mailbox",
            "does not exist",
            "unknown recipient",
            "recipient not found",
            "mailbox unavailable",
            "mailbox not found",
            "invalid recipient",
            "unrouteable address",
            "unroutable address",
            "this user doesn't have",
        ],
    ),
    (Meaning::MailboxFull, &["over quota", "over its quota", "mailbox full", "mailbox is full", "quota"]),
    (Meaning::TooBig, &["too large", "too big", "size limit", "message size"]),
    (Meaning::NotInCharge, RELAY),
    (Meaning::Policy, &["policy reasons", "security policies"]),
];

/// The words in which those servers of mailboxes refuse a log-in that have no code for it.
const LOG_IN_WORDS: &[(Meaning, &[&str])] = &[(
    Meaning::LogInWrong,
    &[
        "authentication failed",
        "authentication failure",
        "invalid credentials",
        "login failed",
        "invalid login",
        "password incorrect",
        "incorrect password",
        "invalid password",
        "password not accepted",
        "invalid user",
    ],
)];

const BLOCKED: &[&str] = &[
    "blacklist",
    "blocklist",
    "block list",
    "blocked using",
    "banned",
    "reputation",
    "spamhaus",
    "dnsbl",
    " rbl",
    "listed at",
    "listed in",
];
const SPAM: &[&str] = &["spam", "unsolicited", "junk", "blocked"];
const RELAY: &[&str] = &["relay"];

/// The words in brackets of IMAP (RFC 5530, RFC 9051 §7.1, RFC 9208) and POP3.
const BRACKETS: &[(&str, Meaning)] = &[
    ("AUTHENTICATIONFAILED", Meaning::LogInWrong),
    ("AUTHORIZATIONFAILED", Meaning::NotAllowed),
    ("AUTH", Meaning::LogInWrong),
    ("EXPIRED", Meaning::PasswordExpired),
    ("PRIVACYREQUIRED", Meaning::NotEncrypted),
    ("CONTACTADMIN", Meaning::AskTheirAdministrator),
    ("WEBALERT", Meaning::WebFirst),
    ("NOPERM", Meaning::NotAllowed),
    ("INUSE", Meaning::InUse),
    ("IN-USE", Meaning::InUse),
    ("UNAVAILABLE", Meaning::NotNow),
    ("SYS/TEMP", Meaning::NotNow),
    ("SYS/PERM", Meaning::OutOfOrder),
    ("SERVERBUG", Meaning::OutOfOrder),
    ("CORRUPTION", Meaning::OutOfOrder),
    ("THROTTLED", Meaning::TooMuch),
    ("LIMIT", Meaning::TooMuch),
    ("LOGIN-DELAY", Meaning::TooMuch),
    ("OVERQUOTA", Meaning::TooMuch),
    ("NONEXISTENT", Meaning::Gone),
    ("EXPUNGEISSUED", Meaning::Gone),
];

fn of_status(class: u8, subject: u16, detail: u16, said: &str) -> Option<Meaning> {
    let any = |words: &[&str]| words.iter().any(|word| said.contains(word));
    Some(match (subject, detail) {
        (1, 1 | 3 | 6) => Meaning::NoSuchMailbox,
        (1, 2) | (4, 4) => Meaning::NoSuchDomain,
        (1, 7 | 8) => Meaning::BadSender,
        (1, 10) => Meaning::DomainTakesNoMail,
        (2, 1) => Meaning::MailboxClosed,
        (2, 2) => Meaning::MailboxFull,
        (2, 3) | (3, 4) => Meaning::TooBig,
        (3, 1) => Meaning::NoRoomThere,
        (3, 2) => Meaning::NotNow,
        (4, 1 | 2) => Meaning::NoAnswer,
        (4, 5) => Meaning::TooMuch,
        (4, 6) => Meaning::Loop,
        (6, 1 | 3 | 5 | 7 | 9) => Meaning::CannotCarry,
        (7, 8) => Meaning::LogInWrong,
        (7, 10 | 11) => Meaning::NotEncrypted,
        // RFC 7372; Gmail and others use 26 for everything that DMARC demands.
        (7, 20..=24 | 26 | 30 | 32 | 40 | 515) => Meaning::Unproven,
        (7, 25) => Meaning::NamelessServer,
        (7, 27) => Meaning::BadSender,
        (7, 28) => Meaning::TooMuch,
        (7, _) if any(BLOCKED) => Meaning::Blocked,
        (7, _) if any(SPAM) => Meaning::Spam,
        (7, _) if any(&["starttls", "encrypt", "tls connection", "tls required"]) => Meaning::NotEncrypted,
        (7, _) if any(RELAY) => Meaning::NotInCharge,
        (7, _) if class == 5 => Meaning::Policy,
        _ => return None,
    })
}

/// Returns the first meaning of the table of which a word stands in the answer, which is in small letters.
fn of_words(said: &str, table: &[(Meaning, &[&str])]) -> Option<Meaning> {
    let fits = |words: &&[&str]| words.iter().any(|word| said.contains(word));
    table.iter().find(|(_, words)| fits(words)).map(|(meaning, _)| *meaning)
}

/// Returns the meaning of a code of RFC 5321 §4.2.3 that has nothing else beside it.
fn of_reply(reply: u16) -> Option<Meaning> {
    match reply {
        421 => Some(Meaning::NotNow),
        535 => Some(Meaning::LogInWrong),
        _ => None,
    }
}

/// Returns the meaning of the word in the first brackets that contain a known one.
fn of_brackets(said: &str) -> Option<Meaning> {
    said.split('[').skip(1).find_map(|rest| {
        let word = rest.split([']', ' ']).next().unwrap_or_default();
        BRACKETS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, meaning)| *meaning)
    })
}

/// Returns the codes at the beginning of an answer of SMTP; without an enhanced one, the class alone.
fn codes(said: &str) -> Option<(u16, Enhanced)> {
    let mut words = said.split([' ', '-']);
    let reply = words.next().filter(|code| code.len() == 3).and_then(|code| code.parse::<u16>().ok())?;
    let class = u8::try_from(reply / 100).ok().filter(|class| matches!(class, 4 | 5))?;
    let enhanced = words.next().and_then(enhanced).filter(|status| status.0 == class);
    Some((reply, enhanced.unwrap_or(Enhanced(class, 0, 0))))
}

fn enhanced(word: &str) -> Option<Enhanced> {
    let mut numbers = word.splitn(3, '.');
    let status = Enhanced(
        numbers.next()?.parse().ok()?,
        numbers.next()?.parse().ok()?,
        numbers.next()?.trim_end_matches([':', ',', ';']).parse().ok()?,
    );
    Some(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_servers_say_is_understood() {
        for (said, meaning) in [
            ("550 5.1.1 <x@b.test>: Recipient address rejected: User unknown", Meaning::NoSuchMailbox),
            ("550-5.1.1 The email account that you tried to reach does not exist.", Meaning::NoSuchMailbox),
            ("550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302).", Meaning::NoSuchMailbox),
            ("550 No such user here", Meaning::NoSuchMailbox),
            ("552 5.2.2 The email account that you tried to reach is over quota", Meaning::MailboxFull),
            ("452 4.2.2 The email account that you tried to reach is over its quota", Meaning::MailboxFull),
            ("452 4.3.1 Insufficient system storage", Meaning::NoRoomThere),
            ("550 5.2.1 The user you are trying to contact is disabled", Meaning::MailboxClosed),
            ("552 5.3.4 Message size exceeds fixed limit", Meaning::TooBig),
            ("550 5.7.1 Message looks like SPAM", Meaning::Spam),
            ("554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", Meaning::Blocked),
            ("550 5.7.606 Access denied, banned sending IP [192.0.2.1]", Meaning::Blocked),
            ("550-5.7.26 This mail has been blocked because the sender is unauthenticated.", Meaning::Unproven),
            ("550 5.7.23 SPF validation failed", Meaning::Unproven),
            ("550 5.7.25 The IP address sending this message does not have a PTR record", Meaning::NamelessServer),
            ("554 5.7.1 <x@b.test>: Relay access denied", Meaning::NotInCharge),
            ("550 5.7.1 not allowed", Meaning::Policy),
            ("553 5.1.8 <a@a.test>: Sender address rejected: Domain not found", Meaning::BadSender),
            ("530 5.7.0 Must issue a STARTTLS command first", Meaning::NotEncrypted),
            ("535 5.7.8 Username and Password not accepted.", Meaning::LogInWrong),
            ("535 wrong", Meaning::LogInWrong),
            (
                "450 4.2.0 <x@b.test>: Recipient address rejected: Greylisted, see http://postgrey.test",
                Meaning::Greylisted,
            ),
            ("451 4.7.1 Greylisting in action, please come back later", Meaning::Greylisted),
            ("421 4.7.0 [TSS04] Messages temporarily deferred due to too many complaints", Meaning::TooMuch),
            ("421 4.7.28 Gmail has detected an unusual rate of mail", Meaning::TooMuch),
            ("421 closing", Meaning::NotNow),
            ("log-in: [AUTHENTICATIONFAILED] Invalid credentials (Failure)", Meaning::LogInWrong),
            ("log-in: Login failed.", Meaning::LogInWrong),
            ("PASS: [AUTH] Username and password not accepted.", Meaning::LogInWrong),
            ("PASS: [in-use] Do you have another POP session running?", Meaning::InUse),
            ("the letter: [SERVERBUG] Internal error", Meaning::OutOfOrder),
            ("[ALERT] [UNAVAILABLE] Temporary", Meaning::NotNow),
            ("[OVERQUOTA] Account exceeded command or bandwidth limits.", Meaning::TooMuch),
        ] {
            assert_eq!(Meaning::told(said), Some(meaning), "{said}");
        }
    }

    #[test]
    fn what_says_nothing_means_nothing() {
        for said in [
            "",
            "550",
            "554 no",
            "250 2.1.5 OK",
            "450 4.0.0 later",
            "5.1.1 nobody",
            "[TAG] x",
            "[",
            "hello 550 5.1.1",
            "é",
            "550 5.x.1 no",
        ] {
            assert_eq!(Meaning::told(said), None, "{said}");
        }
        assert_eq!(Meaning::of(Enhanced(4, 7, 1), "451 4.7.1 try again"), None);
    }
}
