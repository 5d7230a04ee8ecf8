//! The agent's tool. What it may not do is said to the model, which reads the answer.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use telephony_core::{AccountId, IdError, IdempotencyKey};

use super::protocol::{GetStatus, HangUp, PlaceCall, SendMessage, ToolAnswer, UseTool, Verdict};
use super::start::Running;
use crate::markdown::plain_text;
use crate::rpc::{ErrorCode, RpcError};

impl Running {
    /// Does what the model asks for.
    pub(super) async fn use_tool(&self, params: UseTool) -> Result<Value, RpcError> {
        let UseTool { call, input, account_id, media_roots } = params;
        let text = |key: &str| input.get(key).and_then(Value::as_str).unwrap_or_default().trim();
        let given = |key: &str| Some(text(key).to_owned()).filter(|text| !text.is_empty());
        let account_id = match given("accountId") {
            Some(id) => Some(id.parse::<AccountId>().map_err(|error| wrong("accountId", &error))?),
            None => account_id,
        };
        let (to, message) = (text("to").to_owned(), text("message").to_owned());
        let id = text("id").to_owned();
        let action = text("action");
        let details = match action {
            "send_sms" | "send_mms" => {
                let media = if action == "send_mms" { Some(text("mediaUrl")) } else { None };
                if media == Some("") {
                    let sentence = "mediaUrl: expected an https:// URL or the path of a file";
                    return Err(RpcError::new(ErrorCode::Params, sentence));
                }
                let send = SendMessage {
                    to,
                    message,
                    media_urls: media.into_iter().map(str::to_owned).collect(),
                    account_id,
                    idempotency_key: Some(key_of(&call)?),
                    delivery_queue_id: None,
                    markdown: true,
                    media_roots: Some(media_roots),
                };
                with_advice(self.send(send).await?)
            }
            "initiate_call" => {
                let message = Some(plain_text(&message)).filter(|message| !message.is_empty());
                let webhook_url = given("webhookUrl");
                let idempotency_key = Some(key_of(&call)?);
                let call = PlaceCall { to, message, webhook_url, account_id, idempotency_key };
                self.call(call).await?
            }
            "hang_up" => self.hang_up(HangUp { call_id: id, account_id }).await?,
            "get_status" => self.get_status(GetStatus { id, account_id }).await?,
            _ => {
                let sentence = "action: expected send_sms, send_mms, initiate_call, hang_up or \
                                get_status";
                return Err(RpcError::new(ErrorCode::Params, sentence));
            }
        };
        Ok(json!(ToolAnswer { details }))
    }
}

/// The call's key: as long for each, whatever models write.
fn key_of(call: &str) -> Result<IdempotencyKey, RpcError> {
    let digest = Sha256::digest(call);
    let key: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    key.parse().map_err(|error| wrong("call", &error))
}

fn wrong(field: &str, error: &IdError) -> RpcError {
    RpcError::new(ErrorCode::Params, format!("{field}: {error}"))
        .with_data(json!({ "field": field }))
}

/// A result, with what to do next where that is not plain.
fn with_advice(mut result: Value) -> Value {
    let advice = |verdict: Verdict| match verdict {
        Verdict::Sent => None,
        Verdict::NotSent => Some("nothing was sent; it may be tried again later"),
        Verdict::Refused => Some("nothing was sent, and trying again does not help"),
        Verdict::Partial => Some("some of it was sent: do not send it again"),
        Verdict::Unknown => Some("it may have arrived: do not send it again"),
    };
    let verdict = result.get("outcome").cloned().map(serde_json::from_value::<Verdict>);
    if let Some(advice) = verdict.and_then(Result::ok).and_then(advice)
        && let Some(result) = result.as_object_mut()
    {
        result.insert("next".to_owned(), advice.into());
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_told_whether_to_send_again() {
        assert_eq!(with_advice(json!({ "outcome": "sent" })), json!({ "outcome": "sent" }));
        for outcome in ["partial", "unknown"] {
            let told = with_advice(json!({ "outcome": outcome }));
            assert!(told["next"].as_str().unwrap().ends_with("do not send it again"), "{told}");
        }
    }

    #[test]
    fn each_call_has_a_key_of_its_own() {
        assert_eq!(key_of("run/1").unwrap(), key_of("run/1").unwrap());
        assert_ne!(key_of("run/1").unwrap(), key_of("run/2").unwrap());
    }
}
