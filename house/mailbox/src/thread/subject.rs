//! Finds the topic in a subject: its base subject (RFC 5256 §2.1), without the words that mailers of other languages
//! put before an answer and before a forwarded letter.

use crate::parse::decode::{self, fold};

/// Octets of a field that are looked at.
const LONGEST: usize = 2_048;
/// A word before a colon is no longer than this, its counter included, in octets.
const LONGEST_WORD: usize = 40;
/// Prefixes that are taken off one subject.
const MOST_PREFIXES: usize = 64;
/// Fewer letters and digits than this say nothing; a character of a script without an alphabet counts for two.
const FEWEST: usize = 4;

/// Words before an answer, folded. `Re` stays so in most languages.
const ANSWER: &[&str] = &[
    // English and many others; Portuguese, French.
    "re",
    "res",
    "rép", // German, Dutch, the Scandinavian languages, Icelandic.
    "aw",
    "antw",
    "antwort",
    "sv",
    "svar", // Italian.
    "r",
    "rif", // Polish and Czech, Croatian and Slovene, Lithuanian, Hungarian.
    "odp",
    "odg",
    "ats",
    "vá", // Turkish, Vietnamese, Indonesian, Welsh.
    "ynt",
    "tl",
    "bls",
    "atb", // Greek, Russian, Hebrew, Arabic.
    "απ",
    "σχετ",
    "ответ",
    "отв",
    "תגובה",
    "השב",
    "رد", // Chinese, Japanese, Korean.
    "回复",
    "回覆",
    "答复",
    "答覆",
    "返信",
    "회신",
    "답장",
];
/// Words before the subject of a forwarded letter, folded.
const PASSED_ON: &[&str] = &[
    "fw",
    "fwd", // German, Dutch, Swedish, Finnish.
    "wg",
    "doorst",
    "vb",
    "vl", // French, Spanish, Portuguese, Italian.
    "tr",
    "rv",
    "enc",
    "i", // Polish, Turkish, Hungarian, Norwegian.
    "pd",
    "ilt",
    "i\u{307}lt",
    "tov",
    "fs", // Greek, Russian, Hebrew.
    "πρθ",
    "пересл",
    "הועבר", // Chinese, Japanese, Korean.
    "转发",
    "轉寄",
    "轉發",
    "転送",
    "전달",
];
/// An answer in Finnish, passed on in Danish and Norwegian: it is taken off, and nothing is concluded from it.
const EITHER: &[&str] = &["vs"];

/// Subjects that people write over anything, without blanks and punctuation.
const GENERIC: &[&str] = &[
    "hello",
    "nosubject",
    "none",
    "test",
    "question",
    "help",
    "thanks",
    "thankyou",
    "urgent",
    "important",
    "info",
    "information",
    "news",
    "update",
    "reminder",
    "attachment",
    "document",
    "bonjour",
    "bonsoir",
    "salut",
    "coucou",
    "merci",
    "sansobjet",
    "aucunobjet",
    "sanssujet",
    "rappel",
    "hallo",
    "danke",
    "frage",
    "keinbetreff",
    "ohnebetreff",
    "geenonderwerp",
    "hola",
    "gracias",
    "sinasunto",
    "ciao",
    "grazie",
    "nessunoggetto",
    "semassunto",
    "inget",
    "ingetämne",
    "безтемы",
    "привет",
    "brakutematu",
    "無題",
    "无主题",
    "無主旨",
    "件名なし",
    "제목없음",
];

/// The topic of a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    /// The base subject, folded. The subject of a forwarded letter keeps a mark before it, so that `Fwd: Lunch` and
    /// an answer to it are about another thing than `Lunch`.
    pub base: String,
    /// True if the letter is an answer, by the outermost word before its subject.
    pub is_answer: bool,
    /// The words in square brackets before it: names of mailing lists.
    pub tags: Vec<String>,
}

impl Subject {
    /// Reads a Subject field. `None` if it says nothing that tells one conversation from another.
    pub fn read(field: &[u8]) -> Option<Self> {
        let text = decode::words(field.get(..field.len().min(LONGEST))?);
        let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c.is_control()).collect();
        let text = fold(&words.join(" "));
        let mut reader = Reader { rest: text.trim(), outermost: None, is_passed_on: false, tags: Vec::new() };
        for _ in 0..MOST_PREFIXES {
            if !reader.step() {
                break;
            }
        }
        let words: Vec<&str> = reader.rest.split_whitespace().collect();
        let base = words.join(" ");
        let mark = if reader.is_passed_on { "fwd: " } else { "" };
        let is_answer = reader.outermost == Some(Kind::Answer);
        (!is_generic(&base)).then(|| Self { base: format!("{mark}{base}"), is_answer, tags: reader.tags })
    }
}

/// The meaning of a word before a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Answer,
    PassedOn,
    Either,
}

struct Reader<'a> {
    rest: &'a str,
    outermost: Option<Kind>,
    is_passed_on: bool,
    tags: Vec<String>,
}

impl Reader<'_> {
    /// Takes one prefix or one ending away; `false` if there is none.
    fn step(&mut self) -> bool {
        self.rest = self.rest.trim();
        // "(fwd)" behind the subject and "[fwd: …]" around it, as pine and Netscape wrote them.
        if let Some(rest) = self.rest.strip_suffix("(fwd)") {
            (self.rest, self.is_passed_on) = (rest, true);
            return true;
        }
        if let Some(rest) = self.rest.strip_prefix("[fwd:").and_then(|rest| rest.strip_suffix(']')) {
            (self.rest, self.is_passed_on) = (rest, true);
            self.outermost = self.outermost.or(Some(Kind::PassedOn));
            return true;
        }
        self.word() || self.tag()
    }

    /// `Re:`, `AW :`, `Re[2]:`, `Re^3:`, `Re [list]:`
    fn word(&mut self) -> bool {
        let window = self.rest.char_indices().take_while(|(at, _)| *at < LONGEST_WORD);
        let Some((colon, _)) = window.into_iter().find(|(_, c)| *c == ':') else { return false };
        let (head, rest) = (self.rest[..colon].trim_end(), &self.rest[colon + 1..]);
        let (head, tag) = match head.strip_suffix(']').and_then(|head| head.rsplit_once('[')) {
            Some((word, tag)) => (word.trim_end(), Some(tag)),
            None => (head, None),
        };
        let counter = |c: char| c.is_ascii_digit() || matches!(c, '(' | ')' | '^' | '*' | '.' | ' ');
        let Some(kind) = kind(head.trim_end_matches(counter)) else { return false };
        self.outermost = self.outermost.or(Some(kind));
        self.is_passed_on |= kind == Kind::PassedOn;
        self.tags.extend(tag.filter(|tag| !tag.is_empty()).map(str::to_owned));
        self.rest = rest;
        true
    }

    /// Takes `[list]` off, if something is left behind it. A number in it is part of the topic (`[Bug 17]`).
    fn tag(&mut self) -> bool {
        let Some((tag, rest)) = self.rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) else { return false };
        let is_name = !tag.contains('[') && !tag.chars().any(char::is_numeric);
        if !is_name || rest.trim().is_empty() {
            return false;
        }
        self.tags.push(tag.to_owned());
        self.rest = rest;
        true
    }
}

fn kind(word: &str) -> Option<Kind> {
    [(ANSWER, Kind::Answer), (PASSED_ON, Kind::PassedOn), (EITHER, Kind::Either)]
        .into_iter()
        .find_map(|(words, kind)| words.contains(&word).then_some(kind))
}

fn is_generic(base: &str) -> bool {
    let plain: String = base.chars().filter(|c| c.is_alphanumeric()).collect();
    let weight: usize = plain.chars().map(|c| if is_of_many(c) { 2 } else { 1 }).sum();
    weight < FEWEST || GENERIC.contains(&plain.as_str())
}

/// A character of a script that has thousands: one says as much as some letters.
fn is_of_many(c: char) -> bool {
    matches!(u32::from(c), 0x3040..=0x30ff | 0x3400..=0x9fff | 0xac00..=0xd7af | 0xf900..=0xfaff | 0x20000..=0x3ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(field: &str) -> Option<(String, bool)> {
        Subject::read(field.as_bytes()).map(|subject| (subject.base, subject.is_answer))
    }

    #[test]
    fn an_answer_is_about_what_it_answers() {
        for answer in [
            "Re: Lunch",
            "RE: LUNCH",
            "re : lunch",
            "Re\u{a0}: Lunch",
            "RE:Lunch",
            "AW: Lunch",
            "Antw: Lunch",
            "Antwort: Lunch",
            "Sv: Lunch",
            "SV: Re: Lunch",
            "Rép.: Lunch",
            "R: Lunch",
            "RIF: Lunch",
            "Odp: Lunch",
            "YNT: Lunch",
            "ΑΠ: Lunch",
            "Ответ: Lunch",
            "回复: Lunch",
            "回复：Lunch",
            "答复: 回复: Lunch",
            "답장: Lunch",
            "Re[2]: Lunch",
            "Re^3: Lunch",
            "Re(4): Lunch",
            "Re2: Lunch",
            "Re *5: Lunch",
            "[list] Re: Lunch",
            "Re: [list] Lunch",
            "[other list] Re: [list] Lunch",
            "Re [list]: Lunch",
            "Re: Re:  Lunch \t",
            "=?utf-8?q?Re=3A_Lunch?=",
            "=?utf-8?B?5Zue5aSN77ya?= Lunch",
            "Re: =?iso-2022-jp?B??= Lunch",
        ] {
            assert_eq!(read(answer), Some(("lunch".to_owned(), true)), "{answer}");
        }
        assert_eq!(read("Lunch"), Some(("lunch".to_owned(), false)));
        assert_eq!(read("[list] Lunch"), Some(("lunch".to_owned(), false)));
        let tagged = Subject::read(b"[Facteur-dev] Re: [news] Lunch").map(|subject| subject.tags);
        assert_eq!(tagged, Some(vec!["facteur-dev".to_owned(), "news".to_owned()]));
    }

    #[test]
    fn what_is_passed_on_is_another_thing_and_no_answer() {
        for passed_on in [
            "Fwd: Lunch",
            "FW: Lunch",
            "WG: Lunch",
            "TR : Lunch",
            "RV: Lunch",
            "VL: Lunch",
            "İLT: Lunch",
            "转发: Lunch",
            "Fwd: Re: Lunch",
            "Lunch (fwd)",
            "[Fwd: Lunch]",
            "[Fwd: Re: Lunch]",
        ] {
            assert_eq!(read(passed_on), Some(("fwd: lunch".to_owned(), false)), "{passed_on}");
        }
        assert_eq!(read("Re: Fwd: Lunch"), Some(("fwd: lunch".to_owned(), true)));
        assert_eq!(read("Re: [Fwd: Lunch]"), Some(("fwd: lunch".to_owned(), true)));
        assert_eq!(read("VS: Lunch"), Some(("lunch".to_owned(), false)));
    }

    #[test]
    fn what_says_nothing_is_no_subject() {
        for nothing in [
            "",
            " ",
            "Re:",
            "Re: Re:",
            "hi",
            "Re: Hi!",
            "Re: (no subject)",
            "AW: Hallo",
            "RE: Bonjour",
            "Re: (sans objet)",
            "...",
            "Re: ???",
            "Re: 会",
            "回复: 无主题",
            "Fwd: test",
            "Re: =?utf-8?q?Danke!?=",
        ] {
            assert_eq!(read(nothing), None, "{nothing}");
        }
        assert_eq!(read("Re: 会議"), Some(("会議".to_owned(), true)));
        assert_eq!(read("Re: 4711"), Some(("4711".to_owned(), true)));
    }

    #[test]
    fn words_of_the_subject_itself_stay() {
        for (field, base) in [
            ("Regarding: Lunch", "regarding: lunch"),
            ("Ref: contract 12", "ref: contract 12"),
            ("[Bug 17] Re: crash", "[bug 17] re: crash"),
            ("Re: [Bug 17] crash", "[bug 17] crash"),
            ("Re: [holiday pictures]", "[holiday pictures]"),
            ("Meeting at 10:30", "meeting at 10:30"),
            (
                "a long title that has no word before its colon: here",
                "a long title that has no word before its colon: here",
            ),
        ] {
            assert_eq!(read(field).map(|(base, _)| base).as_deref(), Some(base), "{field}");
        }
    }

    #[test]
    fn hostile_subjects_cost_little() {
        for field in ["Re:", "[", "[a]", "(fwd)", ":", "[fwd:", "é", "Re[", "\u{fdfa}"] {
            let many = field.repeat(200_000);
            assert!(Subject::read(many.as_bytes()).is_none_or(|subject| subject.base.len() < 64 * LONGEST));
        }
    }
}
