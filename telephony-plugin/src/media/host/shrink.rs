//! Pictures that are made smaller, until they are as small as a message takes.
//!
//! What becomes of one is a JPEG that stands upright and says nothing of where, when and by whom it
//! was taken. A picture comes from wherever an agent got it, so what reading it takes is bounded.

use std::io::Cursor;
use std::panic::{self, AssertUnwindSafe};

use image::codecs::jpeg::{JpegDecoder, JpegEncoder};
use image::codecs::png::PngDecoder;
use image::imageops::{self, FilterType};
use image::metadata::Orientation;
use image::{ColorType, ImageDecoder, ImageEncoder as _, ImageFormat, Limits, RgbImage};

/// The largest file that is read to be made smaller, in bytes.
pub(super) const MAX_SOURCE_BYTES: u64 = 50_000_000;

/// The most pixels that are decoded: what the sharpest phone cameras write by default.
const MAX_PIXELS: u64 = 50_000_000;

/// The most bytes that these may take: four for a pixel.
const MAX_DECODED_BYTES: u64 = 4 * MAX_PIXELS;

/// The pixels to begin with: more than a phone shows, and few enough to be quick.
const FIRST_PIXELS: u64 = 5_000_000;

/// The longest that the longer edge stays, in pixels. A JPEG has no more than 65,535.
const MAX_EDGE: u32 = 16_000;

/// How often it is tried.
const MAX_ATTEMPTS: usize = 8;

/// The JPEG quality that comes first, of 100: losses that nobody sees.
const FIRST_QUALITY: u8 = 85;

/// The quality of all other attempts: below it, fewer pixels look better than worse ones.
const QUALITY: u8 = 70;

/// How much smaller the second quality is than the first, at the least, for the same pixels.
const GAIN: f64 = 1.4;

/// How much of the room the next attempt aims at: fewer pixels have more in each.
const AIM: f64 = 0.92;

/// The shortest that the longer edge may become, in pixels: less shows nothing.
const MIN_EDGE: u32 = 64;

/// The largest colour profile that goes along, in bytes. Those of cameras have some hundred.
const MAX_PROFILE_BYTES: usize = 4_000;

/// A picture that stands upright, of as many pixels as the first attempt has.
struct Picture {
    pixels: RgbImage,
    /// What its colours mean, where that is said.
    profile: Option<Vec<u8>>,
}

/// The JPEG or PNG, as a JPEG of at most so many bytes; `None` when it cannot be made so small, or
/// is broken.
pub(super) fn shrink(file: &[u8], most: u64) -> Option<Vec<u8>> {
    // A decoder that panics has met a picture that is broken in a new way.
    let shrunk = panic::catch_unwind(AssertUnwindSafe(|| Picture::decode(file)?.within(most)));
    shrunk.ok().flatten()
}

impl Picture {
    fn decode(file: &[u8]) -> Option<Self> {
        match image::guess_format(file).ok()? {
            ImageFormat::Jpeg if is_whole(file) => {
                Self::read(JpegDecoder::new(Cursor::new(file)).ok()?)
            }
            ImageFormat::Png => {
                let mut limits = Limits::no_limits();
                limits.max_alloc = Some(MAX_DECODED_BYTES);
                Self::read(PngDecoder::with_limits(Cursor::new(file), limits).ok()?)
            }
            _ => None,
        }
    }

    fn read(mut decoder: impl ImageDecoder) -> Option<Self> {
        let (width, height) = decoder.dimensions();
        let (color, bytes) = (decoder.color_type(), decoder.total_bytes());
        // A small file may say that it is huge: what it says is looked at before it is believed.
        if u64::from(width) * u64::from(height) > MAX_PIXELS || bytes > MAX_DECODED_BYTES {
            return None;
        }
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        let profile = decoder.icc_profile().ok().flatten();
        let mut samples = vec![0; usize::try_from(bytes).ok()?];
        decoder.read_image(&mut samples).ok()?;
        let pixels = RgbImage::from_raw(width, height, to_rgb(samples, color))?;
        let pixels = turned(reduced(pixels), orientation);
        let profile = profile.filter(|profile| {
            // One for inks or greys says nothing about what the pixels are now.
            color.has_color()
                && profile.get(16..20) == Some(b"RGB ")
                && profile.len() <= MAX_PROFILE_BYTES
        });
        Some(Self { pixels, profile })
    }

    /// The first attempt that has at most so many bytes.
    fn within(&self, most: u64) -> Option<Vec<u8>> {
        let (width, height) = self.pixels.dimensions();
        let (mut scale, mut quality) = (1.0, FIRST_QUALITY);
        for _ in 0..MAX_ATTEMPTS {
            let file = self.encode(scale, quality)?;
            let ratio = most as f64 / file.len() as f64;
            if ratio >= 1.0 {
                return Some(file);
            }
            let gain = if quality == FIRST_QUALITY { GAIN } else { 1.0 };
            quality = QUALITY;
            scale *= (ratio * gain * AIM).min(1.0).sqrt();
            if scaled(width.max(height), scale) < MIN_EDGE {
                return None;
            }
        }
        None
    }

    fn encode(&self, scale: f64, quality: u8) -> Option<Vec<u8>> {
        let mut file = Vec::new();
        let mut encoder = JpegEncoder::new_with_quality(&mut file, quality);
        if let Some(profile) = &self.profile {
            encoder.set_icc_profile(profile.clone()).ok()?;
        }
        if scale < 1.0 {
            encoder.encode_image(&resized(&self.pixels, scale)).ok()?;
        } else {
            encoder.encode_image(&self.pixels).ok()?;
        }
        Some(file)
    }
}

/// Whether a JPEG has the end of its picture. A decoder paints what is missing grey.
fn is_whole(file: &[u8]) -> bool {
    let mut rest = file.get(2..).unwrap_or_default();
    loop {
        rest = match rest {
            // No pixels have these two bytes: where they hold the first, a zero follows it.
            [0xff, 0xda, scan @ ..] => return scan.windows(2).any(|two| two == [0xff, 0xd9]),
            [0xff, after @ ..] if after.first() == Some(&0xff) => after,
            [0xff, 0x01 | 0xd0..=0xd8, after @ ..] => after,
            [0xff, _, segment @ ..] => {
                let length = segment.first_chunk().map(|length| u16::from_be_bytes(*length));
                match length.and_then(|length| segment.get(usize::from(length.max(2))..)) {
                    Some(after) => after,
                    None => return false,
                }
            }
            // The decoder knows what to make of it.
            _ => return true,
        };
    }
}

/// Three bytes for a pixel; what shines through does so on white.
fn to_rgb(samples: Vec<u8>, color: ColorType) -> Vec<u8> {
    let channels = color.channel_count();
    let samples = if color.bytes_per_pixel() > channels {
        let (pairs, _) = samples.as_chunks();
        pairs.iter().map(|pair| (u16::from_ne_bytes(*pair) >> 8) as u8).collect()
    } else {
        samples
    };
    let on_white = |value: u8, alpha: u8| {
        let (value, alpha) = (u16::from(value), u16::from(alpha));
        // It is at most 255 again.
        ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8
    };
    match channels {
        1 => samples.iter().flat_map(|grey| [*grey; 3]).collect(),
        2 => samples
            .as_chunks()
            .0
            .iter()
            .flat_map(|[grey, alpha]| [on_white(*grey, *alpha); 3])
            .collect(),
        4 => samples
            .as_chunks()
            .0
            .iter()
            .flat_map(|[rgb @ .., alpha]: &[u8; 4]| rgb.map(|value| on_white(value, *alpha)))
            .collect(),
        _ => samples,
    }
}

/// The picture with as many pixels as the first attempt has.
fn reduced(pixels: RgbImage) -> RgbImage {
    let (width, height) = pixels.dimensions();
    let area = u64::from(width) * u64::from(height);
    let by_area = (FIRST_PIXELS as f64 / area as f64).sqrt();
    let scale = by_area.min(f64::from(MAX_EDGE) / f64::from(width.max(height)));
    if scale >= 1.0 {
        return pixels;
    }
    // The mean of whole blocks of pixels is as good there, and needs no memory for fractions.
    let block = (1.0 / scale) as u32;
    let pixels = if block > 1 {
        imageops::thumbnail(&pixels, (width / block).max(1), (height / block).max(1))
    } else {
        pixels
    };
    resized(&pixels, scale * f64::from(block))
}

fn resized(pixels: &RgbImage, scale: f64) -> RgbImage {
    let (width, height) = pixels.dimensions();
    imageops::resize(pixels, scaled(width, scale), scaled(height, scale), FilterType::CatmullRom)
}

/// An edge that is so much shorter.
fn scaled(edge: u32, scale: f64) -> u32 {
    ((f64::from(edge) * scale).round() as u32).max(1)
}

/// The picture as its camera was held.
fn turned(mut pixels: RgbImage, orientation: Orientation) -> RgbImage {
    use Orientation::*;

    pixels = match orientation {
        Rotate90 | Rotate90FlipH => imageops::rotate90(&pixels),
        Rotate270 | Rotate270FlipH => imageops::rotate270(&pixels),
        _ => pixels,
    };
    match orientation {
        FlipHorizontal | Rotate90FlipH | Rotate270FlipH => {
            imageops::flip_horizontal_in_place(&mut pixels);
        }
        FlipVertical => imageops::flip_vertical_in_place(&mut pixels),
        Rotate180 => imageops::rotate180_in_place(&mut pixels),
        _ => {}
    }
    pixels
}

#[cfg(test)]
pub(super) mod tests;
