//! Sentences of ours that are kept in English, with what they are about in them, before anybody knows who will read them.
//! A table has each with `{}` for its holes, and the same in another language; the reader's place fills the holes again.

/// Returns the texts in the holes of a sentence; `None` if it is another sentence.
pub fn holes<'a>(sentence: &str, said: &'a str) -> Option<Vec<&'a str>> {
    let mut pieces = sentence.split("{}");
    let mut rest = said.strip_prefix(pieces.next()?)?;
    let mut holes = Vec::new();
    let mut pieces = pieces.peekable();
    while let Some(piece) = pieces.next() {
        let is_last = pieces.peek().is_none();
        let at = if is_last { rest.len().checked_sub(piece.len())? } else { rest.find(piece)? };
        let (hole, behind) = rest.split_at_checked(at)?;
        rest = behind.strip_prefix(piece)?;
        holes.push(Some(hole).filter(|hole| !hole.is_empty())?);
    }
    rest.is_empty().then_some(holes)
}

/// Fills the holes of a sentence.
pub fn filled(sentence: &str, mut holes: impl Iterator<Item = String>) -> String {
    let mut pieces = sentence.split("{}");
    let mut filled = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        filled.push_str(&holes.next().unwrap_or_default());
        filled.push_str(piece);
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_known_by_the_words_between_its_holes() {
        let sentence = "{} takes {} octets at most";
        let found = holes(sentence, "mx.beta.test takes 100 octets at most").unwrap();
        assert_eq!(found, ["mx.beta.test", "100"]);
        assert_eq!(
            filled("{} : au plus {} octets", found.into_iter().map(str::to_owned)),
            "mx.beta.test : au plus 100 octets"
        );
        for other in
            ["", " takes 1 octets at most", "x takes  octets at most", "x takes 1 octets", "x takes 1 octets at most."]
        {
            assert_eq!(holes(sentence, other), None, "{other}");
        }
    }
}
