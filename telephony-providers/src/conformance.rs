//! What every provider does, as tests: [`provider_conformance!`](crate::provider_conformance) runs
//! them on a provider of your own.

use std::time::Duration;

use telephony_core::{
    CallContent, CallId, CallRequest, CallStatus, MessageStatus, OutboundMessage,
    OutboundMessageBuilder, PhoneNumber, ProviderCallId, ProviderMessageId,
};

use crate::connect::Connection;
use crate::error::{Error, ErrorKind, Outcome};

/// How the carrier behaves behind the provider that is tested, whatever it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Carrier {
    /// It does everything. It says of each message that it was delivered, and of each call that
    /// somebody is on it.
    Works,
    /// It says that the recipient's number is none.
    RefusesRecipient,
    /// It does not know the credentials.
    RefusesCredentials,
    /// It has had too many requests, and wants the next no sooner than after [`WAIT`].
    Throttles,
    /// Its servers fail.
    Fails,
    /// It takes the request and breaks the connection off.
    HangsUp,
    /// It knows neither the message nor the call.
    KnowsNothing,
}

/// How long [`Carrier::Throttles`] asks to wait: longer than anybody waits while a test runs.
pub const WAIT: Duration = Duration::from_secs(60);

const TEXT: &str = "a text that nobody else may read";
const TO: &str = "+15550001234";

/// Its capabilities are possible, and do not change.
pub async fn says_what_it_can_do(works: Connection) {
    let first = works.messaging.capabilities();
    assert!(first.gsm7_characters >= 160 && first.ucs2_units >= 70, "{first:?}");
    assert_eq!(first.mms, first.media_count > 0 && first.media_total_bytes > 0, "{first:?}");
    assert!(first.media_picture_bytes <= first.media_total_bytes, "{first:?}");
    assert!(first.media_other_bytes <= first.media_picture_bytes, "{first:?}");
    answered(works.messaging.send(&answered(text().build())).await);
    assert_eq!(first, works.messaging.capabilities());
}

/// A text is taken and can be asked about; so is a picture, where there are any.
pub async fn sends_and_tells(works: Connection) {
    let picture = answered("https://example.com/cat.jpg".parse());
    let picture = answered(text().media(picture).build());
    let mut messages = vec![answered(text().build())];
    if works.messaging.capabilities().mms {
        messages.push(picture);
    } else {
        let error = failed(works.messaging.send(&picture).await);
        let refused = (ErrorKind::InvalidContent, Outcome::NotSent);
        assert_eq!((error.kind(), error.outcome()), refused, "{error}");
    }
    for message in messages {
        let sent = answered(works.messaging.send(&message).await);
        assert!(!sent.report.status.is_failure(), "{:?}", sent.report);
        assert!(!sent.report.raw.as_str().is_empty(), "{:?}", sent.report);
        let report = answered(works.messaging.fetch(&sent.id).await);
        assert_eq!(report.status, MessageStatus::Delivered, "{report:?}");
    }
}

/// A call is placed, can be looked at, and ended.
pub async fn calls(works: Connection) {
    let placed = answered(works.voice.place(&call()).await);
    assert!(!placed.status.is_terminal(), "{placed:?}");
    let call = answered(works.voice.inspect(&placed.id).await);
    assert_eq!(call.status, CallStatus::InProgress, "{call:?}");
    answered(works.voice.hang_up(&placed.id).await);
}

/// What is more than it takes is refused before it leaves: behind it is a carrier that would have
/// acted.
pub async fn refuses_what_is_too_much(works: Connection) {
    let capabilities = works.messaging.capabilities();
    let builder = || OutboundMessage::builder(number());
    let long = "a".repeat(capabilities.gsm7_characters as usize + 1);
    let wide = "漢".repeat(capabilities.ucs2_units as usize + 1);
    for text in [long, wide] {
        let error = failed(works.messaging.send(&answered(builder().body(text).build())).await);
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::TooLong, Outcome::NotSent));
    }
    let says = |characters: u32| {
        let text = "a".repeat(characters as usize).into();
        let mut request = call();
        request.content = CallContent::Say { text, language: None };
        request
    };
    let error = failed(works.voice.place(&says(capabilities.speech_characters + 1)).await);
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::TooLong, Outcome::NotSent));
    answered(works.voice.place(&says(capabilities.speech_characters)).await);
    let most = "a".repeat(capabilities.gsm7_characters as usize);
    answered(works.messaging.send(&answered(builder().body(most).build())).await);
}

/// Refusals have their kind and are known not to be sent, and say how long to wait.
pub async fn refusals_are_not_sent(refuses: Connection, kind: ErrorKind) {
    let asked = asked(&refuses).await.into_iter().chain(looked(&refuses).await);
    for error in commanded(&refuses).await.into_iter().chain(asked) {
        assert_eq!((error.kind(), error.outcome()), (kind, Outcome::NotSent), "{error}");
        assert_eq!(error.is_throttled(), kind == ErrorKind::RateLimited, "{error}");
        if error.is_throttled() {
            assert!(error.retry_after() >= Some(WAIT), "{:?}", error.retry_after());
        }
        assert_is_discreet(&refuses, &error);
    }
}

/// What may have been carried out says so. Asking carries nothing out.
pub async fn failures_are_unknown(fails: Connection) {
    let unknown = commanded(&fails).await.map(|error| (error, Outcome::Unknown));
    let not_sent = asked(&fails).await.into_iter().chain(looked(&fails).await);
    let not_sent = not_sent.map(|error| (error, Outcome::NotSent));
    for (error, outcome) in unknown.into_iter().chain(not_sent) {
        assert_eq!(error.outcome(), outcome, "{error}");
        assert!(error.is_transient(), "{error}");
        assert_is_discreet(&fails, &error);
    }
}

/// What it does not know is not found.
pub async fn knows_nothing(knows_nothing: Connection) {
    let [message, call] = asked(&knows_nothing).await;
    let end = failed(knows_nothing.voice.hang_up(&call_id()).await);
    for error in [message, call, end] {
        let not_found = (ErrorKind::NotFound, Outcome::NotSent);
        assert_eq!((error.kind(), error.outcome()), not_found, "{error}");
        assert_is_discreet(&knows_nothing, &error);
    }
}

/// A message, a call, and the end of one, all of which fail.
async fn commanded(connection: &Connection) -> [Error; 3] {
    let message = answered(text().build());
    [
        failed(connection.messaging.send(&message).await),
        failed(connection.voice.place(&call()).await),
        failed(connection.voice.hang_up(&call_id()).await),
    ]
}

/// What became of a message and of a call, asked in vain.
async fn asked(connection: &Connection) -> [Error; 2] {
    let message = answered(ProviderMessageId::new("id1"));
    [
        failed(connection.messaging.fetch(&message).await),
        failed(connection.voice.inspect(&call_id()).await),
    ]
}

/// How the account is, asked in vain, where it can be asked.
async fn looked(connection: &Connection) -> Option<Error> {
    Some(failed(connection.account.as_ref()?.check().await.standing))
}

/// An error says whose it is and how its request is found again, and nothing that is private.
fn assert_is_discreet(connection: &Connection, error: &Error) {
    assert_eq!(error.provider(), connection.messaging.kind(), "{error}");
    let found = error.request_id().unwrap_or_default();
    assert!(error.to_string().contains(found), "{error} lacks {found}");
    let mut shown = format!("{error} {error:?}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        shown = format!("{shown} {cause} {cause:?}");
        source = cause.source();
    }
    let number = TO.trim_start_matches('+');
    assert!(!shown.contains(TEXT) && !shown.contains(number), "{shown}");
}

fn number() -> PhoneNumber {
    answered(TO.parse())
}

fn text() -> OutboundMessageBuilder {
    OutboundMessage::builder(number()).body(TEXT)
}

fn call() -> CallRequest {
    let content = CallContent::Say { text: TEXT.into(), language: None };
    let mut request = CallRequest::new(answered(CallId::new("call_1")), number(), content);
    request.answer_url = Some(answered("https://example.com/answer".parse()));
    request
}

fn call_id() -> ProviderCallId {
    answered(ProviderCallId::new("id1"))
}

#[allow(clippy::panic, reason = "a test fails by panicking")]
fn answered<T, E: std::fmt::Debug>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("{error:?}"))
}

#[allow(clippy::panic, reason = "a test fails by panicking")]
fn failed<T: std::fmt::Debug>(result: Result<T, Error>) -> Error {
    match result {
        Err(error) => error,
        Ok(value) => panic!("it should have failed: {value:?}"),
    }
}

/// Makes a module of tests that run the suite.
///
/// The fixture is an asynchronous function from [`Carrier`](crate::conformance::Carrier). Its
/// result has the [`Connection`](crate::Connection) in its field `connection`, and holds what
/// stands in for the carrier for as long as that is needed. Needs `tokio` with its macros among
/// the dependencies of the crate that uses it.
#[macro_export]
macro_rules! provider_conformance {
    ($module:ident, $fixture:expr) => {
        mod $module {
            use super::*;
            use $crate::ErrorKind;
            use $crate::conformance::{self, Carrier};

            $crate::provider_conformance!(@tests $fixture;
                says_what_it_can_do: Carrier::Works;
                sends_and_tells: Carrier::Works;
                calls: Carrier::Works;
                refuses_what_is_too_much: Carrier::Works;
                knows_nothing: Carrier::KnowsNothing;
            );

            #[tokio::test]
            async fn refusals_are_not_sent() {
                for (carrier, kind) in [
                    (Carrier::RefusesRecipient, ErrorKind::InvalidRecipient),
                    (Carrier::RefusesCredentials, ErrorKind::Authentication),
                    (Carrier::Throttles, ErrorKind::RateLimited),
                ] {
                    let fixture = ($fixture)(carrier).await;
                    conformance::refusals_are_not_sent(fixture.connection.clone(), kind).await;
                }
            }

            #[tokio::test]
            async fn failures_are_unknown() {
                for carrier in [Carrier::Fails, Carrier::HangsUp] {
                    let fixture = ($fixture)(carrier).await;
                    conformance::failures_are_unknown(fixture.connection.clone()).await;
                }
            }
        }
    };
    (@tests $fixture:expr; $($test:ident: $carrier:expr;)+) => { $(
        #[tokio::test]
        async fn $test() {
            let fixture = ($fixture)($carrier).await;
            conformance::$test(fixture.connection.clone()).await;
        }
    )+ };
}
