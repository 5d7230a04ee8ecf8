//! Unsigned requests are taken from this machine alone.

use telephony_webhook::{DangerousUnsigned, Refusal, Scheme, Verifier};

use crate::signer::{headers, request};

fn claimed(method: &str, pairs: &[(&str, &str)]) -> Result<Scheme, Refusal> {
    let verifier = DangerousUnsigned::dangerously_accept_unsigned();
    let request = request(method, "http://localhost/", pairs, b"");
    verifier.claimed(request.method(), &headers(pairs))
}

#[test]
fn this_machine_has_few_names() {
    for host in [
        "localhost",
        "LOCALHOST:3335",
        "127.0.0.1:3335",
        "127.1.2.3",
        "[::1]:1",
        "[::ffff:127.0.0.1]",
    ] {
        assert_eq!(claimed("POST", &[("Host", host)]), Ok(Scheme::Unsigned), "{host}");
    }
    for host in [
        "example.com",
        "localhost.example.com",
        "10.0.0.1",
        "0.0.0.0",
        "[::]",
        "a b",
        "127.0.0.1.example.com",
    ] {
        let refusal = claimed("POST", &[("Host", host)]);
        assert_eq!(refusal, Err(Refusal::Outside("another host name")), "{host}");
    }
    assert_eq!(claimed("POST", &[]), Err(Refusal::MissingHeader("Host")));
    let twice = [("Host", "localhost"), ("host", "example.com")];
    assert_eq!(claimed("POST", &twice), Err(Refusal::RepeatedHeader("Host")));
}

#[test]
fn proxies_and_pages_are_refused() {
    for header in
        ["Forwarded", "X-Forwarded-For", "x-forwarded-proto", "X-Real-IP", "Via", "Origin"]
    {
        let refusal = claimed("POST", &[("Host", "localhost"), (header, "x")]).unwrap_err();
        assert!(matches!(refusal, Refusal::Outside(_)), "{header}: {refusal}");
    }
    assert_eq!(claimed("PUT", &[("Host", "localhost")]), Err(Refusal::Method("nobody")));
}
