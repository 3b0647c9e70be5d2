//! Looks for a text in letters: makes the question to the index, and decides whether a text has it.

use store::{Field, Fit, Form, Question, Run, Wanted};

use super::forms::{self, Kind, Word};

/// The most words of a question that the index is asked for. More do not narrow the answer.
const MOST_RUNS: usize = 16;
/// A shorter piece of a word is no reason to find a letter for a person.
const LEAST_PIECE: usize = 3;
/// The same within keys and tickets, in which any three characters stand somewhere.
const LEAST_IN_TICKET: usize = 5;
/// The French words that stand before another word with an apostrophe between.
const ELIDED: [&str; 15] =
    ["l", "d", "j", "m", "t", "s", "n", "c", "qu", "jusqu", "lorsqu", "puisqu", "quoiqu", "presqu", "quelqu"];

/// Fields in which a person looks for text (RFC 8621 §4.4.1: `text`), with the names of attachments.
pub const ANYWHERE: [Field; 7] =
    [Field::From, Field::To, Field::Cc, Field::Bcc, Field::Subject, Field::Body, Field::Name];
/// The body of a letter, as BODY means it.
pub const BODY: [Field; 2] = [Field::Body, Field::Name];

/// A text that is looked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sought {
    /// The fields to look in. Each counts for itself.
    pub fields: Vec<Field>,
    /// The way in which it is looked for.
    pub how: How,
}

/// A way to look for a text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum How {
    /// A piece of the text in its exact form (RFC 9051 §6.4.4). Not empty.
    Piece(String),
    /// Words, one behind the other.
    Words(Vec<Run>),
    /// A piece of the text in its plain form, with no letter or digit before or behind it: a text without a word of
    /// some length (`C++`, `I/O`).
    Literal(String),
}

impl Sought {
    /// A piece of text.
    pub fn piece(fields: &[Field], text: &str) -> Self {
        Self { fields: fields.to_vec(), how: How::Piece(forms::exact(text)) }
    }

    /// A word as a person types it, or several in quotes. `None`: there is nothing in it to look for.
    pub fn words(fields: &[Field], text: &str, quoted: bool) -> Option<Self> {
        let text = text.trim();
        let words = without_elision(forms::words(text), text, quoted);
        let how = match words.as_slice() {
            [] if text.is_empty() => return None,
            [] => How::Literal(forms::plain(text)),
            words if !quoted && is_literal(words, text) => How::Literal(forms::plain(text)),
            words => How::Words(runs(words, quoted)),
        };
        Some(Self { fields: fields.to_vec(), how })
    }

    /// The same, where each word must stand as it was typed: with accents, if it was typed with some.
    pub fn as_typed(&self, typed: &str) -> Self {
        let How::Words(runs) = &self.how else { return self.clone() };
        let words = forms::words(typed);
        let skipped = words.len().saturating_sub(runs.len());
        let whole = runs.iter().zip(words.iter().skip(skipped)).map(|(run, word)| {
            let exact = (word.exact != word.plain).then(|| word.exact.clone());
            Run { form: Form { plain: run.form.plain.clone(), exact }, fit: Fit::Whole, sealed: run.sealed }
        });
        Self { fields: self.fields.clone(), how: How::Words(whole.collect()) }
    }

    /// Returns the question to the index.
    pub fn question(&self) -> Question {
        let (runs, decides) = match &self.how {
            How::Words(runs) => (runs.clone(), true),
            How::Piece(piece) => pieces(piece),
            How::Literal(piece) => {
                let words = forms::words(piece);
                (words.iter().map(|word| run(word, Fit::Whole, false)).collect(), false)
            }
        };
        Question::Words(Wanted { fields: self.fields.clone(), runs, decides })
    }

    /// Returns true if the text of a field has it.
    pub fn is_in(&self, text: &str) -> bool {
        match &self.how {
            How::Piece(piece) => forms::exact(text).contains(piece),
            How::Literal(piece) => !stretches(&forms::plain(text), piece).is_empty(),
            How::Words(runs) => {
                let mut finder = Finder::new(runs);
                forms::each_word(text, |word| finder.look(word));
                finder.found
            }
        }
    }

    fn places(&self, text: &str, words: &[Word]) -> Vec<(usize, usize)> {
        match &self.how {
            How::Piece(piece) => Mapped::new(text, false).places(piece, false),
            How::Literal(piece) => Mapped::new(text, true).places(piece, true),
            How::Words(runs) => places_of(runs, text, words),
        }
    }
}

/// Returns the places of the sought texts in a text, in octets of it: ascending, and none inside another.
pub fn places(sought: &[Sought], text: &str) -> Vec<(usize, usize)> {
    let words = forms::words(text);
    let mut found: Vec<(usize, usize)> = sought.iter().flat_map(|one| one.places(text, &words)).collect();
    // Of two that begin at one place, the longer comes first.
    found.sort_unstable_by_key(|(start, end)| (*start, std::cmp::Reverse(*end)));
    let mut apart: Vec<(usize, usize)> = Vec::new();
    for (start, end) in found.into_iter().filter(|(start, end)| start < end) {
        if apart.last().is_none_or(|(_, before)| *before <= start) {
            apart.push((start, end));
        }
    }
    apart
}

/// A text in a header field that the index does not know by itself.
pub fn in_header(text: &str) -> Sought {
    Sought::piece(&[Field::Head], text)
}

/// Returns the question whether a letter has a header field of the name.
pub fn named(name: &str) -> Question {
    let run = Run { form: forms::field_name(name), fit: Fit::Whole, sealed: false };
    Question::Words(Wanted { fields: vec![Field::Head], runs: vec![run], decides: true })
}

/// A word that is a piece of others, and how the index is asked for it.
fn run(word: &Word, fit: Fit, exact: bool) -> Run {
    let exact = exact.then(|| word.exact.clone());
    let is_ascii = word.plain.is_ascii();
    let least = if exact.is_none() && is_ascii { LEAST_IN_TICKET } else { LEAST_PIECE };
    let sealed = word.kind != Kind::Sign && word.plain.chars().nth(least - 1).is_some();
    Run { form: Form { plain: word.plain.clone(), exact }, fit, sealed }
}

/// Returns the runs that the words of a piece of text are pieces of, and whether they decide.
fn pieces(piece: &str) -> (Vec<Run>, bool) {
    let words = forms::words(piece);
    let [first, ..] = words.as_slice() else { return (Vec::new(), false) };
    let is_one_word = words.len() == 1 && first.start == 0 && first.end == piece.len();
    let last = words.len() - 1;
    let runs = words.iter().take(MOST_RUNS).enumerate().map(|(place, word)| {
        let opens = place == 0 && word.start == 0;
        let ends = place == last && word.end == piece.len();
        let fit = match (word.kind, opens, ends) {
            // Marks may follow a sign.
            (Kind::Sign, _, true) => Fit::Begins,
            (Kind::Sign, _, false) => Fit::Whole,
            (_, true, true) => Fit::Within,
            (_, true, false) => Fit::Ends,
            (_, false, true) => Fit::Begins,
            (_, false, false) => Fit::Whole,
        };
        run(word, fit, true)
    });
    (runs.collect(), is_one_word)
}

/// Words in quotes stand as they are; else the first may be the end of a longer one, and the last the beginning.
fn runs(words: &[Word], quoted: bool) -> Vec<Run> {
    let last = words.len().min(MOST_RUNS) - 1;
    let runs = words.iter().take(MOST_RUNS).enumerate().map(|(place, word)| {
        let is_long = word.kind == Kind::Letters && word.plain.chars().nth(LEAST_PIECE - 1).is_some();
        let fit = match (is_long && !quoted, place == 0, place == last) {
            (true, true, true) => Fit::Within,
            (true, true, false) => Fit::Ends,
            (true, false, true) => Fit::Begins,
            (false, true, true) if !quoted && word.kind != Kind::Sign => Fit::Begins,
            _ => Fit::Whole,
        };
        run(word, fit, false)
    });
    runs.collect()
}

/// `l'été` is looked for as `été`.
fn without_elision(mut words: Vec<Word>, text: &str, quoted: bool) -> Vec<Word> {
    let [first, second, ..] = words.as_slice() else { return words };
    let between = text.get(first.end..second.start).unwrap_or_default();
    let is_apostrophe = matches!(between, "'" | "\u{2019}" | "\u{2018}" | "\u{2bc}");
    let is_long = second.plain.chars().nth(1).is_some();
    if !quoted && is_apostrophe && is_long && ELIDED.contains(&first.plain.as_str()) {
        words.remove(0);
    }
    words
}

/// Returns true if every sign that was typed counts, because the words alone say too little.
fn is_literal(words: &[Word], text: &str) -> bool {
    let is_short = |word: &Word| word.kind != Kind::Sign && word.plain.chars().nth(LEAST_PIECE - 1).is_none();
    let letters: usize = words.iter().map(|word| word.end - word.start).sum();
    let has_apostrophe = text.contains(['\'', '\u{2019}', '\u{2018}']);
    let rest = text.len() > letters || words.iter().any(|word| word.kind == Kind::Symbols);
    words.iter().all(is_short) && rest && !has_apostrophe && words.iter().any(|word| word.kind == Kind::Letters)
}

/// Looks for words one behind the other while the words of a text go by.
struct Finder<'a> {
    runs: &'a [Run],
    /// The lengths of the beginnings that have matched so far and may still become all of it.
    open: Vec<usize>,
    found: bool,
}

impl<'a> Finder<'a> {
    fn new(runs: &'a [Run]) -> Self {
        Self { runs, open: Vec::new(), found: false }
    }

    fn look(&mut self, word: &Word) {
        if self.found {
            return;
        }
        self.open.push(0);
        let runs = self.runs;
        self.open.retain_mut(|place| {
            let fits = runs.get(*place).is_some_and(|run| has(word, run));
            *place += 1;
            fits
        });
        self.found |= self.open.iter().any(|place| *place >= runs.len());
    }
}

/// Returns true if the word has the run.
fn has(word: &Word, run: &Run) -> bool {
    let fits = match &run.form.exact {
        Some(exact) => run.fit.has(&word.exact, exact),
        None => run.fit.has(&word.plain, &run.form.plain),
    };
    fits && (run.sealed || run.fit == Fit::Whole || !word.is_sealed())
}

/// Returns the places where words stand one behind the other; of the first and the last word only the part that was
/// asked for.
fn places_of(runs: &[Run], text: &str, words: &[Word]) -> Vec<(usize, usize)> {
    let mut places = Vec::new();
    for window in words.windows(runs.len().max(1)) {
        if !window.iter().zip(runs).all(|(word, run)| has(word, run)) {
            continue;
        }
        let ends = window.first().zip(window.last()).zip(runs.first().zip(runs.last()));
        let Some(((first, last), (first_run, last_run))) = ends else { continue };
        let (start, _) = within(text, first, first_run);
        let (_, end) = within(text, last, last_run);
        places.push((start, end));
    }
    places
}

/// The part of a word that is the run.
fn within(text: &str, word: &Word, run: &Run) -> (usize, usize) {
    let stretch = text.get(word.start..word.end).unwrap_or_default();
    let mapped = Mapped::new(stretch, run.form.exact.is_none());
    let wanted = run.form.exact.as_deref().unwrap_or(&run.form.plain);
    let places = mapped.places(wanted, false);
    let place = if run.fit == Fit::Ends { places.last() } else { places.first() };
    place.map_or((word.start, word.end), |(start, end)| (word.start + start, word.start + end))
}

/// Returns the places of a piece in a text with no letter or digit before or behind it.
fn stretches(text: &str, piece: &str) -> Vec<(usize, usize)> {
    let is_open = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    let opens = piece.chars().next().is_some_and(char::is_alphanumeric);
    let ends = piece.chars().next_back().is_some_and(char::is_alphanumeric);
    let places = text.match_indices(piece).map(|(start, found)| (start, start + found.len()));
    places
        .filter(|(start, end)| {
            let (before, behind) = (text.get(..*start), text.get(*end..));
            (!opens || is_open(before.and_then(|before| before.chars().next_back())))
                && (!ends || is_open(behind.and_then(|behind| behind.chars().next())))
        })
        .collect()
}

/// A text in one of its forms, and for each octet of it (and its end) where it came from.
struct Mapped {
    text: String,
    origins: Vec<usize>,
    length: usize,
}

impl Mapped {
    fn new(text: &str, plain: bool) -> Self {
        let mut mapped = Self { text: String::with_capacity(text.len()), origins: Vec::new(), length: text.len() };
        let mut octets = [0; 4];
        for (at, c) in text.char_indices() {
            let sign = c.encode_utf8(&mut octets);
            let form = if plain { forms::plain(sign) } else { forms::exact(sign) };
            if form == " " && mapped.text.ends_with(' ') {
                continue;
            }
            mapped.origins.extend(std::iter::repeat_n(at, form.len()));
            mapped.text.push_str(&form);
        }
        mapped
    }

    fn places(&self, piece: &str, alone: bool) -> Vec<(usize, usize)> {
        let found = match alone {
            true => stretches(&self.text, piece),
            false => self.text.match_indices(piece).map(|(start, found)| (start, start + found.len())).collect(),
        };
        let origin = |at: usize| self.origins.get(at).copied().unwrap_or(self.length);
        // A sign that the folding leaves out at the end belongs to the place: an accent to its letter.
        found.into_iter().map(|(start, end)| (origin(start), origin(end))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(text: &str, asked: &str) -> bool {
        Sought::words(&ANYWHERE, asked, false).unwrap().is_in(text)
    }

    #[test]
    fn a_person_finds_what_they_expect_and_nothing_else() {
        for (text, asked) in [
            ("Die Rechnungsnummer", "nungs"),
            ("Françoise", "francoise"),
            ("des œuvres", "OEUVRES"),
            ("L’été", "l'ete"),
            ("un été", "l'été"),
            ("d'accord", "accord"),
            ("it's late", "it's"),
            ("bob@beta.test", "eta.tes"),
            ("https://x.test/a/report-2026.pdf", "report-202"),
            ("phone 0123456789", "34567"),
            ("learn C++ now", "c++"),
            ("an I/O error", "i/o"),
            ("wow!!!", "!!!"),
            ("会\n議室", "会議"),
            ("カナ", "かな"),
            ("iban DE89370400440532013000", "70400440"),
            ("AT&T", "at&t"),
            ("to be", "to"),
            ("today", "to"),
        ] {
            assert!(finds(text, asked), "{asked} in {text}");
        }
        for (text, asked) in [
            ("it should", "it's"),
            ("don told", "don't"),
            ("learn C now", "c++"),
            ("I owe", "i/o"),
            ("English has", "hasen"),
            ("perl", "perlman"),
            ("stop", "to"),
            ("beta test", "beta tes x"),
            ("x DE89370400440532013000", "704"),
        ] {
            assert!(!finds(text, asked), "{asked} in {text}");
        }
    }

    #[test]
    fn a_piece_is_found_exactly() {
        for (text, piece, found) in [
            ("Françoise", "franc", true),
            ("Françoise", "francoise", false),
            ("a\r\n  b", "A B", true),
            ("wow!!!", "!!", true),
            ("wow", "!", false),
            ("Straße", "strass", true),
            ("a b", " b", true),
        ] {
            assert_eq!(Sought::piece(&BODY, piece).is_in(text), found, "{piece} in {text}");
        }
    }

    #[test]
    fn words_in_quotes_stand_as_they_are() {
        let quoted = |text: &str, asked: &str| Sought::words(&ANYWHERE, asked, true).unwrap().is_in(text);
        assert!(quoted("the report, is attached", "report is"));
        assert!(!quoted("the reports is attached", "report is") && !quoted("the report isolated", "report is"));
        let typed = Sought::words(&ANYWHERE, "été", false).unwrap().as_typed("été");
        assert!(typed.is_in("l'été") && !typed.is_in("ete") && !typed.is_in("étés"));
        let typed = Sought::words(&ANYWHERE, "ete", false).unwrap().as_typed("ete");
        assert!(typed.is_in("l'été") && typed.is_in("ete") && !typed.is_in("étés"));
    }

    #[test]
    fn what_was_found_is_told_where_it_stands() {
        let marked = |text: &str, asked: &str| {
            let places = places(&[Sought::words(&ANYWHERE, asked, false).unwrap()], text);
            places.into_iter().map(|(start, end)| text[start..end].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(marked("Une Françoise, deux françoises", "francoise"), ["Françoise", "françoise"]);
        assert_eq!(marked("Rechnungsnummer", "nungs"), ["nungs"]);
        assert_eq!(marked("mail bob@beta.test", "eta.tes"), ["eta.tes"]);
        assert_eq!(marked("learn C++ or c", "c++"), ["C++"]);
        assert_eq!(marked("L’e\u{301}te\u{301}", "été"), ["e\u{301}te\u{301}"]);
    }

    proptest::proptest! {
        #[test]
        fn any_question_can_be_asked_of_any_text(text in "\\PC{0,40}", asked in "\\PC{1,12}") {
            for sought in [Some(Sought::piece(&BODY, &asked)), Sought::words(&BODY, &asked, false)].into_iter().flatten() {
                sought.question();
                let places = places(std::slice::from_ref(&sought), &text);
                for (start, end) in places {
                    proptest::prop_assert!(text.get(start..end).is_some());
                }
            }
        }
    }
}
