//! Plivo's signatures: HMAC-SHA256 over URL, fields and nonce (V3), or URL and nonce (V2).
//!
//! <https://www.plivo.com/docs/voice/concepts/signature-validation>; the exact string is what
//! Plivo's libraries make, where the page is silent.

use telephony_core::Secret;

use super::mac::{Hash, is_hmac};
use super::{EmptyKey, Verifier, decode};
use crate::form::Form;
use crate::headers::{self, Headers};
use crate::refusal::Refusal;
use crate::request::{Method, Proof, Request, Scheme, Unverified};
use crate::url::{PublicUrl, PublicUrls, UrlRefusal};

/// The most signatures that are looked at in one header. Plivo sends one for each live auth token.
pub const MAX_SIGNATURES: usize = 8;

/// The headers of a version: of the account, of the main account, the nonce.
pub(crate) struct Version {
    scheme: Scheme,
    pub(crate) signatures: [&'static str; 2],
    pub(crate) nonce: &'static str,
}

pub(crate) const V3: Version = Version {
    scheme: Scheme::PlivoV3,
    signatures: ["X-Plivo-Signature-V3", "X-Plivo-Signature-Ma-V3"],
    nonce: "X-Plivo-Signature-V3-Nonce",
};

const V2: Version = Version {
    scheme: Scheme::PlivoV2,
    signatures: ["X-Plivo-Signature-V2", "X-Plivo-Signature-Ma-V2"],
    nonce: "X-Plivo-Signature-V2-Nonce",
};

/// Verifies what Plivo sends.
#[derive(Debug, Clone)]
pub struct PlivoVerifier {
    auth_tokens: Vec<Secret>,
    allow_v2: bool,
}

impl PlivoVerifier {
    /// Verifies with the account's auth token.
    ///
    /// # Errors
    ///
    /// [`EmptyKey`] when it is empty.
    pub fn new(auth_token: Secret) -> Result<Self, EmptyKey> {
        Self { auth_tokens: Vec::new(), allow_v2: false }.or_token(auth_token)
    }

    /// Verifies with this token too: the main account's, or an older one that is still alive.
    ///
    /// # Errors
    ///
    /// [`EmptyKey`] when it is empty.
    pub fn or_token(mut self, auth_token: Secret) -> Result<Self, EmptyKey> {
        if auth_token.expose().is_empty() {
            return Err(EmptyKey("plivo.authToken"));
        }
        self.auth_tokens.push(auth_token);
        Ok(self)
    }

    /// Takes V2 signatures where there is no V3 one. They cover neither query nor body, so whoever
    /// captures one header can send anything with it.
    #[must_use]
    pub const fn dangerously_allow_v2(mut self) -> Self {
        self.allow_v2 = true;
        self
    }

    /// The version whose headers are there. Any trace of V3 rules V2 out, so that nobody can
    /// choose the weaker one by breaking the stronger.
    fn version(&self, method: Method, headers: &Headers) -> Result<&'static Version, Refusal> {
        if method == Method::Other {
            return Err(Refusal::Method("Plivo"));
        }
        let version = match (V3.is_present(headers), V2.is_present(headers)) {
            (false, true) if self.allow_v2 => &V2,
            (false, true) => return Err(Refusal::WeakSignature),
            _ => &V3,
        };
        version.check(headers)?;
        Ok(version)
    }
}

impl Version {
    fn is_present(&self, headers: &Headers) -> bool {
        headers.contains(self.nonce) || self.signatures.iter().any(|name| headers.contains(name))
    }

    fn check(&self, headers: &Headers) -> Result<(), Refusal> {
        let [account, _] = self.signatures;
        let listed = self.listed(headers)?;
        if listed.is_empty() {
            return Err(Refusal::MissingHeader(account));
        }
        if listed.into_iter().filter_map(decode).next().is_none() {
            let expected = "signatures in base64";
            return Err(Refusal::MalformedHeader { header: account, expected });
        }
        headers.required(self.nonce).map(drop)
    }

    /// The signatures of both headers, which list them with commas, on one line or several.
    fn listed<'a>(&self, headers: &'a Headers) -> Result<Vec<&'a str>, Refusal> {
        let mut listed = Vec::new();
        for name in self.signatures {
            let mut here = 0;
            for value in headers.all(name) {
                let items = headers::text(name, value)?.split(',').map(str::trim);
                for item in items.filter(|item| !item.is_empty()) {
                    here += 1;
                    if here > MAX_SIGNATURES {
                        return Err(Refusal::TooManySignatures(name));
                    }
                    listed.push(item);
                }
            }
        }
        Ok(listed)
    }
}

impl Verifier for PlivoVerifier {
    fn claimed(&self, method: Method, headers: &Headers) -> Result<Scheme, Refusal> {
        self.version(method, headers).map(|version| version.scheme)
    }

    fn verify(
        &self,
        request: &Request<Unverified>,
        urls: Result<&PublicUrls, UrlRefusal>,
    ) -> Result<Proof, Refusal> {
        let version = self.version(request.method, &request.headers)?;
        if request.method == Method::Get && !request.raw_body.is_empty() {
            return Err(Refusal::UnsignedBody);
        }
        let nonce = request.headers.required(version.nonce)?;
        let signatures: Vec<_> =
            version.listed(&request.headers)?.into_iter().filter_map(decode).collect();
        let urls = urls.map_err(Refusal::Url)?;
        for url in urls.iter() {
            for signed in signed_strings(version, request, url, nonce)? {
                let fits = |tag: &Vec<u8>| {
                    self.auth_tokens.iter().any(|token| {
                        let key = token.expose().as_bytes();
                        is_hmac(Hash::Sha256, key, &[signed.as_bytes()], tag)
                    })
                };
                if signatures.iter().any(fits) {
                    let nonce = Some(nonce.to_owned());
                    return Ok(Proof { scheme: version.scheme, url: Some(url.clone()), nonce });
                }
            }
        }
        let [header, _] = version.signatures;
        Err(Refusal::Signature {
            header,
            key: "plivo.authToken",
            tried: urls.iter().cloned().collect(),
        })
    }
}

/// What Plivo may have signed; the first is what its libraries sign.
pub(crate) fn signed_strings(
    version: &Version,
    request: &Request<Unverified>,
    url: &PublicUrl,
    nonce: &str,
) -> Result<Vec<String>, Refusal> {
    let base = url.with_query(None);
    if version.scheme == Scheme::PlivoV2 {
        return Ok(vec![format!("{base}{nonce}")]);
    }
    let query = Form::parse(request.query().unwrap_or_default().as_bytes())
        .map_err(|_| Refusal::TooManyFields)?;
    let query: Vec<_> =
        query.sorted().iter().map(|(name, value)| format!("{name}={value}")).collect();
    let query = query.join("&");
    if request.method == Method::Post {
        let form = request.raw_form()?;
        if !form.is_empty() {
            let fields: String =
                form.sorted().into_iter().flat_map(|(name, value)| [name, value]).collect();
            let dot = if query.is_empty() { "" } else { "." };
            return Ok(vec![format!("{base}?{query}{dot}{fields}.{nonce}")]);
        }
        if query.is_empty() {
            // Plivo's libraries leave the question mark out where there is nothing at all; other
            // code that was checked against Plivo has it.
            return Ok(vec![format!("{base}.{nonce}"), format!("{base}?.{nonce}")]);
        }
    }
    let mark = if query.is_empty() { "" } else { "?" };
    Ok(vec![format!("{base}{mark}{query}.{nonce}")])
}
