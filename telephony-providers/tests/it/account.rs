//! How an account is, where its number's messages go, and that being set: as each carrier has it.

use serde_json::{Value, json};
use telephony_core::{ProviderKind, Timestamp};
use telephony_providers::{
    Connection, ErrorKind, MockProvider, NumberSettings, Standing, WebhookOwner,
};
use wiremock::matchers::{method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::carrier::{ACCOUNT_SID, CARRIERS, arrived, carrier, client};

const URL: &str = "https://sms.example.com/telephony/webhook";
const NUMBER: &str = "PN00000000000000000000000000000001";
const SERVICE: &str = "MG00000000000000000000000000000001";

fn json(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

async fn answers(server: &MockServer, at: &str, body: Value) {
    Mock::given(method("GET")).and(path(at)).respond_with(json(body)).mount(server).await;
}

async fn settings(connection: &Connection) -> NumberSettings {
    connection.account.as_ref().unwrap().number().await.unwrap().unwrap()
}

#[tokio::test]
async fn a_look_tells_how_the_account_is_and_what_time_it_is_there() {
    let at = Timestamp::parse_rfc2822("Wed, 01 Jul 2026 12:00:00 GMT").unwrap();
    for (kind, body, expected) in [
        (ProviderKind::Twilio, json!({ "status": "active", "type": "Full" }), Standing::Active),
        (ProviderKind::Twilio, json!({ "status": "active", "type": "Trial" }), Standing::Trial),
        (ProviderKind::Twilio, json!({ "status": "suspended" }), Standing::Suspended),
        (ProviderKind::Twilio, json!({ "status": "closed" }), Standing::Closed),
        (ProviderKind::Telnyx, json!({ "data": [] }), Standing::Active),
        (ProviderKind::Plivo, json!({ "auth_id": "MA1" }), Standing::Active),
    ] {
        let answer = json(body).insert_header("date", "Wed, 01 Jul 2026 12:00:00 GMT");
        let server = carrier(answer).await;
        let connection = client(kind, &server.uri(), |_| {});
        let checked = connection.account.unwrap().check().await;
        assert_eq!(checked.carrier_time, Some(at), "{kind}");
        assert_eq!(checked.standing.unwrap(), expected, "{kind}");
        let (verb, target, ..) = arrived(&server).await.remove(0);
        let asked = match kind {
            ProviderKind::Twilio => format!("/2010-04-01/Accounts/{ACCOUNT_SID}.json"),
            ProviderKind::Telnyx => "/v2/messaging_profiles?page%5Bsize%5D=1".to_owned(),
            _ => "/v1/Account/MA1/".to_owned(),
        };
        assert_eq!((verb.as_str(), target), ("GET", asked));
    }
}

#[tokio::test]
async fn a_refusal_has_its_kind_and_the_time_too() {
    for kind in CARRIERS {
        let answer = ResponseTemplate::new(401).set_body_json(json!({}));
        let answer = answer.insert_header("date", "Wed, 01 Jul 2026 12:00:00 GMT");
        let server = carrier(answer).await;
        let checked = client(kind, &server.uri(), |_| {}).account.unwrap().check().await;
        assert!(checked.carrier_time.is_some(), "{kind}");
        assert_eq!(checked.standing.unwrap_err().kind(), ErrorKind::Authentication, "{kind}");
    }
}

async fn twilio(sms_url: &str, service: Value, is_member: bool) -> MockServer {
    let server = MockServer::start().await;
    let number = json!({
        "sid": NUMBER, "phone_number": "+15550001111", "sms_url": sms_url, "sms_method": "POST",
        "voice_url": "https://sms.example.com/voice", "capabilities": { "sms": true },
    });
    let numbers = format!("/2010-04-01/Accounts/{ACCOUNT_SID}/IncomingPhoneNumbers.json");
    let listed = json(json!({ "incoming_phone_numbers": [number] }));
    let asked = query_param("PhoneNumber", "+15550001111");
    Mock::given(path(numbers)).and(asked).respond_with(listed).mount(&server).await;
    answers(&server, "/v1/Services", json!({ "services": [service] })).await;
    answers(&server, &format!("/v1/Services/{SERVICE}"), service).await;
    if is_member {
        let member = format!("/v1/Services/{SERVICE}/PhoneNumbers/{NUMBER}");
        answers(&server, &member, json!({ "sid": NUMBER })).await;
    }
    server
}

#[tokio::test]
async fn twilios_number_says_where_unless_its_service_does() {
    let service = |own: bool| {
        json!({
            "sid": SERVICE, "inbound_request_url": "https://other.example/", "inbound_method": "GET",
            "use_inbound_webhook_on_number": own,
        })
    };
    let number = WebhookOwner::Number(NUMBER.to_owned());
    let shared = WebhookOwner::MessagingService(SERVICE.to_owned());
    for (service, is_member, owner, url, verb) in [
        (service(false), false, &number, URL, "POST"),
        (service(true), true, &number, URL, "POST"),
        (service(false), true, &shared, "https://other.example/", "GET"),
    ] {
        let server = twilio(URL, service, is_member).await;
        for configured in [None, Some(SERVICE)] {
            let connection = client(ProviderKind::Twilio, &server.uri(), |value| {
                if let Some(sid) = configured {
                    value["twilio"]["messagingServiceSid"] = sid.into();
                }
            });
            let found = settings(&connection).await;
            assert_eq!(&found.owner, owner);
            assert_eq!(found.message_url.as_deref(), Some(url));
            assert_eq!(found.message_method.as_deref(), Some(verb));
            assert_eq!(found.takes_messages, Some(true));
            assert_eq!(found.voice_url.as_deref(), Some("https://sms.example.com/voice"));
        }
    }
    let server = twilio("", service(true), false).await;
    let connection = client(ProviderKind::Twilio, &server.uri(), |_| {});
    assert_eq!(settings(&connection).await.message_url, None);
    let other = client(ProviderKind::Twilio, &server.uri(), |value| {
        value["fromNumber"] = "+15550002222".into();
    });
    let error = other.account.unwrap().number().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn telnyx_profile_and_plivos_application_say_where() {
    let server = MockServer::start().await;
    let numbers = json(json!({ "data": [
        { "phone_number": "+15550001111", "messaging_profile_id": "mp-1" },
        { "phone_number": "+15550002222", "messaging_profile_id": null },
    ] }));
    Mock::given(path("/v2/phone_numbers")).respond_with(numbers).mount(&server).await;
    let profile = json!({ "data": {
        "webhook_url": URL, "webhook_api_version": "1", "enabled": true,
    } });
    answers(&server, "/v2/messaging_profiles/mp-1", profile).await;
    answers(
        &server,
        "/v1/Account/MA1/Number/15550001111/",
        json!({
            "application": "/v1/Account/MA1/Application/77/", "sms_enabled": false,
        }),
    )
    .await;
    answers(&server, "/v1/Account/MA1/Number/15550002222/", json!({ "application": null })).await;
    answers(
        &server,
        "/v1/Account/MA1/Application/77/",
        json!({
            "message_url": URL, "message_method": "GET", "answer_url": "",
        }),
    )
    .await;
    let of = |kind, number: &'static str| {
        client(kind, &server.uri(), move |value| value["fromNumber"] = number.into())
    };
    let telnyx = settings(&of(ProviderKind::Telnyx, "+15550001111")).await;
    assert_eq!(telnyx.owner, WebhookOwner::MessagingProfile("mp-1".to_owned()));
    assert_eq!(telnyx.message_url.as_deref(), Some(URL));
    assert_eq!(telnyx.api_version.as_deref(), Some("1"));
    let plivo = settings(&of(ProviderKind::Plivo, "+15550001111")).await;
    assert_eq!(plivo.owner, WebhookOwner::Application("77".to_owned()));
    assert_eq!((plivo.message_method.as_deref(), plivo.voice_url), (Some("GET"), None));
    assert_eq!(plivo.takes_messages, Some(false));
    for kind in [ProviderKind::Telnyx, ProviderKind::Plivo] {
        let nobodys = settings(&of(kind, "+15550002222")).await;
        assert_eq!(nobodys.owner, WebhookOwner::Nobody, "{kind}");
        let missing = of(kind, "+15550003333").account.unwrap().number().await.unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::NotFound, "{kind}");
    }
    let asked = arrived(&server).await;
    let filter = "/v2/phone_numbers?filter%5Bphone_number%5D=15550001111";
    assert!(asked.iter().any(|(_, target, ..)| target == filter), "{asked:?}");
}

#[tokio::test]
async fn each_is_set_where_it_is_kept() {
    let form = "application/x-www-form-urlencoded";
    let encoded = "https%3A%2F%2Fsms.example.com%2Ftelephony%2Fwebhook";
    for (kind, owner, verb, target, content_type, body) in [
        (
            ProviderKind::Twilio,
            WebhookOwner::Number(NUMBER.to_owned()),
            "POST",
            format!("/2010-04-01/Accounts/{ACCOUNT_SID}/IncomingPhoneNumbers/{NUMBER}.json"),
            form,
            format!("SmsUrl={encoded}&SmsMethod=POST"),
        ),
        (
            ProviderKind::Twilio,
            WebhookOwner::MessagingService(SERVICE.to_owned()),
            "POST",
            format!("/v1/Services/{SERVICE}"),
            form,
            format!("InboundRequestUrl={encoded}&InboundMethod=POST"),
        ),
        (
            ProviderKind::Telnyx,
            WebhookOwner::MessagingProfile("mp-1".to_owned()),
            "PATCH",
            "/v2/messaging_profiles/mp-1".to_owned(),
            "application/json",
            format!("{{\"webhook_url\":\"{URL}\",\"webhook_api_version\":\"2\"}}"),
        ),
        (
            ProviderKind::Plivo,
            WebhookOwner::Application("77".to_owned()),
            "POST",
            "/v1/Account/MA1/Application/77/".to_owned(),
            "application/json",
            format!("{{\"message_url\":\"{URL}\",\"message_method\":\"POST\"}}"),
        ),
    ] {
        let server = carrier(json(json!({}))).await;
        let account = client(kind, &server.uri(), |_| {}).account.unwrap();
        let url = URL.parse().unwrap();
        account.set_webhook(&NumberSettings::of(owner), &url).await.unwrap();
        let expected = (verb.to_owned(), target, content_type.to_owned(), body);
        assert_eq!(arrived(&server).await, [expected]);
        // What belongs to nobody, or to another carrier, is not set, and nothing leaves for it.
        let nobodys = account.set_webhook(&NumberSettings::of(WebhookOwner::Nobody), &url).await;
        assert_eq!(nobodys.unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(arrived(&server).await.len(), 1);
    }
}

#[tokio::test]
async fn the_mock_keeps_what_is_set() {
    let account = Connection::new(MockProvider::default()).account.unwrap();
    let before = account.number().await.unwrap().unwrap();
    assert_eq!(before.message_url, None);
    account.set_webhook(&before, &URL.parse().unwrap()).await.unwrap();
    assert_eq!(account.number().await.unwrap().unwrap().message_url.as_deref(), Some(URL));
    assert_eq!(account.check().await.standing.unwrap(), Standing::Active);
}
