//! From text to the words of the full-text index: folded, cut, stemmed. Letters and questions go through the same
//! code, so that a letter not indexed yet is found by the same question as one that is.

use std::borrow::Cow;

use rust_stemmers::{Algorithm, Stemmer};
use store::{Document, Field, Query};
use whatlang::Lang;

use super::Criteria;
use crate::parse::decode::fold;

/// The longest word, in octets. Longer ones (base64 and the like) are cut.
const LONGEST: usize = 64;
/// The most words a question has.
const MOST_ASKED: usize = 16;

/// Octets of a text that tell its language; more of them take longer and tell the same.
const ENOUGH_TO_TELL: usize = 1024;

/// Languages whose words are stemmed.
const LANGUAGES: [(Lang, Algorithm); 17] = [
    (Lang::Ara, Algorithm::Arabic),
    (Lang::Dan, Algorithm::Danish),
    (Lang::Deu, Algorithm::German),
    (Lang::Ell, Algorithm::Greek),
    (Lang::Eng, Algorithm::English),
    (Lang::Fin, Algorithm::Finnish),
    (Lang::Fra, Algorithm::French),
    (Lang::Hun, Algorithm::Hungarian),
    (Lang::Ita, Algorithm::Italian),
    (Lang::Nld, Algorithm::Dutch),
    (Lang::Nob, Algorithm::Norwegian),
    (Lang::Por, Algorithm::Portuguese),
    (Lang::Ron, Algorithm::Romanian),
    (Lang::Rus, Algorithm::Russian),
    (Lang::Spa, Algorithm::Spanish),
    (Lang::Swe, Algorithm::Swedish),
    (Lang::Tur, Algorithm::Turkish),
];

/// The words of a text, folded, in order.
pub fn words(text: &str) -> Vec<String> {
    let folded = fold(text);
    let mut words = Vec::new();
    let mut word = String::new();
    for c in folded.chars() {
        if !c.is_alphanumeric() {
            close(&mut word, &mut words);
        } else if is_ideograph(c) {
            // No blanks between words: each sign is one, and a word is a phrase.
            close(&mut word, &mut words);
            words.push(c.to_string());
        } else if word.len() + c.len_utf8() <= LONGEST {
            word.push(c);
        }
    }
    close(&mut word, &mut words);
    words
}

fn close(word: &mut String, words: &mut Vec<String>) {
    if !word.is_empty() {
        words.push(std::mem::take(word));
    }
}

/// Han, kana, Hangul.
fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

/// Finds the language of a text, if there is enough of it to tell.
pub fn stemmer(text: &str) -> Option<Stemmer> {
    let mut end = text.len().min(ENOUGH_TO_TELL);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let found = whatlang::detect(&text[..end])?;
    let (_, algorithm) = LANGUAGES.iter().find(|(language, _)| found.is_reliable() && *language == found.lang())?;
    Some(Stemmer::create(*algorithm))
}

/// A text as the index takes it: words with blanks between.
pub fn indexed(text: &str, stemmer: Option<&Stemmer>) -> String {
    let mut out = String::with_capacity(text.len());
    for word in words(text) {
        match stemmer {
            Some(stemmer) => out.push_str(&stem(stemmer, &word)),
            None => out.push_str(&word),
        }
        out.push(' ');
    }
    out
}

/// Numbers and what has them in it (invoices, dates, names of files) have no other forms.
fn stem<'a>(stemmer: &Stemmer, word: &'a str) -> Cow<'a, str> {
    if word.contains(|c: char| c.is_ascii_digit()) {
        return Cow::Borrowed(word);
    }
    let stem = stemmer.stem(word);
    if stem.is_empty() { Cow::Borrowed(word) } else { stem }
}

/// The question for a text: its words one after the other, the last one perhaps the beginning of a longer one or
/// another form of it, in any language the letter may have been stemmed in. Names and addresses are not stemmed, so
/// the words as they are are asked for as well. `None`: there is no word in it.
pub fn question(text: &str, field: Option<Field>) -> Option<Query> {
    let mut plain = words(text);
    plain.truncate(MOST_ASKED);
    let last = plain.last()?.clone();
    let mut ways = vec![(plain.clone(), true)];
    for (_, algorithm) in LANGUAGES {
        let stemmer = Stemmer::create(algorithm);
        let stemmed: Vec<String> = plain.iter().map(|word| stem(&stemmer, word).into_owned()).collect();
        let mut begun = stemmed.clone();
        if let Some(end) = begun.last_mut() {
            end.clone_from(&last);
        }
        ways.push((begun, true));
        ways.push((stemmed, false));
    }
    ways.sort();
    ways.dedup();
    let phrases = ways.into_iter().map(|(words, prefix_last)| Query::Phrase { field, words, prefix_last });
    Some(Query::Or(phrases.collect()))
}

/// The question for criteria that are nothing but texts; the inner `None`: no word is in them, and every letter fits, as
/// it does an empty text. The outer: they are something else.
pub fn of(criteria: &Criteria) -> Option<Option<Query>> {
    criteria.is_text().then(|| written(criteria))
}

fn written(criteria: &Criteria) -> Option<Query> {
    match criteria {
        Criteria::Body(text) => {
            let fields = [Field::Body, Field::Attachment];
            let parts: Vec<Query> = fields.into_iter().filter_map(|field| question(text, Some(field))).collect();
            (!parts.is_empty()).then_some(Query::Or(parts))
        }
        Criteria::Text(text) => question(text, None),
        Criteria::And(parts) => {
            let parts: Vec<Query> = parts.iter().filter_map(written).collect();
            (!parts.is_empty()).then_some(Query::And(parts))
        }
        Criteria::Or(parts) => parts.iter().map(written).collect::<Option<_>>().map(Query::Or),
        _ => None,
    }
}

/// Does a letter that is not in the index answer the question? As the index would say.
pub fn answers(document: &Document, query: &Query) -> bool {
    match query {
        Query::Phrase { field, words, prefix_last } => document
            .texts
            .iter()
            .filter(|(its_field, _)| field.is_none_or(|field| field == *its_field))
            .any(|(_, text)| holds(text, words, *prefix_last)),
        Query::And(all) => all.iter().all(|query| answers(document, query)),
        Query::Or(any) => any.iter().any(|query| answers(document, query)),
        Query::Not(query) => !answers(document, query),
    }
}

fn holds(text: &str, phrase: &[String], prefix_last: bool) -> bool {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let Some((last, before)) = phrase.split_last() else { return true };
    words.windows(phrase.len()).any(|window| {
        let Some((its_last, its_before)) = window.split_last() else { return false };
        let fits = if prefix_last { its_last.starts_with(last.as_str()) } else { its_last == last };
        fits && its_before.iter().zip(before).all(|(word, wanted)| word == wanted)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded_and_cut() {
        assert_eq!(
            words("L'Été à Saint-Malo, bob@beta.test"),
            ["l", "été", "à", "saint", "malo", "bob", "beta", "test"]
        );
        assert_eq!(words("東京に行く"), ["東", "京", "に", "行", "く"]);
        assert!(words(&"x".repeat(10_000))[0].len() <= LONGEST);
    }

    #[test]
    fn a_question_in_another_form_of_the_word_finds_the_letter() {
        let text = "The committee has discussed the meetings of last year, and everybody agreed with the decisions.";
        let body = indexed(text, stemmer(text).as_ref());
        let letter = Document { letter: 1, account: 1, texts: vec![(Field::Body, body)], ..Document::default() };
        for asked in ["meeting", "Meetings", "decision", "agreed with the decis", "COMMITTEE"] {
            assert!(answers(&letter, &question(asked, Some(Field::Body)).unwrap()), "{asked}");
        }
        for asked in ["winter", "the last", "committee meetings"] {
            assert!(!answers(&letter, &question(asked, Some(Field::Body)).unwrap()), "{asked}");
        }
        assert_eq!(question(" ?! ", None), None);
    }

    proptest::proptest! {
        #[test]
        fn any_text_has_words_and_stems(text in "\\PC{0,60}", letters in "[a-zäößéèçñığşа-яё]{1,20}") {
            question(&text, None);
            question(&letters, None);
            stemmer(&text);
            for (_, algorithm) in LANGUAGES {
                indexed(&letters, Some(&Stemmer::create(algorithm)));
            }
        }
    }

    #[test]
    fn no_text_makes_the_stemmers_panic() {
        for text in ["ſ", "İ", "ß", "\u{301}", "a\u{0}b", "ыыыы", "ااا", "'''", "ﬀ", "𝔘𝔫𝔦", "ǆ", "\u{10ffff}"]
        {
            question(text, None);
            question(&text.repeat(30), None);
        }
    }
}
