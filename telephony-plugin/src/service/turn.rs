//! One event's turn: whom it is from, whether they may talk, what is answered.

use std::sync::Arc;
use std::time::Duration;

use telephony_core::{AccountId, Event, InboundMessage, OptOut};
use telephony_pairing::Access;
use telephony_webhook::{EntryState, InboxError, Leased};
use tracing::Instrument as _;
use tracing::field::display;

use super::dispatch::LEASE;
use super::{Account, Adoption, News, Telephony, join, keywords};
use crate::handler::Incoming;
use crate::outbound::{NewSend, OptOutSource, Source};
use crate::report::chain;

/// The most replies to one number within [`REPLY_WINDOW`], so that two machines that answer each
/// other come to an end.
pub(super) const MAX_REPLIES: u64 = 30;
pub(super) const REPLY_WINDOW: Duration = Duration::from_secs(60);

/// How long is waited before an event that failed is tried again: doubled each time, up to the
/// longest.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// How long is waited before the inbox is told again how a turn ended.
const SETTLE_AGAIN: Duration = Duration::from_secs(1);

/// Why an event is to be tried again.
struct TryAgain(String);

impl<E: std::error::Error> From<E> for TryAgain {
    fn from(error: E) -> Self {
        Self(chain(&error))
    }
}

/// How a message's turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// It came from a number of ours.
    Own,
    /// It was about messages alone, as STOP is.
    Heeded,
    /// Whoever wrote has to be approved.
    Challenged,
    /// Whoever wrote is not let in.
    Blocked,
    /// The agent had it, and we answer nothing.
    Handled,
    /// It is answered by us.
    Answered,
    /// Its sender had too many replies.
    Looped,
}

impl Ended {
    /// For figures.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Heeded => "keyword",
            Self::Challenged => "challenged",
            Self::Blocked => "blocked",
            Self::Handled => "handled",
            Self::Answered => "answered",
            Self::Looped => "looped",
        }
    }
}

/// Takes an event's turn and says in the inbox how it ended. Everything that is logged meanwhile
/// says which event it is about.
pub(super) async fn run(service: &Telephony, leased: Leased) {
    let account = service.account(leased.event.account());
    let provider = account.map(|account| display(account.settings.provider.kind()));
    let account_id = leased.event.account();
    // A report is about another message, whose id is told with it.
    let id = &leased.lease.id;
    let (message_id, event_id) = match leased.event {
        Event::Message(_) => (Some(display(id)), None),
        _ => (None, Some(display(id))),
    };
    let attempt = leased.attempt;
    let span = tracing::error_span!("turn", provider, %account_id, message_id, event_id, attempt);
    run_one(service, &leased).instrument(span).await;
}

async fn run_one(service: &Telephony, leased: &Leased) {
    let (inbox, clock) = (Arc::clone(&service.inbox), Arc::clone(&service.clock));
    let adoption = Arc::new(Adoption::new(inbox, clock, leased.lease.clone()));
    let work = take(service, leased, &adoption);
    // When it is lost, this process was held up, and somebody else has the event.
    let Some(taken) = while_held(service, leased, &adoption, work).await else { return };
    if let Err(TryAgain(reason)) = &taken {
        tracing::error!(reason, "failed");
    }
    count(service, leased, &adoption, &taken);
    if adoption.is_adopted() {
        return;
    }
    // An inbox that fails for a moment is no reason to take the turn again, nor to let the sender
    // wait until the lease runs out.
    for _ in 0..LEASE.as_secs() {
        match settle(service, leased, &taken).await {
            Ok(()) => return,
            Err(error) => {
                let error = chain(&error);
                tracing::error!(error, "the inbox failed");
            }
        }
        tokio::time::sleep(SETTLE_AGAIN).await;
    }
}

/// Counts how a message's turn ended, and when it was answered or adopted.
fn count(
    service: &Telephony,
    leased: &Leased,
    adoption: &Adoption,
    taken: &Result<Option<Ended>, TryAgain>,
) {
    let (outcome, at) = match (adoption.adopted_at(), taken) {
        (Some(at), _) => ("adopted", Some(at)),
        (None, Ok(Some(Ended::Answered))) => ("answered", Some(service.clock.now())),
        (None, Ok(Some(ended))) => (ended.as_str(), None),
        // It was no message.
        (None, Ok(None)) => return,
        (None, Err(_)) if !matches!(leased.event, Event::Message(_)) => return,
        (None, Err(_)) => ("failed", None),
    };
    service.metrics.dispatched(leased.event.account(), outcome);
    if let Some(at) = at {
        service.metrics.turned(at.saturating_since(leased.received_at));
    }
}

/// Says in the inbox how a turn ended.
async fn settle(
    service: &Telephony,
    Leased { lease, attempt, .. }: &Leased,
    taken: &Result<Option<Ended>, TryAgain>,
) -> Result<(), InboxError> {
    let now = service.clock.now();
    let Err(TryAgain(reason)) = taken else {
        return service.inbox.finish(lease, now).await.map(drop);
    };
    let at = now.saturating_add(wait(*attempt));
    if service.inbox.put_back(lease, at, reason).await? == Some(EntryState::Failed) {
        tracing::error!("is given up: see telephony inbox");
    }
    Ok(())
}

/// Does `work` while the lease is held, or the event is somebody else's with our knowledge; `None`
/// when the lease was lost.
async fn while_held<T>(
    service: &Telephony,
    leased: &Leased,
    adoption: &Adoption,
    work: impl Future<Output = T>,
) -> Option<T> {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            biased;
            result = &mut work => return Some(result),
            () = tokio::time::sleep(LEASE / 3) => {}
        }
        if adoption.is_adopted() {
            continue;
        }
        let until = service.clock.now().saturating_add(LEASE);
        // The work goes on meanwhile: it may hold the connection that this waits for.
        let renewed = tokio::select! {
            biased;
            result = &mut work => return Some(result),
            renewed = service.inbox.renew(&leased.lease, until) => renewed,
        };
        if matches!(renewed, Ok(false)) && !adoption.is_adopted() {
            return None;
        }
    }
}

async fn take(
    service: &Telephony,
    leased: &Leased,
    adoption: &Arc<Adoption>,
) -> Result<Option<Ended>, TryAgain> {
    match &leased.event {
        Event::Message(message) => match service.account(&message.account) {
            Some(account) => answer(service, &account, adoption, leased, message).await.map(Some),
            // It was there a moment ago, when this was leased.
            None => Err(TryAgain(format!("account {} was removed", message.account))),
        },
        Event::Delivery(update) => {
            service.report(update).await?;
            Ok(None)
        }
        Event::Call(update) => {
            service.on_call(update, leased.attempt).await?;
            Ok(None)
        }
        // What a later version of the program wrote is not for this one.
        _ => Err(TryAgain("this kind of event is not known here".to_owned())),
    }
}

async fn answer(
    service: &Telephony,
    account: &Account,
    adoption: &Arc<Adoption>,
    leased: &Leased,
    message: &InboundMessage,
) -> Result<Ended, TryAgain> {
    let (account_id, id) = (&account.settings.id, &leased.lease.id);
    account.received(service.clock.now());
    let from = message.from.masked();
    let tell = |what: &str| tracing::info!(from, "{what}");
    if is_own(service, message) {
        tell("comes from a number of ours: it came back to us, or somebody pretends");
        return Ok(Ended::Own);
    }
    if heeded(service, account_id, message, &tell).await? {
        return Ok(Ended::Heeded);
    }
    match account.gate.check(account_id, &message.from).await? {
        Access::Allow => {}
        Access::Challenge { new, .. } => {
            tell(if new { "has to be approved" } else { "is waiting for approval" });
            service.owed.notify_one();
            return Ok(Ended::Challenged);
        }
        Access::Block(reason) => {
            tell(&format!("is not let in: {reason:?}"));
            return Ok(Ended::Blocked);
        }
        other => return Err(TryAgain(format!("this decision is not known here: {other:?}"))),
    }
    // Only a number can be answered, and the gate lets nobody else in.
    let Some(to) = message.from.number() else { return Ok(Ended::Blocked) };
    if !account.settings.allow_to.is_empty() || account.settings.sms.quiet_hours.is_some() {
        service.ledger.add_contact(account_id, to, service.clock.now()).await?;
    }
    // Before there is a place: whoever waits for their own next text keeps nobody from one.
    join::wait(service, account, leased, message).await;
    let _slot = service.slots.take(account_id, &message.from).await;
    let whole = join::whole(service, account, leased, message).await?;
    let incoming = Incoming::new(id, &whole);
    let Some(reply) = service.agent.take(account, &incoming, adoption).await? else {
        tell("was handled, without a reply of ours");
        return Ok(Ended::Handled);
    };
    let now = service.clock.now();
    let since = now.saturating_sub(REPLY_WINDOW);
    if service.ledger.replies_since(account_id, to, since, now).await? >= MAX_REPLIES {
        tell("had too many replies within a minute: the other side may be a machine");
        return Ok(Ended::Looped);
    }
    let parts = account.plan(reply.as_str(), &[]);
    if parts.is_empty() {
        tell("was handled, and nothing of the reply can be sent");
        return Ok(Ended::Handled);
    }
    let source = Source::Reply(id.clone());
    let send = NewSend::new(account_id.clone(), to.clone(), source, parts);
    service.outbox.submit(send).await?;
    tell("is answered");
    Ok(Ended::Answered)
}

/// Whether a message comes from a number of ours. No person does, and whoever answers it talks to
/// themselves.
fn is_own(service: &Telephony, message: &InboundMessage) -> bool {
    let is_of = |account: &Arc<Account>| account.settings.from.as_ref() == Some(&message.from);
    message.from == message.to || service.accounts().iter().any(is_of)
}

/// Whether a message is about messages alone, as STOP is: it is acted on, and kept from the agent.
async fn heeded(
    service: &Telephony,
    account: &AccountId,
    message: &InboundMessage,
    tell: &impl Fn(&str),
) -> Result<bool, TryAgain> {
    let Some(keyword) = keywords::keyword(message) else { return Ok(false) };
    let Some(from) = message.from.number() else { return Ok(true) };
    let mut is_out = None;
    match keyword {
        OptOut::Stop => {
            let since = message.received_at;
            service.ledger.opt_out(account, from, OptOutSource::Word, since).await?;
            is_out = Some(true);
            tell("has opted out: nothing more is sent there");
        }
        OptOut::Start => {
            // Not what was asked for after this word, as where it is handled once more.
            let (until, now) = (Some(message.received_at), service.clock.now());
            let was_out = service.ledger.opt_in(account, from, until, now).await?;
            // The word of somebody who was not out is a word like any other.
            if !was_out && message.opt_out.is_none() {
                return Ok(false);
            }
            is_out = was_out.then_some(false);
            tell("has opted in again");
        }
        OptOut::Help => tell("asks for help, which the carrier has given"),
    }
    if let Some(is_out) = is_out {
        let (account, number) = (account.clone(), from.clone());
        service.agent.hear(&News::OptOut { account, number, is_out }).await;
    }
    Ok(true)
}

fn wait(attempt: u32) -> Duration {
    FIRST_WAIT.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_are_bounded() {
        let seconds: Vec<u64> = (1..=11).map(|attempt| wait(attempt).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(wait(u32::MAX), LONGEST_WAIT);
    }
}
