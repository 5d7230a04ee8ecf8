//! What comes back when something harmless is posted to the public URL as the carrier would, and,
//! when that is refused, why: by comparison with what the server says when it is asked directly.

use std::net::SocketAddr;

use telephony_core::config::{Account, Provider};
use telephony_core::{Entropy as _, OsEntropy, PhoneNumber, ProviderMessageId, Sender};

use super::edges::Edges;
use super::finding::{Said, Says};
use super::route::Reply;
use crate::report::chain;
use crate::simulate::{Event, Posting, carrier_id, posting};

/// The word by which nobody reports on a message: it is acknowledged, and nothing comes of it.
const WORD: &str = "telephony-doctor";

/// A number that is given to nobody, to whom the message was that nobody sent.
const NOBODY: &str = "+15555550100";

/// Whether what is signed with the account's key is taken through the public URL.
#[derive(Debug)]
pub(super) enum Signature {
    /// It is.
    Fits,
    /// Only the carrier can sign, so it was not tried.
    CarriersAlone,
    /// It cannot be made.
    Unmade(String),
    /// It is not.
    Not(Cause),
}

/// Why a signature does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cause {
    /// The server itself does not take it: it has other secrets or another public URL.
    Server,
    /// The proxy changes the query.
    Query,
    /// The server does not know the public URL, and does not trust who forwards it.
    Forwarding,
    /// The proxy changes something else.
    Proxy,
    /// It cannot be told, since the server cannot be asked directly.
    Unknown,
}

impl Says for Signature {
    fn check(&self) -> &'static str {
        "signature"
    }

    fn says(&self) -> Said {
        match self {
            Self::Fits => Said::ok("what the carrier signs for the public URL is verified"),
            Self::CarriersAlone => Said::note(
                "Telnyx alone can sign as Telnyx: telnyx.publicKey is a key, and whether it is \
                 this account's only a webhook can show",
                "Text the number once, and see that `telephony status` counts it as taken.",
            ),
            Self::Unmade(why) => {
                Said::error(format!("nothing can be signed: {why}"), "Correct publicUrl.")
            }
            Self::Not(Cause::Server) => Said::error(
                "the server that runs does not take what is signed with this configuration's \
                 secrets for this publicUrl",
                "Start the server again with this configuration, or name the one that it has.",
            ),
            Self::Not(Cause::Query) => Said::error(
                "the proxy drops or changes the query of the URL, which is signed",
                "Have the proxy pass the query on, byte for byte.",
            ),
            Self::Not(Cause::Forwarding) => Said::error(
                "the server does not know the URL that was requested: the proxy is not among \
                 trustedProxyIPs, or does not forward the scheme and the host",
                "Set publicUrl to the URL that carriers post to, or add the proxy's address to \
                 webhookSecurity.trustedProxyIPs and have it set X-Forwarded-Proto and \
                 X-Forwarded-Host.",
            ),
            Self::Not(Cause::Proxy) => Said::error(
                "the server takes it directly and not through the public URL: the proxy changes \
                 the body, or removes the header with the signature",
                "Have the proxy pass the body and all headers on, byte for byte.",
            ),
            Self::Not(Cause::Unknown) => Said::error(
                "what is signed with this configuration's secrets is not taken through the public \
                 URL",
                "Compare publicUrl and the secrets with those of the server; its log says why it \
                 refuses.",
            ),
        }
    }
}

/// Posts what the carrier would sign, or asks as nobody does where only the carrier can sign.
pub(super) struct Poster<'a> {
    pub(super) edges: &'a Edges,
    pub(super) account: &'a Account,
}

impl Poster<'_> {
    /// Whether a signature like the carrier's can be made.
    pub(super) const fn can_sign(&self) -> bool {
        matches!(self.account.provider, Provider::Twilio(_) | Provider::Plivo(_))
    }

    /// Posts to `url` what is signed for `signed`.
    pub(super) async fn post(
        &self,
        url: &str,
        address: Option<SocketAddr>,
        signed: &str,
    ) -> Result<Reply, String> {
        let kind = self.account.provider.kind();
        if !self.can_sign() {
            // A method that the carrier does not use is refused without counting as an attack.
            return Ok(Reply::of(self.edges.ask(url, address, &[], None).await, kind));
        }
        let nobody = PhoneNumber::parse(NOBODY).map_err(|error| chain(&error))?;
        let own = Sender::Number(nobody.clone());
        let own = self.account.from.as_ref().unwrap_or(&own);
        let event = Event::Receipt { status: WORD.to_owned(), code: None, to: nobody };
        let now = self.edges.clock.now();
        let id = self.id(&event)?;
        let posting = posting(self.account, &id, &event, Some(own), signed, None, now);
        let Posting { headers, body, .. } = posting.map_err(|error| chain(&error))?;
        Ok(Reply::of(self.edges.ask(url, address, &headers, Some(body)).await, kind))
    }

    fn id(&self, event: &Event) -> Result<ProviderMessageId, String> {
        let mut random = [0; 16];
        OsEntropy.fill(&mut random).map_err(|error| chain(&error))?;
        let id = carrier_id(&self.account.provider, event, random);
        ProviderMessageId::new(id).map_err(|error| chain(&error))
    }
}

/// Why a signature did not fit: `direct` is what the server said when it was asked past the proxy,
/// `without_query` what came through the proxy for a URL that has none.
pub(super) fn cause(
    has_public_url: bool,
    direct: Option<&Reply>,
    without_query: Option<&Reply>,
) -> Cause {
    match (direct, without_query) {
        (_, Some(Reply::Taken)) => Cause::Query,
        (Some(Reply::Taken), _) if has_public_url => Cause::Proxy,
        _ if !has_public_url => Cause::Forwarding,
        (Some(_), _) => Cause::Server,
        (None, _) => Cause::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_is_what_makes_the_difference() {
        let (taken, refused) = (&Reply::Taken, &Reply::Forbidden);
        for (has_url, direct, without_query, expected) in [
            (true, Some(taken), Some(taken), Cause::Query),
            (true, Some(taken), Some(refused), Cause::Proxy),
            (true, Some(refused), Some(refused), Cause::Server),
            (true, None, Some(refused), Cause::Unknown),
            (false, Some(refused), Some(refused), Cause::Forwarding),
            (false, Some(taken), None, Cause::Forwarding),
        ] {
            assert_eq!(cause(has_url, direct, without_query), expected);
        }
    }
}
