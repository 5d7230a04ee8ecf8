//! Phone numbers in the form of ITU-T E.164.

use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// The most digits of an E.164 number, country code included (ITU-T E.164, clause 6.2.1).
pub const MAX_DIGITS: usize = 15;

/// The fewest digits taken for a number. The shortest that can be dialled from abroad, those of Niue
/// (+683 and four digits), have seven; fewer are a short code or a slip.
pub const MIN_DIGITS: usize = 7;

/// A phone number in E.164 form: `+`, a country code and a subscriber number.
///
/// `Display` and [`as_str`](Self::as_str) give the whole number. `Debug` and
/// [`masked`](Self::masked) give `+1…0123`, the form for logs and errors.
///
/// ```
/// use telephony_core::PhoneNumber;
///
/// let number: PhoneNumber = "+1 (555) 000-1234".parse()?;
/// assert_eq!(number.as_str(), "+15550001234");
/// assert_eq!(format!("{number:?}"), "+1…1234");
/// assert_eq!("tel:+1-555-000-1234".parse::<PhoneNumber>()?, number);
/// # Ok::<(), telephony_core::PhoneNumberError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneNumber(String);

/// Why a text is not a phone number. Never holds the number itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PhoneNumberError {
    /// There is nothing, or nothing but white space.
    #[error("a phone number is missing")]
    Empty,
    /// A national number: which country it is in cannot be known.
    #[error("a phone number needs its country code: write it as +, country code, number")]
    MissingPlus,
    /// Dialled with the international prefix.
    #[error("a phone number begins with + and the country code: write + instead of 00")]
    InternationalPrefix,
    /// No country code begins with 0 (ITU-T E.164, clause 6.2.1).
    #[error("no country code begins with 0: write + and the country code, without a trunk 0")]
    LeadingZero,
    /// A trunk prefix in brackets, as in `+44 (0)20`. Most countries leave the 0 out from abroad
    /// and some, Italy among them, do not: which is meant cannot be known.
    #[error("a phone number is written as it is dialled from abroad, without (0)")]
    TrunkPrefix,
    /// A character that belongs in no number. Letters are not read as the keys they stand on, and
    /// digits of other scripts are not read at all, so that what is compared is what is seen.
    #[error("a phone number has the digits 0 to 9, spaces, dots, hyphens and brackets, not {0:?}")]
    Character(char),
    /// Fewer than [`MIN_DIGITS`].
    #[error("a phone number has at least {MIN_DIGITS} digits, this has {0}")]
    TooShort(usize),
    /// More than [`MAX_DIGITS`].
    #[error("a phone number has at most {MAX_DIGITS} digits (E.164), this has more")]
    TooLong,
    /// An extension (`x12`, `ext. 12`, `#12`): carriers reach the number alone.
    #[error("a phone number with an extension cannot be reached: leave the extension out")]
    Extension,
    /// A URI parameter that changes whom the address means: `;ext`, `;isub`, `;phone-context`
    /// (RFC 3966, clause 5.1).
    #[error("an address with ;ext, ;isub or ;phone-context is not a plain phone number")]
    UriParameter,
    /// More than one number.
    #[error("one phone number is expected, there are several")]
    Several,
}

impl PhoneNumber {
    /// Reads a number as people write it: with spaces (also no-break ones), dots, hyphens,
    /// brackets, or as a `tel:` (RFC 3966) or `sms:` (RFC 5724) URI, percent-encoded or not. The
    /// text of an `sms:` URI and the parameters that do not change whom it means are left aside.
    ///
    /// # Errors
    ///
    /// [`PhoneNumberError`] says what keeps the text from being a number.
    pub fn parse(text: &str) -> Result<Self, PhoneNumberError> {
        let subscriber = percent_decode_str(strip_uri(text.trim())?).decode_utf8_lossy();
        let subscriber = subscriber.trim_start_matches(is_separator);
        if let Some(rest) = subscriber.strip_prefix('+') {
            let has_trunk_prefix = rest
                .split('(')
                .skip(1)
                .filter_map(|inner| inner.split(')').next())
                .any(|inner| inner.trim() == "0");
            if has_trunk_prefix {
                return Err(PhoneNumberError::TrunkPrefix);
            }
            return Self::from_digits(&digits(rest)?);
        }
        match digits(subscriber)?.as_bytes() {
            [] => Err(PhoneNumberError::Empty),
            [b'0', b'0', ..] => Err(PhoneNumberError::InternationalPrefix),
            _ => Err(PhoneNumberError::MissingPlus),
        }
    }

    /// Takes the digits of a number that is known to begin with its country code, as carriers
    /// that leave out the `+` send them. A `+` is accepted, nothing else is.
    ///
    /// # Errors
    ///
    /// [`PhoneNumberError`] says what keeps the text from being a number.
    pub fn from_international_digits(text: &str) -> Result<Self, PhoneNumberError> {
        Self::from_digits(text.strip_prefix('+').unwrap_or(text))
    }

    fn from_digits(digits: &str) -> Result<Self, PhoneNumberError> {
        if let Some(other) = digits.chars().find(|character| !character.is_ascii_digit()) {
            return Err(PhoneNumberError::Character(other));
        }
        match digits.len() {
            0 => Err(PhoneNumberError::Empty),
            _ if digits.starts_with('0') => Err(PhoneNumberError::LeadingZero),
            count @ 1..MIN_DIGITS => Err(PhoneNumberError::TooShort(count)),
            MIN_DIGITS..=MAX_DIGITS => Ok(Self(format!("+{digits}"))),
            _ => Err(PhoneNumberError::TooLong),
        }
    }

    /// The whole number, `+15550001234`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digits alone, `15550001234`.
    #[must_use]
    pub fn digits(&self) -> &str {
        self.0.get(1..).unwrap_or_default()
    }

    /// The number as logs and errors may show it: `+1…1234`.
    #[must_use]
    pub fn masked(&self) -> String {
        let (head, tail) = (self.0.get(..2), self.0.get(self.0.len().saturating_sub(4)..));
        format!("{}…{}", head.unwrap_or_default(), tail.unwrap_or_default())
    }
}

/// The number within a `tel:` or `sms:` URI, or the text itself.
fn strip_uri(text: &str) -> Result<&str, PhoneNumberError> {
    let Some((scheme, rest)) = text.split_once(':') else { return Ok(text) };
    if !["tel", "sms"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return Ok(text);
    }
    let recipients = rest.split('?').next().unwrap_or_default();
    if recipients.contains(',') {
        return Err(PhoneNumberError::Several);
    }
    let mut parts = recipients.split(';');
    let number = parts.next().unwrap_or_default();
    let changes_meaning = |parameter: &str| {
        let name = parameter.split('=').next().unwrap_or_default();
        ["ext", "isub", "phone-context"].iter().any(|known| name.eq_ignore_ascii_case(known))
    };
    if parts.any(changes_meaning) { Err(PhoneNumberError::UriParameter) } else { Ok(number) }
}

/// What people put between digits, and what comes along unseen when numbers are copied: direction
/// marks and word joiners.
fn is_separator(character: char) -> bool {
    matches!(character,
        '-' | '.' | '(' | ')' | '/' | '\u{2010}'..='\u{2015}' | '\u{2212}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'
        | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
        || character.is_whitespace()
}

/// The digits of `text`, without what is between them.
fn digits(text: &str) -> Result<String, PhoneNumberError> {
    let mut digits = String::with_capacity(MAX_DIGITS + 1);
    for (offset, character) in text.char_indices() {
        match character {
            // One more than fits is kept, so that the length is seen to be wrong.
            '0'..='9' if digits.len() <= MAX_DIGITS => digits.push(character),
            '0'..='9' => {}
            _ if is_separator(character) => {}
            _ if digits.len() < MIN_DIGITS => return Err(PhoneNumberError::Character(character)),
            _ => return Err(after_number(text.get(offset..).unwrap_or_default(), character)),
        }
    }
    Ok(digits)
}

/// Why `rest`, which follows a whole number and begins with `first`, makes it none.
fn after_number(rest: &str, first: char) -> PhoneNumberError {
    if rest.contains('+') {
        PhoneNumberError::Several
    } else if matches!(first, 'x' | 'X' | '#' | ',' | ';')
        || rest.get(..3).is_some_and(|word| word.eq_ignore_ascii_case("ext"))
    {
        PhoneNumberError::Extension
    } else {
        PhoneNumberError::Character(first)
    }
}

impl FromStr for PhoneNumber {
    type Err = PhoneNumberError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.masked())
    }
}

impl Serialize for PhoneNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PhoneNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_write_numbers_in_many_ways() {
        for text in [
            "+15550001234",
            "+1 (555) 000-1234",
            " +1.555.000.1234\n",
            "+1\u{A0}555\u{2011}000\u{2013}1234",
            "\u{202A}+15550001234\u{202C}",
            "\u{2068}+1 555 000 1234\u{2069}",
            "(+1) 555/000.1234",
            "tel:+1-555-000-1234",
            "TEL:+15550001234;verstat=passed",
            "sms:+15550001234",
            "sms:+15550001234?body=hi%20there",
            "sms:+15550001234;svc=x?body=a,b",
            "sms:%2B15550001234",
            "tel:%2b1%20555%20000%201234",
            "%2B15550001234",
        ] {
            let number = PhoneNumber::parse(text);
            assert_eq!(number.as_ref().map(PhoneNumber::as_str), Ok("+15550001234"), "{text:?}");
        }
    }

    #[test]
    fn what_is_not_a_number_is_refused_with_its_reason() {
        use PhoneNumberError as E;
        for (text, error) in [
            ("", E::Empty),
            (" \t", E::Empty),
            ("+", E::Empty),
            ("tel:", E::Empty),
            ("5550001234", E::MissingPlus),
            ("(555) 000-1234", E::MissingPlus),
            ("0015550001234", E::InternationalPrefix),
            ("+0155500012", E::LeadingZero),
            ("+1555CALLNOW", E::Character('C')),
            ("++15550001234", E::Character('+')),
            ("+1555000１234", E::Character('１')),
            ("+1555000A234", E::Character('A')),
            ("mailto:x", E::Character('m')),
            ("+15550001234:5060", E::Character(':')),
            ("%FF", E::Character('\u{FFFD}')),
            ("+44 (0)20 7946 0958", E::TrunkPrefix),
            ("+44 ( 0 ) 20 7946 0958", E::TrunkPrefix),
            ("+1 555 000 1234 x5", E::Extension),
            ("+1 555 000 1234 Ext. 5", E::Extension),
            ("+15550001234,,5#", E::Extension),
            ("+15550001234 or", E::Character('o')),
            ("+15550001234, +15550001235", E::Several),
            ("+15550001234+15550001235", E::Several),
            ("+12345", E::TooShort(5)),
            ("+1234567890123456", E::TooLong),
            ("tel:+15550001234;ext=5", E::UriParameter),
            ("tel:0001234;phone-context=+1555", E::UriParameter),
            ("sms:+15550001234;isub=5", E::UriParameter),
            ("sms:+15550001234,+15550001235", E::Several),
        ] {
            assert_eq!(PhoneNumber::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn carriers_digits_need_no_plus_but_nothing_else() {
        let number = PhoneNumber::from_international_digits("15550001234");
        assert_eq!(number.as_ref().map(PhoneNumber::as_str), Ok("+15550001234"));
        assert_eq!(
            PhoneNumber::from_international_digits("1555 000"),
            Err(PhoneNumberError::Character(' '))
        );
    }

    #[test]
    fn debug_masks_and_errors_do_not_repeat_the_number() {
        let number = PhoneNumber::parse("+4915123456789").unwrap();
        assert_eq!(format!("{number:?}"), "+4…6789");
        assert_eq!(number.to_string(), "+4915123456789");
        let error = PhoneNumber::parse("15123456789").unwrap_err().to_string();
        assert!(!error.contains("1512"), "{error}");
    }
}
