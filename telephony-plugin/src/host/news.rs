//! What the host is told beside messages, and in which words its agent hears of it.

use serde_json::{Value, json};

use super::protocol::{CallUpdated, DeliveryUpdated, OptOutUpdated};
use crate::outbound::Delivery;
use crate::service::News;

/// News as the protocol has it.
pub(super) fn notification(news: &News) -> (&'static str, Value) {
    match news {
        News::Delivery(delivery) => ("delivery.updated", json!(delivery_updated(delivery))),
        News::OptOut { account, number, is_out } => {
            let notice = if *is_out {
                "This person has opted out by a text such as STOP: nothing more can be sent to \
                 them until they text START."
            } else {
                "This person has opted in again by a text such as START: they can be texted."
            };
            let updated = OptOutUpdated {
                account_id: account.clone(),
                from: number.to_string(),
                opted_out: *is_out,
                notice: notice.to_owned(),
            };
            ("optout.updated", json!(updated))
        }
        News::Call(update) => {
            let status = update.status.map_or(update.raw.as_str(), |status| status.as_str());
            let updated = CallUpdated {
                account_id: update.account.clone(),
                provider_id: update.id.to_string(),
                status: status.to_owned(),
            };
            ("call.updated", json!(updated))
        }
    }
}

fn delivery_updated(delivery: &Delivery) -> DeliveryUpdated {
    DeliveryUpdated {
        account_id: delivery.account.clone(),
        id: delivery.id.clone(),
        provider_id: delivery.provider_id.to_string(),
        to: delivery.to.to_string(),
        status: delivery.status.to_string(),
        code: delivery.code.as_ref().map(|code| code.as_str().to_owned()),
        explanation: delivery.explanation.map(str::to_owned),
        conflicted: delivery.is_conflicted,
        notice: notice(delivery),
    }
}

/// What an agent has to know: that a text of its did not arrive, and why.
fn notice(delivery: &Delivery) -> Option<String> {
    let Delivery { id, status, .. } = delivery;
    if !status.is_failure() {
        return None;
    }
    let code = delivery.code.as_ref().map(|code| format!(", code {}", code.as_str()));
    let why = delivery.explanation.map(|explanation| format!(": {explanation}"));
    let (code, why) = (code.unwrap_or_default(), why.unwrap_or_default());
    Some(format!("The message {id} to this person did not arrive ({status}{code}){why}."))
}

#[cfg(test)]
mod tests {
    use telephony_core::{AccountId, Applied, CarrierCode, MessageStatus};

    use super::*;

    fn delivery(status: MessageStatus) -> Delivery {
        Delivery {
            id: "msg_1".parse().unwrap(),
            account: AccountId::default_account(),
            to: "+15550001234".parse().unwrap(),
            provider_id: "SM1".parse().unwrap(),
            status,
            code: status.is_failure().then(|| CarrierCode::new("30003")),
            explanation: status.is_failure().then_some("the phone is off"),
            is_conflicted: false,
            applied: Applied::Advanced,
        }
    }

    #[test]
    fn the_agent_hears_of_what_did_not_arrive() {
        let failed = notice(&delivery(MessageStatus::Undelivered)).unwrap();
        let expected = "The message msg_1 to this person did not arrive (undelivered, code 30003): \
                        the phone is off.";
        assert_eq!(failed, expected);
        assert_eq!(notice(&delivery(MessageStatus::Delivered)), None);
    }

    #[test]
    fn opting_out_and_in_are_told_in_words() {
        let told = |is_out| {
            let number = "+15550001234".parse().unwrap();
            let news = News::OptOut { account: AccountId::default_account(), number, is_out };
            notification(&news).1
        };
        assert!(told(true)["notice"].as_str().unwrap().contains("STOP"));
        assert!(told(false)["notice"].as_str().unwrap().contains("START"));
    }
}
