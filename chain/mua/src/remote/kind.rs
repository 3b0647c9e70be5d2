//! Tells the type of octets from their beginning. The type that their server gives means nothing.

/// The octets after which there is no doubt left.
pub const ENOUGH: usize = 64;

/// Returns the media type of a picture that is pixels and nothing else; `None` for everything else, such as SVG, which
/// is a document.
pub fn kind(octets: &[u8]) -> Option<&'static str> {
    let at = |from: usize, to: usize| octets.get(from..to).unwrap_or_default();
    match octets {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', ..] if at(8, 12) == b"WEBP" => Some("image/webp"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] if is_avif(octets) => Some("image/avif"),
        // Many texts begin with "BM"; the second header has only a few sizes.
        [b'B', b'M', ..] if matches!(at(14, 18), [12 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0]) => Some("image/bmp"),
        // A directory of icons is recognised by its first entry, which has an octet that is always 0.
        [0, 0, 1, 0, count, 0, _, _, _, 0, ..] if *count > 0 => Some("image/x-icon"),
        _ => None,
    }
}

/// Returns true if one of the brands in the first box of a HEIF file is AVIF's: the major one, or (behind its version)
/// a compatible one.
fn is_avif(octets: &[u8]) -> bool {
    let Some((length, _)) = octets.split_first_chunk() else { return false };
    let end = (u32::from_be_bytes(*length) as usize).min(ENOUGH).min(octets.len());
    let brands = octets.get(8..end).unwrap_or_default().chunks_exact(4);
    brands.enumerate().any(|(place, brand)| place != 1 && matches!(brand, b"avif" | b"avis"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_known_by_how_they_begin() {
        let bmp = [b"BM".as_slice(), &[0; 12], &[40, 0, 0, 0], &[0; 40]].concat();
        let octets: [(&[u8], &str); 8] = [
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
            (b"GIF89a\x01\0\x01\0", "image/gif"),
            (b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
            (b"\0\0\0\x1cftypavif\0\0\0\0mif1miaf", "image/avif"),
            (b"\0\0\0\x20ftypmif1\0\0\0\0mif1avifmiaf", "image/avif"),
            (&bmp, "image/bmp"),
            (b"\0\0\x01\0\x01\0\x10\x10\0\0\x01\0", "image/x-icon"),
        ];
        for (octets, kind) in octets {
            assert_eq!(super::kind(octets), Some(kind));
            for end in 0..octets.len() {
                // No beginning is too short to be examined.
                super::kind(&octets[..end]);
            }
        }
    }

    #[test]
    fn what_is_not_pixels_is_no_picture() {
        for octets in [
            b"".as_slice(),
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            b"<?xml version='1.0'?><svg/>",
            b"<!doctype html><script>",
            b"BM is how this text begins, and it is not a picture",
            b"RIFF\x24\0\0\0WAVEfmt ",
            b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom",
            b"\0\0\0\x10ftypmif1avif",
            b"\0\0\0\0ftypavif",
            b"\0\0\x01\0\0\0\0\0\0\0",
            b"%PDF-1.7",
            b"GIF88a",
            b"\xff\xd8",
        ] {
            assert_eq!(kind(octets), None, "{}", String::from_utf8_lossy(octets));
        }
    }
}
