//! What came along with a message, brought here for whoever takes it and removed when they have.

use std::path::PathBuf;

use serde::Serialize;
use telephony_core::config::Account;
use telephony_core::{InboundMedia, MessageId};

use super::fetch::{Fetched, Fetcher};
use crate::report::chain;

/// A message as its taker has it: with the files that came along, and words for those that did not.
#[derive(Debug)]
pub(crate) struct Brought {
    /// The text, and in it what is missing.
    pub(crate) text: String,
    /// The files, which are removed when this is dropped.
    pub(crate) files: Files,
}

/// A file that is here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BroughtFile {
    /// Where it is, until the message is answered.
    pub path: PathBuf,
    /// Its media type, as its first bytes say.
    pub content_type: &'static str,
}

/// Files that were fetched, until they are dropped.
#[derive(Debug, Default)]
pub(crate) struct Files(pub(crate) Vec<BroughtFile>);

impl Drop for Files {
    fn drop(&mut self) {
        for BroughtFile { path, .. } in &self.0 {
            if let Err(error) = std::fs::remove_file(path) {
                tracing::debug!(%error, "a fetched file is removed later");
            }
        }
    }
}

impl Fetcher {
    /// Brings what came along. What cannot be had is said in the text: its taker can say so too.
    pub(crate) async fn bring(
        &self,
        account: &Account,
        message_id: &MessageId,
        text: &str,
        media: &[InboundMedia],
    ) -> Brought {
        let mut brought = Brought { text: text.to_owned(), files: Files::default() };
        for fetched in self.fetch_all(account, media).await {
            match fetched {
                Ok(Fetched { path, content_type, .. }) => {
                    brought.files.0.push(BroughtFile { path, content_type });
                }
                Err(error) => {
                    tracing::warn!(%message_id, error = chain(&error), "a file is left out");
                    let gap = if brought.text.is_empty() { "" } else { "\n" };
                    let missing = format!("{gap}[A file that came along is missing: {error}]");
                    brought.text.push_str(&missing);
                }
            }
        }
        brought
    }
}
