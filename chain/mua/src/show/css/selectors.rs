//! Weighs selectors: a browser has to check a selector for each element that its last part may match.

use cssparser::{Parser, Token};

use super::super::population::Population;

/// The most steps from element to element in one selector. (Those of letters have four or five.)
const MOST_STEPS: usize = 12;
/// The cost of a comparison with one element, and of each condition or step, in the unit of [`super::super::weight`].
const COMPARISON: usize = 2;
/// A box made before or behind an element.
const BOX: usize = 60;
/// The cost of a selector that matches nothing in the letter: it is read all the same.
const READ: usize = 5;

/// The elements that the last part of a selector may match.
#[derive(Default)]
struct Last<'t> {
    tag: Option<&'t str>,
    class: Option<&'t str>,
    is_id: bool,
    makes_box: bool,
}

impl Last<'_> {
    fn matched(&self, population: &Population) -> usize {
        match (self.is_id, self.class, self.tag) {
            // The cleaned letter has no ids.
            (true, ..) => 0,
            (_, Some(class), _) => population.of_class(class),
            (_, _, Some(tag)) => population.of_tag(tag),
            _ => population.all(),
        }
    }
}

/// Returns the cost of comparing `selectors`, and the most elements that they can match; `None`: they have no place in
/// a letter.
pub fn weight(selectors: &str, population: &Population) -> Option<(usize, usize)> {
    let (mut weight, mut elements) = (0, 0);
    for selector in apart(selectors) {
        let (matched, made) = one(selector, population)?;
        let conditions = selector.bytes().filter(|octet| b".:[>+*, ".contains(octet)).count();
        weight += READ + matched * (COMPARISON * (1 + conditions) + if made { BOX } else { 0 });
        elements += matched;
    }
    Some((weight, elements))
}

/// Returns the selectors of a list. (A comma in brackets or in a text does not separate them.)
fn apart(selectors: &str) -> Vec<&str> {
    let (mut parser, mut parts, mut from) = (Parser::new(selectors), Vec::new(), 0);
    while let Ok(token) = parser.next() {
        if *token == Token::Comma {
            let end = parser.position().byte_index();
            parts.push(selectors.get(from..end.saturating_sub(1)).unwrap_or_default());
            from = end;
        }
    }
    parts.push(selectors.get(from..).unwrap_or_default());
    parts
}

/// Returns the most elements that one selector may match, and true if it makes boxes for them.
fn one(selector: &str, population: &Population) -> Option<(usize, bool)> {
    let (mut parser, mut tokens) = (Parser::new(selector), Vec::new());
    while let Ok(token) = parser.next_including_whitespace() {
        tokens.push(token.clone());
    }
    let (mut last, mut steps, mut stepped) = (Last::default(), 0, false);
    let (mut behind_point, mut colons) = (false, 0);
    for token in &tokens {
        if matches!(token, Token::WhiteSpace(_) | Token::Delim('>' | '+')) {
            steps += usize::from(!stepped);
            (stepped, colons) = (true, 0);
            continue;
        }
        if stepped {
            (last, stepped) = (Last::default(), false);
        }
        match token {
            Token::Colon => colons += 1,
            Token::Ident(name) | Token::Function(name) if colons > 0 => {
                last.makes_box |= makes_box(name, colons)?;
                colons = 0;
            }
            Token::Ident(name) if behind_point => last.class = Some(&**name),
            Token::Ident(name) => last.tag = Some(&**name),
            Token::Hash(_) | Token::IDHash(_) => last.is_id = true,
            _ => {}
        }
        behind_point = *token == Token::Delim('.');
    }
    (steps <= MOST_STEPS).then(|| (last.matched(population), last.makes_box))
}

/// Returns true for `::before` and `::after`, which make a box for each element. Other pseudo-elements have no place in
/// a letter: first lines and letters are laid out more than once.
fn makes_box(name: &str, colons: usize) -> Option<bool> {
    let is = |names: [&str; 2]| names.iter().any(|known| name.eq_ignore_ascii_case(known));
    match (is(["before", "after"]), is(["first-line", "first-letter"])) {
        (true, _) => Some(true),
        (_, true) => None,
        _ => (colons == 1).then_some(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(selectors: &str) -> Option<usize> {
        let population =
            Population::of(&format!("{}<p>x</p><i class=\"a b\">y</i><i class=\"b\">y</i>", "<b>z</b>".repeat(96)));
        weight(selectors, &population).map(|(_, elements)| elements)
    }

    #[test]
    fn a_selector_is_for_the_elements_that_its_last_part_names() {
        for (selectors, matched) in [
            ("p", 1),
            ("P", 1),
            ("*", 99),
            (".a", 1),
            ("b .b", 2),
            ("i.a", 1),
            ("b > p ", 1),
            ("p b", 96),
            ("p, i, .b:hover", 1 + 2 + 2),
            (":not(p, i)", 99),
            ("[title=\"a, b\"]", 99),
            ("i:nth-child(2)", 2),
            ("#p", 0),
            ("u", 0),
            ("p::before", 1),
            (".\\61", 1),
        ] {
            assert_eq!(elements(selectors), Some(matched), "{selectors}");
        }
    }

    #[test]
    fn what_is_laid_out_twice_or_looks_too_far_has_no_place() {
        for selectors in ["p::first-line", "p:first-letter", "p::marker", &"b > ".repeat(20), "p, i::first-line"] {
            assert_eq!(elements(selectors), None, "{selectors}");
        }
    }
}
