//! SearchSnippet/get (RFC 8621 §5): the places of a search's words in a letter.

use std::sync::Arc;
use std::time::Instant;

use mailbox::parse::text::told;
use mailbox::search::sought::{Sought, places};
use mailbox::search::{Criteria, SearchField};
use mailbox::{Access, Keywords, LetterKey};
use serde::Deserialize;
use serde_json::{Value, json};
use store::View;

use crate::api::{MethodError, Object};
use crate::email::{collapsed, filter, get};
use crate::id::Id;
use crate::scope::Scope;
use crate::standard::{self, get as standard_get};

/// Octets of text that are looked through.
const LOOKED_AT: usize = 256 * 1024;
/// The longest preview (RFC 8621 §5), in octets, marks included.
const LONGEST: usize = 255;
/// The longest subject shown, in octets before it is marked.
const LONGEST_SUBJECT: usize = 1000;
/// The most letters before the first shown word.
const BEFORE: usize = 60;
/// The most words that are searched for. A search has a few.
const MOST_WORDS: usize = 32;
/// Octets of text in which words are marked: enough for the preview, which is no longer.
const MARKED: usize = 4 * LONGEST;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GetArguments {
    account_id: String,
    filter: Option<Value>,
    email_ids: Vec<String>,
}

pub async fn get(scope: &Scope, arguments: Object) -> Result<Object, MethodError> {
    let mut arguments: GetArguments = standard::arguments(arguments)?;
    let access = scope.access(&arguments.account_id)?;
    standard_get::once_each(&mut arguments.email_ids)?;
    let criteria = filter::read(arguments.filter)?;
    if !criteria.is_bounded() {
        return Err(MethodError::unsupported_filter("more words than are looked for at once"));
    }
    let words = Arc::new(Words::of(&criteria));
    let ids = Arc::new(arguments.email_ids);
    let mut snippets: Vec<Option<Value>> = Vec::new();
    while snippets.len() < ids.len() {
        let (ids, words, done) = (Arc::clone(&ids), Arc::clone(&words), snippets.len());
        let read = move |view: &View| in_turn(view, access, ids.get(done..).unwrap_or_default(), &words);
        snippets.extend(scope.server.read(access, read).await?);
    }
    let missing = ids.iter().zip(&snippets).filter(|(_, snippet)| snippet.is_none());
    let not_found: Vec<String> = missing.map(|(id, _)| id.clone()).collect();
    let list: Vec<Value> = snippets.into_iter().flatten().collect();
    let not_found = if not_found.is_empty() { Value::Null } else { not_found.into() };
    let answer = json!({"accountId": arguments.account_id, "list": list, "notFound": not_found});
    Ok(answer.as_object().cloned().unwrap_or_default())
}

/// Returns the snippets of as many of these letters as fit into one turn, and of at least one.
fn in_turn(view: &View, access: Access, ids: &[String], words: &Words) -> Result<Vec<Option<Value>>, MethodError> {
    let begun = Instant::now();
    let mut snippets = Vec::new();
    for id in ids {
        snippets.push(snippet(view, access, id, words)?);
        if begun.elapsed() > get::TURN {
            break;
        }
    }
    Ok(snippets)
}

/// The words of a search, by the place where they are searched for.
#[derive(Default)]
struct Words {
    subject: Vec<Sought>,
    body: Vec<Sought>,
}

impl Words {
    fn of(criteria: &Criteria) -> Self {
        let mut words = Self::default();
        words.gather(criteria);
        words.subject.truncate(MOST_WORDS);
        words.body.truncate(MOST_WORDS);
        words
    }

    fn gather(&mut self, criteria: &Criteria) {
        match criteria {
            Criteria::And(parts) | Criteria::Or(parts) => parts.iter().for_each(|part| self.gather(part)),
            Criteria::Words(words) => {
                let sought = words.sought();
                if matches!(words.place, SearchField::Subject | SearchField::Anywhere) {
                    self.subject.extend(sought.clone());
                }
                if matches!(words.place, SearchField::Body | SearchField::Anywhere) {
                    self.body.extend(sought);
                }
            }
            // A word that must not occur is never marked.
            _ => {}
        }
    }
}

fn snippet(view: &View, access: Access, id: &str, words: &Words) -> Result<Option<Value>, MethodError> {
    let Some(key) = LetterKey::read(id) else { return Ok(None) };
    let known = Keywords::default();
    let Some(letter) = get::stored(view, access, key, &known)? else { return Ok(None) };
    let subject = letter.summary.subject().map(mailbox::parse::decode::words).unwrap_or_default();
    let subject = marked(clip(&subject, LONGEST_SUBJECT), &words.subject, usize::MAX);
    let preview = match words.body.is_empty() {
        true => None,
        false => {
            let said = told(&letter.structure, LOOKED_AT, |range| letter.read(range))?.body.join("\n");
            around(&collapsed(&said), &words.body)
        }
    };
    Ok(Some(json!({"emailId": id, "subject": subject, "preview": preview})))
}

fn clip(text: &str, limit: usize) -> &str {
    text.get(..text.floor_char_boundary(limit)).unwrap_or_default()
}

/// Returns the text around the first match, marked.
fn around(text: &str, words: &[Sought]) -> Option<String> {
    let first = places(words, text).first()?.0;
    let mut start = first.saturating_sub(BEFORE);
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    // The text begins at the beginning of a word, if there is one before the match.
    let cut = text.get(start..first).unwrap_or_default();
    if start > 0
        && let Some(blank) = cut.find(' ')
    {
        start += blank + 1;
    }
    marked(clip(text.get(start..)?, MARKED), words, LONGEST)
}

/// Returns the text with entities and marks, at most `limit` octets of it; `None` if it contains none of the words.
fn marked(text: &str, words: &[Sought], limit: usize) -> Option<String> {
    let places = places(words, text);
    if places.is_empty() {
        return None;
    }
    let (mut out, mut at) = (String::new(), 0);
    for (start, end) in places {
        if !escape(text.get(at..start)?, &mut out, limit) {
            return Some(out);
        }
        let mut word = String::from("<mark>");
        escape(text.get(start..end)?, &mut word, usize::MAX);
        word.push_str("</mark>");
        if out.len() + word.len() > limit {
            return Some(out);
        }
        out.push_str(&word);
        at = end;
    }
    escape(text.get(at..)?, &mut out, limit);
    Some(out)
}

/// Writes escaped text; returns false if there was no room for all of it.
fn escape(text: &str, out: &mut String, limit: usize) -> bool {
    for c in text.chars() {
        let entity = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            _ => "",
        };
        let width = if entity.is_empty() { c.len_utf8() } else { entity.len() };
        if out.len() + width > limit {
            return false;
        }
        if entity.is_empty() { out.push(c) } else { out.push_str(entity) }
    }
    true
}

#[cfg(test)]
mod tests {
    use mailbox::search::sought;

    use super::*;

    fn sought(text: &str) -> Sought {
        Sought::words(&sought::ANYWHERE, text, false).unwrap()
    }

    #[test]
    fn words_are_marked_and_the_rest_is_escaped() {
        let words = [sought("ete"), sought("foo"), sought("oeuvre")];
        assert_eq!(
            marked("L’ÉTÉ <1> & football, barfoo, œuvres", &words, 1000).as_deref(),
            Some("L’<mark>ÉTÉ</mark> &lt;1&gt; &amp; <mark>foo</mark>tball, bar<mark>foo</mark>, <mark>œuvre</mark>s")
        );
        assert_eq!(marked("nothing here", &words, 1000), None);
    }

    proptest::proptest! {
        #[test]
        fn no_preview_is_too_long_or_torn(text in "\\PC{0,400}", word in "[a-zé]{1,6}") {
            if let Some(preview) = around(&format!("{text} {word}"), &[sought(&word)]) {
                assert!(preview.len() <= LONGEST);
                assert_eq!(preview.matches("<mark>").count(), preview.matches("</mark>").count());
            }
        }
    }
}
