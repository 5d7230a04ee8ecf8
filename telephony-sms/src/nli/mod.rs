//! The national languages of 3GPP TS 23.038: 13 pairs of tables that save UCS-2.
//!
//! A Turkish, Hindi or Urdu text in UCS-2 has 70 characters a message. With a national table in
//! place of the default alphabet (locking shift) or of its extension table (single shift) it has
//! up to 155, and the user data header says which. Carriers' APIs do not use the tables, and not
//! all telephones have them: off unless asked for.

mod language;
mod tables;

pub use language::Language;
