//! Whether the carriers can be reached: what came of the last thing that each was asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use telephony_core::{OutboundMessage, ProviderKind, ProviderMessageId, StatusReport};
use telephony_providers::{Capabilities, Connection, Error, ErrorKind, MessagingProvider, Sent};

/// Whether one carrier answers, and knows us. It counts as reachable until it is asked.
#[derive(Debug, Clone)]
pub(crate) struct Reach(Arc<AtomicBool>);

impl Reach {
    pub(crate) fn is_there(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// A connection whose messages tell.
    pub(super) fn watch(connection: Connection) -> (Self, Connection) {
        let reach = Self(Arc::new(AtomicBool::new(true)));
        let Connection { messaging, voice, .. } = connection;
        let messaging = Watched { inner: messaging, reach: reach.clone() };
        (reach, Connection::of(Arc::new(messaging), voice))
    }

    fn note<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        let kind = result.as_ref().err().map(Error::kind);
        // A refusal is an answer; what nobody answered, or answered that nobody knows us, is none.
        let lost = matches!(kind, Some(ErrorKind::Temporary | ErrorKind::Authentication));
        self.0.store(!lost, Ordering::Relaxed);
        result
    }
}

#[derive(Debug)]
struct Watched {
    inner: Arc<dyn MessagingProvider>,
    reach: Reach,
}

#[async_trait]
impl MessagingProvider for Watched {
    fn kind(&self) -> ProviderKind {
        self.inner.kind()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn send(&self, message: &OutboundMessage) -> Result<Sent, Error> {
        self.reach.note(self.inner.send(message).await)
    }

    async fn fetch(&self, id: &ProviderMessageId) -> Result<StatusReport, Error> {
        self.reach.note(self.inner.fetch(id).await)
    }
}

#[cfg(test)]
mod tests {
    use telephony_providers::{MockProvider, Outcome};

    use super::*;

    #[tokio::test]
    async fn the_last_answer_decides() {
        let mock = MockProvider::default();
        mock.fail_next(ErrorKind::Temporary, Outcome::NotSent);
        mock.fail_next(ErrorKind::OptedOut, Outcome::NotSent);
        mock.fail_next(ErrorKind::Authentication, Outcome::NotSent);
        let (reach, connection) = Reach::watch(Connection::new(mock));
        let builder = OutboundMessage::builder("+15550001234".parse().unwrap());
        let message = builder.body("Hello").build().unwrap();
        let mut seen = vec![reach.is_there()];
        for _ in 0..4 {
            let _ = connection.messaging.send(&message).await;
            seen.push(reach.is_there());
        }
        assert_eq!(seen, [true, false, true, false, true]);
    }
}
