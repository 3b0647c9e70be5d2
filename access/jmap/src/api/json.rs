//! Reads JSON under the rules of I-JSON (RFC 7493): UTF-8, and no name twice in one object. A text of some megabytes
//! can stand for a hundred times as much memory, so each caller sets a limit on the memory.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::Object;

/// The largest Int (RFC 8620 §1.3): up to it, each whole number can be told from the next.
const LARGEST: f64 = 9_007_199_254_740_991.0;
/// The octets that a value takes by itself, and beside its name in an object: a node of the tree has room for eleven of
/// them, and is about half full.
const VALUE: usize = size_of::<Value>();
const ENTRY: usize = 2 * (size_of::<String>() + VALUE);
/// An object that is not empty has at least one node.
const NODE: usize = 11 * (size_of::<String>() + VALUE);

/// The reason for which a text was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// The text is no I-JSON; the message says what is wrong, and where.
    NotJson(String),
    /// The text would take more memory than it may.
    TooLarge,
}

/// Reads a text that takes no more than about `most` octets of memory. The JSON reader itself limits the nesting.
pub fn read(text: &[u8], most: usize) -> Result<Value, Unread> {
    let room = Room(Cell::new(Some(most)));
    let mut reader = serde_json::Deserializer::from_slice(text);
    let read = Reader(&room).deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    match read {
        Ok(value) => Ok(value),
        Err(_) if room.0.get().is_none() => Err(Unread::TooLarge),
        Err(error) => Err(Unread::NotJson(error.to_string())),
    }
}

/// Estimates the octets of memory that a value takes: at least the length of the value written as text.
pub fn footprint(value: &Value) -> usize {
    let inside = match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(footprint).sum(),
        Value::Object(object) => return footprint_of(object),
        _ => 0,
    };
    VALUE + inside
}

/// Estimates the octets of memory that an object takes.
pub fn footprint_of(object: &Object) -> usize {
    let node = if object.is_empty() { 0 } else { NODE };
    VALUE + node + object.iter().map(|(name, value)| entry(name) + footprint(value)).sum::<usize>()
}

/// Estimates, from its punctuation, the most octets of memory that a piece of JSON takes once it is read.
pub fn swells(piece: &[u8]) -> usize {
    let cost = |byte: &u8| match byte {
        b'{' => VALUE + NODE,
        b',' | b':' | b'[' => ENTRY,
        _ => 1,
    };
    piece.iter().map(cost).sum()
}

fn entry(name: &str) -> usize {
    ENTRY - VALUE + name.len()
}

/// The room that the values may still take. `None` once a value has asked for more than there was.
struct Room(Cell<Option<usize>>);

impl Room {
    fn take<E: Error>(&self, octets: usize) -> Result<(), E> {
        let left = self.0.get().and_then(|left| left.checked_sub(octets));
        self.0.set(left);
        left.map(drop).ok_or_else(|| E::custom("it takes too much memory"))
    }
}

/// Reads one value.
#[derive(Clone, Copy)]
struct Reader<'r>(&'r Room);

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.0.take(VALUE)?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    /// A whole number counts as one in any form: 1.0 and 1e0 are an Int (RFC 8620 §1.3).
    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        if value.fract() == 0.0 && value.abs() <= LARGEST {
            #[allow(clippy::cast_possible_truncation)]
            return Ok((value as i64).into());
        }
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number out of range"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        self.0.take(value.len())?;
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        self.0.take(value.len())?;
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            array.push(item);
        }
        array.shrink_to_fit();
        Ok(array.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom(format_args!("the name {name:?} stands twice in one object")));
            }
            self.0.take(entry(&name) + if object.is_empty() { NODE } else { 0 })?;
            let value = entries.next_value_seed(self)?;
            object.insert(name, value);
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_i_json_is_refused() {
        for bad in [&b"{\"a\":1,\"a\":2}"[..], b"{", b"", b"\"\xff\"", b"[1e999]", b"{} {}", b"nul", b"\"\\ud800\""] {
            assert!(matches!(read(bad, 100_000), Err(Unread::NotJson(_))), "{}", bad.escape_ascii());
        }
        assert!(read(&[b"[".repeat(10_000), b"]".repeat(10_000)].concat(), 1 << 20).is_err());
        assert_eq!(read(b"{\"a\":[1,-2,0.5,null,true,\"\\u00e9\"]}", 10_000).unwrap()["a"][5], "é");
    }

    #[test]
    fn a_whole_number_is_one_however_it_is_written() {
        let numbers = read(b"[1.0, 1e2, -3.0, 0.0, -0.0, 4503599627370496.0, 1.5]", 10_000).unwrap();
        assert_eq!(numbers.to_string(), "[1,100,-3,0,0,4503599627370496,1.5]");
        assert!(read(b"[1e300]", 10_000).unwrap()[0].is_f64());
    }

    #[test]
    fn a_text_that_stands_for_more_memory_than_it_may_take_is_too_large() {
        for item in
            ["[]", "{}", "1", "\"\"", "{\"\":1}", "[[]]", "{\"a\":{\"b\":{}}}", "\"some text that is rather long\""]
        {
            let text = format!("[{}]", vec![item; 10_000].join(","));
            let value = read(text.as_bytes(), usize::MAX).unwrap();
            assert!(footprint(&value) >= text.len().min(VALUE * 10_000), "{item}");
            assert!(footprint(&value) <= swells(text.as_bytes()) + VALUE, "{item}");
            assert_eq!(read(text.as_bytes(), footprint(&value)), Ok(value.clone()), "{item}");
            assert_eq!(read(text.as_bytes(), footprint(&value) - 1), Err(Unread::TooLarge), "{item}");
        }
    }
}
