//! What values mean that are written as text.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::url::HttpUrl;

/// A time of day, to the minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClockTime {
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
}

/// `21:00`.
pub(super) fn clock_time(text: &str) -> Result<ClockTime, &'static str> {
    const EXPECTED: &str = "expected a time of day such as \"21:00\"";
    let (hour, minute) = text.split_once(':').ok_or(EXPECTED)?;
    let two_digits = |text: &str| {
        let plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| text.parse::<u8>().ok()).flatten().ok_or(EXPECTED)
    };
    let (hour, minute) = (two_digits(hour)?, two_digits(minute)?);
    if hour < 24 && minute < 60 { Ok(ClockTime { hour, minute }) } else { Err(EXPECTED) }
}

/// The name of a time zone has the shape of one; whether it exists is known where it is used.
pub(super) fn time_zone(text: &str) -> Result<String, &'static str> {
    let shaped = text.chars().all(|c| c.is_ascii_alphanumeric() || "/_+-".contains(c));
    if shaped && text.len() <= 64 {
        Ok(text.to_owned())
    } else {
        Err("expected the name of a time zone such as \"America/New_York\"")
    }
}

/// A language tag has the shape of one; which are spoken, the carrier knows.
pub(super) fn language(text: &str) -> Result<String, &'static str> {
    let shaped = text.split('-').all(|part| {
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    let begins = text.bytes().take_while(u8::is_ascii_alphabetic).count() >= 2;
    let fits = shaped && begins && text.len() <= 35;
    if fits { Ok(text.to_owned()) } else { Err("expected a language tag such as \"de-DE\"") }
}

/// A path of the server.
pub(super) fn path(text: &str) -> Result<String, &'static str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.~".contains(c);
    if !text.starts_with('/') || text.contains("//") || !text.chars().all(plain) {
        return Err("expected a path that begins with / and has letters, digits and -_.~ only");
    }
    if text.len() > 1 && text.ends_with('/') {
        return Err("expected a path without a / at its end");
    }
    Ok(text.to_owned())
}

/// The origin or the webhook URL that carriers use.
pub(super) fn public_url(text: &str, real_provider: bool) -> Result<HttpUrl, String> {
    let url = HttpUrl::parse(text).map_err(|error| error.to_string())?;
    if text.contains(['?', '#']) {
        return Err("expected a URL without ? and #".to_owned());
    }
    if real_provider && !url.is_https() && !is_loopback_host(url.host()) {
        return Err("expected https://, since carriers send messages there".to_owned());
    }
    Ok(url)
}

/// An origin that stands in for a carrier's API.
pub(super) fn origin(text: &str) -> Result<HttpUrl, String> {
    let url = HttpUrl::parse(text).map_err(|error| error.to_string())?;
    let path = url.as_str().splitn(4, '/').nth(3).unwrap_or_default();
    if path.is_empty() {
        Ok(url)
    } else {
        Err("expected an origin such as http://127.0.0.1:9000, without a path".to_owned())
    }
}

/// Whether a host of a URL is this machine itself.
pub(super) fn is_loopback_host(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// An address or a network. IPv4 mapped into IPv6 is IPv4.
pub(super) fn network(text: &str) -> Result<IpNet, &'static str> {
    const EXPECTED: &str = "expected an address or a network such as 10.0.0.0/8";
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(IpNet::from(address.to_canonical()));
    }
    let network: IpNet = text.parse().map_err(|_| EXPECTED)?;
    match network {
        IpNet::V6(v6) if v6.prefix_len() >= 96 => match v6.addr().to_ipv4_mapped() {
            Some(v4) => {
                let v4 = ipnet::Ipv4Net::new(v4, v6.prefix_len() - 96).map_err(|_| EXPECTED)?;
                Ok(IpNet::V4(v4.trunc()))
            }
            None => Ok(network.trunc()),
        },
        _ => Ok(network.trunc()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mapped_addresses_are_ipv4() {
        assert_eq!(network("::ffff:127.0.0.1"), network("127.0.0.1"));
        assert_eq!(network("::ffff:10.1.2.3/104"), network("10.0.0.0/8"));
        assert!(network("10.0.0.0/33").is_err());
    }

    #[test]
    fn paths_origins_and_times() {
        assert!(path("/telephony/webhook").is_ok());
        for text in ["", "x", "/a//b", "/a?b", "/a/", "/a b"] {
            assert!(path(text).is_err(), "{text}");
        }
        assert!(origin("http://127.0.0.1:9000").is_ok());
        assert!(origin("http://127.0.0.1:9000/v2").is_err());
        assert_eq!(clock_time("21:05"), Ok(ClockTime { hour: 21, minute: 5 }));
        for text in ["24:00", "9:00", "21:60", "21", "+1:00"] {
            assert!(clock_time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn languages_are_tags() {
        for text in ["en", "de-DE", "zh-Hant-TW", "cmn-CN"] {
            assert_eq!(language(text).as_deref(), Ok(text));
        }
        for text in ["", "e", "1-de", "de_DE", "de-", "german language", "\"><Hangup/>"] {
            assert!(language(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_public_url_is_encrypted_unless_it_is_this_machine() {
        assert!(public_url("https://example.com/telephony/webhook", true).is_ok());
        assert!(public_url("http://127.0.0.1:3335", true).is_ok());
        assert!(public_url("http://example.com", true).is_err());
        assert!(public_url("https://example.com/?a", true).is_err());
    }
}
