//! Counts the elements of a page by tag and by class.

use std::borrow::Cow;
use std::collections::HashMap;

use super::markup::{Token, Tokens};

/// The number of elements of each kind.
#[derive(Debug, Default)]
pub struct Population {
    all: usize,
    tags: HashMap<String, usize>,
    classes: HashMap<String, usize>,
}

impl Population {
    /// Counts those of clean markup.
    pub fn of(markup: &str) -> Self {
        let mut population = Self::default();
        for token in Tokens::of(markup) {
            let Token::Start(tag) = token else { continue };
            population.all += 1;
            *population.tags.entry(tag.name().to_owned()).or_default() += 1;
            for class in meant(tag.attribute("class").unwrap_or_default()).split_ascii_whitespace() {
                *population.classes.entry(class.to_owned()).or_default() += 1;
            }
        }
        population
    }

    /// Returns the number of all elements.
    pub fn all(&self) -> usize {
        self.all
    }

    /// Returns the number of elements of a tag.
    pub fn of_tag(&self, tag: &str) -> usize {
        match tag.to_ascii_lowercase().as_str() {
            // These elements are around the letter, and there only once.
            "html" | "body" => 1,
            tag => self.tags.get(tag).copied().unwrap_or_default(),
        }
    }

    /// Returns the number of elements of a class.
    pub fn of_class(&self, class: &str) -> usize {
        self.classes.get(class).copied().unwrap_or_default()
    }
}

/// Returns the value of an attribute without references: those that [`ammonia`] writes in one.
fn meant(value: &str) -> Cow<'_, str> {
    if !value.contains('&') {
        return value.into();
    }
    let plain = value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&nbsp;", "\u{a0}");
    plain.replace("&amp;", "&").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_counted_by_what_selectors_call_them() {
        let population = Population::of("<p class=\"a&amp;b c\">x</p><p class=\"c\">y<br></p>");
        assert_eq!((population.all(), population.of_tag("P"), population.of_tag("br")), (3, 2, 1));
        assert_eq!(["a&b", "c", "d"].map(|class| population.of_class(class)), [1, 2, 0]);
    }
}
