//! Packs the bytes of a blob: as they are, or as zstd frames that can be unpacked one by one.
//!
//! Packed: the frames, the first of [`FIRST`] bytes of content and the others of [`FRAME`] (the last may have fewer),
//! then for each frame the length it has packed as a little-endian `u32`. The number of frames follows from the length
//! of the content, which is kept elsewhere, so that a reader finds the table at the end.
//!
//! Every frame ends with a checksum, so that a reader of a part can tell whether it is what was kept: that of zstd in a
//! packed frame, and in one that is not packed a [`SEAL`]. Frames of the first versions have none.

use std::cell::RefCell;
use std::ops::Range;

use zstd::bulk::{Compressor, Decompressor};

use crate::error::{Error, Result};
use crate::flaw::Flaw;

/// Bytes of content in the first frame. The header of a letter fits, and is asked for more often than all the rest.
pub(crate) const FIRST: usize = 8 * 1024;
/// Bytes of content in each other frame: a reader must unpack so many to get one byte.
const FRAME: usize = 64 * 1024;
const LEVEL: i32 = 1;
/// Bytes of the length of a frame in the table.
const ENTRY: usize = 4;

/// Bytes of the hash of a frame that stand behind it if it is not packed.
const SEAL: u64 = 8;

type Seal = [u8; SEAL as usize];

/// Packed content.
pub(crate) struct Packed {
    /// Frames and table.
    pub(crate) bytes: Vec<u8>,
    /// The number of bytes of the first frame.
    pub(crate) first: usize,
}

/// Content packed as frames, where that saves at least an eighth; `None` if it does not.
pub(crate) fn pack(content: &[u8]) -> Option<Packed> {
    // Beneath this a frame saves nothing that a page of the database would notice.
    if content.len() < 256 {
        return None;
    }
    let aim = content.len() - content.len() / 8;
    let (first, others) = content.split_at(content.len().min(FIRST));
    let mut bytes = compress(first)?;
    let first = bytes.len();
    let mut table = entry(first)?.to_vec();
    for (index, part) in others.chunks(FRAME).enumerate() {
        let frame = compress(part)?;
        // Pictures and archives show in their beginning that they cannot be packed; do not try the rest.
        if index == 0 && part.len() == FRAME && frame.len() > FRAME / 8 * 7 {
            return None;
        }
        table.extend_from_slice(&entry(frame.len())?);
        bytes.extend_from_slice(&frame);
    }
    bytes.extend_from_slice(&table);
    (bytes.len() <= aim).then_some(Packed { bytes, first })
}

/// The seals of the frames of a content that is not packed.
pub(crate) fn seals(content: &[u8]) -> Vec<Seal> {
    frames_of(content).map(seal).collect()
}

/// The frames of a content, each with its seal behind it.
pub(crate) fn sealed<'c>(content: &'c [u8], seals: &'c [Seal]) -> Vec<&'c [u8]> {
    frames_of(content).zip(seals).flat_map(|(frame, seal)| [frame, seal.as_slice()]).collect()
}

/// Returns the length with its seals of a content of `length` bytes.
pub(crate) fn sealed_length(length: u64) -> u64 {
    length.checked_sub(1).map_or(0, |last| sealed_start(frame_at(last)) + SEAL + (length - start_of(frame_at(last))))
}

/// Returns the length with its seal of the first frame of a content that is not packed.
pub(crate) fn sealed_first(length: u64) -> u64 {
    sealed_length(length.min(FIRST as u64))
}

/// Returns `range` of a sealed content of `length` bytes. `fetch` gives a range of the bytes with their seals. The
/// range must lie inside the content.
pub(crate) fn unseal<B: AsRef<[u8]>>(
    length: u64,
    range: Range<u64>,
    fetch: impl FnOnce(Range<u64>) -> Result<B, Flaw>,
) -> Result<Vec<u8>, Flaw> {
    if range.is_empty() {
        return Ok(Vec::new());
    }
    let frames = frame_at(range.start)..frame_at(range.end - 1) + 1;
    let end = sealed_start(frames.end).min(sealed_length(length));
    let bytes = fetch(sealed_start(frames.start)..end)?;
    let mut rest = bytes.as_ref();
    let mut content = Vec::with_capacity(rest.len());
    for frame in frames.clone() {
        let frame_length = index(start_of(frame + 1).min(length) - start_of(frame))?;
        let (stored, behind) = rest.split_at_checked(frame_length).ok_or_else(damaged)?;
        let (its_seal, behind) = behind.split_first_chunk().ok_or_else(damaged)?;
        if *its_seal != seal(stored) {
            return Err(Flaw::damaged(format!("frame {frame} is not what its checksum says")));
        }
        content.extend_from_slice(stored);
        rest = behind;
    }
    cut(content, range.start - start_of(frames.start), range.end - range.start)
}

fn frames_of(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (first, others) = content.split_at(content.len().min(FIRST));
    std::iter::once(first).filter(|first| !first.is_empty()).chain(others.chunks(FRAME))
}

fn seal(frame: &[u8]) -> Seal {
    blake3::hash(frame).as_bytes().first_chunk().copied().unwrap_or_default()
}

/// Returns the position of a frame among frames with seals.
fn sealed_start(frame: u64) -> u64 {
    start_of(frame) + frame * SEAL
}

/// Returns `range` of a packed content of `length` bytes. `fetch` gives a range of the packed bytes, of which there are
/// `packed`, the first frame having `first` of them where that is known. The range must lie inside the content.
pub(crate) fn unpack<B: AsRef<[u8]>>(
    length: u64,
    packed: u64,
    first: Option<u64>,
    range: Range<u64>,
    mut fetch: impl FnMut(Range<u64>) -> Result<B, Flaw>,
) -> Result<Vec<u8>, Flaw> {
    if range.is_empty() {
        return Ok(Vec::new());
    }
    if let Some(first) = first.filter(|_| range.end <= FIRST as u64) {
        let mut content = Vec::new();
        decompress(fetch(0..first)?.as_ref(), &mut content, index(length.min(FIRST as u64))?)?;
        return cut(content, range.start, range.end - range.start);
    }
    let frames = frame_at(range.start)..frame_at(range.end - 1) + 1;
    let table_bytes = (frame_at(length - 1) + 1) * ENTRY as u64;
    let table_start = packed.checked_sub(table_bytes).ok_or_else(damaged)?;
    let table = fetch(table_start..packed)?;
    let place =
        |frame: u64| -> Result<u64, Flaw> { Ok(lengths(table.as_ref()).take(index(frame)?).map(u64::from).sum()) };
    let bytes = fetch(place(frames.start)?..place(frames.end)?)?;
    let mut rest = bytes.as_ref();
    let content_start = start_of(frames.start);
    // No more in advance than the packed bytes make likely: the length may be what is damaged.
    let likely = index(start_of(frames.end).min(length) - content_start)?.min(rest.len().saturating_mul(8));
    let mut content = Vec::with_capacity(likely);
    for (frame, stored) in frames.clone().zip(lengths(table.as_ref()).skip(index(frames.start)?)) {
        let (stored, behind) = rest.split_at_checked(stored as usize).ok_or_else(damaged)?;
        decompress(stored, &mut content, index(start_of(frame + 1).min(length) - start_of(frame))?)?;
        rest = behind;
    }
    cut(content, range.start - content_start, range.end - range.start)
}

/// The frame that holds this byte of the content.
fn frame_at(offset: u64) -> u64 {
    offset.checked_sub(FIRST as u64).map_or(0, |behind| 1 + behind / FRAME as u64)
}

/// Returns the position of a frame in the content.
fn start_of(frame: u64) -> u64 {
    frame.checked_sub(1).map_or(0, |others| FIRST as u64 + others * FRAME as u64)
}

fn entry(length: usize) -> Option<[u8; ENTRY]> {
    u32::try_from(length).ok().map(u32::to_le_bytes)
}

fn cut(mut content: Vec<u8>, skip: u64, length: u64) -> Result<Vec<u8>, Flaw> {
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

fn damaged() -> Flaw {
    Flaw::damaged("it cannot be unpacked")
}

thread_local! {
    // Setting up a context costs more than packing a letter.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

fn compressor() -> std::io::Result<Compressor<'static>> {
    let mut compressor = Compressor::new(LEVEL)?;
    compressor.include_checksum(true)?;
    Ok(compressor)
}

fn compress(part: &[u8]) -> Option<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|slot| {
        let compressor = match slot {
            Some(compressor) => compressor,
            None => slot.insert(compressor().ok()?),
        };
        compressor.compress(part).ok()
    })
}

/// Unpacks a frame that holds `length` bytes.
fn decompress(frame: &[u8], into: &mut Vec<u8>, length: usize) -> Result<(), Flaw> {
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

    fn fetch(packed: &[u8]) -> impl FnMut(Range<u64>) -> Result<Vec<u8>, Flaw> + '_ {
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
        let mut packed = pack(&content).expect("text packs well").bytes;
        let end = packed.len();
        packed[end - 6..].fill(0xff);
        let length = content.len() as u64;
        assert!(unpack(length, end as u64, None, 0..length, fetch(&packed)).is_err());
        assert!(unpack(length, 3, None, 0..length, fetch(&packed[..3])).is_err());
    }

    fn letter(lines: usize) -> String {
        (0..lines).map(|line| format!("line {line} of a letter with {} things\r\n", line * line)).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_range_comes_back(lines in 6..9000_usize, a in 0.0..1.0_f64, b in 0.0..1.0_f64) {
            let content = letter(lines);
            let length = content.len() as u64;
            let (a, b) = ((a * length as f64) as u64, (b * length as f64) as u64);
            let range = a.min(b)..a.max(b);
            if let Some(Packed { bytes, first }) = pack(content.as_bytes()) {
                for first in [None, Some(first as u64)] {
                    let read = unpack(length, bytes.len() as u64, first, range.clone(), fetch(&bytes)).unwrap();
                    prop_assert_eq!(&read[..], &content.as_bytes()[range.start as usize..range.end as usize]);
                }
            }
        }

        #[test]
        fn any_range_of_a_sealed_content_comes_back(length in 0..200_000_usize, a in 0.0..1.0_f64, b in 0.0..1.0_f64) {
            let content: Vec<u8> = (0..length).map(|at| (at * at / 7) as u8).collect();
            let kept = sealed(&content, &seals(&content)).concat();
            prop_assert_eq!(kept.len() as u64, sealed_length(length as u64));
            let (a, b) = ((a * length as f64) as u64, (b * length as f64) as u64);
            let range = a.min(b)..a.max(b);
            let read = unseal(length as u64, range.clone(), |range| fetch(&kept)(range)).unwrap();
            prop_assert_eq!(&read[..], &content[range.start as usize..range.end as usize]);
        }

        /// A reader of any part is never given a wrong byte for a right one.
        #[test]
        fn no_flipped_bit_is_served(lines in 6..6000_usize, place in 0.0..1.0_f64, bit in 0..8_u8, pack_it: bool) {
            let content = letter(lines);
            let content = content.as_bytes();
            let length = content.len() as u64;
            let packed = pack(content).filter(|_| pack_it);
            let mut kept = match &packed {
                Some(packed) => packed.bytes.clone(),
                None => sealed(content, &seals(content)).concat(),
            };
            let at = (place * kept.len() as f64) as usize;
            kept[at] ^= 1 << bit;
            for start in (0..length).step_by(FRAME / 2) {
                let range = start..length.min(start + FRAME as u64 / 2);
                let read = match &packed {
                    Some(_) => unpack(length, kept.len() as u64, None, range.clone(), fetch(&kept)),
                    None => unseal(length, range.clone(), |range| fetch(&kept)(range)),
                };
                if let Ok(read) = read {
                    prop_assert_eq!(&read[..], &content[range.start as usize..range.end as usize]);
                }
            }
        }
    }
}
