//! Why a text does not become user data, or user data a text.

use core::fmt;

/// Why a text cannot be written as asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeError {
    /// The tables do not have this character.
    NotInTables {
        /// Where it begins, in bytes of UTF-8.
        offset: usize,
        /// The character.
        character: char,
    },
    /// The text does not fit beside the header into one part.
    TooLong {
        /// The units it takes: septets or UCS-2 units.
        units: usize,
        /// The units there is room for.
        capacity: usize,
    },
}

impl fmt::Display for EncodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInTables { offset, character } => write!(
                formatter,
                "character U+{:04X} at byte {offset} is not in the tables: replace it or use UCS-2",
                u32::from(*character)
            ),
            Self::TooLong { units, capacity } => write!(
                formatter,
                "text takes {units} units, one part has room for {capacity}: split it first"
            ),
        }
    }
}

impl core::error::Error for EncodeError {}

/// Why received user data cannot be read: the fields of the message contradict each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// The length (TP-UDL) says more than one message can carry.
    LengthTooLarge {
        /// The length: septets in GSM-7, else octets.
        length: u8,
        /// The largest one there is: 160 septets or 140 octets.
        largest: u8,
    },
    /// The user data (TP-UD) ends before its length (TP-UDL) says.
    DataTruncated {
        /// The octets there should be.
        expected: usize,
        /// The octets there are.
        found: usize,
    },
    /// The header ends outside the user data, or its length octet is missing.
    HeaderTruncated {
        /// The octets there should be, the length octet included.
        expected: usize,
        /// The octets there are.
        found: usize,
    },
    /// An information element ends outside the header, or its length octet is missing.
    ElementTruncated {
        /// The element's identifier (IEI).
        identifier: u8,
        /// Where the element begins, in octets from the header's length octet.
        offset: usize,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LengthTooLarge { length, largest } => {
                write!(formatter, "user data length is {length}, expected at most {largest}")
            }
            Self::DataTruncated { expected, found } => {
                write!(formatter, "user data has {found} octets, expected {expected}")
            }
            Self::HeaderTruncated { expected, found } => {
                write!(formatter, "user data header has {found} octets, expected {expected}")
            }
            Self::ElementTruncated { identifier, offset } => write!(
                formatter,
                "information element 0x{identifier:02X} at octet {offset} ends outside its header"
            ),
        }
    }
}

impl core::error::Error for DecodeError {}
