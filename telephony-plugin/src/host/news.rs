//! What the host is told beside messages, and in which words its agent hears of it.

use serde_json::{Value, json};
use telephony_core::{CallStatus, Sender};

use super::protocol::{CallUpdated, DeliveryUpdated, OptOutUpdated};
use crate::outbound::{CallReport, Delivery, Direction, Reception};
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
        News::Call(report) => ("call.updated", json!(call_updated(report))),
    }
}

fn call_updated(report: &CallReport) -> CallUpdated {
    let call = &report.call;
    CallUpdated {
        account_id: call.account.clone(),
        id: call.id.to_string(),
        provider_id: call.provider_id.as_ref().map(ToString::to_string),
        inbound: call.direction == Direction::Inbound,
        number: call.number.as_ref().and_then(Sender::number).map(ToString::to_string),
        status: call.status.map_or("unknown", |status| status.as_str()).to_owned(),
        notice: call_notice(report),
    }
}

/// What an agent has to know: that somebody called, and how a call of its ended.
fn call_notice(report: &CallReport) -> Option<String> {
    let call = &report.call;
    let number = call.number.as_ref()?.as_str();
    if call.direction == Direction::Inbound {
        let became = match call.reception {
            Some(Reception::Answered) => "heard a recorded sentence that asked them to text",
            _ => "was rejected, since calls are not answered here",
        };
        return report.is_new.then(|| format!("{number} has called, and {became}."));
    }
    let status = call.status.filter(|_| call.is_over())?;
    let seconds = call.duration_seconds.map(|seconds| format!(" after {seconds} s"));
    let seconds = seconds.unwrap_or_default();
    let ended = match status {
        CallStatus::Completed if call.answered_by_machine == Some(true) => {
            format!("a machine answered, and the call ended{seconds}")
        }
        CallStatus::Completed => format!("it was answered, and ended{seconds}"),
        CallStatus::NoAnswer => "nobody answered".to_owned(),
        CallStatus::Busy => "the line was engaged".to_owned(),
        CallStatus::Canceled => "it was called off before anybody answered".to_owned(),
        _ => {
            let code = call.code.as_ref().map(|code| format!(" (code {})", code.as_str()));
            format!("it could not be put through{}", code.unwrap_or_default())
        }
    };
    Some(format!("The call {} to {number} is over: {ended}.", call.id))
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
    use telephony_core::{
        AccountId, Applied, CarrierCode, MachineDetection, MessageStatus, Timestamp,
    };

    use super::*;
    use crate::outbound::{CallOutcome, CallRecord};

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

    fn call(direction: Direction, status: CallStatus) -> CallReport {
        let call = CallRecord {
            id: "call_1".parse().unwrap(),
            account: AccountId::default_account(),
            direction,
            number: "+15550001234".parse().ok(),
            created_at: Timestamp::EPOCH,
            outcome: CallOutcome::Placed,
            provider_id: "CA1".parse().ok(),
            status: Some(status),
            answered_by_machine: None,
            duration_seconds: Some(7),
            code: None,
            reception: (direction == Direction::Inbound).then_some(Reception::Rejected),
            reason: None,
            history: Vec::new(),
        };
        let machine_detection = MachineDetection::Off;
        CallReport { call, is_new: true, advanced: true, machine_detection }
    }

    #[test]
    fn the_agent_hears_who_has_called_and_how_its_calls_ended() {
        let mut rings = call(Direction::Inbound, CallStatus::Ringing);
        let told = call_notice(&rings).unwrap();
        assert_eq!(
            told,
            "+15550001234 has called, and was rejected, since calls are not answered here."
        );
        rings.is_new = false;
        assert_eq!(call_notice(&rings), None, "once");
        let ended = call_notice(&call(Direction::Outbound, CallStatus::Completed)).unwrap();
        let expected =
            "The call call_1 to +15550001234 is over: it was answered, and ended after 7 s.";
        assert_eq!(ended, expected);
        assert_eq!(call_notice(&call(Direction::Outbound, CallStatus::Ringing)), None);
        for (status, words) in [
            (CallStatus::NoAnswer, "nobody answered"),
            (CallStatus::Busy, "engaged"),
            (CallStatus::Canceled, "called off"),
            (CallStatus::Failed, "could not be put through"),
        ] {
            let told = call_notice(&call(Direction::Outbound, status)).unwrap();
            assert!(told.contains(words), "{told}");
        }
    }
}
