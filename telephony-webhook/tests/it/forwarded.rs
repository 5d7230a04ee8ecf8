//! Which public URL is believed: every cell of peer × headers × configuration.

use std::net::IpAddr;

use telephony_webhook::{Headers, PublicUrl, PublicUrls, TrustedProxies, UrlRefusal, UrlRules};

const PATH: &str = "/telephony/webhook";

const PEERS: [&str; 7] = [
    "127.0.0.1",
    "::ffff:127.0.0.1",
    "::1",
    "10.1.2.3",
    "::ffff:10.1.2.3",
    "192.0.2.1",
    "2001:db8::1",
];

/// The headers of a request, by a name for them.
const HEADERS: [(&str, &[(&str, &str)]); 16] = [
    ("nothing", &[]),
    ("host", &[("Host", "evil.example")]),
    ("local host", &[("Host", "localhost:3335")]),
    (
        "forwarded",
        &[
            ("Host", "inner"),
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Host", "public.example"),
        ],
    ),
    (
        "forwarded, other case",
        &[
            ("host", "inner"),
            ("x-FORWARDED-proto", "https"),
            ("x-forwarded-host", "PUBLIC.example"),
        ],
    ),
    (
        "forwarded, with a port",
        &[("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "public.example:8443")],
    ),
    (
        "forwarded, port apart",
        &[
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Host", "public.example"),
            ("X-Forwarded-Port", "8443"),
        ],
    ),
    (
        "forwarded, standard port",
        &[
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Host", "public.example"),
            ("X-Forwarded-Port", "443"),
        ],
    ),
    (
        "another host forwarded",
        &[("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "evil.example")],
    ),
    (
        "two hosts forwarded",
        &[("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "evil.example, public.example")],
    ),
    (
        "two lines forwarded",
        &[
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Host", "evil.example"),
            ("X-Forwarded-Host", "public.example"),
        ],
    ),
    (
        "user forwarded",
        &[("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "public.example@evil.example")],
    ),
    (
        "path forwarded",
        &[("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "public.example/a?")],
    ),
    ("odd scheme", &[("X-Forwarded-Proto", "javascript"), ("X-Forwarded-Host", "public.example")]),
    (
        "scheme, and the host passed on",
        &[("Host", "public.example"), ("X-Forwarded-Proto", "https")],
    ),
    ("RFC 7239", &[("Host", "localhost"), ("Forwarded", "proto=https;host=public.example")]),
];

/// What comes out, as a letter.
fn letter(outcome: &Result<PublicUrls, UrlRefusal>) -> char {
    match outcome {
        Ok(urls) => {
            assert_eq!(urls.iter().count(), 1);
            match urls.first().to_string().strip_suffix(PATH).unwrap() {
                "https://set.example/prefix" => 'S',
                "https://public.example" | "https://PUBLIC.example" => 'F',
                "https://public.example:8443" => 'P',
                "http://localhost:3335" => 'L',
                "https://evil.example" => 'E',
                other => panic!("{other}"),
            }
        }
        Err(UrlRefusal::Unknown) => '-',
        Err(UrlRefusal::UntrustedProxy) => 'u',
        Err(UrlRefusal::Incomplete) => 'i',
        Err(UrlRefusal::Ambiguous) => 'a',
        Err(UrlRefusal::Host) => 'h',
        Err(UrlRefusal::Outside) => 'o',
        Err(other) => panic!("{other}"),
    }
}

/// Checks a configuration: a line for each peer, a letter for each of [`HEADERS`].
fn check(rules: &UrlRules, expected: [&str; PEERS.len()]) {
    for (peer, expected) in PEERS.into_iter().zip(expected) {
        let peer: IpAddr = peer.parse().unwrap();
        let line: String = HEADERS
            .iter()
            .map(|(_, pairs)| pairs.iter().copied().collect::<Headers>())
            .map(|headers| letter(&rules.resolve(peer, PATH, &headers)))
            .collect();
        assert_eq!(line, expected, "{peer} {rules:?}");
    }
}

fn rules() -> UrlRules {
    UrlRules::new(PATH)
}

fn trusting() -> UrlRules {
    rules().trust_forwarding(TrustedProxies::parse(["127.0.0.1", "::ffff:10.0.0.0/104"]).unwrap())
}

fn public_url() -> PublicUrl {
    "https://set.example/prefix/telephony/webhook".parse().unwrap()
}

/// Each configuration against every peer and header.
#[test]
fn forwarded_headers() {
    a_public_url_decides_alone();
    without_anything_a_public_server_knows_no_url();
    trusted_proxies_are_believed_and_nobody_else();
    allowed_hosts_narrow_what_proxies_may_say();
    a_loopback_server_takes_its_own_names();
}

fn a_public_url_decides_alone() {
    let all = ["SSSSSSSSSSSSSSSS"; 7];
    check(&rules().public_url(public_url()), all);
    check(&trusting().public_url(public_url()).allowed_hosts(["other.example"]), all);
    check(&trusting().public_url(public_url()).loopback_only(), all);
}

fn without_anything_a_public_server_knows_no_url() {
    check(&rules(), ["---uuuuuuuuuuuuu"; 7]);
    check(&rules().allowed_hosts(["public.example"]), ["---uuuuuuuuuuuuu"; 7]);
    let nobody = rules().trust_forwarding(TrustedProxies::default());
    check(&nobody, ["---uuuuuuuuuuuuu"; 7]);
}

fn trusted_proxies_are_believed_and_nobody_else() {
    let trusted = "---FFPPFEaaaaaii";
    let untrusted = "---uuuuuuuuuuuuu";
    check(&trusting(), [trusted, trusted, untrusted, trusted, trusted, untrusted, untrusted]);
}

fn allowed_hosts_narrow_what_proxies_may_say() {
    let trusted = "---FFPPFhaaaaaFi";
    let untrusted = "---uuuuuuuuuuuuu";
    let lines = [trusted, trusted, untrusted, trusted, trusted, untrusted, untrusted];
    check(&trusting().allowed_hosts(["Public.Example"]), lines);
    let trusted = "---FFhhFhaaaaaFi";
    let lines = [trusted, trusted, untrusted, trusted, trusted, untrusted, untrusted];
    check(&trusting().allowed_hosts(["public.example:443"]), lines);
}

fn a_loopback_server_takes_its_own_names() {
    let direct = "-oLuuuuuuuuuuuuu";
    check(&rules().loopback_only(), [direct; 7]);
    let trusted = "-oLFFPPFEaaaaaii";
    check(
        &trusting().loopback_only(),
        [trusted, trusted, direct, trusted, trusted, direct, direct],
    );
}

#[test]
fn the_configured_url_may_be_the_root_or_the_whole() {
    for (public, path, expected) in [
        ("https://h", PATH, vec!["https://h/telephony/webhook"]),
        ("https://h/", PATH, vec!["https://h/telephony/webhook"]),
        ("https://h/telephony/webhook", PATH, vec!["https://h/telephony/webhook"]),
        (
            "https://h/telephony/webhook/#rc=2",
            "/telephony/status",
            vec!["https://h/telephony/status"],
        ),
        ("https://h:443/a/telephony/webhook?x=1", PATH, vec!["https://h:443/a/telephony/webhook"]),
        ("https://h/a", PATH, vec!["https://h/a/telephony/webhook", "https://h/a"]),
        ("https://h/a/", "/telephony/webhook/work", vec!["https://h/a/telephony/webhook/work"]),
        (
            "https://h/telephony/webhook",
            "/telephony/webhook/work",
            vec!["https://h/telephony/webhook/work"],
        ),
        (
            "https://h/telephony/webhook/",
            PATH,
            vec!["https://h/telephony/webhook", "https://h/telephony/webhook/"],
        ),
        (
            "https://h/mytelephony/webhook",
            PATH,
            vec![
                "https://h/mytelephony/webhook/telephony/webhook",
                "https://h/mytelephony/webhook",
            ],
        ),
    ] {
        let rules = rules().public_url(public.parse().unwrap());
        let urls = rules.resolve("192.0.2.1".parse().unwrap(), path, &Headers::default()).unwrap();
        let urls: Vec<_> = urls.iter().map(ToString::to_string).collect();
        assert_eq!(urls, expected, "{public} {path}");
    }
}

#[test]
fn proxies_are_addresses_and_networks() {
    let contains = |entry: &str, peer: &str| {
        TrustedProxies::parse([entry]).unwrap().contains(peer.parse().unwrap())
    };
    assert!(contains("127.0.0.1", "::ffff:127.0.0.1") && contains("::ffff:127.0.0.1", "127.0.0.1"));
    assert!(contains(" 10.0.0.0/8 ", "10.255.0.1") && !contains("10.0.0.0/8", "11.0.0.1"));
    assert!(contains("::ffff:10.0.0.0/104", "10.255.0.1"));
    assert!(contains("2001:db8::/32", "2001:db8:1::1") && !contains("2001:db8::/32", "10.0.0.1"));
    assert!(!contains("::/0", "10.0.0.1") && contains("0.0.0.0/0", "::ffff:10.0.0.1"));
    for entry in ["", "localhost", "10.0.0.0/33", "10.0.0", "::ffff:10.0.0.0/90", "*"] {
        let error = TrustedProxies::parse([entry]).unwrap_err().to_string();
        assert!(error.contains(entry), "{error}");
    }
}
