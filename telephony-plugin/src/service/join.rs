//! Texts that somebody sends in quick succession, as one: people split what they say.

use std::borrow::Cow;
use std::time::Duration;

use telephony_core::{Event, InboundMessage, MAX_MEDIA};
use telephony_webhook::{InboxError, Leased, Waiting};
use thiserror::Error;

use super::{Account, Telephony, keywords};

/// The most texts that follow the first into its turn.
const MAX_FOLLOWERS: usize = 20;

/// The most bytes of a joined text: ten of the longest that carriers take, 1,600 characters.
const MAX_TEXT_BYTES: usize = 16_000;

/// Why what belongs together is not known. The message is tried again.
#[derive(Debug, Error)]
pub(super) enum JoinError {
    /// The inbox failed.
    #[error("the texts that follow cannot be read")]
    Inbox(#[from] InboxError),
    /// This process was held up, and the message is somebody else's by now.
    #[error("the message is not ours any more: it comes again")]
    Lost,
    /// A text that was joined is there no more, or cannot be read.
    #[error("a text that was joined to this one cannot be read")]
    Missing,
}

/// Waits until whatever is to be joined to a message has come. The sender's next texts wait behind
/// it in the inbox meanwhile, and nobody else waits.
pub(super) async fn wait(
    service: &Telephony,
    account: &Account,
    leased: &Leased,
    message: &InboundMessage,
) {
    let window = window(account);
    if leased.joined.is_some() || !may_be_joined(message) {
        return;
    }
    let end = message.received_at.saturating_add(window);
    loop {
        let left = end.saturating_since(service.clock.now());
        // More than the window is left when the clock was set back: nobody waits for that.
        if left.is_zero() || left > window {
            return;
        }
        tokio::time::sleep(left).await;
    }
}

/// A message with all that belongs to it. What that is is decided once and kept in the inbox: when
/// the message comes again it is the same, and when it is done all of it is.
pub(super) async fn whole<'a>(
    service: &Telephony,
    account: &Account,
    leased: &Leased,
    message: &'a InboundMessage,
) -> Result<Cow<'a, InboundMessage>, JoinError> {
    let window = window(account);
    let followers = match leased.joined {
        Some(0) => return Ok(Cow::Borrowed(message)),
        Some(count) => {
            let followers = service.inbox.behind(&leased.lease, count).await?;
            if followers.len() < count {
                return Err(JoinError::Missing);
            }
            followers
        }
        None if window.is_zero() || !may_be_joined(message) => return Ok(Cow::Borrowed(message)),
        None => {
            let mut followers = service.inbox.behind(&leased.lease, MAX_FOLLOWERS).await?;
            followers.truncate(belonging(message, &followers, window));
            if !service.inbox.join(&leased.lease, followers.len()).await? {
                return Err(JoinError::Lost);
            }
            followers
        }
    };
    if !followers.is_empty() {
        tracing::info!(count = followers.len(), "is joined by more");
    }
    Ok(joined(message, &followers))
}

/// How many of those that wait behind a message belong to it.
fn belonging(first: &InboundMessage, waiting: &[Waiting], window: Duration) -> usize {
    let (mut bytes, mut media) = (first.body.as_str().len(), first.media.len());
    let belongs = |next: &&Waiting| {
        let Event::Message(message) = &next.event else { return false };
        bytes += 1 + message.body.as_str().len();
        media += message.media.len();
        // Two that come at once may be written down in either order; one that failed and was put
        // back behind a later one is no part of that.
        let apart = message.received_at.saturating_since(first.received_at);
        let before = first.received_at.saturating_since(message.received_at);
        may_be_joined(message)
            && (&message.account, &message.from, &message.to)
                == (&first.account, &first.from, &first.to)
            && apart.max(before) <= window
            && bytes <= MAX_TEXT_BYTES
            && media <= MAX_MEDIA
    };
    waiting.iter().take_while(belongs).count()
}

/// Whether a message may be part of a longer one: a command or a word about messages stands alone.
fn may_be_joined(message: &InboundMessage) -> bool {
    !message.body.as_str().trim_start().starts_with('/') && keywords::keyword(message).is_none()
}

/// The texts below each other, and all that came along. What else there is of it is the first's.
fn joined<'a>(first: &'a InboundMessage, followers: &[Waiting]) -> Cow<'a, InboundMessage> {
    let mut whole = Cow::Borrowed(first);
    for follower in followers {
        let Event::Message(next) = &follower.event else { continue };
        let whole = whole.to_mut();
        let gap = if whole.body.is_empty() || next.body.is_empty() { "" } else { "\n" };
        whole.body = format!("{}{gap}{}", whole.body.as_str(), next.body.as_str()).into();
        whole.media.extend_from_slice(&next.media);
    }
    whole
}

fn window(account: &Account) -> Duration {
    Duration::from_millis(account.settings.sms.join_window_ms.into())
}

#[cfg(test)]
mod tests {
    use telephony_core::{HttpUrl, InboundMedia, MessageId, Timestamp};

    use super::*;
    use crate::handler::tests::message;

    const WINDOW: Duration = Duration::from_secs(2);

    fn at(first: &InboundMessage, seconds: i64) -> Timestamp {
        Timestamp::from_millisecond(first.received_at.as_millisecond() + 1000 * seconds)
    }

    fn waiting(message: InboundMessage) -> Waiting {
        let received_at = message.received_at;
        Waiting::new(MessageId::new("msg_2").unwrap(), Event::Message(message), received_at)
    }

    /// How many of one text, changed in some way, belong to a first.
    fn belongs(change: impl Fn(&mut InboundMessage)) -> usize {
        let first = message("first");
        let mut next = message("next");
        next.received_at = first.received_at;
        change(&mut next);
        belonging(&first, &[waiting(next)], WINDOW)
    }

    #[test]
    fn what_belongs_is_of_one_person_to_one_number_and_soon() {
        let first = message("first");
        assert_eq!(belongs(|_| ()), 1);
        for (seconds, expected) in [(-3, 0), (-2, 1), (2, 1), (3, 0)] {
            assert_eq!(belongs(|next| next.received_at = at(&first, seconds)), expected);
        }
        assert_eq!(belongs(|next| next.from = "+15550007777".parse().unwrap()), 0);
        assert_eq!(belongs(|next| next.to = "+15550007777".parse().unwrap()), 0);
        assert_eq!(belongs(|next| next.account = "other".parse().unwrap()), 0);
        for alone in ["STOP", "yes", "/stop", " /new"] {
            assert_eq!(belongs(|next| next.body = alone.into()), 0, "{alone}");
        }
    }

    #[test]
    fn what_would_be_too_much_ends_it() {
        let picture = InboundMedia::new(HttpUrl::parse("https://example.com/a.jpg").unwrap());
        let most = MAX_TEXT_BYTES - "first\n".len();
        for (bytes, media, expected) in
            [(most, MAX_MEDIA, 1), (most + 1, 0, 0), (0, MAX_MEDIA + 1, 0)]
        {
            let belongs = belongs(|next| {
                next.body = "x".repeat(bytes).into();
                next.media = vec![picture.clone(); media];
            });
            assert_eq!(belongs, expected, "{bytes} {media}");
        }
    }

    #[test]
    fn texts_are_lines_and_a_picture_without_words_is_none() {
        let first = message("");
        let next = ["one", "", "two"].map(|text| waiting(message(text)));
        assert_eq!(joined(&first, &next).body.as_str(), "one\ntwo");
        assert!(matches!(joined(&first, &[]), Cow::Borrowed(_)));
    }
}
