//! Any input in a log-in, from a client or from a server.

// The fuzz target, which has the same body, calls it like this.
extern crate facteur_sasl as sasl;

#[path = "../../../fuzz/bodies/sasl.rs"]
mod body;

use proptest::prelude::*;

/// Generates pieces of real input, so that more than the first check is reached.
fn piece() -> impl Strategy<Value = String> {
    let words = [
        "n,,n=alice,r=abc",
        "n,,",
        "y,a=bob,",
        "n=",
        "r=",
        "r=BwcHBwcHBwcHBwcHBwcHBwcHabc",
        ",s=AQEB",
        ",i=4096",
        "c=biws",
        ",p=",
        "v=",
        "\0",
        "alice",
        "=2C",
        "=3D",
        "*",
        "\n",
        "=",
        "{\"status\":\"401\"}",
        "\u{ad}",
        "\u{fdfa}",
        "ａ",
        "é",
    ];
    prop_oneof![4 => proptest::sample::select(words.to_vec()).prop_map(str::to_owned), 1 => ".{0,12}"]
}

proptest! {
    #[test]
    fn no_input_brings_anything_out_of_order(how: u8, pieces in proptest::collection::vec(piece(), 0..10)) {
        body::any_input(&[&[how][..], pieces.concat().as_bytes()].concat());
    }

    #[test]
    fn no_octets_bring_anything_out_of_order(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
        body::any_input(&octets);
    }
}
