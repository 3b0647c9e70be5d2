//! The sentences in which this server says what it found out itself about a letter, and in which it refuses one. They are
//! kept with the recipient in English; a report says them in both languages, and quotes only what others said.

use mail::sentence::{filled, holes};

/// The most sentences inside a sentence.
const DEEPEST: u8 = 4;

/// The sentences as delivery and filing write them, with `{}` for each hole, and in French with the holes in the same order.
/// A test reads the rooms and asks for each of their sentences.
#[rustfmt::skip]
const SENTENCES: &[[&str; 2]] = &[
    // The domain and its servers.
    ["the domain {} does not exist", "le domaine {} n'existe pas"],
    ["the domain {} has neither a mail server nor an address", "le domaine {} n'a ni serveur de courrier ni adresse"],
    ["{} is no address", "{} n'est pas une adresse"],
    ["{} takes no mail (it has a null MX record)", "{} ne reçoit pas de courrier (son enregistrement MX est nul)"],
    ["the mail server of {} is this server, which does not know the domain",
     "le serveur de courrier de {} est ce serveur, qui ne connaît pas ce domaine"],
    ["the mail server {} is this machine, which takes no letters for the domain",
     "le serveur de courrier {} est cette machine, qui ne prend pas de lettres pour ce domaine"],
    ["{} calls itself {}, as this server does: the letter would go round in circles",
     "{} se nomme {}, comme ce serveur : la lettre tournerait en rond"],
    ["the mail server {} has no address", "le serveur de courrier {} n'a pas d'adresse"],
    ["the mail server {} does not exist", "le serveur de courrier {} n'existe pas"],
    ["the domain name system gave no answer: {}", "le système des noms de domaine n'a pas répondu : {}"],
    ["its mail servers were too slow to answer", "ses serveurs de courrier ont été trop lents à répondre"],
    ["no host of it was left to try", "il ne restait aucun de ses serveurs à essayer"],
    // The conversation.
    ["connecting to {}: {}", "connexion à {} : {}"],
    ["the greeting of {}: {}", "accueil de {} : {}"],
    ["EHLO to {}: {}", "EHLO à {} : {}"],
    ["LHLO to {}: {}", "LHLO à {} : {}"],
    ["STARTTLS with {}: {}", "STARTTLS avec {} : {}"],
    ["TLS with {}: {}", "TLS avec {} : {}"],
    ["log-in at {}: {}", "connexion au compte auprès de {} : {}"],
    ["the connection to {} broke during the log-in: {}", "la connexion à {} s'est rompue pendant l'identification : {}"],
    ["{} offers no TLS, and a password is not sent in clear",
     "{} ne propose pas TLS, et un mot de passe n'est pas envoyé en clair"],
    ["{} offers no TLS", "{} ne propose pas TLS"],
    ["{} offers no way to log in that we know", "{} ne propose aucune façon connue de se connecter"],
    ["{} closed the connection at MAIL", "{} a coupé la connexion à MAIL"],
    ["the connection to {} broke at MAIL: {}", "la connexion à {} s'est rompue à MAIL : {}"],
    ["the connection to {} broke at RCPT: {}", "la connexion à {} s'est rompue à RCPT : {}"],
    ["the connection to {} broke at DATA: {}", "la connexion à {} s'est rompue à DATA : {}"],
    ["the connection to {} broke while the letter was sent: {}",
     "la connexion à {} s'est rompue pendant l'envoi de la lettre : {}"],
    ["the connection to {} broke before the letter was acknowledged: {}",
     "la connexion à {} s'est rompue avant l'accusé de réception de la lettre : {}"],
    ["the transaction ended without an answer", "l'échange s'est terminé sans réponse"],
    ["this server is closing", "ce serveur s'arrête"],
    ["the peer closed the connection", "l'autre côté a coupé la connexion"],
    ["the peer was silent for too long", "l'autre côté s'est tu trop longtemps"],
    ["the peer sent far too much without a line end", "l'autre côté a envoyé beaucoup trop sans fin de ligne"],
    ["the line is longer than {} octets", "la ligne fait plus de {} octets"],
    ["no answer for {} seconds, while others waited", "pas de réponse en {} secondes, alors que d'autres attendaient"],
    ["the server sent a line that is no SMTP reply", "le serveur a envoyé une ligne qui n'est pas une réponse SMTP"],
    ["the server changed its reply code between two lines of one reply",
     "le serveur a changé de code entre deux lignes d'une même réponse"],
    ["the server sent a reply line that is too long", "le serveur a envoyé une ligne de réponse trop longue"],
    ["the server sent a reply of too many lines", "le serveur a envoyé une réponse de trop de lignes"],
    // The letter.
    ["the letter has {} bytes, and {} takes {} at most", "la lettre fait {} octets, et {} en prend {} au plus"],
    ["the address is international (SMTPUTF8), which {} does not know",
     "l'adresse est internationale (SMTPUTF8), ce que {} ne connaît pas"],
    ["the letter has international addresses or headers (SMTPUTF8), which {} does not know",
     "la lettre a des adresses ou des en-têtes internationaux (SMTPUTF8), ce que {} ne connaît pas"],
    ["{} takes no 8-bit letters, and this one cannot be rewritten: {}",
     "{} ne prend pas de lettres de 8 bits, et celle-ci ne peut être réécrite : {}"],
    ["a header of the letter has characters beyond ASCII", "un en-tête de la lettre a des caractères hors d'ASCII"],
    ["a signed part of the letter has 8-bit text", "une partie signée de la lettre a du texte de 8 bits"],
    ["a part of the letter is not what its Content-Transfer-Encoding says",
     "une partie de la lettre n'est pas ce que dit son Content-Transfer-Encoding"],
    ["nobody says in which charset the letter is written", "rien ne dit dans quel jeu de caractères la lettre est écrite"],
    ["the parts of the letter are nested too deeply", "les parties de la lettre sont trop imbriquées"],
    ["the letter was damaged on the disk of this server after it was taken, and cannot be sent",
     "la lettre a été abîmée sur le disque de ce serveur après son acceptation, et ne peut être envoyée"],
    ["the letter could not be read: {}", "la lettre n'a pas pu être lue : {}"],
    ["the letter could not be delivered within the time that its sender had set",
     "la lettre n'a pas pu être remise dans le délai que son expéditeur avait fixé"],
    ["{} does not promise to deliver the letter in time, as its sender wants it",
     "{} ne s'engage pas à remettre la lettre à temps, comme son expéditeur le veut"],
    ["it has not been tried yet", "elle n'a pas encore été essayée"],
    // The answers of this server itself.
    ["nobody here is called {}", "personne ici ne s'appelle {}"],
    ["nobody here has that address", "personne ici n'a cette adresse"],
    ["this letter goes round in circles", "cette lettre tourne en rond"],
    ["letters for others are taken only from people who have logged in",
     "les lettres pour d'autres ne sont prises que de personnes qui se sont connectées"],
    ["no valid recipients", "aucun destinataire valable"],
    ["the mailbox of {} is full", "la boîte de {} est pleine"],
    ["this mailbox is full", "cette boîte est pleine"],
    ["the letter is larger than any mailbox takes", "la lettre est plus grande que ce que prend une boîte"],
    ["this mailbox cannot take letters now", "cette boîte ne peut pas prendre de lettres en ce moment"],
    ["the letter could not be checked for this person now",
     "la lettre n'a pas pu être examinée pour cette personne en ce moment"],
    ["nobody gets the letter", "personne ne reçoit la lettre"],
    ["nothing was said about this recipient", "rien n'a été dit de ce destinataire"],
    ["something failed here, try again later", "quelque chose a échoué ici, réessayez plus tard"],
    // Programs and folders of this machine.
    ["the address begins with a hyphen, which a program would take for an option",
     "l'adresse commence par un trait d'union, qu'un programme prendrait pour une option"],
    ["the address cannot be the name of a folder", "l'adresse ne peut pas être le nom d'un dossier"],
    ["the address has characters that cannot be handed on", "l'adresse a des caractères qui ne peuvent être transmis"],
    ["letters for {} are not handed on here", "les lettres pour {} ne sont pas transmises ici"],
    ["there is no user {} on this machine", "il n'y a pas d'utilisateur {} sur cette machine"],
    ["nobody here has this address: there is no such folder", "personne ici n'a cette adresse : ce dossier n'existe pas"],
    ["it is no folder", "ce n'est pas un dossier"],
    ["cannot take on the rights of user {}: {}", "impossible de prendre les droits de l'utilisateur {} : {}"],
    ["the letter could not be written", "la lettre n'a pas pu être écrite"],
    ["it cannot be started: {}", "il ne peut être lancé : {}"],
    ["it cannot be waited for: {}", "il ne peut être attendu : {}"],
    ["it did not end within {} seconds and was killed", "il n'a pas fini en {} secondes et a été arrêté"],
    // The system, of a connection.
    ["Connection refused (os error {})", "personne n'y répond"],
    ["Connection reset by peer (os error {})", "l'autre côté a rompu la connexion"],
    ["Connection timed out (os error {})", "pas de réponse à temps"],
    ["No route to host (os error {})", "aucun chemin n'y mène"],
    ["Network is unreachable (os error {})", "ce réseau est injoignable d'ici"],
    ["Broken pipe (os error {})", "la connexion s'est rompue"],
    ["Connection refused", "personne n'y répond"],
];

/// Returns the sentence in French, if it is one of ours; a code of our answers stays before it.
pub fn in_french(said: &str) -> Option<String> {
    if let Some(french) = inside(said, DEEPEST) {
        return Some(french);
    }
    let (codes, rest) = split_codes(said)?;
    Some(format!("{codes} {}", inside(rest, DEEPEST)?))
}

/// `550 5.1.1 nobody here …`: the codes, and the words behind them.
fn split_codes(said: &str) -> Option<(&str, &str)> {
    let is_code = |word: &str| word.bytes().all(|octet| octet.is_ascii_digit() || octet == b'.');
    let code = said.split_once(' ').filter(|(code, _)| code.len() == 3 && is_code(code))?;
    let (enhanced, words) = code.1.split_once(' ').filter(|(enhanced, _)| is_code(enhanced)).unwrap_or(("", code.1));
    let end = said.len() - words.len();
    let codes = said.get(..end)?.trim_end();
    (!codes.is_empty() && enhanced.len() < 16).then_some((codes, words))
}

fn inside(said: &str, deepest: u8) -> Option<String> {
    let deepest = deepest.checked_sub(1)?;
    let told = |hole: &str| inside(hole, deepest).unwrap_or_else(|| hole.to_owned());
    SENTENCES.iter().find_map(|[english, french]| {
        let holes = holes(english, said)?;
        // The number of a fault of the system says nothing to a reader, and has no hole in French.
        Some(filled(french, holes.into_iter().map(told)))
    })
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;

    #[test]
    fn what_this_server_says_of_a_letter_is_said_in_french_and_nothing_else_is() {
        for (said, told) in [
            (
                "connecting to mx.beta.test (192.0.2.7): Connection refused (os error 111)",
                "connexion à mx.beta.test (192.0.2.7) : personne n'y répond",
            ),
            (
                "the letter has 9 bytes, and mx.beta.test takes 5 at most",
                "la lettre fait 9 octets, et mx.beta.test en prend 5 au plus",
            ),
            ("550 5.1.1 nobody here is called x@a.test", "550 5.1.1 personne ici ne s'appelle x@a.test"),
        ] {
            assert_eq!(in_french(said).as_deref(), Some(told));
        }
        for foreign in ["550 5.1.1 user unknown", "", "{}", "550", "550 5.1.1 ", "552 ", " is no address"] {
            assert_eq!(in_french(foreign), None, "{foreign}");
        }
        let deep = in_french(&"TLS with a: ".repeat(1000)).unwrap();
        assert_eq!(deep.matches("TLS avec a").count(), usize::from(DEEPEST), "the rest stays as it is");
    }

    /// The files of delivery and filing in which such sentences are written, from the folder of this crate.
    const WHERE: [&str; 4] = ["src/delivery", "src/queue/expire.rs", "../intake/src/sort.rs", "../mda/src/filing.rs"];

    fn files(place: &Path, into: &mut Vec<PathBuf>) {
        if place.is_file() {
            return into.push(place.to_owned());
        }
        for entry in std::fs::read_dir(place).expect("a folder of the house").flatten() {
            files(&entry.path(), into);
        }
    }

    /// Returns the text behind each of these words in the code, with `{}` for each hole.
    fn said_behind(code: &str, opening: &str) -> Vec<String> {
        let mut found = Vec::new();
        for (at, _) in code.match_indices(opening) {
            let rest = code[at + opening.len()..].trim_start();
            let rest = rest.strip_prefix("format!(").unwrap_or(rest).trim_start();
            let Some(rest) = rest.strip_prefix('"') else { continue };
            let mut text = String::new();
            let mut hole = false;
            for c in rest.chars().take_while(|c| *c != '"') {
                match c {
                    '{' => hole = true,
                    '}' => {
                        hole = false;
                        text.push_str("{}");
                    }
                    c if !hole => text.push(c),
                    _ => {}
                }
            }
            found.push(text);
        }
        found
    }

    /// Sentences that only the administrator reads, of routes in the configuration, those that report success, and two with
    /// a hole for words of ours, of which each form stands in the table.
    const OTHER: &[&str] = &[
        "filed",
        "it is there as {}",
        "no host",
        "no thread to write with: {}",
        "{} {}: {}",
        "the connection to {} broke {}: {}",
    ];

    #[test]
    fn each_sentence_of_delivery_and_filing_has_its_french() {
        let (mut all, mut missing) = (0, Vec::new());
        let mut sources = Vec::new();
        WHERE.iter().for_each(|place| files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(place), &mut sources));
        for source in sources {
            let text = std::fs::read_to_string(&source).expect("a source of the house");
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            for code in [4, 5].into_iter().flat_map(|class| {
                let openings = [format!("Enhanced({class}, "), format!("({class}, ")];
                openings
                    .into_iter()
                    .flat_map(|opening| code.match_indices(&opening).map(|(at, _)| &code[at..]).collect::<Vec<_>>())
                    .collect::<Vec<_>>()
            }) {
                let Some((_, rest)) = code.split_once("), ") else { continue };
                for sentence in said_behind(&format!("¶{rest}"), "¶") {
                    all += 1;
                    let example = sentence.replace("{}", "x");
                    if !OTHER.contains(&sentence.as_str()) && in_french(&example).is_none() {
                        missing.push(sentence);
                    }
                }
            }
        }
        assert!(all > 20, "{all}");
        assert!(missing.is_empty(), "without French: {missing:#?}");
    }
}
