//! How many people are in a turn at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use telephony_core::{AccountId, Sender};
use tokio::sync::Notify;

/// Somebody, as one account knows them.
type Person = (AccountId, Sender);

/// Places for so many people. Whoever has one brings as many messages as they like: the second one
/// may be there to end the turn of the first.
#[derive(Debug)]
pub(super) struct Slots {
    inner: Mutex<Inner>,
    freed: Notify,
}

#[derive(Debug)]
struct Inner {
    most: usize,
    held: HashMap<Person, usize>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    slots: Arc<Slots>,
    person: Person,
}

impl Slots {
    pub(super) fn new(most: usize) -> Self {
        let inner = Mutex::new(Inner { most: most.max(1), held: HashMap::new() });
        Self { inner, freed: Notify::new() }
    }

    /// There are so many places from now on. Who has one keeps it.
    pub(super) fn resize(&self, most: usize) {
        self.inner().most = most.max(1);
        self.freed.notify_waiters();
    }

    /// How many people have one.
    pub(super) fn taken(&self) -> usize {
        self.inner().held.len()
    }

    /// How many places there are.
    pub(super) fn most(&self) -> usize {
        self.inner().most
    }

    /// Waits for a place.
    pub(super) async fn take(self: &Arc<Self>, account: &AccountId, sender: &Sender) -> Slot {
        let person = (account.clone(), sender.clone());
        loop {
            let mut freed = std::pin::pin!(self.freed.notified());
            // Before looking, so that no place is missed that becomes free in between.
            freed.as_mut().enable();
            if self.try_take(&person) {
                return Slot { slots: Arc::clone(self), person };
            }
            freed.await;
        }
    }

    fn try_take(&self, person: &Person) -> bool {
        let mut inner = self.inner();
        let is_free = inner.held.len() < inner.most;
        if let Some(count) = inner.held.get_mut(person) {
            *count += 1;
        } else if is_free {
            inner.held.insert(person.clone(), 1);
        } else {
            return false;
        }
        true
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut inner = self.slots.inner();
        if let Some(count) = inner.held.get_mut(&self.person) {
            *count -= 1;
            if *count == 0 {
                inner.held.remove(&self.person);
                drop(inner);
                self.slots.freed.notify_waiters();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn places_are_for_people_not_for_messages() {
        let (slots, account) = (Arc::new(Slots::new(1)), AccountId::default_account());
        let [one, two]: [Sender; 2] = ["+15550000001", "+15550000002"].map(|n| n.parse().unwrap());
        let first = slots.take(&account, &one).await;
        let second = slots.take(&account, &one).await;
        let waiting = tokio::spawn({
            let (slots, account) = (Arc::clone(&slots), account.clone());
            async move { slots.take(&account, &two).await }
        });
        drop(first);
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished() && slots.taken() == 1);
        drop(second);
        let third = waiting.await.unwrap();
        slots.resize(2);
        drop(slots.take(&account, &one).await);
        drop(third);
        assert_eq!(slots.taken(), 0);
    }
}
