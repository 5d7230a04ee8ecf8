//! What goes over the air: septets, packed octets, user data headers, UCS-2 octets.
//!
//! For those who speak SMPP, drive a modem or read raw messages. Sources: 3GPP TS 23.038
//! (alphabets and packing) and TS 23.040 (user data and its header). Nothing here allocates:
//! octets and characters come from iterators, to be collected or written where they are wanted.
//!
//! ```
//! use telephony_sms::pdu::{Concatenation, Header, MessageReference, UserData, data_coding};
//! use telephony_sms::{SplitOptions, split};
//!
//! let text = "Grüße aus Köln! ".repeat(12);
//! let parts = split(&text, SplitOptions::new())?;
//! let (encoding, total) = (parts.encoding(), parts.total() as u8);
//! for (sequence, part) in (1..).zip(parts) {
//!     let concatenation = Concatenation::new(MessageReference::Bits8(7), sequence, total);
//!     let header = concatenation.map_or(Header::new(), |it| Header::new().concatenation(it));
//!     let user_data = UserData::encode(&header, encoding, part.text)?;
//!     println!("DCS {:02X}, {:02X?}", data_coding(encoding), user_data.octets());
//! }
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

mod data_coding;
mod error;
mod header;
mod pack;
mod received_header;
mod tables;
mod ucs2;
mod user_data;

pub use data_coding::{data_coding, encoding_of};
pub use error::{DecodeError, EncodeError};
pub use header::{Concatenation, Header, MessageReference};
pub use pack::{FillBits, pack, pack_ussd, unpack, unpack_ussd};
pub use received_header::{Element, Elements, ReceivedHeader};
pub use tables::Tables;
pub use ucs2::{decode_ucs2, encode_ucs2};
pub use user_data::{ReceivedUserData, UserData};
