//! The API's answer, the carrier's reports and a fetch come in whatever order: what is known in the
//! end is the same.

use serde_json::json;
use telephony_core::config::{Account, Host, from_value};
use telephony_core::{Applied, DeliveryState, Event};
use telephony_webhook::{DangerousUnsigned, Notice, Request, Route, UrlRefusal, parse};

use super::*;
use crate::outbound::ledger::Backlog;

/// How the API answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Queued,
    TimedOut,
    Busy,
    Refused,
    /// The process ended before it came.
    Lost,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Answer,
    /// The carrier posts this word, twice.
    Report(&'static str),
    /// The carrier says this word when it is asked for the message.
    Fetch(&'static str),
}

use Step::{Fetch, Report};

fn accounts() -> Vec<Account> {
    [
        json!({ "provider": "twilio", "twilio": { "accountSid": "AC1", "authToken": "token" } }),
        json!({ "provider": "telnyx", "telnyx": {
            "apiKey": "KEY", "publicKey": format!("58{}", "66".repeat(31)),
        } }),
        json!({ "provider": "plivo", "plivo": { "authId": "MA1", "authToken": "token" } }),
    ]
    .into_iter()
    .map(|mut config| {
        config["fromNumber"] = "+15550001111".into();
        config["publicUrl"] = "https://example.com".into();
        from_value(config, Host::Standalone, &|_| None).unwrap().accounts.remove(0)
    })
    .collect()
}

/// A report as the carrier posts it. Where it numbers them, it numbers them in this order.
fn posted(account: &Account, id: &str, word: &str, reference: &str) -> DeliveryUpdate {
    let place = ["sent", "delivered", "failed", "sending_failed"].iter().position(|w| *w == word);
    let place = place.unwrap();
    let form = "application/x-www-form-urlencoded";
    let (kind, body) = match account.provider.kind().as_str() {
        "twilio" => (form, format!("AccountSid=AC1&MessageSid={id}&MessageStatus={word}")),
        "plivo" => (form, format!("MessageUUID={id}&Status={word}&Sequence={place}")),
        _ => {
            let payload = json!({ "id": id, "to": [{ "status": word }] });
            let kind = if place == 0 { "message.sent" } else { "message.finalized" };
            let data = json!({
                "event_type": kind, "id": "e1", "payload": payload,
                "occurred_at": format!("2026-01-01T00:00:0{place}.000Z"),
            });
            ("application/json", json!({ "data": data }).to_string())
        }
    };
    let headers = [("Host", "localhost"), ("Content-Type", kind)].into_iter().collect();
    let target = format!("/telephony/status?ref={reference}");
    let request = Request::new("POST", &target, headers, body, NOW);
    let unsigned = DangerousUnsigned::dangerously_accept_unsigned();
    let request = request.verify(&unsigned, Err(UrlRefusal::Unknown)).unwrap();
    let Ok(Notice::Event { event, .. }) = parse(&request, account, Route::Status) else { panic!() };
    let Event::Delivery(update) = *event else { panic!() };
    update
}

/// Everything that is told of one part, in this order; what is known of it then.
async fn told(
    ledger: &Ledger,
    account: &Account,
    name: &str,
    answer: Answer,
    steps: &[Step],
) -> DeliveryState {
    add(ledger, name, reply(1, name, &[name])).await;
    let part = claim_one(ledger, NOW).await;
    let (id, reference) = (format!("SM{name}"), format!("{name}-0"));
    let mut before: Option<DeliveryState> = None;
    for step in steps {
        match step {
            Step::Answer => match answer {
                Answer::Queued => sent(ledger, &part, &id).await,
                Answer::TimedOut => ledger.unknown(part.this(), "?".to_owned(), NOW).await.unwrap(),
                Answer::Busy => {
                    ledger.not_sent(part.this(), later(60), "busy".to_owned(), NOW).await.unwrap();
                }
                Answer::Refused => ledger.refused(part.this(), "no".to_owned(), NOW).await.unwrap(),
                Answer::Lost => drop(ledger.recover(later(60), later(60)).await.unwrap()),
            },
            Report(word) => {
                let update = posted(account, &id, word, &reference);
                assert!(ledger.apply(update.clone(), NOW).await.unwrap().is_some());
                let again = ledger.apply(update, NOW).await.unwrap();
                let again = again.map(|delivery| delivery.applied);
                assert_eq!(again, Some(Applied::Ignored), "{steps:?}: it is the same again");
            }
            Fetch(word) => {
                // Whoever asks has no reference, and the answer no place.
                let mut update = posted(account, &id, word, "none-0");
                update.reference = None;
                update.report.order = telephony_core::Order::Unknown;
                update.report.is_final = false;
                ledger.apply(update, NOW).await.unwrap();
            }
        }
        let now = status(ledger, name).await.parts.remove(0).delivery;
        if let Some(before) = before {
            let now = now.as_ref().unwrap();
            assert!(now.status().rank() >= before.status().rank(), "{steps:?}");
            assert!(now.is_conflicted() || !before.is_conflicted(), "{steps:?}");
        }
        before = now;
    }
    // What another message is told of is not told of this one, whatever its URL holds.
    let stray = posted(account, "SMstray", "delivered", &reference);
    assert_eq!(ledger.apply(stray, NOW).await.unwrap(), None);
    let mut known = status(ledger, name).await;
    assert_eq!(known.outcome, SendOutcome::Sent, "{answer:?} {steps:?}: the reports prove it");
    let part = known.parts.remove(0);
    assert_eq!((part.state, part.reason), (PartState::Sent, None), "{answer:?} {steps:?}");
    assert_eq!(part.provider_id.unwrap().as_str(), id);
    part.delivery.unwrap()
}

fn orders(steps: &[Step]) -> Vec<Vec<Step>> {
    if steps.is_empty() {
        return vec![Vec::new()];
    }
    let with = |index: usize| {
        let mut rest = steps.to_vec();
        let first = rest.remove(index);
        orders(&rest).into_iter().map(move |order| [vec![first], order].concat())
    };
    (0..steps.len()).flat_map(with).collect()
}

async fn every_order_of_an_answer_reports_and_a_fetch_ends_alike(ledger: Ledger) {
    use Answer::{Busy, Lost, Queued, Refused, TimedOut};

    let mut count = 0;
    for account in accounts() {
        let is_telnyx = account.provider.kind().as_str() == "telnyx";
        let failed = Report(if is_telnyx { "sending_failed" } else { "failed" });
        let agreeing = [Step::Answer, Report("sent"), Report("delivered"), Fetch("delivered")];
        let contradicting = [&agreeing[..], &[failed]].concat();
        for (steps, answers, is_conflicted) in [
            (&agreeing[..], &[Queued, TimedOut, Busy, Refused, Lost][..], false),
            (&contradicting, &[Queued], true),
        ] {
            let mut expected: Option<DeliveryState> = None;
            for &answer in answers {
                for order in orders(steps) {
                    count += 1;
                    let end = told(&ledger, &account, &count.to_string(), answer, &order).await;
                    assert_eq!(end.is_conflicted(), is_conflicted, "{answer:?} {order:?}");
                    let expected = expected.get_or_insert_with(|| end.clone());
                    assert_eq!(*expected, end, "{answer:?} {order:?}");
                }
            }
        }
    }
    assert_eq!(count, 3 * (5 * 24 + 120));
    assert_eq!(ledger.backlog().await.unwrap(), Backlog::default());
}

on_each_store![every_order_of_an_answer_reports_and_a_fetch_ends_alike];
