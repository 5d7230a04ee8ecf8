//! The URL a provider requested, as far as it was not in the request: all but the query.

mod rules;

use std::fmt;

use thiserror::Error;

pub use self::rules::{PublicUrls, TrustedProxies, TrustedProxiesError, UrlRefusal, UrlRules};
pub(crate) use self::rules::{is_forwarding, is_loopback_host};

/// Scheme, host, port and path of a request as its sender wrote them.
///
/// Signatures are over text, so nothing is normalised: case, default ports and escapes stay. The
/// query is not part of it, because it always comes from the request itself.
///
/// ```
/// use telephony_webhook::PublicUrl;
///
/// let url: PublicUrl = "https://example.com:8443/sms?tenant=7#rc=2".parse()?;
/// assert_eq!(url.to_string(), "https://example.com:8443/sms");
/// assert_eq!(url.host(), "example.com");
/// # Ok::<(), telephony_webhook::PublicUrlError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PublicUrl {
    scheme: String,
    /// `user:password`, as only captured URLs have it.
    userinfo: Option<String>,
    host: String,
    port: Option<String>,
    path: String,
}

/// Why a text is not the URL of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PublicUrlError {
    /// Another scheme, or none.
    #[error("a URL begins with https:// or http://")]
    Scheme,
    /// No host, or one with characters that no host has.
    #[error("a URL names a host, such as https://example.com/telephony/webhook")]
    Host,
    /// A port that is not a number.
    #[error("the port of a URL is a number up to 65535")]
    Port,
    /// White space or a control character.
    #[error("a URL holds no white space and no control characters")]
    Character,
}

impl PublicUrl {
    /// Reads an absolute URL; its query and its fragment are left out.
    ///
    /// # Errors
    ///
    /// [`PublicUrlError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, PublicUrlError> {
        Self::split(text).map(|(url, _)| url)
    }

    /// Reads an absolute URL and, apart from it, its query.
    pub(crate) fn split(text: &str) -> Result<(Self, Option<&str>), PublicUrlError> {
        if text.chars().any(|character| character.is_control() || character.is_whitespace()) {
            return Err(PublicUrlError::Character);
        }
        let (scheme, rest) = text.split_once("://").ok_or(PublicUrlError::Scheme)?;
        if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            return Err(PublicUrlError::Scheme);
        }
        let rest = rest.split('#').next().unwrap_or_default();
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, Some(query)),
            None => (rest, None),
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (userinfo, host_and_port) = match authority.rsplit_once('@') {
            Some((userinfo, host_and_port)) => (Some(userinfo.to_owned()), host_and_port),
            None => (None, authority),
        };
        let (host, port) = split_port(host_and_port)?;
        let url = Self {
            scheme: scheme.to_owned(),
            userinfo,
            host: host.to_owned(),
            port: port.map(str::to_owned),
            path: path.to_owned(),
        };
        Ok((url, query))
    }

    /// The host as it is written, in brackets when it is an IPv6 address.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The path as it is written; empty when there is none.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The URL with `query` after it, as it goes over the wire and is signed.
    pub(crate) fn with_query(&self, query: Option<&str>) -> String {
        let userinfo = self.userinfo.as_deref();
        let mut text = String::with_capacity(128);
        for piece in [&*self.scheme, "://", userinfo.unwrap_or_default()] {
            text.push_str(piece);
        }
        if userinfo.is_some() {
            text.push('@');
        }
        text.push_str(&self.host);
        if let Some(port) = &self.port {
            text.push(':');
            text.push_str(port);
        }
        text.push_str(&self.path);
        if let Some(query) = query {
            text.push('?');
            text.push_str(query);
        }
        text
    }

    pub(crate) fn without_port(&self) -> Self {
        Self { port: None, ..self.clone() }
    }

    /// The URL with its port, or with the scheme's own where it has none.
    pub(crate) fn with_port(&self) -> Self {
        let standard = if self.scheme.eq_ignore_ascii_case("https") { "443" } else { "80" };
        Self {
            port: Some(self.port.clone().unwrap_or_else(|| standard.to_owned())),
            ..self.clone()
        }
    }

    /// The URL without user name and password, if it has them.
    pub(crate) fn without_userinfo(&self) -> Option<Self> {
        self.userinfo.as_ref().map(|_| Self { userinfo: None, ..self.clone() })
    }

    fn with_path(&self, path: String) -> Self {
        Self { path, ..self.clone() }
    }
}

/// A host and its port, which IPv6 addresses keep in brackets apart.
fn split_port(text: &str) -> Result<(&str, Option<&str>), PublicUrlError> {
    let after_brackets = text.rfind(']').map_or(0, |index| index + 1);
    let colon = text.get(after_brackets..).and_then(|rest| rest.find(':'));
    let (host, port) = match colon {
        Some(index) => {
            let (host, port) = text.split_at(after_brackets + index);
            (host, port.get(1..))
        }
        None => (text, None),
    };
    if !is_host(host) {
        return Err(PublicUrlError::Host);
    }
    let is_port = |port: &str| {
        port.is_empty()
            || port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()
    };
    if port.is_some_and(|port| !is_port(port)) {
        return Err(PublicUrlError::Port);
    }
    Ok((host, port))
}

fn is_host(text: &str) -> bool {
    if let Some(address) = text.strip_prefix('[') {
        return address.strip_suffix(']').is_some_and(|a| a.parse::<std::net::Ipv6Addr>().is_ok());
    }
    let allowed = |character: char| {
        !character.is_ascii() || character.is_ascii_alphanumeric() || "-._".contains(character)
    };
    !text.is_empty() && text.chars().all(allowed)
}

impl std::str::FromStr for PublicUrl {
    type Err = PublicUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A password in a URL is nobody's business.
        let shown = self.without_userinfo();
        formatter.pad(&shown.as_ref().unwrap_or(self).with_query(None))
    }
}

impl fmt::Debug for PublicUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_normalised() {
        for text in [
            "https://example.com",
            "HTTPS://Example.COM:443/",
            "http://[::1]:8080/a//b/%7e/",
            "https://h:/p",
            "https://user:p%40ss@h:1/p",
            "https://münchen.example/'",
        ] {
            let (url, query) = PublicUrl::split(text).unwrap();
            assert_eq!((url.with_query(query).as_str(), query), (text, None));
            let with_query = format!("{text}?a='&b=%27+?x#rc=2");
            let (url, query) = PublicUrl::split(&with_query).unwrap();
            assert_eq!(format!("{}#rc=2", url.with_query(query)), with_query);
        }
    }

    #[test]
    fn what_is_not_a_url_is_named() {
        for (text, error) in [
            ("example.com", PublicUrlError::Scheme),
            ("ftp://example.com", PublicUrlError::Scheme),
            ("https://", PublicUrlError::Host),
            ("https:///path", PublicUrlError::Host),
            ("https://a@/path", PublicUrlError::Host),
            ("https://[::1", PublicUrlError::Host),
            ("https://[a]/", PublicUrlError::Host),
            ("https://a,b/", PublicUrlError::Host),
            ("https://a:b/", PublicUrlError::Port),
            ("https://a:65536/", PublicUrlError::Port),
            ("https://a:+80/", PublicUrlError::Port),
            ("https://a /", PublicUrlError::Character),
            ("https://a/\n", PublicUrlError::Character),
        ] {
            assert_eq!(PublicUrl::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn ports_come_and_go() {
        let url = |text| PublicUrl::parse(text).unwrap();
        assert_eq!(url("https://h/p").with_port(), url("https://h:443/p"));
        assert_eq!(url("http://h/p").with_port(), url("http://h:80/p"));
        assert_eq!(url("https://[::1]/p").with_port(), url("https://[::1]:443/p"));
        assert_eq!(url("https://h:8443/p").with_port(), url("https://h:8443/p"));
        assert_eq!(url("https://h:8443/p").without_port(), url("https://h/p"));
        assert_eq!(url("https://u:p@h/").to_string(), "https://h/");
    }
}
