//! The national languages of 3GPP TS 23.038: 13 pairs of tables that save UCS-2.
//!
//! A Turkish, Hindi or Urdu text in UCS-2 has 70 characters a message. With a national table in
//! place of the default alphabet (locking shift) or of its extension table (single shift) it has
//! up to 155, and the user data header says which. Carriers' APIs do not use the tables, and not
//! all telephones have them: off unless asked for.
//!
//! ```
//! use telephony_sms::Reference;
//! use telephony_sms::nli::choose;
//! use telephony_sms::pdu::UserData;
//!
//! let text = "Mañana iré al café a las ocho; ¿vendrás tú también? Dime algo. ".repeat(2);
//! let choice = choose(&text, Reference::Bits8);
//! assert_eq!((choice.encoding.as_str(), choice.units, choice.segments), ("GSM-7", 130, 1));
//! let user_data = UserData::encode(&choice.header(), choice.encoding, &text)?;
//! assert_eq!(user_data.octets()[..4], [0x03, 0x24, 0x01, 0x02]);
//! # Ok::<(), telephony_sms::pdu::EncodeError>(())
//! ```

mod choose;
mod coverage;
mod language;
mod tables;

pub use choose::{Choice, Parts, cheapest_tables, choose};
pub use language::Language;
