//! The pieces that go over the socket, one by one: a length, a head in JSON, and octets beside it.

use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The longest head.
const LONGEST_HEAD: usize = 1 << 20;
/// The most octets beside a head. A longer text goes in several frames.
pub const PIECE: usize = 256 << 10;

/// Writes a frame. `octets` are at most [`PIECE`].
pub fn write(to: &mut impl Write, head: &impl Serialize, octets: &[u8]) -> io::Result<()> {
    let head = serde_json::to_vec(head)?;
    if head.len() > LONGEST_HEAD || octets.len() > PIECE {
        return Err(io::Error::other("this is too long to be said at once"));
    }
    let mut frame = Vec::with_capacity(8 + head.len() + octets.len());
    for length in [head.len(), octets.len()] {
        frame.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    }
    frame.extend_from_slice(&head);
    frame.extend_from_slice(octets);
    to.write_all(&frame)
}

/// Reads a frame; `None` if the other side has ended between two.
pub fn read<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<Option<(T, Vec<u8>)>> {
    let mut lengths = [0; 8];
    if !fill(from, &mut lengths)? {
        return Ok(None);
    }
    let [a, b, c, d, e, f, g, h] = lengths;
    let length = |bytes| usize::try_from(u32::from_be_bytes(bytes)).unwrap_or(usize::MAX);
    let (head, octets) = (length([a, b, c, d]), length([e, f, g, h]));
    if head > LONGEST_HEAD || octets > PIECE {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame is too long"));
    }
    let mut frame = vec![0; head];
    from.read_exact(&mut frame)?;
    let said = serde_json::from_slice(&frame)?;
    let mut beside = vec![0; octets];
    from.read_exact(&mut beside)?;
    Ok(Some((said, beside)))
}

/// Fills the buffer; `false` if there is nothing at all.
fn fill(from: &mut impl Read, into: &mut [u8]) -> io::Result<bool> {
    let first = loop {
        match from.read(into) {
            Err(again) if again.kind() == io::ErrorKind::Interrupted => {}
            read => break read?,
        }
    };
    if first == 0 {
        return Ok(false);
    }
    from.read_exact(&mut into[first..]).map(|()| true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_the_end_is_seen() {
        let mut wire = Vec::new();
        write(&mut wire, &"one", b"beside").unwrap();
        write(&mut wire, &"two", b"").unwrap();
        let mut from = wire.as_slice();
        assert_eq!(read::<String>(&mut from).unwrap(), Some(("one".to_owned(), b"beside".to_vec())));
        assert_eq!(read::<String>(&mut from).unwrap(), Some(("two".to_owned(), Vec::new())));
        assert_eq!(read::<String>(&mut from).unwrap(), None);
    }

    #[test]
    fn no_length_that_is_said_is_believed_before_it_is_looked_at() {
        for lengths in [[0xff; 8], [0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff], [0xff, 0, 0, 0, 0, 0, 0, 0]] {
            assert!(read::<String>(&mut &lengths[..]).is_err(), "{lengths:?}");
        }
        assert!(read::<String>(&mut &[0, 0, 0, 5, 0][..]).is_err(), "cut within the lengths");
        assert!(read::<String>(&mut &[0, 0, 0, 5, 0, 0, 0, 0, b'"'][..]).is_err(), "cut within the head");
        assert!(write(&mut Vec::new(), &"x", &vec![0; PIECE + 1]).is_err());
    }
}
