//! The findings about one letter while its Email object is made. A stranger chooses the number of parts, so nothing is
//! looked up again for each part.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::ops::Range;

use bytes::Bytes;
use mailbox::parse::{Part, Structure};

/// Octets that are read around a small range.
const WINDOW: u64 = 256 * 1024;

/// The findings about one letter.
#[derive(Default)]
pub struct Known {
    /// The numbers of the parts, by their addresses in memory.
    numbers: OnceCell<HashMap<*const Part, String>>,
    sizes: RefCell<HashMap<*const Part, u64>>,
    window: RefCell<Option<(u64, Bytes)>>,
}

impl Known {
    /// Returns the part's number, as IMAP counts them; a part in the wrapping of a signature has the number behind that
    /// of the wrapping. `None` for a multipart of parts, and for the parts of a letter inside.
    pub fn number(&self, structure: &Structure, part: &Part) -> Option<&str> {
        let numbers = self.numbers.get_or_init(|| {
            let mut numbers = HashMap::new();
            count(&structure.root, String::new(), &mut numbers);
            numbers
        });
        numbers.get(&std::ptr::from_ref(part)).map(String::as_str)
    }

    /// Returns the part's size after decoding; `measure` finds it if it is not known yet.
    pub fn size<E>(&self, part: &Part, measure: impl FnOnce() -> Result<u64, E>) -> Result<u64, E> {
        let key = std::ptr::from_ref(part);
        if let Some(size) = self.sizes.borrow().get(&key) {
            return Ok(*size);
        }
        let size = measure()?;
        self.sizes.borrow_mut().insert(key, size);
        Ok(size)
    }

    /// Returns the octets of a range, read with `read`. One read covers many small parts that stand side by side.
    pub fn near<E>(&self, range: Range<u64>, read: impl Fn(Range<u64>) -> Result<Bytes, E>) -> Result<Bytes, E> {
        let length = range.end.saturating_sub(range.start);
        // The beginning of a letter is cheap to read alone.
        if range.start == 0 || length > WINDOW / 2 {
            return read(range);
        }
        if let Some(octets) = self.window.borrow().as_ref().and_then(|window| within(window, &range)) {
            return Ok(octets);
        }
        let window = (range.start, read(range.start..range.start.saturating_add(WINDOW))?);
        let octets = within(&window, &range).unwrap_or_default();
        *self.window.borrow_mut() = Some(window);
        Ok(octets)
    }
}

/// Returns the octets of a range that lie in a window; `None` if the range may continue beyond the window.
fn within((start, octets): &(u64, Bytes), range: &Range<u64>) -> Option<Bytes> {
    let from = usize::try_from(range.start.checked_sub(*start)?).ok()?;
    let to = usize::try_from(range.end.checked_sub(*start)?).ok()?;
    let is_last = (octets.len() as u64) < WINDOW;
    let fits = from <= octets.len() && (to <= octets.len() || is_last);
    fits.then(|| octets.slice(from..to.min(octets.len()).max(from)))
}

fn count(part: &Part, number: String, numbers: &mut HashMap<*const Part, String>) {
    // A part in which texts and files were found has a number itself, unlike a letter that is a multipart.
    let number = if number.is_empty() && !part.is("multipart", "") { "1".to_owned() } else { number };
    // The wrapping of a signature is a part, too.
    if part.sub_parts().is_none() {
        numbers.insert(std::ptr::from_ref(part), number.clone());
    }
    if let Some(parts) = part.shown_parts() {
        let dot = if number.is_empty() { "" } else { "." };
        for (part, place) in parts.iter().zip(1..) {
            count(part, format!("{number}{dot}{place}"), numbers);
        }
    }
}
