//! What answers at the public URL: our server by its path, or something before it.

use telephony_core::ProviderKind;
use telephony_webhook::Answer;

use super::edges::{HttpAnswer, Unanswered};
use super::finding::{Said, Says};

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
}
