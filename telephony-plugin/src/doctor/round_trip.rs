//! What comes back when something harmless is posted to the public URL as the carrier would, and,
//! when that is refused, why: by comparison with what the server says when it is asked directly.

use std::net::SocketAddr;

use telephony_core::config::{Account, Provider};
use telephony_core::{OsEntropy, ProviderKind};
use telephony_webhook::{Answer, Signer};

use super::edges::{Edges, HttpAnswer, Unanswered};
use super::finding::{Said, Says};
use crate::report::chain;

/// The word by which nobody reports on a message: it is acknowledged, and nothing comes of it.
const WORD: &str = "telephony-doctor";

/// What answered a request to the public URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    /// Our server took it.
    Taken,
    /// Our server could not verify it.
    Forbidden,
    /// Our server does not have the path.
    NoPath,
    /// Our server has the path, and another method.
    OtherMethod,
    /// Our server cannot store anything.
    NotStored,
    /// Our server has had too many.
    Limited,
    /// Something before it leads elsewhere.
    Redirect(u16),
    /// Something before it does not reach it.
    Gateway(u16),
    /// Something before it wants to know who asks.
    Login(u16),
    /// Something before it does not have the path.
    Elsewhere,
    /// Another program.
    Other(u16),
    /// Nothing in time.
    Late,
    /// Nothing at all.
    Lost(String),
}

impl Reply {
    pub(super) fn of(answer: Result<HttpAnswer, Unanswered>, kind: ProviderKind) -> Self {
        let HttpAnswer { status, body } = match answer {
            Ok(answer) => answer,
            Err(Unanswered::Late) => return Self::Late,
            Err(Unanswered::Lost(why)) => return Self::Lost(why),
        };
        let is = |ours: Answer| status == ours.status && body == ours.body;
        match status {
            _ if is(Answer::accepted(kind)) => Self::Taken,
            _ if is(Answer::REFUSED) => Self::Forbidden,
            _ if is(Answer::NOT_FOUND) => Self::NoPath,
            _ if is(Answer::METHOD) => Self::OtherMethod,
            _ if is(Answer::UNAVAILABLE) => Self::NotStored,
            _ if is(Answer::TOO_MANY) => Self::Limited,
            300..=399 => Self::Redirect(status),
            502..=504 | 521..=523 | 530 => Self::Gateway(status),
            401 | 403 | 407 => Self::Login(status),
            404 | 405 => Self::Elsewhere,
            _ => Self::Other(status),
        }
    }

    /// Whether it is our server's own.
    pub(super) const fn is_ours(&self) -> bool {
        matches!(
            self,
            Self::Taken
                | Self::Forbidden
                | Self::NoPath
                | Self::OtherMethod
                | Self::NotStored
                | Self::Limited
        )
    }
}

/// Whether the public URL leads to our server's path.
#[derive(Debug)]
pub(super) enum Route {
    /// It does.
    Here { what: &'static str },
    /// Nothing is behind it as long as no server runs.
    NoServer,
    /// It does not.
    Not { what: &'static str, url: String, reply: Reply },
}

impl Says for Route {
    fn check(&self) -> &'static str {
        "route"
    }

    fn says(&self) -> Said {
        let (what, url, reply) = match self {
            Self::Here { what } => return Said::ok(format!("the URL of {what} leads here")),
            Self::NoServer => {
                return Said::note(
                    "whether the URL leads here is not known: no server runs that could answer",
                    "Start `telephony serve`, and run the doctor again.",
                );
            }
            Self::Not { what, url, reply } => (what, url, reply),
        };
        let (sentence, fix) = match reply {
            Reply::NoPath => (
                format!("the proxy leads to this server, and by another path than that of {url}"),
                "Have the proxy pass the path on as it is, or set publicUrl to the URL whose path \
                 it takes away, or correct serve.path and serve.statusPath."
                    .to_owned(),
            ),
            Reply::Redirect(status) => (
                format!("{url} answers {status} and leads elsewhere, where no carrier follows"),
                "Set publicUrl to where it leads, or have the proxy pass the request on.".to_owned(),
            ),
            Reply::Gateway(status) => (
                format!("{url} answers {status}: the proxy or tunnel does not reach this server"),
                "Have it pass requests on to the address that `telephony status` shows.".to_owned(),
            ),
            Reply::Login(status) => (
                format!("{url} answers {status}: something before this server wants to know who \
                         asks"),
                "Except the webhook's paths from the proxy's login or firewall: the signature says \
                 who asks."
                    .to_owned(),
            ),
            Reply::Elsewhere => (
                format!("whatever answers at {url} does not have that path, and is not this server"),
                "Have the proxy pass the path on to this server, or correct publicUrl.".to_owned(),
            ),
            Reply::NotStored => (
                format!("the server of {url} cannot store anything now"),
                "See its log and the finding about the store.".to_owned(),
            ),
            Reply::Late => (
                format!("{url} does not answer within the 15 s that carriers wait"),
                "Have the proxy pass requests on to the address that `telephony status` shows."
                    .to_owned(),
            ),
            Reply::Lost(why) => (
                format!("{url} breaks off: {why}"),
                "Look into the proxy's log.".to_owned(),
            ),
            Reply::Limited => {
                return Said::note(
                    "the server has had too many requests, and takes none of the doctor's",
                    "Run the doctor again in a minute.",
                );
            }
            _ => (
                format!("another program answers at {url}"),
                "Have the proxy pass the path on to this server, or correct publicUrl.".to_owned(),
            ),
        };
        // Texts come in all the same when only reports are lost.
        if *what == RECEIPTS { Said::warning(sentence, fix) } else { Said::error(sentence, fix) }
    }
}

/// What is posted to `serve.path`.
pub(super) const MESSAGES: &str = "messages";

/// What is posted to `serve.statusPath`.
pub(super) const RECEIPTS: &str = "receipts";

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
        let id = self.id()?;
        let number = self.account.from.as_ref().map_or("+15550000000", |from| from.as_str());
        let (id_field, status_field) = match kind {
            ProviderKind::Twilio => ("MessageSid", "MessageStatus"),
            _ => ("MessageUUID", "Status"),
        };
        let fields = [(id_field, id.as_str()), ("From", number), (status_field, WORD)];
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let signer = match &self.account.provider {
            Provider::Twilio(twilio) => Signer::twilio(twilio.auth_token.clone()),
            Provider::Plivo(plivo) => Signer::plivo(plivo.auth_token.clone()),
            _ => return Err("the provider signs nothing".to_owned()),
        };
        let now = self.edges.clock.now();
        let headers = signer.sign("POST", signed, body.as_bytes(), now, &id);
        let mut headers = headers.map_err(|error| chain(&error))?;
        headers.push(("content-type", "application/x-www-form-urlencoded".to_owned()));
        Ok(Reply::of(self.edges.ask(url, address, &headers, Some(body)).await, kind))
    }

    fn id(&self) -> Result<String, String> {
        use telephony_core::Entropy as _;
        let mut random = [0; 16];
        OsEntropy.fill(&mut random).map_err(|error| chain(&error))?;
        Ok(crate::simulate::message_id(&self.account.provider, false, random))
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
    fn our_answers_are_told_from_others() {
        let reply = |status, body: &str| {
            let answer = HttpAnswer { status, body: body.to_owned() };
            Reply::of(Ok(answer), ProviderKind::Plivo)
        };
        for (status, body, expected) in [
            (200, "<Response></Response>", Reply::Taken),
            (200, "<html>", Reply::Other(200)),
            (403, "forbidden\n", Reply::Forbidden),
            (403, "<html>", Reply::Login(403)),
            (404, "not found\n", Reply::NoPath),
            (404, "<html>", Reply::Elsewhere),
            (405, "method not allowed\n", Reply::OtherMethod),
            (503, "service unavailable\n", Reply::NotStored),
            (503, "<html>", Reply::Gateway(503)),
            (301, "", Reply::Redirect(301)),
            (502, "", Reply::Gateway(502)),
        ] {
            assert_eq!(reply(status, body), expected, "{status} {body}");
        }
        assert_eq!(Reply::of(Err(Unanswered::Late), ProviderKind::Plivo), Reply::Late);
    }

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
