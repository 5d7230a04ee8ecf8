//! Where Plivo posts messages: the application of the number says.
//!
//! <https://www.plivo.com/docs/numbers/api/account-phone-number>,
//! <https://www.plivo.com/docs/account/api/application>

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use telephony_core::{HttpUrl, ProviderKind, Sender};

use super::Plivo;
use crate::account::{
    AccountProvider, Checked, NumberSettings, SettingNames, Standing, WebhookOwner,
};
use crate::api::{self, Call};
use crate::error::{Error, ErrorKind};
use crate::retry::Effect;

#[derive(Deserialize)]
struct Number {
    /// The path of its application, `/v1/Account/{auth id}/Application/{id}/`.
    application: Option<String>,
    sms_enabled: Option<bool>,
}

#[derive(Deserialize)]
struct Application {
    message_url: Option<String>,
    message_method: Option<String>,
    answer_url: Option<String>,
}

#[derive(Serialize)]
struct NewWebhook<'a> {
    message_url: &'a str,
    message_method: &'a str,
}

/// The id at the end of a resource's path.
fn id_of(path: &str) -> Option<&str> {
    path.trim_end_matches('/').rsplit('/').next().filter(|id| !id.is_empty())
}

#[async_trait]
impl AccountProvider for Plivo {
    async fn check(&self) -> Checked {
        let call = Call::get("check", format!("/v1/Account/{}/", self.auth_id));
        let (at, answer) = self.api.ask_and_tell_time::<serde_json::Value>(call).await;
        Checked::new(at, answer.map(|_| Standing::Active))
    }

    async fn number(&self) -> Result<Option<NumberSettings>, Error> {
        let Some(number) = self.from.as_ref().and_then(Sender::number) else { return Ok(None) };
        let call = Call::get("number", self.instance("Number", number.digits())?);
        let number: Number = self.api.ask(call).await?;
        let takes_messages = number.sms_enabled;
        let Some(application) = number.application.as_deref().and_then(id_of) else {
            let nobodys = NumberSettings::of(WebhookOwner::Nobody);
            return Ok(Some(NumberSettings { takes_messages, ..nobodys }));
        };
        let call = Call::get("application", self.instance("Application", application)?);
        let found: Application = self.api.ask(call).await?;
        Ok(Some(NumberSettings {
            message_url: found.message_url.filter(|url| !url.is_empty()),
            message_method: found.message_method,
            voice_url: found.answer_url.filter(|url| !url.is_empty()),
            takes_messages,
            names: SettingNames::url_and_method("message_url", "message_method"),
            ..NumberSettings::of(WebhookOwner::Application(application.to_owned()))
        }))
    }

    async fn set_webhook(&self, settings: &NumberSettings, url: &HttpUrl) -> Result<(), Error> {
        let WebhookOwner::Application(application) = &settings.owner else {
            return Err(self.api.refuse(ErrorKind::NotFound, "there is nothing to set it for"));
        };
        let body = NewWebhook { message_url: url.as_str(), message_method: "POST" };
        let body = api::json(ProviderKind::Plivo, &body)?;
        let path = self.instance("Application", application)?;
        self.api.tell(Call::post("set webhook", Effect::Idempotent, path, body)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_an_application_ends_its_path() {
        assert_eq!(id_of("/v1/Account/MA1/Application/20372631/"), Some("20372631"));
        assert_eq!(id_of("20372631"), Some("20372631"));
        assert_eq!(id_of("/"), None);
    }
}
