//! What a carrier keeps of an account: whether it takes the credentials, and where it posts what
//! comes to the number.

use std::fmt;

use async_trait::async_trait;
use serde::Serialize;
use telephony_core::{HttpUrl, Timestamp};

use crate::error::Error;

/// Looks at an account, and sets where its messages are posted.
#[async_trait]
pub trait AccountProvider: fmt::Debug + Send + Sync {
    /// Asks for something cheap, by which it is known whether the credentials are taken.
    async fn check(&self) -> Checked;

    /// Where the messages to the account's number are posted. `None` where the provider has no such
    /// setting for it: a sender's name, a short code, no carrier at all.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when the number is not the account's.
    async fn number(&self) -> Result<Option<NumberSettings>, Error>;

    /// Sets where the owner of these settings posts messages, by POST.
    ///
    /// # Errors
    ///
    /// [`Error`] says why it is not set.
    async fn set_webhook(&self, settings: &NumberSettings, url: &HttpUrl) -> Result<(), Error>;
}

/// What came of a look at an account.
#[derive(Debug)]
#[non_exhaustive]
pub struct Checked {
    /// What the carrier's clock said when it answered, to the second; also of a refusal.
    pub carrier_time: Option<Timestamp>,
    /// How the account is.
    pub standing: Result<Standing, Error>,
}

impl Checked {
    /// What came of a look.
    #[must_use]
    pub const fn new(carrier_time: Option<Timestamp>, standing: Result<Standing, Error>) -> Self {
        Self { carrier_time, standing }
    }
}

/// How an account is with its carrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Standing {
    /// It can be used, as far as the carrier says.
    Active,
    /// It can be used for numbers that were verified alone.
    Trial,
    /// The carrier has suspended it.
    Suspended,
    /// It is closed for good.
    Closed,
}

/// Where the messages to a number go.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NumberSettings {
    /// What has the settings.
    pub owner: WebhookOwner,
    /// Where messages are posted; `None` when nowhere.
    pub message_url: Option<String>,
    /// By which method; `None` where there is no choice.
    pub message_method: Option<String>,
    /// In which version of the carrier's format; `None` where there is one alone.
    pub api_version: Option<String>,
    /// Where calls are posted; `None` when nowhere, or when that is not kept with the number.
    pub voice_url: Option<String>,
    /// Whether the number takes messages at all, where the carrier says so.
    pub takes_messages: Option<bool>,
    /// What the carrier calls these settings.
    pub names: SettingNames,
}

/// What a carrier calls the settings of a webhook, for whoever shows a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SettingNames {
    /// The URL.
    pub url: &'static str,
    /// The method, where there is a choice.
    pub method: Option<&'static str>,
    /// The version, where there are several.
    pub api_version: Option<&'static str>,
}

impl SettingNames {
    /// A URL and a method.
    pub(crate) const fn url_and_method(url: &'static str, method: &'static str) -> Self {
        Self { url, method: Some(method), api_version: None }
    }

    /// A URL and a version.
    pub(crate) const fn url_and_version(url: &'static str, version: &'static str) -> Self {
        Self { url, method: None, api_version: Some(version) }
    }
}

impl NumberSettings {
    /// Settings of which only the owner is known.
    #[must_use]
    pub const fn of(owner: WebhookOwner) -> Self {
        let names = SettingNames { url: "webhook URL", method: None, api_version: None };
        Self {
            owner,
            message_url: None,
            message_method: None,
            api_version: None,
            voice_url: None,
            takes_messages: None,
            names,
        }
    }
}

/// What has a number's settings. All but the number itself may have other numbers too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind", content = "id")]
#[non_exhaustive]
pub enum WebhookOwner {
    /// The number itself.
    Number(String),
    /// A Messaging Service of Twilio's.
    MessagingService(String),
    /// A messaging profile of Telnyx'.
    MessagingProfile(String),
    /// An application of Plivo's.
    Application(String),
    /// Nothing: the number is not assigned to what would have them.
    Nobody,
}

impl WebhookOwner {
    /// Whether other numbers may have the same settings.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        !matches!(self, Self::Number(_) | Self::Nobody)
    }
}

impl fmt::Display for WebhookOwner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(_) => formatter.write_str("the number"),
            Self::MessagingService(id) => write!(formatter, "the Messaging Service {id}"),
            Self::MessagingProfile(id) => write!(formatter, "the messaging profile {id}"),
            Self::Application(id) => write!(formatter, "the application {id}"),
            Self::Nobody => formatter.write_str("nothing"),
        }
    }
}
