//! Whom the HTTP client trusts.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;

/// TLS 1.2 and 1.3 with the ring provider, which is named here, so that nothing is installed for
/// the whole process and a program that uses this library keeps its own.
///
/// The operating system decides whom to trust: companies add authorities of their own, and some
/// systems know what was revoked. An image with nothing but this program in it has no such store;
/// there, Mozilla's list is used.
///
/// # Errors
///
/// When the provider supports none of these versions, which the one that is named does.
pub fn tls_configuration() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = || {
        ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
    };
    match builder()?.with_platform_verifier() {
        Ok(builder) => Ok(builder.with_no_client_auth()),
        Err(error) => {
            tracing::warn!(%error, "no certificates of the system, so Mozilla's are used");
            let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
            Ok(builder()?.with_root_certificates(roots).with_no_client_auth())
        }
    }
}
