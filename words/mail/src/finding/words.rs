//! The meaning of each code of a finding for a person, in both languages, with what to do where there is something.
//!
//! Words may name a property of the finding: `{header.from}` stands for its value, which is a domain or an address.

use super::authentication::{
    DMARC_NO_RECORD, DMARC_NOT_PROVED, DMARC_PROVED, DMARC_QUARANTINE, DMARC_REJECT, IPREV_CLAIMED, IPREV_GENERIC,
    IPREV_NO_NAME, OWN_NOT_PROVED, SENDER_BY_FORWARDER, SENDER_BY_WORD, SENDER_NOT_PROVED_BY_WORD, SIGNED_BEFORE,
    SPF_AUTHOR_NOT_PERMITTED, SPF_NOT_EXPECTED, SPF_NOT_PERMITTED,
};
use super::{
    ALLOWED, CHECK_FAILED, CHECK_LATE, KEY_UNUSABLE, LISTED, SEVERAL_FROM, SIGNATURES_LOST, SIGNED, SOURCE_CONFIRMED,
    SOURCE_NOT_CONFIRMED, SOURCE_UNKNOWN,
};

/// The meaning of a code for a person, in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// The English words.
    pub english: &'static str,
    /// The French words.
    pub french: &'static str,
}

/// The meaning of one finding, with the values of its properties in the words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The English words.
    pub english: String,
    /// The French words.
    pub french: String,
    /// The properties that the words do not name, as the history has them: `header.s=one`. Empty if there are none.
    pub rest: String,
}

/// Returns the words for a code; `None` for one that this version does not know.
pub fn words(code: &str) -> Option<Words> {
    let all = [GENERAL, FORWARD, LISTS, SOURCES, BY_WORD, DMARC, SPF, IPREV, DKIM, ARC];
    let (_, english, french) = all.into_iter().flatten().find(|(known, ..)| *known == code)?;
    Some(Words { english, french })
}

/// Returns the meaning of a reason as [`super::Finding::event`] writes it: the code, with the properties behind it. `None`
/// if the code has no words.
pub fn told(reason: &str) -> Option<Told> {
    let (code, properties) = reason.split_once(' ').unwrap_or((reason, ""));
    let Words { english, french } = words(code)?;
    let is_named = |property: &&str| {
        let name = property.split('=').next().unwrap_or_default();
        names(english).any(|named| named == name)
    };
    let rest: Vec<_> = properties.split(' ').filter(|property| !is_named(property)).collect();
    Some(Told {
        english: filled(english, properties, "this domain"),
        french: filled(french, properties, "ce domaine"),
        rest: rest.join(" "),
    })
}

/// Returns the names of the properties that words name.
fn names(words: &str) -> impl Iterator<Item = &str> {
    words.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0)).flat_map(|names| names.split('|'))
}

/// Puts the values of properties into words. `{a|b}` is the first of the two that is there; if none is, `otherwise` stands
/// there.
fn filled(words: &str, properties: &str, otherwise: &str) -> String {
    let mut text = String::new();
    let mut rest = words;
    while let Some((before, (names, after))) = rest.split_once('{').and_then(|(b, a)| Some((b, a.split_once('}')?))) {
        let value = |name| properties.split(' ').find_map(|property| property.strip_prefix(name)?.strip_prefix('='));
        text.push_str(before);
        text.push_str(names.split('|').find_map(value).filter(|value| !value.is_empty()).unwrap_or(otherwise));
        rest = after;
    }
    text + rest
}

/// A code, and its words in English and French.
type Entry = (&'static str, &'static str, &'static str);

const GENERAL: &[Entry] = &[
    (CHECK_FAILED, "the check could not be done", "le contrôle n'a pas pu être fait"),
    (CHECK_LATE, "the check took too long", "le contrôle a pris trop de temps"),
    (
        SIGNATURES_LOST,
        "the next server takes 7-bit letters only; the letter was rewritten, and its signatures are lost",
        "le serveur suivant ne prend que des lettres en 7 bits ; celle-ci a été récrite, et ses signatures sont perdues",
    ),
    (SIGNED, "it leaves with the signature of its domain", "elle part avec la signature de son domaine"),
    (
        KEY_UNUSABLE,
        "a key of its domain cannot be used, and it leaves without that signature",
        "une clé de son domaine est inutilisable, et elle part sans cette signature",
    ),
    (
        SEVERAL_FROM,
        "it has several From fields, which no letter may have, and leaves without a signature",
        "elle a plusieurs champs From, ce que nulle lettre ne doit avoir, et part sans signature",
    ),
];

/// The fates of letters that go on to another house.
const FORWARD: &[Entry] = &[
    (
        "forward-suspect",
        "it is kept here and does not go on: it is not sure who has sent it, or it lies in the junk folder",
        "elle reste ici et n'est pas transmise : son expéditeur n'est pas sûr, ou elle se trouve dans les indésirables",
    ),
    (
        "forward-paused",
        "it is kept here and does not go on: the server there has refused several letters in a row as spam",
        "elle reste ici et n'est pas transmise : le serveur de là-bas a refusé plusieurs lettres de suite comme spam",
    ),
    (
        "forward-waits",
        "many letters go there; it waits for its turn",
        "beaucoup de lettres y vont ; elle attend son tour",
    ),
    (
        "forward-returned",
        "it was not taken there; the owner of the address has it here",
        "elle n'y a pas été prise ; la personne à qui est l'adresse l'a ici",
    ),
];

/// The findings about the address that a letter left from.
const SOURCES: &[Entry] = &[
    (
        SOURCE_CONFIRMED,
        "it left from {policy.ip}, whose name is {policy.name}, as it should be",
        "elle est partie de {policy.ip}, dont le nom est {policy.name}, comme il se doit",
    ),
    (
        SOURCE_NOT_CONFIRMED,
        "it left from {policy.ip}, whose reverse name is not {policy.name}: many servers distrust that; whoever gave you the \
         address can set its name",
        "elle est partie de {policy.ip}, dont le nom inverse n'est pas {policy.name} : bien des serveurs s'en méfient ; qui \
         vous a donné l'adresse peut régler son nom",
    ),
    (
        SOURCE_UNKNOWN,
        "it left from {policy.ip}; the name servers could not say whether its name is {policy.name}",
        "elle est partie de {policy.ip} ; les serveurs de noms n'ont pu dire si son nom est {policy.name}",
    ),
];

/// The findings of the administrator's lists.
const LISTS: &[Entry] = &[
    (
        LISTED,
        "the administrator takes no letters from {policy.entry}",
        "l'administrateur ne prend pas de lettres de {policy.entry}",
    ),
    (
        ALLOWED,
        "the administrator lets letters from {policy.entry} in, whatever is found about them",
        "l'administrateur laisse entrer les lettres de {policy.entry}, quoi qu'on y trouve",
    ),
];

/// The findings of others whom we trust about the sender.
const BY_WORD: &[Entry] = &[
    (
        SENDER_BY_WORD,
        "really from {header.from}, by the word of {policy.by}",
        "vient vraiment de {header.from}, selon {policy.by}",
    ),
    (
        SENDER_NOT_PROVED_BY_WORD,
        "says it is from {header.from}; {policy.by} found no proof of it. If it asks for money, a password or a click, \
         ask them by another way first",
        "dit venir de {header.from} ; {policy.by} n'en a trouvé aucune preuve. Si elle demande de l'argent, un mot de \
         passe ou un clic, demandez-leur d'abord par un autre chemin",
    ),
    (
        SENDER_BY_FORWARDER,
        "really from {header.from}, by the word of {arc.d}, which passed it on and which you trust",
        "vient vraiment de {header.from}, selon {arc.d}, qui l'a fait suivre et à qui vous vous fiez",
    ),
];

const DMARC: &[Entry] = &[
    (DMARC_PROVED, "really from {header.from}", "vient vraiment de {header.from}"),
    (
        DMARC_NOT_PROVED,
        "says it is from {header.from}; nothing proves it. If it asks for money, a password or a click, ask them by \
         another way first",
        "dit venir de {header.from} ; rien ne le prouve. Si elle demande de l'argent, un mot de passe ou un clic, \
         demandez-leur d'abord par un autre chemin",
    ),
    (
        DMARC_QUARANTINE,
        "nothing proves that it is from {header.from}, whose owner warns of such letters. Do not answer, and open nothing \
         in it before you have asked them by another way",
        "rien ne prouve qu'elle vient de {header.from}, dont le titulaire met en garde contre de telles lettres. Ne \
         répondez pas, et n'y ouvrez rien avant de leur avoir demandé par un autre chemin",
    ),
    (
        DMARC_REJECT,
        "nothing proves that it is from {header.from}, whose owner asks to refuse such letters. Do not answer, and open \
         nothing in it before you have asked them by another way",
        "rien ne prouve qu'elle vient de {header.from}, dont le titulaire demande de refuser de telles lettres. Ne \
         répondez pas, et n'y ouvrez rien avant de leur avoir demandé par un autre chemin",
    ),
    (
        OWN_NOT_PROVED,
        "says it is from {header.from}, which is at home here, but it came from outside and nothing proves it. Do not \
         answer, and ask the person",
        "dit venir de {header.from}, qui est de la maison, mais elle est venue du dehors et rien ne le prouve. Ne \
         répondez pas, et demandez à la personne",
    ),
    (
        SIGNED_BEFORE,
        "{header.from} has signed its letters to this person before",
        "{header.from} a déjà signé ses lettres à cette personne",
    ),
    (
        DMARC_NO_RECORD,
        "{header.from} does not say how its letters can be told from forgeries",
        "{header.from} ne dit pas comment distinguer ses lettres des fausses",
    ),
    ("dmarc-no-author", "the letter does not say who wrote it", "la lettre ne dit pas qui l'a écrite"),
    (
        "dmarc-too-many-authors",
        "the letter names several authors, so that nobody can say whose proof counts",
        "la lettre nomme plusieurs auteurs, et on ne peut dire de qui la preuve compte",
    ),
    (
        "dmarc-no-answer",
        "the name servers of {header.from} could not say now what it asks of its letters",
        "les serveurs de noms de {header.from} n'ont pu dire pour l'instant ce qu'il attend de ses lettres",
    ),
    (
        "dmarc-no-proof-yet",
        "a proof for {header.from} could not be checked now, since name servers did not answer",
        "une preuve pour {header.from} n'a pu être vérifiée pour l'instant, des serveurs de noms n'ayant pas répondu",
    ),
];

const SPF: &[Entry] = &[
    (
        SPF_NOT_PERMITTED,
        "{smtp.mailfrom|smtp.helo} does not let this server send its letters",
        "{smtp.mailfrom|smtp.helo} ne permet pas à ce serveur d'envoyer ses lettres",
    ),
    (
        SPF_NOT_EXPECTED,
        "{smtp.mailfrom|smtp.helo} does not expect this server to send its letters",
        "{smtp.mailfrom|smtp.helo} ne s'attend pas à ce que ce serveur envoie ses lettres",
    ),
    (
        SPF_AUTHOR_NOT_PERMITTED,
        "{header.from} does not let this server send its letters",
        "{header.from} ne permet pas à ce serveur d'envoyer ses lettres",
    ),
    ("spf-not-a-domain", "the sender's domain cannot exist", "le domaine de l'expéditeur ne peut exister"),
    (
        "spf-no-record",
        "{smtp.mailfrom|smtp.helo} does not say which servers send its letters",
        "{smtp.mailfrom|smtp.helo} ne dit pas quels serveurs envoient ses lettres",
    ),
    (
        "spf-no-answer",
        "the name servers of {smtp.mailfrom|smtp.helo} could not say now which servers send its letters",
        "les serveurs de noms de {smtp.mailfrom|smtp.helo} n'ont pu dire pour l'instant quels serveurs envoient ses lettres",
    ),
    (
        "spf-several-records",
        "{smtp.mailfrom|smtp.helo} has several SPF records, so that none counts; its postmaster should keep one",
        "{smtp.mailfrom|smtp.helo} a plusieurs enregistrements SPF, et aucun ne compte ; son postmaster devrait en garder un",
    ),
    (
        "spf-not-ascii",
        "the SPF record of {smtp.mailfrom|smtp.helo} has characters that it may not have",
        "l'enregistrement SPF de {smtp.mailfrom|smtp.helo} a des caractères qu'il ne peut avoir",
    ),
    (
        "spf-syntax",
        "the SPF record of {smtp.mailfrom|smtp.helo} is malformed",
        "l'enregistrement SPF de {smtp.mailfrom|smtp.helo} est mal formé",
    ),
    (
        "spf-leads-nowhere",
        "the SPF record of {smtp.mailfrom|smtp.helo} leads to a domain that has none",
        "l'enregistrement SPF de {smtp.mailfrom|smtp.helo} mène à un domaine qui n'en a pas",
    ),
    (
        "spf-too-many-lookups",
        "the SPF record of {smtp.mailfrom|smtp.helo} asks for more than ten look-ups",
        "l'enregistrement SPF de {smtp.mailfrom|smtp.helo} demande plus de dix recherches",
    ),
    (
        "spf-too-many-void-lookups",
        "the SPF record of {smtp.mailfrom|smtp.helo} asks for too many names that do not exist",
        "l'enregistrement SPF de {smtp.mailfrom|smtp.helo} demande trop de noms qui n'existent pas",
    ),
    (
        "spf-too-many-mx",
        "the SPF record of {smtp.mailfrom|smtp.helo} leads to too many servers",
        "l'enregistrement SPF de {smtp.mailfrom|smtp.helo} mène à trop de serveurs",
    ),
];

const IPREV: &[Entry] = &[
    (
        IPREV_CLAIMED,
        "the name of the sending server does not lead back to it",
        "le nom du serveur expéditeur ne ramène pas à lui",
    ),
    (IPREV_NO_NAME, "the sending server has no name", "le serveur expéditeur n'a pas de nom"),
    (
        IPREV_GENERIC,
        "the name of the sending server is one that a provider gives to every line",
        "le nom du serveur expéditeur est de ceux qu'un fournisseur donne à chaque ligne",
    ),
];

const DKIM: &[Entry] = &[
    ("dkim-valid", "{header.d} answers for the letter as it is", "{header.d} répond de la lettre telle qu'elle est"),
    (
        "dkim-body-changed",
        "the text is not the one that {header.d} signed: somebody changed it on its way, often a mailing list",
        "le texte n'est pas celui que {header.d} a signé : quelqu'un l'a changé en chemin, souvent une liste de diffusion",
    ),
    (
        "dkim-header-changed",
        "the header is not the one that {header.d} signed, or another key signed it",
        "l'en-tête n'est pas celui que {header.d} a signé, ou une autre clé l'a signé",
    ),
    (
        "dkim-expired",
        "the signature of {header.d} was valid until a time that is over",
        "la signature de {header.d} valait jusqu'à un moment qui est passé",
    ),
    (
        "dkim-future",
        "the signature of {header.d} was made in the future; the clock of its server is wrong",
        "la signature de {header.d} a été faite dans le futur ; l'horloge de son serveur est fausse",
    ),
    (
        "dkim-part-of-body",
        "{header.d} signed only the beginning of the text; anybody may have written the rest",
        "{header.d} n'a signé que le début du texte ; n'importe qui a pu écrire le reste",
    ),
    (
        "dkim-several-from",
        "the letter names several senders, so that a signature does not say which one is meant",
        "la lettre nomme plusieurs expéditeurs, et une signature ne dit pas duquel il s'agit",
    ),
    (
        "dkim-from-not-signed",
        "the signature of {header.d} does not cover the sender",
        "la signature de {header.d} ne couvre pas l'expéditeur",
    ),
    (
        "dkim-foreign-identity",
        "the signature of {header.d} speaks for somebody who does not belong to it",
        "la signature de {header.d} parle pour quelqu'un qui n'en fait pas partie",
    ),
    (
        "dkim-unknown",
        "the signature of {header.d} is of a kind that is not known",
        "la signature de {header.d} est d'une sorte inconnue",
    ),
    (
        "dkim-sha1",
        "{header.d} signs in an old way (SHA-1) that proves nothing any more",
        "{header.d} signe d'une ancienne façon (SHA-1) qui ne prouve plus rien",
    ),
    (
        "dkim-weak-key",
        "the key of {header.d} is so short that anybody can forge its signatures",
        "la clé de {header.d} est si courte que n'importe qui peut imiter ses signatures",
    ),
    (
        "dkim-no-key",
        "{header.d} publishes no key for this signature",
        "{header.d} ne publie pas de clé pour cette signature",
    ),
    (
        "dkim-key-revoked",
        "{header.d} has withdrawn the key of this signature",
        "{header.d} a retiré la clé de cette signature",
    ),
    (
        "dkim-other-key",
        "the key that {header.d} publishes is not for signatures like this one",
        "la clé que {header.d} publie n'est pas faite pour une telle signature",
    ),
    (
        "dkim-malformed-key",
        "the key that {header.d} publishes cannot be read",
        "la clé que {header.d} publie est illisible",
    ),
    ("dkim-malformed", "a signature cannot be read", "une signature est illisible"),
    (
        "dkim-no-answer",
        "the name servers of {header.d} could not say its key now",
        "les serveurs de noms de {header.d} n'ont pu donner sa clé pour l'instant",
    ),
    (
        "dkim-too-many",
        "the letter has more signatures than are checked",
        "la lettre a plus de signatures qu'on n'en vérifie",
    ),
    ("dkim-header-too-large", "the header is too large to be checked", "l'en-tête est trop grand pour être vérifié"),
];

const ARC: &[Entry] = &[
    (
        "arc-valid",
        "everybody who passed the letter on says what they found, {arc.d} last, and nobody changed that",
        "tous ceux qui ont fait suivre la lettre disent ce qu'ils ont trouvé, {arc.d} en dernier, et nul ne l'a changé",
    ),
    (
        "arc-said-broken",
        "somebody who passed the letter on says that its chain was broken before",
        "quelqu'un qui a fait suivre la lettre dit que sa chaîne était déjà rompue",
    ),
    (
        "arc-incomplete",
        "the chain of those who passed the letter on has gaps, and proves nothing",
        "la chaîne de ceux qui ont fait suivre la lettre a des trous, et ne prouve rien",
    ),
    (
        "arc-too-long",
        "the chain of those who passed the letter on is longer than is checked",
        "la chaîne de ceux qui ont fait suivre la lettre est trop longue pour être vérifiée",
    ),
    (
        "arc-malformed",
        "the chain of those who passed the letter on cannot be read",
        "la chaîne de ceux qui ont fait suivre la lettre est illisible",
    ),
    (
        "arc-letter-changed",
        "the letter is not the one that the last of those who passed it on sealed",
        "la lettre n'est pas celle que le dernier à l'avoir fait suivre a scellée",
    ),
    (
        "arc-seal-broken",
        "a seal of those who passed the letter on does not fit, and the chain proves nothing",
        "un sceau de ceux qui ont fait suivre la lettre ne convient pas, et la chaîne ne prouve rien",
    ),
    (
        "arc-no-key",
        "somebody who passed the letter on publishes no key that proves anything",
        "quelqu'un qui a fait suivre la lettre ne publie aucune clé qui prouve quelque chose",
    ),
    (
        "arc-no-answer",
        "the name servers could not say now the keys of those who passed the letter on",
        "les serveurs de noms n'ont pu donner pour l'instant les clés de ceux qui ont fait suivre la lettre",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Finding;

    fn all() -> impl Iterator<Item = &'static Entry> {
        [GENERAL, FORWARD, LISTS, SOURCES, BY_WORD, DMARC, SPF, IPREV, DKIM, ARC].into_iter().flatten()
    }

    #[test]
    fn every_code_has_words_in_both_languages_that_name_the_same_properties() {
        let named = |words: &str| names(words).map(str::to_owned).collect::<std::collections::BTreeSet<String>>();
        let mut codes = std::collections::BTreeSet::new();
        for (code, english, french) in all() {
            assert!(codes.insert(code), "{code} is there twice");
            assert!(!english.is_empty() && !french.is_empty() && english != french, "{code}");
            assert_eq!(named(english), named(french), "{code}");
            assert_eq!(Finding::new("x", "y").because(code).code(), *code, "a code that a finding keeps");
        }
        assert_eq!(words("no-such-code"), None);
    }

    #[test]
    fn a_finding_is_told_with_its_values_in_the_words() {
        let reason = |finding: Finding| match finding.event() {
            crate::trace::Event::Judged { reason, .. } => reason,
            _ => String::new(),
        };
        let proved = Finding::new("dmarc", "pass").because(DMARC_PROVED).about("header.from", "impots.gouv.fr");
        let told_of = told(&reason(proved.about("policy.p", "reject"))).unwrap();
        assert_eq!(
            (told_of.english.as_str(), told_of.rest.as_str()),
            ("really from impots.gouv.fr", "policy.p=reject")
        );
        assert_eq!(told_of.french, "vient vraiment de impots.gouv.fr");
        assert_eq!(told("dkim-valid").unwrap().english, "this domain answers for the letter as it is");
        let helo = told("spf-not-permitted smtp.helo=mx.test").unwrap();
        assert_eq!(helo.english, "mx.test does not let this server send its letters");
        assert_eq!(told("check-late").unwrap().rest, "");
        assert_eq!(told("of-tomorrow header.d=x"), None);
    }

    #[test]
    fn a_foreign_value_stays_a_value() {
        let told_of = told("dkim-valid header.d={header.d} header.s=a=b").unwrap();
        assert_eq!(told_of.english, "{header.d} answers for the letter as it is");
        assert_eq!(told_of.rest, "header.s=a=b");
    }
}
