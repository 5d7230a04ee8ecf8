//! Where Twilio posts messages: the number says, or the Messaging Service that it is in.
//!
//! <https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource>,
//! <https://www.twilio.com/docs/messaging/api/service-resource>

use async_trait::async_trait;
use serde::Deserialize;
use telephony_core::{HttpUrl, Sender};

use super::Twilio;
use crate::account::{
    AccountProvider, Checked, NumberSettings, SettingNames, Standing, WebhookOwner,
};
use crate::api::{self, Call};
use crate::error::{Error, ErrorKind};
use crate::retry::Effect;

/// The most Messaging Services that are asked whether they have the number.
const MAX_SERVICES: usize = 20;

#[derive(Deserialize)]
struct Account {
    status: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Numbers {
    #[serde(default)]
    incoming_phone_numbers: Vec<Number>,
}

#[derive(Deserialize)]
struct Number {
    sid: String,
    phone_number: String,
    sms_url: Option<String>,
    sms_method: Option<String>,
    voice_url: Option<String>,
    capabilities: Option<Able>,
}

#[derive(Deserialize)]
struct Able {
    sms: Option<bool>,
}

#[derive(Deserialize)]
struct Services {
    #[serde(default)]
    services: Vec<Service>,
}

#[derive(Deserialize)]
struct Service {
    sid: String,
    inbound_request_url: Option<String>,
    inbound_method: Option<String>,
    use_inbound_webhook_on_number: Option<bool>,
}

impl Service {
    fn settings(self) -> NumberSettings {
        NumberSettings {
            message_url: given(self.inbound_request_url),
            message_method: self.inbound_method,
            names: SettingNames::url_and_method("InboundRequestUrl", "InboundMethod"),
            ..NumberSettings::of(WebhookOwner::MessagingService(self.sid))
        }
    }
}

/// What is set. Twilio writes an empty text where nothing is.
fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

impl Twilio {
    /// A path of the API of Messaging Services, which has a host of its own.
    fn service_path(&self, rest: &str) -> String {
        format!("{}/v1/Services{rest}", self.messaging_origin)
    }

    async fn service(&self, sid: &str) -> Result<Service, Error> {
        let sid = api::segment(sid).ok_or_else(|| {
            let sentence = "twilio.messagingServiceSid is not a SID";
            self.api.refuse(ErrorKind::Configuration, sentence)
        })?;
        self.api.ask(Call::get("service", self.service_path(&format!("/{sid}")))).await
    }

    /// The number as the account has it.
    async fn own_number(&self, number: &str) -> Result<Number, Error> {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("PhoneNumber", number)
            .finish();
        let path = format!("{}?{query}", self.path("IncomingPhoneNumbers"));
        let numbers: Numbers = self.api.ask(Call::get("number", path)).await?;
        let found = numbers.incoming_phone_numbers;
        found.into_iter().find(|found| found.phone_number == number).ok_or_else(|| {
            self.api.refuse(ErrorKind::NotFound, "the account does not have this number")
        })
    }

    /// The Messaging Service that has the number: the configured one, or the first that does.
    async fn service_of(&self, number_sid: &str) -> Result<Option<Service>, Error> {
        let services = match &self.messaging_service_sid {
            Some(sid) => vec![self.service(sid).await?],
            None => {
                let path = self.service_path(&format!("?PageSize={MAX_SERVICES}"));
                self.api.ask::<Services>(Call::get("services", path)).await?.services
            }
        };
        for service in services.into_iter().take(MAX_SERVICES) {
            let ids = (api::segment(&service.sid), api::segment(number_sid));
            let (Some(service_sid), Some(number_sid)) = ids else { continue };
            let path = self.service_path(&format!("/{service_sid}/PhoneNumbers/{number_sid}"));
            match self.api.tell(Call::get("member", path)).await {
                Ok(()) => return Ok(Some(service)),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

#[async_trait]
impl AccountProvider for Twilio {
    async fn check(&self) -> Checked {
        if self.has_api_key {
            // A standard key may read messages, and not the account that it belongs to.
            let call = Call::get("check", format!("{}?PageSize=1", self.path("Messages")));
            let (at, answer) = self.api.ask_and_tell_time::<serde_json::Value>(call).await;
            return Checked::new(at, answer.map(|_| Standing::Active));
        }
        let path = format!("/2010-04-01/Accounts/{}.json", self.account_sid);
        let (at, account) = self.api.ask_and_tell_time::<Account>(Call::get("check", path)).await;
        let standing = account.map(|account| match account.status.as_deref() {
            Some("suspended") => Standing::Suspended,
            Some("closed") => Standing::Closed,
            _ if account.kind.as_deref() == Some("Trial") => Standing::Trial,
            _ => Standing::Active,
        });
        Checked::new(at, standing)
    }

    async fn number(&self) -> Result<Option<NumberSettings>, Error> {
        let Some(number) = self.from.as_ref().and_then(Sender::number) else {
            return match &self.messaging_service_sid {
                Some(sid) => Ok(Some(self.service(sid).await?.settings())),
                None => Ok(None),
            };
        };
        let number = self.own_number(number.as_str()).await?;
        let service = self.service_of(&number.sid).await?;
        let takes_messages = number.capabilities.and_then(|able| able.sms);
        let voice_url = given(number.voice_url);
        let settings = match service {
            // What the service says wins, unless it leaves it to the numbers.
            Some(service) if service.use_inbound_webhook_on_number != Some(true) => {
                service.settings()
            }
            _ => NumberSettings {
                message_url: given(number.sms_url),
                message_method: number.sms_method,
                names: SettingNames::url_and_method("SmsUrl", "SmsMethod"),
                ..NumberSettings::of(WebhookOwner::Number(number.sid))
            },
        };
        Ok(Some(NumberSettings { voice_url, takes_messages, ..settings }))
    }

    async fn set_webhook(&self, settings: &NumberSettings, url: &HttpUrl) -> Result<(), Error> {
        let nobodys = || self.api.refuse(ErrorKind::NotFound, "there is nothing to set it for");
        let (path, fields) = match &settings.owner {
            WebhookOwner::Number(sid) => {
                let fields = [("SmsUrl", url.as_str()), ("SmsMethod", "POST")];
                (self.instance("IncomingPhoneNumbers", sid)?, fields)
            }
            WebhookOwner::MessagingService(sid) => {
                let sid = api::segment(sid).ok_or_else(nobodys)?;
                let fields = [("InboundRequestUrl", url.as_str()), ("InboundMethod", "POST")];
                (self.service_path(&format!("/{sid}")), fields)
            }
            _ => return Err(nobodys()),
        };
        let call = Call::post("set webhook", Effect::Idempotent, path, api::form(&fields));
        self.api.tell(call).await
    }
}
