//! Names, looked up so that nothing else is dialled than what was looked at.

use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;

use super::address::Reach;

/// The addresses of a name lead where no request may go.
#[derive(Debug, Clone, Copy, Error)]
#[error("the name leads to an address that nothing is fetched from")]
pub(super) struct Forbidden;

/// Looks names up once, and gives the client the very addresses that were looked at: a name that
/// leads elsewhere a moment later changes nothing.
pub(super) struct Guard {
    reach: Reach,
    inner: Arc<dyn Resolve>,
}

impl Guard {
    pub(super) fn new(reach: Reach, inner: Arc<dyn Resolve>) -> Self {
        Self { reach, inner }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let (reach, looked_up) = (self.reach, self.inner.resolve(name));
        Box::pin(async move {
            let addresses: Vec<_> = looked_up.await?.collect();
            // One that is private among them is no accident: no carrier's name has any.
            if !addresses.iter().all(|address| reach.allows(address.ip())) {
                return Err(Forbidden.into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// The operating system's resolver.
pub(super) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The port is the scheme's, which the client puts in.
            let addresses: Vec<_> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
