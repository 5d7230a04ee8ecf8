//! Requests that nobody signed: the mock provider's, and those of a developer who skips signatures.

use super::Verifier;
use crate::headers::Headers;
use crate::refusal::Refusal;
use crate::request::{Method, Proof, Request, Scheme, Unverified};
use crate::url::{PublicUrl, PublicUrls, UrlRefusal, is_forwarding, is_loopback_host};

/// Takes unsigned requests that come from this machine.
///
/// It is for servers that listen on a loopback address and have no public URL; whoever starts one
/// checks that. This refuses what reaches such a server all the same: requests through a proxy or
/// tunnel, by another host name (DNS rebinding), or from a page in a browser.
#[derive(Debug, Clone, Copy)]
pub struct DangerousUnsigned(());

impl DangerousUnsigned {
    /// Takes unsigned requests. Nothing proves where they come from.
    #[must_use]
    pub const fn dangerously_accept_unsigned() -> Self {
        Self(())
    }
}

impl Verifier for DangerousUnsigned {
    fn claimed(&self, method: Method, headers: &Headers) -> Result<Scheme, Refusal> {
        if method == Method::Other {
            return Err(Refusal::Method("nobody"));
        }
        if headers.names().any(is_forwarding) {
            return Err(Refusal::Outside("forwarded headers"));
        }
        if headers.contains("origin") {
            return Err(Refusal::Outside("the Origin header of a browser's page"));
        }
        let host = PublicUrl::parse(&format!("http://{}", headers.required("Host")?));
        if !host.is_ok_and(|url| is_loopback_host(url.host())) {
            return Err(Refusal::Outside("another host name"));
        }
        Ok(Scheme::Unsigned)
    }

    fn verify(
        &self,
        request: &Request<Unverified>,
        _: Result<&PublicUrls, UrlRefusal>,
    ) -> Result<Proof, Refusal> {
        let scheme = self.claimed(request.method, &request.headers)?;
        Ok(Proof { scheme, url: None, nonce: None })
    }
}
