//! Where Telnyx posts messages: the messaging profile of the number says.
//!
//! <https://developers.telnyx.com/api-reference/phone-number-configurations/list-phone-numbers>,
//! <https://developers.telnyx.com/api-reference/profiles/retrieve-a-messaging-profile>

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use telephony_core::{HttpUrl, ProviderKind, Sender};

use super::{Telnyx, wire};
use crate::account::{
    AccountProvider, Checked, NumberSettings, SettingNames, Standing, WebhookOwner,
};
use crate::api::{self, Call};
use crate::error::{Error, ErrorKind};

#[derive(Deserialize)]
struct Number {
    phone_number: Option<String>,
    messaging_profile_id: Option<String>,
}

#[derive(Deserialize)]
struct Profile {
    webhook_url: Option<String>,
    webhook_api_version: Option<String>,
    enabled: Option<bool>,
}

#[derive(Serialize)]
struct NewWebhook<'a> {
    webhook_url: &'a str,
    webhook_api_version: &'a str,
}

impl Telnyx {
    /// The messaging profile of the account's number.
    async fn profile_of(
        &self,
        number: &telephony_core::PhoneNumber,
    ) -> Result<Option<String>, Error> {
        // The filter takes digits alone.
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("filter[phone_number]", number.digits())
            .finish();
        let call = Call::get("number", format!("/v2/phone_numbers?{query}"));
        let numbers: wire::Data<Vec<Number>> = self.api.ask(call).await?;
        let is_it = |found: &Number| found.phone_number.as_deref() == Some(number.as_str());
        let found = numbers.data.into_iter().find(is_it).ok_or_else(|| {
            self.api.refuse(ErrorKind::NotFound, "the account does not have this number")
        })?;
        Ok(found.messaging_profile_id.filter(|id| !id.is_empty()))
    }
}

#[async_trait]
impl AccountProvider for Telnyx {
    async fn check(&self) -> Checked {
        let path = "/v2/messaging_profiles?page%5Bsize%5D=1".to_owned();
        let call = Call::get("check", path);
        let (at, answer) = self.api.ask_and_tell_time::<serde_json::Value>(call).await;
        Checked::new(at, answer.map(|_| Standing::Active))
    }

    async fn number(&self) -> Result<Option<NumberSettings>, Error> {
        let profile = match self.from.as_ref().and_then(Sender::number) {
            Some(number) => match self.profile_of(number).await? {
                Some(profile) => profile,
                None => return Ok(Some(NumberSettings::of(WebhookOwner::Nobody))),
            },
            None => match &self.messaging_profile_id {
                Some(profile) => profile.clone(),
                None => return Ok(None),
            },
        };
        let call = Call::get("profile", self.instance("messaging_profiles", &profile)?);
        let found: wire::Data<Profile> = self.api.ask(call).await?;
        Ok(Some(NumberSettings {
            message_url: found.data.webhook_url.filter(|url| !url.is_empty()),
            api_version: found.data.webhook_api_version,
            takes_messages: found.data.enabled,
            names: SettingNames::url_and_version("webhook_url", "webhook_api_version"),
            ..NumberSettings::of(WebhookOwner::MessagingProfile(profile))
        }))
    }

    async fn set_webhook(&self, settings: &NumberSettings, url: &HttpUrl) -> Result<(), Error> {
        let WebhookOwner::MessagingProfile(profile) = &settings.owner else {
            return Err(self.api.refuse(ErrorKind::NotFound, "there is nothing to set it for"));
        };
        let body = NewWebhook { webhook_url: url.as_str(), webhook_api_version: "2" };
        let body = api::json(ProviderKind::Telnyx, &body)?;
        let path = self.instance("messaging_profiles", profile)?;
        self.api.tell(Call::patch("set webhook", path, body)).await
    }
}
