//! The carriers of a server: as configured, and for the mock a file that shows what phones would.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use telephony_core::config::{Account, Provider};
use telephony_providers::{Connection, Error, MockProvider, SentMessage, Transport, connect};

/// The variable that names a file to which mock accounts append each text that they send, as a line
/// of JSON. Whole numbers and texts: for demonstrations.
const VARIABLE: &str = "TELEPHONY_MOCK_SCREEN";

/// The carrier of an account.
pub(crate) fn carrier(account: &Account, transport: &Transport) -> Result<Connection, Error> {
    let screen = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
    match (&account.provider, screen) {
        (Provider::Mock, Some(path)) => {
            let mock = MockProvider::new(account.from.clone());
            Ok(Connection::new(mock.telling(move |sent| {
                if let Err(error) = show(&path, sent) {
                    tracing::warn!(%error, "the mock's screen cannot be written");
                }
            })))
        }
        _ => connect(account, transport),
    }
}

fn show(path: &Path, sent: &SentMessage) -> io::Result<()> {
    let (to, text) = (sent.message.to().as_str(), sent.message.body().as_str());
    let media: Vec<_> = sent.message.media().iter().map(|url| url.as_str()).collect();
    let line = serde_json::json!({ "to": to, "text": text, "media": media });
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(format!("{line}\n").as_bytes())
}
