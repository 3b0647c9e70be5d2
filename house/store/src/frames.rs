//! How the bytes of a blob are packed: as they are, or as zstd frames that can be unpacked one by one.
//!
//! Packed: the frames, each of [`FRAME`] bytes of content (the last may have fewer), then for each frame the length
//! it has packed as a little-endian `u32`. The number of frames follows from the length of the content, which is
//! kept elsewhere, so that a reader finds the table at the end.

use std::cell::RefCell;
use std::ops::Range;

use zstd::bulk::{Compressor, Decompressor};

use crate::error::{Error, Result};

/// Bytes of content in a frame: what a reader must unpack to get one byte.
pub(crate) const FRAME: usize = 64 * 1024;
const LEVEL: i32 = 1;
/// Bytes of the length of a frame in the table.
const ENTRY: usize = 4;

/// Content packed as frames, where that saves at least an eighth; `None` where it does not.
pub(crate) fn pack(content: &[u8]) -> Option<Vec<u8>> {
    // Beneath this a frame saves nothing that a page of the database would notice.
    if content.len() < 256 {
        return None;
    }
    let aim = content.len() - content.len() / 8;
    let mut packed = Vec::with_capacity(aim);
    let mut table = Vec::with_capacity(count(content.len() as u64) * ENTRY);
    for (index, part) in content.chunks(FRAME).enumerate() {
        let frame = compress(part)?;
        // A picture or an archive shows in its first frames that it cannot be packed; do not try the rest.
        if index == 1 && packed.len() + frame.len() > (part.len() + FRAME) / 8 * 7 {
            return None;
        }
        table.extend_from_slice(&u32::try_from(frame.len()).ok()?.to_le_bytes());
        packed.extend_from_slice(&frame);
    }
    packed.extend_from_slice(&table);
    (packed.len() <= aim).then_some(packed)
}

/// Number of frames of a content of this length.
pub(crate) fn count(length: u64) -> usize {
    usize::try_from(length.div_ceil(FRAME as u64)).unwrap_or(usize::MAX)
}

/// Bytes of the table at the end of a packed content of this length.
pub(crate) fn table_bytes(length: u64) -> u64 {
    (count(length) * ENTRY) as u64
}

/// Gives `range` of a packed content of `length` bytes. `fetch` gives a range of the packed bytes, of which there are
/// `packed`. The range must lie inside the content.
pub(crate) fn unpack<B: AsRef<[u8]>>(
    length: u64,
    packed: u64,
    range: Range<u64>,
    mut fetch: impl FnMut(Range<u64>) -> Result<B>,
) -> Result<Vec<u8>> {
    if range.is_empty() {
        return Ok(Vec::new());
    }
    let frames = range.start / FRAME as u64..(range.end).div_ceil(FRAME as u64);
    let table_start = packed.checked_sub(table_bytes(length)).ok_or_else(damaged)?;
    let table = fetch(table_start..packed)?;
    let place = |frame: u64| -> Result<u64> { Ok(lengths(table.as_ref()).take(index(frame)?).map(u64::from).sum()) };
    let stored = place(frames.start)?..place(frames.end)?;
    let bytes = fetch(stored)?;
    let mut rest = bytes.as_ref();
    let unpacked = (frames.end * FRAME as u64).min(length) - frames.start * FRAME as u64;
    let mut content = Vec::with_capacity(index(unpacked)?);
    for (number, bytes) in (frames.clone()).zip(lengths(table.as_ref()).skip(index(frames.start)?)) {
        let (frame, behind) = rest.split_at_checked(bytes as usize).ok_or_else(damaged)?;
        let inside = (length - number * FRAME as u64).min(FRAME as u64);
        decompress(frame, &mut content, index(inside)?)?;
        rest = behind;
    }
    cut(content, range.start - frames.start * FRAME as u64, range.end - range.start)
}

fn cut(mut content: Vec<u8>, skip: u64, length: u64) -> Result<Vec<u8>> {
    let (skip, length) = (index(skip)?, index(length)?);
    if content.len() < skip + length {
        return Err(damaged());
    }
    content.truncate(skip + length);
    content.drain(..skip);
    Ok(content)
}

fn lengths(table: &[u8]) -> impl Iterator<Item = u32> {
    table.as_chunks::<ENTRY>().0.iter().map(|entry| u32::from_le_bytes(*entry))
}

fn index(number: u64) -> Result<usize> {
    usize::try_from(number).map_err(|_| Error::TooLarge)
}

fn damaged() -> Error {
    Error::Corrupt("a packed body".to_owned())
}

thread_local! {
    // Setting up a context costs more than packing a letter.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

fn compress(part: &[u8]) -> Option<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|slot| {
        let compressor = match slot {
            Some(compressor) => compressor,
            None => slot.insert(Compressor::new(LEVEL).ok()?),
        };
        compressor.compress(part).ok()
    })
}

/// Unpacks a frame that holds `length` bytes.
fn decompress(frame: &[u8], into: &mut Vec<u8>, length: usize) -> Result<()> {
    let start = into.len();
    into.resize(start + length, 0);
    let room = into.get_mut(start..).unwrap_or_default();
    let written = DECOMPRESSOR.with_borrow_mut(|slot| {
        let decompressor = match slot {
            Some(decompressor) => decompressor,
            None => slot.insert(Decompressor::new().map_err(|error| Error::Io(error.to_string()))?),
        };
        decompressor.decompress_to_buffer(frame, room).map_err(|_| damaged())
    })?;
    if written == length { Ok(()) } else { Err(damaged()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fetch(packed: &[u8]) -> impl FnMut(Range<u64>) -> Result<Vec<u8>> + '_ {
        |range| packed.get(range.start as usize..range.end as usize).map(<[u8]>::to_vec).ok_or_else(damaged)
    }

    #[test]
    fn noise_is_kept_as_it_is() {
        let mut state = 1_u64;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        })
        .take(300_000)
        .collect();
        assert!(pack(&noise).is_none());
    }

    #[test]
    fn a_damaged_table_is_an_error_and_no_panic() {
        let content = b"All work and no play makes Jack a dull boy.\r\n".repeat(5000);
        let mut packed = pack(&content).expect("text packs well");
        let end = packed.len();
        packed[end - 6..].fill(0xff);
        let length = content.len() as u64;
        assert!(unpack(length, end as u64, 0..length, fetch(&packed)).is_err());
        assert!(unpack(length, 3, 0..length, fetch(&packed[..3])).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_range_comes_back(lines in 6..9000_usize, a in 0.0..1.0_f64, b in 0.0..1.0_f64) {
            let content: String = (0..lines).map(|line| format!("line {line} of a letter with {} things\r\n", line * line)).collect();
            let length = content.len() as u64;
            let (a, b) = ((a * length as f64) as u64, (b * length as f64) as u64);
            let range = a.min(b)..a.max(b);
            if let Some(packed) = pack(content.as_bytes()) {
                let read = unpack(length, packed.len() as u64, range.clone(), fetch(&packed)).unwrap();
                prop_assert_eq!(&read[..], &content.as_bytes()[range.start as usize..range.end as usize]);
            }
        }
    }
}
