//! Where a webhook is posted, and the URL that the carrier signs for it.

use std::net::{IpAddr, Ipv4Addr};

use telephony_core::config::{Account, Serve};
use telephony_core::{HttpUrl, Reference, UrlError};
use telephony_webhook::{
    Headers, PublicUrl, PublicUrlError, REFERENCE_FIELD, UrlRefusal, UrlRules,
};
use thiserror::Error;

/// Two URLs of one server.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Target {
    /// Where it is posted.
    pub posted: HttpUrl,
    /// What the carrier calls that place, and signs.
    pub signed: String,
}

/// Why it is not known what to sign.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TargetError {
    /// The URL to post to is none.
    #[error("the URL to post to cannot be used")]
    Posted(#[from] UrlError),
    /// The configured URL is none.
    #[error("publicUrl cannot be used")]
    PublicUrl(#[from] PublicUrlError),
    /// The configured URL does not decide.
    #[error("publicUrl does not say which URL is signed")]
    Unknown(#[source] UrlRefusal),
}

impl Target {
    /// `url`, with the reference of a message's callback URL if there is one.
    ///
    /// As for the server, `publicUrl` decides which URL is signed for a path, and without one it is
    /// the URL that is requested. What is posted to the public host itself is signed as it is.
    ///
    /// # Errors
    ///
    /// [`TargetError`] when one of the URLs cannot be used.
    pub fn new(
        account: &Account,
        serve: &Serve,
        url: &str,
        reference: Option<&Reference>,
    ) -> Result<Self, TargetError> {
        // What Twilio's console has after the `#` is for Twilio alone.
        let mut posted = before(url, '#').to_owned();
        if let Some(reference) = reference {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.append_pair(REFERENCE_FIELD, reference.as_str());
            posted.push(if posted.contains('?') { '&' } else { '?' });
            posted.push_str(&query.finish());
        }
        let posted = HttpUrl::parse(&posted)?;
        let signed = match &account.public_url {
            Some(public) if origin(public.as_str()) != origin(posted.as_str()) => {
                below(public, serve, &posted)?
            }
            _ => posted.as_str().to_owned(),
        };
        Ok(Self { posted, signed })
    }
}

/// The URL below the public one that leads to the path and the query of `posted`.
fn below(public: &HttpUrl, serve: &Serve, posted: &HttpUrl) -> Result<String, TargetError> {
    let rules = UrlRules::new(&serve.path).public_url(PublicUrl::parse(public.as_str())?);
    let rest = posted.as_str().strip_prefix(origin(posted.as_str())).unwrap_or_default();
    let path = before(rest, '?');
    let urls = rules.resolve(IpAddr::V4(Ipv4Addr::LOCALHOST), path, &Headers::default());
    let urls = urls.map_err(TargetError::Unknown)?;
    Ok(format!("{}{}", urls.first(), rest.strip_prefix(path).unwrap_or_default()))
}

/// Scheme, host and port of a URL.
fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |index| index + 3);
    let end = url.get(host..).and_then(|rest| rest.find(['/', '?', '#']));
    end.and_then(|end| url.get(..host + end)).unwrap_or(url)
}

fn before(text: &str, end: char) -> &str {
    text.split(end).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use telephony_core::config::{Host, from_value};

    use super::*;

    fn signed(public: Option<&str>, url: &str, reference: Option<&str>) -> (String, String) {
        let mut value = json!({
            "provider": "plivo", "fromNumber": "+15550001111",
            "plivo": { "authId": "MA1", "authToken": "t" },
        });
        if let Some(public) = public {
            value["publicUrl"] = public.into();
        }
        let config = from_value(value, Host::Standalone, &|_| None).unwrap();
        let reference = reference.map(|reference| reference.parse().unwrap());
        let account = &config.accounts[0];
        let target = Target::new(account, &config.serve, url, reference.as_ref()).unwrap();
        (target.posted.as_str().to_owned(), target.signed)
    }

    #[test]
    fn without_a_public_url_what_is_posted_is_signed() {
        for (url, reference, expected) in [
            (
                "http://localhost:9/telephony/webhook/a",
                None,
                "http://localhost:9/telephony/webhook/a",
            ),
            ("http://127.0.0.1:9/s", Some("r&1"), "http://127.0.0.1:9/s?ref=r%261"),
            ("http://127.0.0.1:9/s?a=1#rc=5", Some("r1"), "http://127.0.0.1:9/s?a=1&ref=r1"),
        ] {
            assert_eq!(signed(None, url, reference), (expected.to_owned(), expected.to_owned()));
        }
    }

    #[test]
    fn a_public_url_is_signed_with_the_path_that_is_posted_to() {
        for (public, url, expected) in [
            ("https://a.example", "http://127.0.0.1:9/y?z=1", "https://a.example/y?z=1"),
            (
                "https://a.example/telephony/webhook",
                "http://127.0.0.1:9/telephony/status",
                "https://a.example/telephony/status",
            ),
            ("https://a.example/x/", "http://127.0.0.1:9/y#rc=5", "https://a.example/x/y"),
            ("http://127.0.0.1:9/x", "http://127.0.0.1:8/y", "http://127.0.0.1:9/x/y"),
            // The public host is where the carrier itself would post.
            ("https://a.example/x", "https://a.example/x/y", "https://a.example/x/y"),
        ] {
            assert_eq!(signed(Some(public), url, None).1, expected, "{public} {url}");
        }
    }
}
