//! Gathers the texts of a letter, by field, and their words for the index.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::ops::Range;

use bytes::Bytes;
use mail::header;
use store::{BlobId, Document, Field, Form, SEALED, View};

use super::is_damage;
use crate::parse::{decode, raw, text};
use crate::search::forms::{self, Word};
use crate::search::sought::{How, Sought};
use crate::{Error, Structure, Summary, body};

/// A letter of at most so many octets is read at once.
const AT_ONCE: u64 = 512 * 1024;
/// The most different words of a letter that go on the list of words. The others are sealed.
const MOST_TERMS: usize = 50_000;
/// Octets of sealed words of a letter. A letter with more is looked at itself.
const MOST_SEALED: usize = 512 * 1024;
/// The longest name of a header field that is told, in octets.
const LONGEST_NAME: usize = 200;
/// Header fields whose words stand in no other letter.
const SEALED_FIELDS: [&str; 9] = [
    "dkim-signature",
    "domainkey-signature",
    "x-google-dkim-signature",
    "arc-seal",
    "arc-message-signature",
    "x-google-smtp-source",
    "x-gm-message-state",
    "x-ms-exchange-antispam-messagedata-0",
    "x-received",
];
/// The header fields that the index keeps as fields of their own.
const OWN_FIELDS: [(&str, Field); 5] =
    [("from", Field::From), ("to", Field::To), ("cc", Field::Cc), ("bcc", Field::Bcc), ("subject", Field::Subject)];

/// The texts of a letter.
#[derive(Debug, Default)]
pub struct Said {
    /// The texts of each field. Of the header all fields are told, each with its name.
    pub texts: Vec<(Field, String)>,
    /// Texts of the body as they were written, where a person reads them otherwise. They are not in the index.
    written: Vec<String>,
    /// Fields of which there is more.
    pub cut: Vec<Field>,
}

impl Said {
    /// Reads a letter: its header, and at most about `limit` octets of its text. A damaged letter says what is kept of its
    /// header.
    pub fn read(
        view: &View,
        blob: BlobId,
        summary: &Summary,
        structure: &Structure,
        limit: usize,
    ) -> Result<Self, Error> {
        match Self::read_whole(view, blob, structure, limit) {
            Err(Error::Store(error)) if is_damage(&error) => {
                tracing::warn!(%error, "the body of a letter cannot be searched");
                Ok(Self::kept(summary))
            }
            said => said,
        }
    }

    fn read_whole(view: &View, blob: BlobId, structure: &Structure, limit: usize) -> Result<Self, Error> {
        let reader = Reader::new(view, blob, structure)?;
        let header = &structure.root.header;
        let octets = reader.read(u64::from(header.start)..u64::from(header.end))?;
        let mut said = Self::default();
        said.header(&octets, || {
            let behind = u64::from(header.end).saturating_add(raw::BEGINNING as u64);
            let letter = reader.read(u64::from(header.start)..behind).unwrap_or_default();
            raw::charset_told(&letter)
        });
        let told = text::told(structure, limit, |range| reader.read(range))?;
        for (field, texts) in [(Field::Body, told.body), (Field::Name, told.names), (Field::Head, told.heads)] {
            said.texts.extend(texts.into_iter().map(|text| (field, text)));
        }
        if told.cut {
            said.cut = vec![Field::Body, Field::Name, Field::Head];
        }
        said.written = told.written;
        Ok(said)
    }

    fn header(&mut self, octets: &[u8], told: impl Fn() -> Option<String>) {
        let charset = OnceCell::new();
        for field in header::fields(octets) {
            let value = raw::repaired(field.value(), || charset.get_or_init(&told).clone());
            let value = decode::words(&value);
            let name = String::from_utf8_lossy(field.name);
            self.texts.push((Field::Head, format!("{name}: {value}")));
            let own = OWN_FIELDS.iter().find(|(own, _)| own.eq_ignore_ascii_case(&name));
            self.texts.extend(own.map(|(_, field)| (*field, value)));
        }
    }

    /// Gathers the header fields that are kept beside the letter.
    fn kept(summary: &Summary) -> Self {
        let own = [summary.from(), summary.to(), summary.cc(), summary.bcc(), summary.subject()];
        let mut said = Self::default();
        for ((name, field), value) in OWN_FIELDS.iter().zip(own) {
            if let Some(value) = value.map(decode::words) {
                said.texts.push((Field::Head, format!("{name}: {value}")));
                said.texts.push((*field, value));
            }
        }
        said
    }

    /// Returns true if the letter has the text that is looked for.
    pub fn has(&self, sought: &Sought) -> bool {
        let is_piece = matches!(sought.how, How::Piece(_)) && sought.fields.contains(&Field::Body);
        (is_piece && self.written.iter().any(|text| sought.is_in(text))) || self.is_told(sought)
    }

    fn is_told(&self, sought: &Sought) -> bool {
        self.texts.iter().filter(|(field, _)| sought.fields.contains(field)).any(|(field, text)| match sought.how {
            How::Piece(_) => sought.is_in(text),
            // People look for what fields say, not for their names.
            _ if *field == Field::Head => sought.is_in(text.split_once(": ").map_or(text, |(_, value)| value)),
            _ => sought.is_in(text),
        })
    }

    /// Returns the words that the index is to have of the letter.
    pub fn document(&self, letter: i64, account: i64) -> Document {
        let mut gatherer = Gatherer::default();
        for field in Field::ALL {
            let mut words = String::new();
            for (_, text) in self.texts.iter().filter(|(its, _)| *its == field) {
                gatherer.text(field, text, &mut words);
                // No phrase goes from one text to another.
                words.push_str(SEALED);
                words.push(' ');
            }
            if !words.is_empty() {
                gatherer.texts.push((field, words));
            }
        }
        let Gatherer { texts, terms, marked, sealed, sealed_octets, mut cut } = gatherer;
        debug_assert!(sealed_octets <= MOST_SEALED);
        cut.extend(self.cut.iter().copied());
        cut.extend((!self.written.is_empty()).then_some(Field::Body));
        Document {
            letter,
            account,
            texts,
            marked: marked.into_iter().collect(),
            terms: terms.into_iter().collect(),
            sealed: sealed.into_iter().collect(),
            cut: cut.into_iter().collect(),
            ..Document::default()
        }
    }
}

#[derive(Default)]
struct Gatherer {
    texts: Vec<(Field, String)>,
    terms: HashSet<Form>,
    marked: HashSet<(Field, String)>,
    sealed: HashSet<(Field, String)>,
    sealed_octets: usize,
    cut: HashSet<Field>,
}

impl Gatherer {
    fn text(&mut self, field: Field, text: &str, words: &mut String) {
        let Some((name, value)) = text.split_once(": ").filter(|_| field == Field::Head) else {
            return forms::each_word(text, |word| self.word(field, word, false, words));
        };
        let name = name.to_ascii_lowercase();
        match name.len() <= LONGEST_NAME {
            true => self.term(forms::field_name(&name), words),
            false => drop(self.cut.insert(field)),
        }
        if OWN_FIELDS.iter().any(|(own, _)| *own == name) {
            return;
        }
        let is_sealed = SEALED_FIELDS.contains(&name.as_str());
        forms::each_word(value, |word| self.word(field, word, is_sealed, words));
    }

    fn word(&mut self, field: Field, word: &Word, is_sealed: bool, words: &mut String) {
        let is_long = word.plain.chars().nth(2).is_some();
        if (is_sealed && is_long) || word.is_sealed() {
            return self.seal(field, word, words);
        }
        let exact = (word.exact != word.plain).then(|| word.exact.clone());
        let form = Form { plain: word.plain.clone(), exact };
        if self.terms.len() >= MOST_TERMS && !self.terms.contains(&form) {
            return self.seal(field, word, words);
        }
        if let Some(exact) = &form.exact {
            self.marked.insert((field, exact.clone()));
        }
        self.term(form, words);
    }

    fn term(&mut self, form: Form, words: &mut String) {
        words.push_str(&form.plain);
        words.push(' ');
        self.terms.insert(form);
    }

    fn seal(&mut self, field: Field, word: &Word, words: &mut String) {
        words.push_str(SEALED);
        words.push(' ');
        let has_room = self.sealed_octets + word.plain.len() <= MOST_SEALED;
        // A word that is too short to have a run is not found there.
        if !has_room || word.plain.chars().nth(2).is_none() {
            self.cut.insert(field);
        } else if self.sealed.insert((field, word.plain.clone())) {
            self.sealed_octets += word.plain.len();
        }
    }
}

/// Reads ranges of a letter, of a small one from memory.
struct Reader<'a> {
    view: &'a View,
    blob: BlobId,
    whole: Option<Bytes>,
}

impl<'a> Reader<'a> {
    fn new(view: &'a View, blob: BlobId, structure: &Structure) -> Result<Self, Error> {
        let end = u64::from(structure.root.body.end);
        let whole = if end <= AT_ONCE { Some(body::read(view, blob, 0..end)?) } else { None };
        Ok(Self { view, blob, whole })
    }

    fn read(&self, range: Range<u64>) -> Result<Bytes, Error> {
        let Some(whole) = &self.whole else {
            return Ok(body::read_all(self.view, self.blob, range)?.into());
        };
        let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(whole.len());
        Ok(whole.slice(at(range.start)..at(range.end).max(at(range.start))))
    }
}
