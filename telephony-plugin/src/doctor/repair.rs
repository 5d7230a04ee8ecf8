//! What can be set right with the carrier: the difference, and setting it.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::ser::SerializeStruct as _;
use telephony_core::config::Account;
use telephony_core::{AccountId, HttpUrl, ProviderKind};
use telephony_providers::{AccountProvider, Connection, Error, NumberSettings};

use super::number::shown;

/// Settings at the carrier that are not as they should be.
#[derive(Clone)]
pub struct Repair {
    account: AccountId,
    kind: ProviderKind,
    provider: Option<Arc<dyn AccountProvider>>,
    settings: NumberSettings,
    url: HttpUrl,
}

/// One setting as it is and as it would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The carrier's name of it.
    pub setting: &'static str,
    /// What it is.
    pub from: Option<String>,
    /// What it would be.
    pub to: String,
}

impl Repair {
    pub(super) fn new(
        account: &Account,
        connection: &Connection,
        settings: NumberSettings,
        url: HttpUrl,
    ) -> Self {
        let (account, kind) = (account.id.clone(), account.provider.kind());
        Self { account, kind, provider: connection.account.clone(), settings, url }
    }

    /// Whose it is.
    #[must_use]
    pub const fn account(&self) -> &AccountId {
        &self.account
    }

    /// What would change.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        let NumberSettings { message_url, message_method, api_version, names, .. } = &self.settings;
        let (setting, from) = (names.url, message_url.as_deref().map(shown));
        let mut changes = vec![Change { setting, from, to: self.url.as_str().to_owned() }];
        for (setting, from, to) in
            [(names.method, message_method, "POST"), (names.api_version, api_version, "2")]
        {
            let (from, to) = (from.clone(), to.to_owned());
            changes.extend(setting.map(|setting| Change { setting, from, to }));
        }
        changes.retain(|change| change.from.as_deref() != Some(&change.to));
        changes
    }

    /// Sets it.
    ///
    /// # Errors
    ///
    /// What the carrier says.
    pub async fn apply(&self) -> Result<(), Error> {
        match &self.provider {
            Some(provider) => provider.set_webhook(&self.settings, &self.url).await,
            None => Ok(()),
        }
    }
}

/// The difference, in lines for people.
impl fmt::Display for Repair {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "account {}, {} at {}:", self.account, self.settings.owner, self.kind)?;
        for Change { setting, from, to } in self.changes() {
            writeln!(formatter, "  {setting}: {} → {to}", from.as_deref().unwrap_or("nothing"))?;
        }
        if self.settings.owner.is_shared() {
            writeln!(formatter, "  every number that it has is set by this")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Repair {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Repair")
            .field("account", &self.account)
            .field("changes", &self.changes())
            .finish_non_exhaustive()
    }
}

impl Serialize for Repair {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut repair = serializer.serialize_struct("Repair", 4)?;
        repair.serialize_field("account", &self.account)?;
        repair.serialize_field("owner", &self.settings.owner)?;
        repair.serialize_field("shared", &self.settings.owner.is_shared())?;
        repair.serialize_field("changes", &self.changes())?;
        repair.end()
    }
}
