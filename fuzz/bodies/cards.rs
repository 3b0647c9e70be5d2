use mua::fuzzing;

/// Reads a file as a calendar and as visiting cards.
pub fn check(text: &str) {
    fuzzing::reads_cards(text);
}
