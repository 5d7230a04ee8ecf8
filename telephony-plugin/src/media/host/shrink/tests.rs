//! A picture becomes small enough, upright and anonymous, or nothing of it is kept.

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageResult, Rgb};
use proptest::prelude::*;

use super::*;

/// What a camera says beside the orientation, and what is nobody's business.
const SECRET: &[u8] = b"52.5200N 13.4050E";

/// Bytes that no two runs have different, and that nothing makes smaller.
fn bytes(count: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    std::iter::repeat_with(next).take(count).collect()
}

fn noise(width: u32, height: u32) -> RgbImage {
    RgbImage::from_raw(width, height, bytes((width * height * 3) as usize)).unwrap()
}

/// A PNG that hardly anything makes smaller.
pub(in super::super) fn png(width: u32, height: u32) -> Vec<u8> {
    png_of(noise(width, height).as_raw(), width, height, ExtendedColorType::Rgb8)
}

fn png_of(samples: &[u8], width: u32, height: u32, color: ExtendedColorType) -> Vec<u8> {
    let mut file = Vec::new();
    PngEncoder::new(&mut file).write_image(samples, width, height, color).unwrap();
    file
}

/// A JPEG from a camera that was held so.
fn jpeg(pixels: &RgbImage, orientation: u8) -> Vec<u8> {
    let mut exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    exif.extend(SECRET);
    let mut file = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut file, 95);
    encoder.set_exif_metadata(exif).unwrap();
    encoder.encode_image(pixels).unwrap();
    file
}

pub(in super::super) fn holds(file: &[u8], part: &[u8]) -> bool {
    file.windows(part.len()).any(|window| window == part)
}

/// What is in a JPEG that was made.
fn decoded(file: &[u8]) -> RgbImage {
    assert_eq!(image::guess_format(file).unwrap(), ImageFormat::Jpeg);
    image::load_from_memory(file).unwrap().into_rgb8()
}

#[test]
fn a_picture_stands_upright_whole_and_without_a_word_of_where_it_was_taken() {
    const NAMES: [(char, [u8; 3]); 4] =
        [('R', [230, 20, 20]), ('G', [20, 230, 20]), ('B', [20, 20, 230]), ('W', [235, 235, 235])];
    // What is in the corners, from the upper left one to the lower right one, when it is held
    // upright: as section 4.6.4 of the EXIF standard has rows and columns.
    let corners = ["RGBW", "GRWB", "WBGR", "BWRG", "RBGW", "BRWG", "WGBR", "GWRB"];
    let mut held = noise(480, 320);
    for (x, y, pixel) in held.enumerate_pixels_mut() {
        let (_, color) = NAMES[usize::from(x >= 240) + 2 * usize::from(y >= 160)];
        for (value, base) in pixel.0.iter_mut().zip(color) {
            *value = base.saturating_add(*value % 20);
        }
    }
    for (orientation, corners) in (1..).zip(corners) {
        let file = jpeg(&held, orientation);
        assert!(holds(&file, b"Exif") && holds(&file, SECRET) && file.len() > 40_000);
        let shrunk = shrink(&file, 20_000).unwrap();
        assert!(shrunk.len() <= 20_000, "{}", shrunk.len());
        assert!(!holds(&shrunk, b"Exif") && !holds(&shrunk, SECRET));
        let upright = decoded(&shrunk);
        let (width, height) = upright.dimensions();
        let ratio = f64::from(width) / f64::from(height);
        let expected = if orientation < 5 { 1.5 } else { 1.0 / 1.5 };
        assert!((ratio / expected - 1.0).abs() < 0.02, "{orientation}: {width} x {height}");
        let seen: String = [(1, 1), (3, 1), (1, 3), (3, 3)]
            .map(|(x, y)| {
                let Rgb(pixel) = upright[(width * x / 4, height * y / 4)];
                let is_near = |color: &[u8; 3]| {
                    pixel.iter().zip(color).all(|(one, other)| one.abs_diff(*other) < 40)
                };
                NAMES.iter().find(|(_, color)| is_near(color)).map_or('?', |(name, _)| *name)
            })
            .iter()
            .collect();
        assert_eq!(seen, corners, "{orientation}");
    }
}

#[test]
fn a_png_of_any_colours_becomes_a_jpeg_on_white() {
    let (width, height) = (200, 160);
    let pixels = (width * height) as usize;
    for (color, channels, has_alpha) in [
        (ExtendedColorType::L8, 1, false),
        (ExtendedColorType::La8, 2, true),
        (ExtendedColorType::Rgb8, 3, false),
        (ExtendedColorType::Rgba8, 4, true),
        (ExtendedColorType::L16, 2, false),
        (ExtendedColorType::La16, 4, true),
        (ExtendedColorType::Rgb16, 6, false),
        (ExtendedColorType::Rgba16, 8, true),
    ] {
        // Dark noise, that in the left half does not show.
        let mut samples: Vec<u8> = bytes(pixels * channels);
        let wide = usize::from(color.bits_per_pixel() / u16::from(color.channel_count()) / 8);
        for (index, pixel) in samples.chunks_mut(channels).enumerate() {
            for (number, sample) in pixel.chunks_mut(wide).enumerate() {
                let is_alpha = has_alpha && number == channels / wide - 1;
                let is_left = (index as u32 % width) < width / 2;
                match (is_alpha, is_left) {
                    (true, true) => sample.fill(0),
                    (true, false) => sample.fill(255),
                    (false, _) => sample.iter_mut().for_each(|value| *value /= 4),
                }
            }
        }
        let file = png_of(&samples, width, height, color);
        let most = file.len() as u64 * 2 / 3;
        let shrunk = shrink(&file, most).unwrap();
        assert!(shrunk.len() as u64 <= most, "{color:?}");
        let seen = decoded(&shrunk);
        let (left, right) = (seen.width() / 4, seen.width() * 3 / 4);
        let mean = |x: u32| {
            let column = (0..seen.height()).flat_map(|y| seen[(x, y)].0).map(u32::from);
            column.sum::<u32>() / seen.height() / 3
        };
        assert!(mean(right) < 60, "{color:?}: {}", mean(right));
        assert_eq!(mean(left) > 245, has_alpha, "{color:?}: {}", mean(left));
    }
}

#[test]
fn what_is_broken_or_no_picture_is_not_made_smaller() {
    let (jpeg, png) = (jpeg(&noise(300, 200), 1), png(300, 200));
    assert!(shrink(&jpeg, 20_000).is_some() && shrink(&png, 20_000).is_some());
    let mut header = jpeg[..20].to_vec();
    header.resize(50_000, 0);
    for (name, file) in [
        ("half a JPEG", &jpeg[..jpeg.len() / 2]),
        ("a JPEG without its end", &jpeg[..jpeg.len() - 2]),
        ("half a PNG", &png[..png.len() / 2]),
        ("the header of a PNG", &png[..33]),
        ("the header of a JPEG, and zeros", &header),
        ("a GIF", b"GIF89a\x01\0\x01\0\0\0\0;"),
        ("noise", &bytes(50_000)),
        ("nothing", b""),
    ] {
        assert!(shrink(file, 20_000).is_none(), "{name}");
    }
    assert!(shrink(&jpeg, 0).is_none() && shrink(&jpeg, 400).is_none(), "nothing would be seen");
}

#[test]
fn the_end_of_a_picture_is_the_one_after_its_pixels() {
    let mut file = jpeg(&noise(16, 16), 1);
    assert!(is_whole(&file));
    file.extend(b"and a video that phones append");
    assert!(is_whole(&file));
    let scan = file.windows(2).position(|two| two == [0xff, 0xda]).unwrap();
    let mut thumbnail = vec![0xff, 0xd8, 0xff, 0xe1, 0, 6, 0xff, 0xd9, 0xff, 0xda];
    thumbnail.extend(&file[scan..scan + 40]);
    assert!(!is_whole(&thumbnail), "that of a thumbnail is another");
}

#[test]
fn what_colours_mean_goes_along_where_it_is_short() {
    let profile = |space: &[u8; 4], length: usize| {
        let mut profile = b"0123456789abcdef".to_vec();
        profile.extend(space);
        profile.resize(length, b'p');
        profile
    };
    for (profile, goes_along) in [
        (profile(b"RGB ", 548), true),
        (profile(b"GRAY", 548), false),
        (profile(b"RGB ", MAX_PROFILE_BYTES + 1), false),
    ] {
        let mut file = Vec::new();
        let mut encoder = PngEncoder::new(&mut file);
        encoder.set_icc_profile(profile.clone()).unwrap();
        let pixels = noise(200, 200);
        encoder.write_image(pixels.as_raw(), 200, 200, ExtendedColorType::Rgb8).unwrap();
        let shrunk = shrink(&file, 40_000).unwrap();
        assert_eq!(holds(&shrunk, &profile), goes_along);
    }
}

/// A PNG of black pixels, one bit each: as much as can be said in as few bytes.
pub(in super::super) fn black(edge: u32) -> Vec<u8> {
    // Each row begins with the number of its filter.
    let raw = u64::from(edge) * (u64::from(edge).div_ceil(8) + 1);
    let mut zlib = vec![0x78, 0x01];
    let (mut buffer, mut filled) = (0_u64, 0);
    let mut push = |bits: u64, count: u32| {
        buffer |= bits << filled;
        filled += count;
        while filled >= 8 {
            zlib.push(buffer as u8);
            buffer >>= 8;
            filled -= 8;
        }
    };
    // One block with the codes of RFC 1951, section 3.2.6, which have their first bit lowest: zeros,
    // and "the last byte again, 258 times".
    push(0b011, 3);
    (0..raw % 258).for_each(|_| push(0b0000_1100, 8));
    assert!(raw % 258 > 0, "there is a byte to repeat");
    for _ in 0..raw / 258 {
        push(0b1010_0011, 8);
        push(0, 5);
    }
    push(0, 7 + 7);
    // The sums of Adler-32 over zeros.
    zlib.extend((((raw % 65_521) as u32) << 16 | 1).to_be_bytes());
    let mut header = [edge.to_be_bytes(), edge.to_be_bytes()].concat();
    header.extend([1, 0, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, data) in [(b"IHDR", &header), (b"IDAT", &zlib), (b"IEND", &Vec::new())] {
        file.extend((data.len() as u32).to_be_bytes());
        let start = file.len();
        file.extend(name);
        file.extend(data);
        let sum = file[start..].iter().fold(!0_u32, |sum, byte| {
            (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
                if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 }
            })
        });
        file.extend((!sum).to_be_bytes());
    }
    file
}

#[test]
fn a_small_file_that_says_it_is_huge_is_not_believed() {
    let harmless = black(1_000);
    let shown = decoded(&shrink(&harmless, 100_000).unwrap());
    assert_eq!((shown.dimensions(), shown[(500, 500)]), ((1_000, 1_000), Rgb([0; 3])));
    // Ten billion bytes as it would be painted.
    let bomb = black(60_000);
    assert!(bomb.len() < 3_000_000);
    assert!(shrink(&bomb, 1_000_000).is_none());
}

/// A picture that says what it is, and may not be read.
struct Said(u32, u32, ColorType);

impl ImageDecoder for Said {
    fn dimensions(&self) -> (u32, u32) {
        (self.0, self.1)
    }

    fn color_type(&self) -> ColorType {
        self.2
    }

    fn read_image(self, _: &mut [u8]) -> ImageResult<()> {
        panic!("read")
    }

    fn read_image_boxed(self: Box<Self>, _: &mut [u8]) -> ImageResult<()> {
        panic!("read")
    }
}

#[test]
fn what_would_take_too_much_is_not_read() {
    for said in [
        Said(u32::MAX, u32::MAX, ColorType::Rgba16),
        Said(65_535, 65_535, ColorType::L8),
        Said(1, MAX_PIXELS as u32 + 1, ColorType::L8),
        Said(1, (MAX_DECODED_BYTES / 8) as u32 + 1, ColorType::Rgba16),
    ] {
        assert!(Picture::read(said).is_none());
    }
}

#[test]
fn the_room_is_used_to_its_last_byte_and_not_beyond() {
    let picture = Picture { pixels: noise(160, 120), profile: None };
    let first = picture.encode(1.0, FIRST_QUALITY).unwrap();
    assert_eq!(picture.within(first.len() as u64), Some(first.clone()));
    let second = picture.within(first.len() as u64 - 1).unwrap();
    assert!(second.len() < first.len() && second.len() > first.len() / 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_that_is_made_exceeds_its_room(
        (width, height) in (1_u32..160, 1_u32..160),
        is_png in any::<bool>(),
        most in 0_u64..40_000,
    ) {
        let file = if is_png { png(width, height) } else { jpeg(&noise(width, height), 1) };
        if let Some(shrunk) = shrink(&file, most) {
            prop_assert!(shrunk.len() as u64 <= most);
            let shown = decoded(&shrunk);
            prop_assert!(shown.width() <= width && shown.height() <= height);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(
        cut in 0_usize..2_000,
        at in 0_usize..2_000,
        byte in any::<u8>(),
        is_png in any::<bool>(),
    ) {
        let mut file = if is_png { png(20, 20) } else { jpeg(&noise(20, 20), 6) };
        if let Some(one) = file.get_mut(at) {
            *one = byte;
        }
        file.truncate(cut);
        if let Some(picture) = Picture::decode(&file) {
            prop_assert!(picture.within(1_000).is_none_or(|shrunk| shrunk.len() <= 1_000));
        }
    }
}
