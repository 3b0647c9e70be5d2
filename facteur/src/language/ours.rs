//! The sentences of our own in which a fetch reports what stopped it. They are kept with the source, in English, before
//! anybody knows who will read them; whoever reads them gets them in a language of theirs, and not in quotation marks as
//! if a server had said them.

use mail::sentence::{filled, holes};

use super::system::system_words_in;
use super::{Language, say};

/// The most sentences inside a sentence.
const DEEPEST: u8 = 4;

/// The sentences as the rooms of the fetch write them, with `{}` for each hole, and in French with the holes in the
/// same order. A test reads the rooms and asks for each of their sentences.
#[rustfmt::skip]
const SENTENCES: &[[&str; 2]] = &[
    // The way there.
    ["it has no address", "il n'a pas d'adresse"],
    ["there is no such host", "ce serveur n'existe pas"],
    ["no answer within {} seconds", "pas de réponse en {} secondes"],
    ["the name server does not look for answers elsewhere", "le serveur de noms ne cherche pas de réponse ailleurs"],
    ["the aliases of {} do not end", "les alias de {} ne finissent pas"],
    ["the peer closed the connection", "l'autre côté a coupé la connexion"],
    ["the peer was silent for too long", "l'autre côté s'est tu trop longtemps"],
    ["the peer sent far too much without a line end", "l'autre côté a envoyé beaucoup trop sans fin de ligne"],
    ["the line is longer than {} octets", "la ligne fait plus de {} octets"],
    ["TLS with {}: {}", "TLS avec {} : {}"],
    ["{} offers no TLS: {}", "{} ne propose pas TLS : {}"],
    ["{} offers no TLS", "{} ne propose pas TLS"],
    ["{} says nothing at port {} and takes TLS there: write imaps:// or pop3s:// for it",
     "{} ne dit rien au port {} et y attend TLS : écrivez imaps:// ou pop3s://"],
    ["{} does not begin with TLS at port {}: write imap:// or pop3:// for it, which turn TLS on later",
     "{} ne commence pas par TLS au port {} : écrivez imap:// ou pop3://, qui passent à TLS ensuite"],
    ["its certificate has expired (SHA-256 {})", "son certificat a expiré (SHA-256 {})"],
    ["its certificate is not valid yet (SHA-256 {})", "son certificat n'est pas encore valable (SHA-256 {})"],
    ["its certificate is for another name (SHA-256 {})", "son certificat est pour un autre nom (SHA-256 {})"],
    ["its certificate is for {} (SHA-256 {})", "son certificat est pour {} (SHA-256 {})"],
    ["its certificate is signed by itself (SHA-256 {})", "son certificat est signé par lui-même (SHA-256 {})"],
    ["the issuer of its certificate is not known here (SHA-256 {})", "l'autorité de son certificat n'est pas connue ici (SHA-256 {})"],
    ["its certificate was revoked (SHA-256 {})", "son certificat a été révoqué (SHA-256 {})"],
    ["its certificate is not good: {} (SHA-256 {})", "son certificat n'est pas bon ({}, SHA-256 {})"],
    // The log-in.
    ["there is no password for it", "il n'y a pas de mot de passe pour elle"],
    ["the stored password cannot be read with the key in fetch.key; add the source again",
     "le mot de passe gardé ne se lit pas avec la clé dans fetch.key ; ajoutez la source de nouveau"],
    ["the stored log-in cannot be understood; add the source again",
     "la connexion gardée est incompréhensible ; ajoutez la source de nouveau"],
    ["the server offers no way to log in that we know", "le serveur ne propose aucune façon connue de se connecter"],
    ["the server takes no tokens", "le serveur n'accepte pas de jetons"],
    ["the name or the password cannot be sent in a line", "le nom ou le mot de passe ne tient pas dans une ligne"],
    ["it keeps asking and never ends the log-in", "il ne cesse de demander et n'achève pas la connexion"],
    ["{} does not let us in any more ({}): log in again", "{} ne nous laisse plus entrer ({}) : connectez-vous de nouveau"],
    ["{} does not take the registration of this program ({}): check client id, secret and scopes",
     "{} n'accepte pas l'inscription de ce programme ({}) : vérifiez l'identifiant, le secret et les droits"],
    ["{} gives no token now: {}", "{} ne donne pas de jeton en ce moment : {}"],
    ["the new token could not be kept: {}", "le nouveau jeton n'a pas pu être gardé : {}"],
    ["it has no log-in in the browser", "il n'a pas de connexion par navigateur"],
    ["it has no log-in from another device", "il n'a pas de connexion depuis un autre appareil"],
    ["its answer (status {}) holds no code", "sa réponse (état {}) ne contient pas de code"],
    ["the code was not used in time", "le code n'a pas été utilisé à temps"],
    ["it answered with status {}", "il a répondu par l'état {}"],
    ["its answer (status {}) is not the JSON of a token", "sa réponse (état {}) n'est pas le JSON d'un jeton"],
    ["it gives a token of the kind {}", "il donne un jeton de la sorte {}"],
    ["it gives no token that could be used", "il ne donne aucun jeton utilisable"],
    ["it gave no token", "il n'a pas donné de jeton"],
    // The conversation.
    ["the server does not speak POP3", "le serveur ne parle pas POP3"],
    ["the server sent a letter without end", "le serveur a envoyé une lettre sans fin"],
    ["the server sent a list without end", "le serveur a envoyé une liste sans fin"],
    ["the server sent a line without end", "le serveur a envoyé une ligne sans fin"],
    ["the server sent too many pieces in one answer", "le serveur a envoyé trop de morceaux dans une réponse"],
    ["the server announced {} octets", "le serveur a annoncé {} octets"],
    ["the server ended the conversation: {}", "le serveur a mis fin à la conversation : {}"],
    ["the server answered {}", "le serveur a répondu {}"],
    ["the server refuses without a word", "le serveur refuse sans un mot"],
    ["{}: the server asks for more", "{} : le serveur en demande plus"],
    ["no greeting but {}", "au lieu d'un accueil, {}"],
    ["more than anybody can read", "plus que l'on ne peut lire"],
    ["more than anybody asked for", "plus que l'on n'a demandé"],
    ["the answer to {} makes no sense: {}", "la réponse à {} n'a pas de sens : {}"],
    ["it was asked to end", "il lui a été demandé de finir"],
    // Folders and letters.
    ["there is no folder called {}", "aucun dossier ne s'appelle {}"],
    ["a folder is called {}", "un dossier s'appelle {}"],
    ["the server has renumbered its letters meanwhile", "le serveur a renuméroté ses lettres entre-temps"],
    ["{}: the server gives no UIDVALIDITY, so its letters have no names",
     "{} : le serveur ne donne pas d'UIDVALIDITY, ses lettres n'ont donc pas de nom"],
    ["the server found more letters than the folder has", "le serveur a trouvé plus de lettres que le dossier n'en a"],
    ["the server says that there are {} letters and shows {}", "le serveur dit qu'il y a {} lettres et en montre {}"],
    ["the server says that there are {} letters and lists {}", "le serveur dit qu'il y a {} lettres et en énumère {}"],
    ["the server gives an empty letter", "le serveur donne une lettre vide"],
    ["the server says that it is there, and does not give it", "le serveur dit qu'elle y est, et ne la donne pas"],
    ["its letters have new numbers there", "ses lettres y ont de nouveaux numéros"],
    ["the unique-ids of a maildrop name other letters than before",
     "les identifiants uniques de la boîte désignent d'autres lettres qu'avant"],
    ["the connection broke", "la connexion s'est rompue"],
    ["no more letters are taken", "plus aucune lettre n'est prise"],
    ["{} is no place for letters", "{} n'est pas un endroit pour des lettres"],
    ["{} is no server", "{} n'est pas un serveur"],
    ["the delivery agent did not take a letter: {}", "l'agent de distribution n'a pas pris une lettre : {}"],
];

/// Returns the sentence in the language, if it is one of ours. `None`: somebody else has said it.
pub fn in_language(said: &str, language: Language) -> Option<String> {
    inside(said, language, DEEPEST)
}

fn inside(said: &str, language: Language, deepest: u8) -> Option<String> {
    let deepest = deepest.checked_sub(1)?;
    let told = |hole: &str| {
        let told = inside(hole, language, deepest).or_else(|| system_words_in(hole, language));
        told.unwrap_or_else(|| hole.to_owned())
    };
    let sentence = SENTENCES.iter().find_map(|[english, french]| {
        let holes = holes(english, said)?;
        let words = if language == Language::French { french } else { english };
        Some(filled(words, holes.into_iter().map(told)))
    });
    sentence.or_else(|| {
        // The server, or the command, to which it happened.
        let (about, rest) = said.split_once(": ").filter(|(about, _)| !about.is_empty() && !about.contains(' '))?;
        let rest = inside(rest, language, deepest).or_else(|| system_words_in(rest, language))?;
        Some(say!(in language; "{about}: {rest}", "{about} : {rest}"))
    })
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;

    fn french(said: &str) -> Option<String> {
        in_language(said, Language::French)
    }

    #[test]
    fn our_sentences_are_said_in_the_language_of_the_reader_and_no_others() {
        for (said, told) in [
            ("imap.beta.test: there is no such host", "imap.beta.test : ce serveur n'existe pas"),
            ("imap.beta.test:993: Connection refused (os error 111)", "imap.beta.test:993 : personne n'y répond"),
            (
                "TLS with imap.beta.test: its certificate is for a.test, b.test (SHA-256 AB:CD)",
                "TLS avec imap.beta.test : son certificat est pour a.test, b.test (SHA-256 AB:CD)",
            ),
            (
                "login.test gives no token now: its answer (status 500) is not the JSON of a token",
                "login.test ne donne pas de jeton en ce moment : sa réponse (état 500) n'est pas le JSON d'un jeton",
            ),
            ("PASS: the server refuses without a word", "PASS : le serveur refuse sans un mot"),
        ] {
            assert_eq!(french(said).as_deref(), Some(told));
        }
        let english = "mx.test:143: it has no address";
        assert_eq!(in_language(english, Language::English).as_deref(), Some(english));
        for foreign in ["LOGIN: [AUTH] no such user", "", "{}", ": : : :", "the server answered ", "é offers no TLSé"]
        {
            assert_eq!(french(foreign), None, "{foreign}");
        }
        assert_eq!(french(&"a: ".repeat(100_000)), None);
    }

    #[test]
    fn both_languages_have_the_same_holes() {
        for [english, french] in SENTENCES {
            assert_eq!(english.matches("{}").count(), french.matches("{}").count(), "{english}");
        }
    }

    /// The folders in which sentences are written that stop a fetch, from that of this crate.
    const ROOMS: [&str; 2] = ["../chain/mra/src", "../chain/intake/src/fetched"];

    /// Sentences that nobody reads as the fault of a fetch: commands of the protocols, the words of commands that the
    /// command line says in both languages by itself, and those of the log.
    const OTHER: &[&str] = &[
        "there is a source called {} already",
        "there is no source called {}",
        "there are {} sources, which is the most there can be",
        "the settings of the source {} are damaged; remove it and add it again",
        "{} is not an https address",
        "no fetch for a day, or the clock was set: nothing is deleted there now",
        "a letter was left where it is",
        "try again later",
        "facteur fetch: a letter by its header",
        "facteur fetch: a letter by its content",
        "how a fetch went could not be written down",
        "the sources to fetch from could not be read",
        "a source to fetch from could not be read",
        "cannot fetch; facteur fetch list tells when it is tried again",
        "letters deleted there",
        "a folder was left as it is",
        "not deleted there: others are marked as deleted too",
        "not deleted there: nothing proves that they are those here",
        "the delivery agent refuses a letter, which stays where it is",
        "a folder could not be made",
        "a label becomes no folder",
        "the labels of a letter could not be followed",
        "labels are followed in the next round",
    ];

    fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder of the house").flatten() {
            let path = entry.path();
            match path.is_dir() {
                true => sources(&path, into),
                false if path.extension().is_some_and(|ending| ending == "rs") => into.push(path),
                false => {}
            }
        }
    }

    /// Returns the sentences in the sources of a file: texts of some words in small letters that are no statement of SQL,
    /// with `{}` for each hole.
    fn sentences(text: &str) -> Vec<String> {
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let lines = code.lines().map(str::trim_start).filter(|line| !line.starts_with("//"));
        let code = lines.collect::<Vec<_>>().join("\n").replace("\\\n", "").replace("\\\"", "'");
        let quoted = code.split('"').skip(1).step_by(2).filter(|text| !text.contains('\n'));
        let hole = |text: &str| {
            let mut pieces = text.split('{');
            let first = pieces.next().unwrap_or_default().to_owned();
            pieces.fold(first, |all, piece| all + "{}" + piece.split_once('}').map_or(piece, |(_, rest)| rest))
        };
        let is_sentence = |text: &String| {
            let words = text.split(' ').filter(|word| word.len() > 1 && word.chars().all(|c| c.is_ascii_lowercase()));
            words.count() >= 3 && !text.contains(" WHERE ")
        };
        quoted.map(hole).filter(is_sentence).collect()
    }

    #[test]
    fn every_sentence_that_stops_a_fetch_has_its_french() {
        let mut files = Vec::new();
        ROOMS.iter().for_each(|room| sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(room), &mut files));
        assert!(files.len() > 50, "the rooms lie elsewhere");
        let mut found = 0;
        for file in files {
            for sentence in sentences(&std::fs::read_to_string(&file).expect("a source")) {
                found += 1;
                let is_known = OTHER.contains(&&*sentence) || french(&sentence.replace("{}", "x")).is_some();
                assert!(is_known, "{}: give this its French: {sentence}", file.display());
            }
        }
        assert!(found > 30, "only {found} sentences were read");
    }
}
