//! What is not taken: the right status, and an answer that teaches nothing.

use std::time::Duration;

use telephony_webhook::{DOCTOR_AGENT, Limits, MAX_BODY_BYTES, MemoryInbox, Quota};

use super::running::{ACCOUNT_SID, Breakable, Running, message, mock, twilio, twilio_text};
use crate::signer::{FORM, JSON};

async fn start(config: serde_json::Value) -> Running {
    Running::start(config, Limits::default(), Breakable::over(MemoryInbox::new())).await
}

#[tokio::test]
async fn each_mistake_has_its_status() {
    let server = start(mock()).await;
    let body = message("m1").to_string();
    let path = "/telephony/webhook";
    for (status, path, headers) in [
        (404, "/", &[JSON] as &[_]),
        (404, "/telephony/webhook/", &[JSON]),
        (404, "/telephony/webhookx", &[JSON]),
        (404, "/telephony/webhook/other", &[JSON]),
        (404, "/telephony//webhook", &[JSON]),
        (404, "/telephony/%77ebhook", &[JSON]),
        (415, path, &[("content-type", "text/plain")]),
        (415, path, &[("content-type", "multipart/form-data; boundary=x")]),
        (403, path, &[JSON, ("host", "example.com")]),
        (403, path, &[JSON, ("x-forwarded-for", "127.0.0.1")]),
        (403, path, &[JSON, ("forwarded", "for=127.0.0.1")]),
        (403, path, &[JSON, ("origin", "http://127.0.0.1")]),
    ] {
        let (found, answer) = server.post(path, headers, &body).await;
        assert_eq!(found, status, "{path} {headers:?}: {answer}");
    }
    for (status, request) in [
        (405, "PUT /telephony/webhook HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n"),
        (403, "POST /telephony/webhook HTTP/1.0\r\ncontent-length: 2\r\n\r\n{}"),
        (400, "POST /telephony/webhook HTTP/1.1\r\nhost: a b\r\nhost: 1\r\nx\r\n\r\n"),
        (400, "nonsense\r\n\r\n"),
    ] {
        let (found, answer) = server.raw(request).await;
        assert_eq!(found, status, "{request}: {answer}");
        assert!(status != 405 || answer.contains("allow: GET, POST"), "{answer}");
    }
    for body in ["", "{", "[]", "{}", "{\"from\": 1}", "null", "\u{feff}{}"] {
        let (status, answer) = server.post(path, &[JSON], body).await;
        assert_eq!(status, 400, "{body}: {answer}");
    }
    assert_eq!(server.rows().await, 0);
}

#[tokio::test]
async fn body_cap() {
    let server = start(mock()).await;
    let of_length = |length: usize, id: &str| {
        let body = message(id).to_string();
        format!("{body}{}", " ".repeat(length - body.len()))
    };
    let path = "/telephony/webhook";
    for (count, (length, status)) in
        [(MAX_BODY_BYTES - 1, 200), (MAX_BODY_BYTES, 200), (MAX_BODY_BYTES + 1, 413)]
            .into_iter()
            .enumerate()
    {
        let body = of_length(length, &format!("m{count}"));
        assert_eq!(server.post(path, &[JSON], &body).await.0, status, "{length}");
        // The same in chunks, of which nobody announces the sum.
        let mut request = format!(
            "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\
             content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
        );
        for chunk in body.as_bytes().chunks(1000) {
            let text = std::str::from_utf8(chunk).unwrap();
            request.push_str(&format!("{:x}\r\n{text}\r\n", chunk.len()));
        }
        assert_eq!(server.raw(format!("{request}0\r\n\r\n")).await.0, status, "{length} in chunks");
    }
    for _ in 0..100 {
        let body = "x".repeat(10 * MAX_BODY_BYTES);
        assert_eq!(server.post(path, &[JSON], &body).await.0, 413);
    }
}

#[tokio::test]
async fn a_stranger_hears_the_same_whatever_was_wrong() {
    let server = start(twilio()).await;
    let path = "/telephony/webhook";
    let mut answers = Vec::new();
    for (headers, body) in [
        (&[FORM] as &[_], "From=a"),
        (&[FORM, ("X-Twilio-Signature", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=")], "From=a"),
        (&[FORM, ("X-Twilio-Signature", "nonsense")], "%%%"),
        (&[JSON, ("X-Twilio-Signature", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=")], "{"),
        (&[FORM, ("X-Twilio-Signature", "a"), ("X-Twilio-Signature", "b")], "From=a"),
    ] {
        let (status, answer) = server.post(path, headers, body).await;
        assert_eq!(status, 403, "{answer}");
        let answer: Vec<&str> = answer.lines().filter(|line| !line.starts_with("date")).collect();
        answers.push(answer.join("\n"));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert!(!answers[0].to_lowercase().contains("twilio"));
}

#[tokio::test]
async fn a_missing_signature_is_refused_before_the_body_is_read() {
    let server = start(twilio()).await;
    let head = "POST /telephony/webhook HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\
                content-type: application/x-www-form-urlencoded\r\n\r\n";
    assert_eq!(server.raw(head).await.0, 403, "without a byte of the body");
}

#[tokio::test]
async fn forged_signatures_are_slowed_down_and_true_ones_are_not() {
    let server = start(twilio()).await;
    let forged = [FORM, ("X-Twilio-Signature", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=")];
    let mut statuses = Vec::new();
    for _ in 0..30 {
        statuses.push(server.post("/telephony/webhook", &forged, "From=a").await.0);
    }
    assert_eq!(statuses.iter().filter(|status| **status == 403).count(), 20);
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 10);
    let (status, _) = server.twilio("/telephony/webhook", "SM1", "+15550001111").await;
    assert_eq!(status, 200, "the true one comes from the same address");
}

#[tokio::test]
async fn one_sender_cannot_take_everything() {
    let mut limits = Limits::default();
    limits.sender = Quota { burst: 3, every: Duration::from_secs(3600) };
    let inbox = Breakable::over(MemoryInbox::new());
    let server = Running::start(mock(), limits, inbox).await;
    for count in 0..5 {
        let (status, answer) = server.text(&message(&format!("m{count}"))).await;
        assert_eq!(status, if count < 3 { 200 } else { 429 }, "{answer}");
        assert_eq!(status == 429, answer.contains("retry-after: "), "{answer}");
    }
    let mut other = message("n1");
    other["from"] = "+15550009999".into();
    assert_eq!(server.text(&other).await.0, 200);
}

#[tokio::test]
async fn what_is_signed_for_another_number_is_acknowledged_and_dropped() {
    let server = start(twilio()).await;
    let path = "/telephony/webhook";
    assert_eq!(server.twilio(path, "SM1", "+15550002222").await.0, 200);
    assert_eq!((server.rows().await, server.receiver.counted().foreign), (0, 1));
    let (body, signature) = twilio_text("https://example.com/other", "SM2", "+15550001111");
    let headers = [FORM, ("X-Twilio-Signature", signature.as_str())];
    assert_eq!(server.post(path, &headers, &body).await.0, 403, "signed for another URL");
    assert!(body.contains(ACCOUNT_SID));
}

#[tokio::test]
async fn the_operator_sees_why_and_strangers_decide_nothing_of_it() {
    let server = start(twilio()).await;
    let path = "/telephony/webhook";
    let forged = [FORM, ("X-Twilio-Signature", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=")];
    assert_eq!(server.post(path, &[FORM], "From=a").await.0, 403);
    for _ in 0..20 {
        server.post(path, &forged, "From=secret-body").await;
    }
    assert_eq!(server.twilio(path, "SM1", "+15550002222").await.0, 200);
    let nonsense = twilio_text("https://example.com/telephony/webhook", "", "+15550001111");
    let headers = [FORM, ("X-Twilio-Signature", nonsense.1.as_str())];
    assert_eq!(server.post(path, &headers, &nonsense.0).await.0, 400, "it has no id");
    assert_eq!(server.post("/secret-path", &[FORM], "").await.0, 404);
    let recent = server.receiver.recent_refusals();
    let reasons: Vec<_> = recent.iter().map(|one| (&*one.reason, one.count)).collect();
    assert_eq!(
        reasons,
        [
            ("a signed webhook cannot be read", 1),
            (
                "a signed webhook is for a number, account or profile that is not configured: \
                 acknowledged and dropped",
                1
            ),
            ("more requests of one address than are looked at were not verified", 1),
            (
                "the signature in X-Twilio-Signature does not fit for \
                 https://example.com/telephony/webhook nor \
                 https://example.com:443/telephony/webhook",
                19
            ),
            ("the header X-Twilio-Signature is missing", 1),
        ]
    );
    assert!(recent.iter().all(|one| one.path == path && one.peer.is_loopback()));
    assert!(recent[3].advice.contains("publicUrl"), "{}", recent[3].advice);
    assert!(!format!("{recent:?}").contains("secret"));
    let counts: Vec<_> = server.receiver.refused().into_iter().collect();
    assert_eq!(
        counts,
        [
            ("flood", 1),
            ("foreign", 1),
            ("missing_header", 1),
            ("path", 1),
            ("signature", 19),
            ("unreadable", 1)
        ]
    );
}

#[tokio::test]
async fn what_the_doctor_tries_is_counted_and_not_shown() {
    let server = start(twilio()).await;
    let path = "/telephony/webhook";
    let agent = ("user-agent", &*format!("{DOCTOR_AGENT}1.2.3"));
    let forged = [FORM, agent, ("X-Twilio-Signature", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=")];
    assert_eq!(server.post(path, &forged, "From=a").await.0, 403);
    assert_eq!(server.post(path, &[FORM, agent], "From=a").await.0, 403);
    assert!(server.receiver.recent_refusals().is_empty());
    let counts: Vec<_> = server.receiver.refused().into_iter().collect();
    assert_eq!(counts, [("missing_header", 1), ("signature", 1)]);
    let other = [FORM, ("user-agent", "TwilioProxy/1.1")];
    assert_eq!(server.post(path, &other, "From=a").await.0, 403);
    assert_eq!(server.receiver.recent_refusals().len(), 1);
}
