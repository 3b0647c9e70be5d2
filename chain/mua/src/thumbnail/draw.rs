//! Makes a small picture out of a large one by a stranger: without input/output, and bounded in memory and time.

use std::io::{BufRead, Cursor, Read, Seek, SeekFrom};
use std::time::Duration;

use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use rustix::time::{ClockId, clock_gettime};

use crate::remote::kind;

/// The longer side, in pixels: a card of 160 on a screen with two to each.
const SIDE: u32 = 320;
/// The most pixels of a picture that is decoded, by its head.
const PIXELS: u64 = 50_000_000;
/// The most pixels of a JPEG that comes in several passes: all of its coefficients are in memory at one time.
const PIXELS_IN_PASSES: u64 = 25_000_000;
/// The most pixels of a WebP: its decoder reads all of it first, so that no deadline ends it, and needs 0.5 s for 12
/// million.
const PIXELS_OF_WEBP: u64 = 20_000_000;
/// The most pixels times passes over them.
const WORK: u64 = 300_000_000;
/// Octets that a decoder may take.
const MEMORY: u64 = 256 << 20;
/// The time that one picture is decoded, in time of the processor: on a busy machine a picture takes no more of it than
/// elsewhere.
const TIME: Duration = Duration::from_secs(1);
const QUALITY: u8 = 82;

/// The reason why there is no small picture.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    #[error("it is no picture of a kind that is made small")]
    Kind,
    #[error("it has too many pixels")]
    TooLarge,
    #[error("{0}")]
    Image(#[from] image::ImageError),
}

/// Makes the picture so small that it fits a card, the right way up, with its media type: JPEG, or PNG if it is
/// transparent.
pub fn small(octets: &[u8]) -> Result<(&'static str, Vec<u8>), Trouble> {
    let format = format(octets).ok_or(Trouble::Kind)?;
    let input = Deadline { octets: Cursor::new(octets), until: worked() + TIME };
    let mut decoder = ImageReader::with_format(input, format).into_decoder()?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    let is_cheap = match format {
        ImageFormat::Jpeg => is_cheap(octets, pixels),
        ImageFormat::WebP => pixels <= PIXELS_OF_WEBP,
        _ => true,
    };
    if pixels > PIXELS || !is_cheap {
        return Err(Trouble::TooLarge);
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(MEMORY);
    // The memory that the picture is decoded into counts, too.
    limits.reserve(decoder.total_bytes())?;
    decoder.set_limits(limits)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder)?;
    let mut picture = if width.max(height) > SIDE { picture.thumbnail(SIDE, SIDE) } else { picture };
    picture.apply_orientation(orientation);
    Ok(written(&picture)?)
}

/// Finds the format from the beginning: the letter's name for it means nothing.
fn format(octets: &[u8]) -> Option<ImageFormat> {
    Some(match kind(octets)? {
        "image/jpeg" => ImageFormat::Jpeg,
        "image/png" => ImageFormat::Png,
        "image/gif" => ImageFormat::Gif,
        "image/webp" => ImageFormat::WebP,
        "image/bmp" => ImageFormat::Bmp,
        _ => return None,
    })
}

/// Returns true if a JPEG is cheap to decode: it may pass over its pixels as often as it likes. Each pass begins with a
/// mark that nothing within one can look like, so that there are no more passes than marks.
fn is_cheap(octets: &[u8], pixels: u64) -> bool {
    let marks = |mark: [u8; 2]| octets.windows(2).filter(|pair| *pair == mark).count() as u64;
    let in_passes = marks([0xff, 0xc2]) > 0;
    pixels.saturating_mul(marks([0xff, 0xda])) <= WORK && (!in_passes || pixels <= PIXELS_IN_PASSES)
}

fn written(picture: &DynamicImage) -> Result<(&'static str, Vec<u8>), image::ImageError> {
    let mut out = Cursor::new(Vec::new());
    let clear = picture.color().has_alpha() && picture.to_rgba8().pixels().any(|pixel| pixel.0[3] < u8::MAX);
    if clear {
        picture.to_rgba8().write_to(&mut out, ImageFormat::Png)?;
        return Ok(("image/png", out.into_inner()));
    }
    picture.to_rgb8().write_with_encoder(JpegEncoder::new_with_quality(&mut out, QUALITY))?;
    Ok(("image/jpeg", out.into_inner()))
}

/// Returns the processor's time that this thread has had.
fn worked() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// Octets that can no longer be read once the thread has worked for so long.
struct Deadline<'o> {
    octets: Cursor<&'o [u8]>,
    until: Duration,
}

impl Deadline<'_> {
    fn check(&self) -> std::io::Result<()> {
        if worked() < self.until { Ok(()) } else { Err(std::io::ErrorKind::TimedOut.into()) }
    }
}

impl Read for Deadline<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.check()?;
        self.octets.read(into)
    }
}

impl BufRead for Deadline<'_> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        self.check()?;
        // The octets come in pieces, so that the time is checked between them.
        self.octets.fill_buf().map(|left| left.get(..64 * 1024).unwrap_or(left))
    }

    fn consume(&mut self, amount: usize) {
        self.octets.consume(amount);
    }
}

impl Seek for Deadline<'_> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.octets.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage, Rgba, RgbaImage};

    use super::*;

    /// Draws a picture that is red above, and blue below.
    fn flag(width: u32, height: u32) -> DynamicImage {
        let colour = |_, y| if y < height / 2 { Rgb([250, 0, 0]) } else { Rgb([0, 0, 250]) };
        RgbImage::from_fn(width, height, colour).into()
    }

    fn as_format(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        picture.write_to(&mut out, format).unwrap();
        out.into_inner()
    }

    fn read(octets: &[u8]) -> RgbImage {
        image::load_from_memory(octets).unwrap().to_rgb8()
    }

    /// Writes EXIF in the smallest form, which states the orientation of the picture.
    fn turned(jpeg: &[u8], orientation: u8) -> Vec<u8> {
        let tiff = [b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".as_slice(), &[orientation, 0, 0, 0, 0, 0, 0, 0]];
        let exif = [b"Exif\0\0".as_slice(), &tiff.concat()].concat();
        let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
        [&jpeg[..2], &[0xff, 0xe1], &length, &exif, &jpeg[2..]].concat()
    }

    #[test]
    fn each_kind_of_picture_becomes_a_small_one() {
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP, ImageFormat::Bmp] {
            let (kind, octets) = small(&as_format(&flag(800, 400), format)).unwrap();
            let picture = read(&octets);
            assert_eq!((kind, picture.dimensions()), ("image/jpeg", (320, 160)), "{format:?}");
            let (above, below) = (picture.get_pixel(100, 20), picture.get_pixel(100, 140));
            assert!(above.0[0] > 200 && above.0[2] < 60 && below.0[2] > 200, "{format:?} {above:?} {below:?}");
        }
        let (_, tiny) = small(&as_format(&flag(20, 10), ImageFormat::Png)).unwrap();
        assert_eq!(read(&tiny).dimensions(), (20, 10), "what is small stays as it is");
    }

    #[test]
    fn a_photo_stands_the_right_way_up() {
        let jpeg = as_format(&flag(800, 400), ImageFormat::Jpeg);
        for (orientation, size, red_at) in [
            (1, (320, 160), (160, 10)),
            (3, (320, 160), (160, 150)),
            (6, (160, 320), (150, 160)),
            (8, (160, 320), (10, 160)),
        ] {
            let picture = read(&small(&turned(&jpeg, orientation)).unwrap().1);
            assert_eq!(picture.dimensions(), size, "{orientation}");
            assert!(picture.get_pixel(red_at.0, red_at.1).0[0] > 200, "{orientation}");
        }
    }

    #[test]
    fn one_still_sees_through_what_one_could_see_through() {
        let glass = DynamicImage::from(RgbaImage::from_pixel(40, 40, Rgba([9, 9, 9, 100])));
        assert_eq!(small(&as_format(&glass, ImageFormat::Png)).unwrap().0, "image/png");
    }

    #[test]
    fn a_head_that_promises_too_many_pixels_is_believed() {
        let mut png = as_format(&flag(8, 8), ImageFormat::Png);
        png[16..24].copy_from_slice(&[0, 0, 0x27, 0x10, 0, 0, 0x27, 0x10]);
        let sum = crc(&png[12..29]);
        png[29..33].copy_from_slice(&sum.to_be_bytes());
        assert!(matches!(small(&png), Err(Trouble::TooLarge)), "{:?}", small(&png).err());
        let mut jpeg = as_format(&flag(8, 8), ImageFormat::Jpeg);
        let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
        jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xff, 0xff, 0xff]);
        assert!(matches!(small(&jpeg), Err(Trouble::TooLarge)));
    }

    #[test]
    fn a_jpeg_that_passes_over_its_pixels_without_end_is_not_followed() {
        let mut jpeg = as_format(&flag(4000, 4000), ImageFormat::Jpeg);
        let scan = jpeg.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
        let again = jpeg[scan..jpeg.len() - 2].to_vec();
        let end = jpeg.split_off(jpeg.len() - 2);
        (0..60).for_each(|_| jpeg.extend_from_slice(&again));
        jpeg.extend(end);
        assert!(matches!(small(&jpeg), Err(Trouble::TooLarge)));
    }

    #[test]
    fn what_is_cut_lies_or_is_no_picture_gives_an_error_and_no_panic() {
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP, ImageFormat::Bmp] {
            let whole = as_format(&flag(64, 64), format);
            for end in (0..whole.len()).step_by(whole.len() / 40 + 1) {
                drop(small(&whole[..end]));
                let mut wrong = whole.clone();
                wrong[end] ^= 0xff;
                drop(small(&wrong));
            }
        }
        for none in ["<svg xmlns='http://www.w3.org/2000/svg'/>", "", "%PDF-1.7", "\0\0\0\x18ftypheic\0\0\0\0mif1heic"]
        {
            assert!(matches!(small(none.as_bytes()), Err(Trouble::Kind)), "{none:?}");
        }
    }

    #[test]
    fn a_webp_that_no_deadline_can_end_is_refused_by_its_head() {
        let mut webp = as_format(&flag(8, 8), ImageFormat::WebP);
        let head = webp.windows(4).position(|four| four == b"VP8L").unwrap() + 9;
        // The field has 14 bits of width and of height, each less one: 5,000 times 5,000.
        let size = 4_999_u32 | (4_999 << 14);
        webp[head..head + 4].copy_from_slice(&size.to_le_bytes());
        assert!(matches!(small(&webp), Err(Trouble::TooLarge)), "{:?}", small(&webp).err());
    }

    #[test]
    fn waiting_takes_nothing_from_the_time_of_a_picture() {
        let before = worked();
        // time passes: a clock has to move
        std::thread::sleep(Duration::from_millis(50));
        assert!(worked() - before < Duration::from_millis(40), "only work is counted");
    }

    #[test]
    fn reading_ends_with_the_time() {
        let mut input = Deadline { octets: Cursor::new(&[1; 9]), until: worked() };
        assert_eq!(input.read(&mut [0; 4]).unwrap_err().kind(), std::io::ErrorKind::TimedOut);
        assert!(input.fill_buf().is_err());
    }

    /// Returns the checksum of PNG.
    fn crc(octets: &[u8]) -> u32 {
        let step = |sum: u32, _| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 };
        !octets.iter().fold(u32::MAX, |sum, octet| (0..8).fold(sum ^ u32::from(*octet), step))
    }
}
