//! What a file is, by its first bytes, and whether that is what it is said to be.

/// How many of a file's first bytes decide.
pub(super) const HEAD_BYTES: usize = 8 * 1024;

/// What sort of thing a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Family {
    /// A picture.
    Picture,
    /// A sound.
    Sound,
    /// A video.
    Video,
    /// A PDF document.
    Document,
    /// Words: plain ones, a contact, a calendar entry.
    Text,
}

impl Family {
    /// What people call it, with its article.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Picture => "a picture",
            Self::Sound => "a sound",
            Self::Video => "a video",
            Self::Document => "a PDF",
            Self::Text => "a text",
        }
    }
}

/// One of the sorts of files that go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    /// Its media type.
    pub(super) content_type: &'static str,
    /// The extension of its names.
    pub(super) extension: &'static str,
    pub(super) family: Family,
}

const fn kind(content_type: &'static str, extension: &'static str, family: Family) -> Kind {
    Kind { content_type, extension, family }
}

/// What goes through; everything else does not. What can run, be unpacked or be shown as a page
/// is not among it.
const KINDS: [Kind; 29] = [
    kind("image/jpeg", "jpg", Family::Picture),
    kind("image/png", "png", Family::Picture),
    kind("image/gif", "gif", Family::Picture),
    kind("image/webp", "webp", Family::Picture),
    kind("image/heif", "heif", Family::Picture),
    kind("image/avif", "avif", Family::Picture),
    kind("image/bmp", "bmp", Family::Picture),
    kind("image/tiff", "tif", Family::Picture),
    kind("video/mp4", "mp4", Family::Video),
    kind("video/3gpp", "3gp", Family::Video),
    kind("video/x-m4v", "m4v", Family::Video),
    kind("video/quicktime", "mov", Family::Video),
    kind("video/webm", "webm", Family::Video),
    kind("video/x-matroska", "mkv", Family::Video),
    kind("video/mpeg", "mpg", Family::Video),
    kind("video/x-msvideo", "avi", Family::Video),
    kind("audio/mpeg", "mp3", Family::Sound),
    kind("audio/mp4", "m4a", Family::Sound),
    kind("audio/3gpp", "3ga", Family::Sound),
    kind("audio/ogg", "ogg", Family::Sound),
    kind("audio/amr", "amr", Family::Sound),
    kind("audio/aac", "aac", Family::Sound),
    kind("audio/wav", "wav", Family::Sound),
    kind("audio/flac", "flac", Family::Sound),
    kind("audio/webm", "weba", Family::Sound),
    kind("application/pdf", "pdf", Family::Document),
    kind("text/vcard", "vcf", Family::Text),
    kind("text/calendar", "ics", Family::Text),
    kind("text/plain", "txt", Family::Text),
];

/// Other names of the same.
const ALIASES: [(&str, &str); 4] = [
    ("audio/m4a", "audio/mp4"),
    ("audio/opus", "audio/ogg"),
    ("audio/x-wav", "audio/wav"),
    ("audio/x-flac", "audio/flac"),
];

/// Containers that hold a sound when they are said to.
const SOUNDS: [(&str, &str); 3] =
    [("video/mp4", "audio/mp4"), ("video/3gpp", "audio/3gpp"), ("video/webm", "audio/webm")];

impl Kind {
    /// What a file is that begins with `head`, if it is something that goes through.
    pub(super) fn sniff(head: &[u8]) -> Option<Self> {
        // The brands of 3GPP, whose phones send their videos by MMS (3GPP TS 26.244, clause 5).
        if matches!(head.get(4..11), Some(b"ftyp3gp" | b"ftyp3g2")) {
            return Self::of_type("video/3gpp");
        }
        if let Some(found) = infer::get(head) {
            return Self::of_type(found.mime_type());
        }
        Self::sniff_text(head)
    }

    /// What has the extension of ours.
    pub(super) fn of_extension(extension: &str) -> Option<Self> {
        KINDS.into_iter().find(|kind| kind.extension == extension)
    }

    fn of_type(content_type: &str) -> Option<Self> {
        let alias = ALIASES.into_iter().find(|(alias, _)| *alias == content_type);
        let content_type = alias.map_or(content_type, |(_, name)| name);
        KINDS.into_iter().find(|kind| kind.content_type == content_type)
    }

    fn sniff_text(head: &[u8]) -> Option<Self> {
        let text = match std::str::from_utf8(head) {
            Ok(text) => text,
            // A character that the end of the head cuts is none that is wrong.
            Err(error) if error.error_len().is_none() && head.len() >= HEAD_BYTES => {
                std::str::from_utf8(head.get(..error.valid_up_to())?).ok()?
            }
            Err(_) => return None,
        };
        let may_be = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r' | '\u{c}');
        let text = text.trim_start_matches('\u{feff}').trim_start();
        // Pages, vector pictures and scripts are texts that somebody's program would run.
        if text.is_empty() || text.starts_with('<') || text.starts_with("#!") {
            return None;
        }
        if !text.chars().all(may_be) {
            return None;
        }
        let first = text.lines().next().unwrap_or_default().trim_end();
        Self::of_type(if first.eq_ignore_ascii_case("BEGIN:VCARD") {
            "text/vcard"
        } else if first.eq_ignore_ascii_case("BEGIN:VCALENDAR") {
            "text/calendar"
        } else {
            "text/plain"
        })
    }

    /// This, under the name that `declared` gives it, where both are right: some containers hold
    /// sounds as well as videos. Or the family that it is said to be of, and is not.
    pub(super) fn agreed(self, declared: &str) -> Result<Self, Option<Family>> {
        let essence = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let said = match essence.split_once('/') {
            // Storage that was told nothing says this.
            _ if essence.is_empty() => return Ok(self),
            Some(("application" | "binary", "octet-stream")) => return Ok(self),
            Some(("image", _)) => Family::Picture,
            Some(("audio", _)) | Some(("application", "ogg")) => Family::Sound,
            Some(("video", _)) => Family::Video,
            Some(("text", _)) => Family::Text,
            Some(("application", "pdf")) => Family::Document,
            _ => return Err(None),
        };
        if said == self.family {
            return Ok(self);
        }
        let sound = SOUNDS.into_iter().find(|(video, _)| *video == self.content_type);
        match (said, self.family) {
            (Family::Sound, Family::Video) if sound.is_some() => {
                sound.and_then(|(_, sound)| Self::of_type(sound)).ok_or(Some(said))
            }
            // A container of sound alone may still be called a video.
            (Family::Video, Family::Sound) => Ok(self),
            _ => Err(Some(said)),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The smallest PNG there is: one pixel.
    pub(in super::super) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\
        \x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\0\x05\0\x01\xff\
        \x89\x99=\x1d\0\0\0\0IEND\xaeB`\x82";

    fn sniffed(head: &[u8]) -> Option<&'static str> {
        Kind::sniff(head).map(|kind| kind.content_type)
    }

    #[test]
    fn files_are_known_by_their_first_bytes() {
        for (head, expected) in [
            (PNG, Some("image/png")),
            (b"\xff\xd8\xff\xe0\0\x10JFIF\0", Some("image/jpeg")),
            (b"GIF89a\x01\0\x01\0", Some("image/gif")),
            (b"RIFF\x24\0\0\0WEBPVP8 ", Some("image/webp")),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", Some("image/heif")),
            (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", Some("video/mp4")),
            (b"\0\0\0\x18ftyp3gp4\0\0\0\x003gp4isom", Some("video/3gpp")),
            (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", Some("video/quicktime")),
            (b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42", Some("audio/mp4")),
            (b"ID3\x04\0\0\0\0\0\0", Some("audio/mpeg")),
            (b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0OpusHead", Some("audio/ogg")),
            (b"#!AMR\n\x3c\x91\x17\x16\xbe\x66\x78", Some("audio/amr")),
            (b"RIFF\x24\0\0\0WAVEfmt ", Some("audio/wav")),
            (b"%PDF-1.7\n", Some("application/pdf")),
            (b"BEGIN:VCARD\r\nVERSION:3.0\r\n", Some("text/vcard")),
            (b"\xef\xbb\xbfbegin:vcalendar\nVERSION:2.0", Some("text/calendar")),
            ("Größe: 3 €".as_bytes(), Some("text/plain")),
            // What runs, unpacks or is shown as a page, whatever its author calls it.
            (b"<!DOCTYPE html><html>", None),
            (b" \n\t<html >", None),
            (b"\xef\xbb\xbf<html>", None),
            (b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>", None),
            (b"<?xml version=\"1.0\"?><smil/>", None),
            (b"<a", None),
            (b"{\\rtf1\\ansi}", None),
            (b"#!/bin/sh\nrm -rf /", None),
            (b"\x7fELF\x02\x01\x01\0", None),
            (b"MZ\x90\0\x03\0\0\0", None),
            (b"PK\x03\x04\x14\0\0\0\x08\0", None),
            (b"\x1f\x8b\x08\0\0\0\0\0", None),
            (b"SQLite format 3\0", None),
            (b"\xca\xfe\xba\xbe\0\0\0\x34", None),
            (b"\0\0\0\0\0\0\0\0", None),
            (b"words, and then\0bytes", None),
            (b"\xff\xfe\xfd", None),
            (b"", None),
            (b"  \n", None),
        ] {
            assert_eq!(sniffed(head), expected, "{:?}", String::from_utf8_lossy(head));
        }
    }

    #[test]
    fn a_character_that_the_head_cuts_is_none_that_is_wrong() {
        let mut head = vec![b'a'; HEAD_BYTES - 1];
        head.push("é".as_bytes()[0]);
        assert_eq!(sniffed(&head), Some("text/plain"));
        assert_eq!(sniffed(&head[HEAD_BYTES - 10..]), None, "the end of the file, and half a one");
    }

    #[test]
    fn what_is_said_has_to_agree() {
        let png = Kind::sniff(PNG).unwrap();
        for declared in
            ["", "image/png", "IMAGE/JPEG; q=1", "application/octet-stream", "binary/octet-stream"]
        {
            assert_eq!(png.agreed(declared), Ok(png), "{declared}");
        }
        assert_eq!(png.agreed("video/mp4"), Err(Some(Family::Video)));
        assert_eq!(png.agreed("text/html"), Err(Some(Family::Text)));
        assert_eq!(png.agreed("application/msword"), Err(None));
        assert_eq!(png.agreed("nonsense"), Err(None));
        let mp4 = Kind::of_extension("mp4").unwrap();
        assert_eq!(mp4.agreed("audio/mp4").unwrap().content_type, "audio/mp4");
        let ogg = Kind::of_extension("ogg").unwrap();
        assert_eq!(ogg.agreed("video/ogg"), Ok(ogg));
        assert_eq!(ogg.agreed("application/ogg"), Ok(ogg));
        let mov = Kind::of_extension("mov").unwrap();
        assert_eq!(mov.agreed("audio/mp4"), Err(Some(Family::Sound)));
    }

    #[test]
    fn an_extension_stands_for_one_kind() {
        for kind in KINDS {
            assert_eq!(Kind::of_extension(kind.extension), Some(kind), "{}", kind.extension);
            assert!(kind.extension.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        }
    }
}
