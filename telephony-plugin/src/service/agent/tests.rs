//! Adopting a message while the inbox loses its answers.

use std::sync::Mutex;

use telephony_core::{ManualClock, MessageId};
use telephony_webhook::conformance::{NOW, message};
use telephony_webhook::{
    Counts, Entry, EntryState, InboxError, Inserted, Leased, MemoryInbox, NewEntry, Waiting,
};

use super::*;

/// Whether the inbox does what it is asked, and whether it says so.
#[derive(Debug, Clone, Copy)]
struct Answering {
    does: bool,
    says: bool,
}

const AWAY: Answering = Answering { does: false, says: false };
const CUT_OFF: Answering = Answering { does: true, says: false };

/// An inbox whose next answers are those, the last of them first; then it is well.
#[derive(Debug)]
struct Cut {
    inner: MemoryInbox,
    next: Mutex<Vec<Answering>>,
}

impl Cut {
    async fn answer<T>(
        &self,
        work: impl Future<Output = Result<T, InboxError>>,
    ) -> Result<T, InboxError> {
        let next = self.next.lock().unwrap().pop();
        let Answering { does, says } = next.unwrap_or(Answering { does: true, says: true });
        let done = if does { Some(work.await) } else { None };
        done.filter(|_| says).unwrap_or_else(|| Err(InboxError::new("the connection was lost")))
    }
}

/// A message that is leased, in an inbox that answers like that.
async fn leased(next: &[Answering]) -> (Arc<Cut>, Adoption) {
    let inner = MemoryInbox::new();
    inner.insert(message(1, 1)).await.unwrap();
    let until = NOW.saturating_add(Duration::from_secs(30));
    let lease = inner.lease(None, NOW, until, 1).await.unwrap().remove(0).lease;
    let next = next.iter().rev().copied().collect();
    let inbox = Arc::new(Cut { inner, next: Mutex::new(next) });
    let clock = Arc::new(ManualClock::new(NOW));
    (inbox.clone(), Adoption::new(inbox, clock, lease))
}

#[tokio::test(start_paused = true)]
async fn what_was_written_without_an_answer_is_adopted_once_that_is_known() {
    for next in [&[CUT_OFF][..], &[CUT_OFF, AWAY, AWAY], &[AWAY, AWAY, CUT_OFF, AWAY], &[AWAY]] {
        let (inbox, adoption) = leased(next).await;
        adoption.adopt().await.unwrap();
        adoption.adopt().await.unwrap();
        assert!(adoption.is_adopted(), "{next:?}");
        assert_eq!(inbox.inner.counts().await.unwrap().done, 1, "{next:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_somebody_else_s_by_then_is_left() {
    let (inbox, adoption) = leased(&[AWAY, AWAY]).await;
    let later = NOW.saturating_add(Duration::from_secs(60));
    inbox.inner.lease(None, later, later, 1).await.unwrap();
    assert!(matches!(adoption.adopt().await, Err(AdoptError::Lost)));
    assert!(!adoption.is_adopted());
}

#[async_trait]
impl Inbox for Cut {
    async fn finish(&self, lease: &Lease, now: Timestamp) -> Result<bool, InboxError> {
        self.answer(self.inner.finish(lease, now)).await
    }

    async fn is_finished(&self, lease: &Lease) -> Result<bool, InboxError> {
        self.answer(self.inner.is_finished(lease)).await
    }

    async fn insert(&self, entry: NewEntry) -> Result<Inserted, InboxError> {
        self.inner.insert(entry).await
    }

    async fn lease(
        &self,
        accounts: Option<&[AccountId]>,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Leased>, InboxError> {
        self.inner.lease(accounts, now, until, limit).await
    }

    async fn renew(&self, lease: &Lease, until: Timestamp) -> Result<bool, InboxError> {
        self.inner.renew(lease, until).await
    }

    async fn behind(&self, lease: &Lease, limit: usize) -> Result<Vec<Waiting>, InboxError> {
        self.inner.behind(lease, limit).await
    }

    async fn join(&self, lease: &Lease, count: usize) -> Result<bool, InboxError> {
        self.inner.join(lease, count).await
    }

    async fn put_back(
        &self,
        lease: &Lease,
        at: Timestamp,
        reason: &str,
    ) -> Result<Option<EntryState>, InboxError> {
        self.inner.put_back(lease, at, reason).await
    }

    async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, InboxError> {
        self.inner.next_due(now).await
    }

    async fn list(&self, state: EntryState, limit: usize) -> Result<Vec<Entry>, InboxError> {
        self.inner.list(state, limit).await
    }

    async fn requeue(&self, id: &MessageId, now: Timestamp) -> Result<bool, InboxError> {
        self.inner.requeue(id, now).await
    }

    async fn counts(&self) -> Result<Counts, InboxError> {
        self.inner.counts().await
    }

    async fn clean(
        &self,
        erase_before: Timestamp,
        forget_before: Timestamp,
        limit: usize,
    ) -> Result<usize, InboxError> {
        self.inner.clean(erase_before, forget_before, limit).await
    }
}
