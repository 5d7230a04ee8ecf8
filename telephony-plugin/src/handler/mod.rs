//! What answers a message when the server runs alone: an echo, a command, or an HTTP server.

mod command;
mod http;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;
use telephony_core::{Body, InboundMedia, InboundMessage, MessageId, Timestamp};
use thiserror::Error;

use self::command::Command;
use self::http::Http;
use crate::media::BroughtFile;

/// How long a handler may take for one message.
pub const HANDLER_DEADLINE: Duration = Duration::from_secs(120);

/// The most bytes of a reply. What is sent of it is limited by `sms.maxLength`.
pub const MAX_REPLY_BYTES: usize = 256 * 1024;

/// Answers messages. It may be given the same one more than once, with the same id: after a crash,
/// or after it failed.
#[async_trait]
pub trait Handler: fmt::Debug + Send + Sync {
    /// The reply to a message; `None` when there is none.
    async fn answer(&self, message: &Incoming<'_>) -> Result<Option<Body>, HandlerError>;
}

/// A message as handlers get it, in JSON.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Incoming<'a> {
    /// Our id, the same each time the message is handed over.
    pub id: &'a MessageId,
    /// The account it was sent to.
    pub account: &'a str,
    /// Who sent it.
    pub from: &'a str,
    /// Our number.
    pub to: &'a str,
    /// The text.
    pub text: &'a str,
    /// Pictures and files that came along, where the carrier has them.
    pub media: &'a [InboundMedia],
    /// Those of them that were fetched, here until the message is answered.
    pub files: &'a [BroughtFile],
    /// When it was received.
    pub received_at: Timestamp,
}

impl<'a> Incoming<'a> {
    /// The message with that id.
    #[must_use]
    pub fn new(id: &'a MessageId, message: &'a InboundMessage) -> Self {
        Self {
            id,
            account: message.account.as_str(),
            from: message.from.as_str(),
            to: message.to.as_str(),
            text: message.body.as_str(),
            media: &message.media,
            files: &[],
            received_at: message.received_at,
        }
    }
}

/// Why there is no answer. The message is tried again, a bounded number of times.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HandlerError {
    /// The command does not start or its pipes fail.
    #[error("the handler's command cannot be run")]
    Run(#[source] std::io::Error),
    /// The command failed.
    #[error("the handler's command failed ({0})")]
    Status(std::process::ExitStatus),
    /// It took more than [`HANDLER_DEADLINE`].
    #[error("the handler took more than {} s", HANDLER_DEADLINE.as_secs())]
    Deadline,
    /// The reply has more than [`MAX_REPLY_BYTES`].
    #[error("the handler's reply has more than {MAX_REPLY_BYTES} bytes")]
    TooLong,
    /// The reply is not UTF-8.
    #[error("the handler's reply is not UTF-8")]
    Encoding,
    /// The HTTP server cannot be reached, or did not answer.
    #[error("the handler's server cannot be reached, or did not answer")]
    Http(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The host cannot be reached, or refused.
    #[error("the host did not take the message")]
    Host(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The host left the message, for now.
    #[error("the host left the message for another time")]
    NotTaken,
    /// The HTTP server answered with a status that is no yes.
    #[error("the handler's server answered {0}")]
    HttpStatus(u16),
}

/// Which handler to have, as `--handler` says it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandlerChoice {
    /// Says what it was told.
    Echo,
    /// A program, which reads the message in JSON on its standard input and writes the reply.
    Command(String),
    /// A URL, to which the message is posted in JSON and which answers with the reply.
    Http(telephony_core::HttpUrl),
}

/// A handler that is none.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expected echo, command:<program> or an http(s):// URL")]
pub struct HandlerChoiceError;

impl FromStr for HandlerChoice {
    type Err = HandlerChoiceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            None if text == "echo" => Ok(Self::Echo),
            Some(("command", program)) if !program.trim().is_empty() => {
                Ok(Self::Command(program.trim().to_owned()))
            }
            Some(("http" | "https", _)) => {
                text.parse().map(Self::Http).map_err(|_| HandlerChoiceError)
            }
            _ => Err(HandlerChoiceError),
        }
    }
}

impl HandlerChoice {
    /// The handler.
    ///
    /// # Errors
    ///
    /// [`HandlerError::Http`] when TLS cannot be set up.
    pub fn make(&self) -> Result<Arc<dyn Handler>, HandlerError> {
        Ok(match self {
            Self::Echo => Arc::new(Echo),
            Self::Command(line) => Arc::new(Command::new(line)),
            Self::Http(url) => Arc::new(Http::new(url)?),
        })
    }
}

/// Says what it was told.
#[derive(Debug)]
struct Echo;

#[async_trait]
impl Handler for Echo {
    async fn answer(&self, message: &Incoming<'_>) -> Result<Option<Body>, HandlerError> {
        Ok(match (message.text.trim(), message.media.len()) {
            ("", 0) => None,
            ("", 1) => Some("You sent a picture or file.".into()),
            ("", count) => Some(format!("You sent {count} pictures or files.").into()),
            (text, _) => Some(format!("You said: {text}").into()),
        })
    }
}

/// A reply as a program writes it: without white space around it; nothing else is no reply.
fn reply(bytes: Vec<u8>) -> Result<Option<Body>, HandlerError> {
    let text = String::from_utf8(bytes).map_err(|_| HandlerError::Encoding)?;
    let text = text.trim();
    Ok((!text.is_empty()).then(|| text.into()))
}

#[cfg(test)]
pub(crate) mod tests {
    use telephony_core::{AccountId, ProviderMessageId};

    use super::*;

    pub(crate) fn message(text: &str) -> InboundMessage {
        let mut message = InboundMessage::new(
            AccountId::default_account(),
            ProviderMessageId::new("SM1").unwrap(),
            "+15550001234".parse().unwrap(),
            "+15550001111".parse().unwrap(),
            Timestamp::from_second(1_767_225_600),
        );
        message.body = text.into();
        message
    }

    /// What a handler answers to a text.
    pub(crate) async fn ask(choice: &str, text: &str) -> Result<Option<String>, HandlerError> {
        let handler = choice.parse::<HandlerChoice>().unwrap().make().unwrap();
        let (id, message) = (MessageId::new("msg_1").unwrap(), message(text));
        let answer = handler.answer(&Incoming::new(&id, &message)).await?;
        Ok(answer.map(|body| body.as_str().to_owned()))
    }

    #[test]
    fn choices_are_read() {
        use HandlerChoice as C;
        assert_eq!("echo".parse(), Ok(C::Echo));
        assert_eq!("command: ./agent --fast".parse(), Ok(C::Command("./agent --fast".into())));
        assert!(matches!("http://127.0.0.1:1/a".parse(), Ok(C::Http(_))));
        for text in ["", "Echo", "command:", "ftp://a", "http://", "agent"] {
            assert_eq!(text.parse::<C>(), Err(HandlerChoiceError), "{text}");
        }
    }

    #[tokio::test]
    async fn the_echo_says_what_it_was_told() {
        assert_eq!(ask("echo", " Hi ").await.unwrap().as_deref(), Some("You said: Hi"));
        assert_eq!(ask("echo", "").await.unwrap(), None);
    }
}
