//! Addresses that a carrier fetches or posts to.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;
use url::Url;

/// An absolute `http` or `https` URL.
///
/// `Debug` shows scheme and host alone: paths and queries carry tokens.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct HttpUrl(Url);

/// Why a text is not a URL that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UrlError {
    /// Not an absolute URL.
    #[error("an absolute URL is expected, such as https://example.com/picture.jpg")]
    Malformed,
    /// Another scheme than `http` and `https`.
    #[error("a URL begins with https:// or http://")]
    Scheme,
    /// A user name or password.
    #[error("a URL must not hold a user name or password")]
    Credentials,
}

impl HttpUrl {
    /// Reads an absolute URL.
    ///
    /// # Errors
    ///
    /// [`UrlError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let url = Url::parse(text.trim()).map_err(|_| UrlError::Malformed)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(UrlError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UrlError::Credentials);
        }
        Ok(Self(url))
    }

    /// The URL as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether the connection is encrypted.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The host, in brackets when it is an IPv6 address.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }
}

impl std::str::FromStr for HttpUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl fmt::Debug for HttpUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}/…", self.0.scheme(), self.host())
    }
}

impl Serialize for HttpUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for HttpUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_absolute_web_addresses_without_credentials_are_taken() {
        for (text, expected) in [
            ("https://example.com/a.jpg?x=1", Ok("https://example.com/a.jpg?x=1")),
            (" http://[::1]:8080 ", Ok("http://[::1]:8080/")),
            ("HTTPS://Example.COM", Ok("https://example.com/")),
            ("", Err(UrlError::Malformed)),
            ("/a.jpg", Err(UrlError::Malformed)),
            ("https://", Err(UrlError::Malformed)),
            ("file:///etc/passwd", Err(UrlError::Scheme)),
            ("data:text/plain,x", Err(UrlError::Scheme)),
            ("https://user:secret@example.com", Err(UrlError::Credentials)),
            ("https://user@example.com", Err(UrlError::Credentials)),
        ] {
            let parsed = HttpUrl::parse(text);
            assert_eq!(parsed.as_ref().map(HttpUrl::as_str), expected.as_ref().copied(), "{text}");
        }
    }

    #[test]
    fn debug_shows_no_path() {
        let url = HttpUrl::parse("https://example.com/media/token-1?key=2").unwrap();
        assert_eq!(format!("{url:?}"), "https://example.com/…");
        assert!(url.is_https());
        assert_eq!(url.host(), "example.com");
    }
}
