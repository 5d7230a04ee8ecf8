//! From a request to a committed event: admitted, verified, read, stored, and only then answered.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use telephony_core::config::Account;
use telephony_core::{Clock, Entropy, Event, MessageId, Timestamp};
use tokio::sync::Notify;
use tracing::field::display;
use tracing::{Level, Span, enabled};

use crate::answer::Answer;
use crate::counters::{Counted, Counters};
use crate::endpoint::{Endpoint, Routes};
use crate::headers::Headers;
use crate::inbox::{EventKey, Inbox, Inserted, NewEntry};
use crate::instructions::CallInstructions;
use crate::limits::{Limiter, Limits};
use crate::nonces::Nonces;
use crate::parse::{Notice, parse};
use crate::refusal::Refusal;
use crate::refused::{RecentRefusal, Refusals, Why};
use crate::request::{Method, Request, Unverified, Verified};
use crate::voice_path::shown;

/// How the user agent of `telephony doctor` begins. What it tries and is refused is counted, and not
/// among the recent refusals: those are of carriers, which an operator is to look at.
pub const DOCTOR_AGENT: &str = "telephony-doctor/";

/// Takes requests into an inbox, for any server: [`admit`](Self::admit) looks at the head, and
/// [`receive`](Self::receive) at the whole.
///
/// What it logs is about the request of the current span, on which it records `provider`,
/// `account_id` and `message_id` before it does: declare them as empty fields, as this crate's
/// server does.
#[derive(Debug)]
pub struct Receiver {
    routes: RwLock<Arc<Routes>>,
    inbox: Arc<dyn Inbox>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    counters: Counters,
    refusals: Refusals,
    nonces: Nonces,
    failed_authentication: Limiter,
    senders: Limiter,
    routes_quota: Limiter,
    arrived: Arc<Notify>,
    instructions: Option<Arc<dyn CallInstructions>>,
    /// When an event could last not be stored, in milliseconds since the Unix epoch; the least
    /// number when none failed since one was stored.
    last_not_stored: AtomicI64,
}

/// What a verified request says, and to which account.
struct Understood {
    endpoint: Arc<Endpoint>,
    request: Request<Verified>,
    key: EventKey,
    event: Event,
}

/// The head of a request that may be read further.
#[derive(Debug)]
pub struct Admitted {
    routes: Arc<Routes>,
    path: String,
    peer: IpAddr,
}

impl Receiver {
    /// A receiver without routes yet.
    #[must_use]
    pub fn new(
        inbox: Arc<dyn Inbox>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        limits: &Limits,
    ) -> Self {
        Self {
            routes: RwLock::default(),
            inbox,
            clock,
            entropy,
            counters: Counters::default(),
            refusals: Refusals::default(),
            nonces: Nonces::default(),
            failed_authentication: Limiter::new(limits.failed_authentication),
            senders: Limiter::new(limits.sender),
            routes_quota: Limiter::new(limits.route),
            arrived: Arc::default(),
            instructions: None,
            last_not_stored: AtomicI64::new(i64::MIN),
        }
    }

    /// Tells of events where others tell of theirs too.
    #[must_use]
    pub fn notifying(mut self, arrived: Arc<Notify>) -> Self {
        self.arrived = arrived;
        self
    }

    /// Has this say what a call is to do whose carrier asks. Without it such a call ends.
    #[must_use]
    pub fn instructed_by(mut self, instructions: Arc<dyn CallInstructions>) -> Self {
        self.instructions = Some(instructions);
        self
    }

    /// Has these routes from now on. Requests that were admitted by earlier ones go on by those.
    pub fn set_routes(&self, routes: Routes) {
        *self.routes.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(routes);
    }

    /// What became of requests so far.
    #[must_use]
    pub fn counted(&self) -> Counted {
        self.counters.read()
    }

    /// What was lately not taken, the latest first: at most
    /// [`MAX_RECENT_REFUSALS`](crate::MAX_RECENT_REFUSALS).
    #[must_use]
    pub fn recent_refusals(&self) -> Vec<RecentRefusal> {
        self.refusals.recent()
    }

    /// How often requests were not taken, by the reason in a word. There are few of them, whatever
    /// strangers send.
    #[must_use]
    pub fn refused(&self) -> BTreeMap<&'static str, u64> {
        self.refusals.by_reason()
    }

    /// Notified when an event was committed.
    #[must_use]
    pub fn arrived(&self) -> Arc<Notify> {
        Arc::clone(&self.arrived)
    }

    /// When an event could last not be stored; `None` once a later one was.
    #[must_use]
    pub fn last_not_stored(&self) -> Option<Timestamp> {
        let at = self.last_not_stored.load(Ordering::Relaxed);
        (at != i64::MIN).then(|| Timestamp::from_millisecond(at))
    }

    /// What tells the time here.
    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Refuses what no carrier sends; its path may be any text.
    pub(crate) fn malformed(&self, answer: Answer) -> Answer {
        self.counters.malformed.count();
        self.refusals.count(Why::Malformed(answer.status));
        answer
    }

    /// Refuses what cannot be looked at now.
    pub(crate) fn busy(&self, path: &str, peer: IpAddr) -> Answer {
        self.counters.limited.count();
        if self.routes().find(path).is_some() {
            self.keep(Why::Busy, path, peer);
        } else {
            self.refusals.count(Why::Busy);
        }
        Answer::UNAVAILABLE
    }

    fn routes(&self) -> Arc<Routes> {
        Arc::clone(&self.routes.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn keep(&self, why: Why<'_>, path: &str, peer: IpAddr) {
        self.refusals.keep(why, &shown(path), peer, self.clock.now());
    }

    /// Looks at the head of a request: path, method, content type, and whether it carries what a
    /// signature needs. `path` is without its query.
    ///
    /// # Errors
    ///
    /// The answer, when there is no need to read the body.
    pub fn admit(
        &self,
        method: &str,
        path: &str,
        headers: &Headers,
        peer: IpAddr,
    ) -> Result<Admitted, Answer> {
        let routes = self.routes();
        let malformed = |answer| Err(self.malformed(answer));
        let Some((_, endpoints)) = routes.find(path) else { return malformed(Answer::NOT_FOUND) };
        let method = Method::from_name(method);
        if method == Method::Other {
            return malformed(Answer::METHOD);
        }
        if method == Method::Post && !is_readable(headers) {
            return malformed(Answer::MEDIA_TYPE);
        }
        let mut refusal = None;
        for endpoint in endpoints {
            match endpoint.verifier.claimed(method, headers) {
                Ok(_) => {
                    let path = path.to_owned();
                    return Ok(Admitted { routes, path, peer });
                }
                Err(other) => refusal = Some(other),
            }
        }
        match refusal {
            Some(Refusal::Method(_)) => malformed(Answer::METHOD),
            Some(refusal) => Err(self.refuse(&refusal, path, peer, headers)),
            None => malformed(Answer::NOT_FOUND),
        }
    }

    /// Verifies a request, reads it and commits what it says. The answer is 2xx only after that.
    ///
    /// Several accounts may have one key, when several numbers are one customer's: of those whose
    /// key fits, the first that the payload belongs to takes it.
    ///
    /// Verifying and reading is done at once; what is waited for is the disk.
    pub fn receive<'a>(
        &'a self,
        admitted: &'a Admitted,
        request: Request<Unverified>,
    ) -> impl Future<Output = Answer> + Send + use<'a> {
        let understood = self.understand(admitted, request);
        async move {
            match understood {
                Ok(understood) => self.take(understood, &admitted.path, admitted.peer).await,
                Err(answer) => answer,
            }
        }
    }

    /// What a request says and to which account, or the answer when there is nothing to commit.
    fn understand(
        &self,
        admitted: &Admitted,
        mut request: Request<Unverified>,
    ) -> Result<Box<Understood>, Answer> {
        let Admitted { routes, path, peer } = admitted;
        let Some((route, endpoints)) = routes.find(path) else { return Err(Answer::NOT_FOUND) };
        let mut foreign = None;
        let mut refusal: Option<Refusal> = None;
        // What groups numbers may be several accounts': the one whose own number it is comes first.
        let mut tries: VecDeque<_> =
            endpoints.iter().map(|one| (endpoints.len() > 1, one)).collect();
        while let Some((is_first, endpoint)) = tries.pop_front() {
            let urls = endpoint.rules.resolve(*peer, path, request.headers());
            let urls = urls.as_ref().map_err(|refusal| *refusal);
            let verified = match request.verify(&*endpoint.verifier, urls) {
                Ok(verified) => verified,
                Err(refused) => {
                    request = refused.request;
                    // That a signature does not fit says more than that another kind is missing.
                    if refusal.is_none() || matches!(refused.refusal, Refusal::Signature { .. }) {
                        refusal = Some(refused.refusal);
                    }
                    continue;
                }
            };
            let account = &endpoint.account;
            let kind = account.provider.kind();
            match parse(&verified, account, route) {
                Ok(Notice::Event { claims, .. })
                    if is_first && claims.belong_to(account) && !claims.name_number_of(account) =>
                {
                    tries.push_back((false, endpoint));
                }
                Ok(Notice::Event { key, event, claims }) if claims.belong_to(account) => {
                    let endpoint = Arc::clone(endpoint);
                    let request = verified;
                    return Ok(Box::new(Understood { endpoint, request, key, event: *event }));
                }
                Ok(Notice::Event { .. }) => {
                    foreign = Some(kind);
                    identify(account, None);
                }
                Ok(Notice::Ignored { name }) => {
                    self.counters.ignored.count();
                    if enabled!(Level::DEBUG) {
                        identify(account, None);
                    }
                    tracing::debug!(name, "an event of another kind");
                    return Err(Answer::accepted(kind));
                }
                Err(error) => {
                    self.counters.unreadable.count();
                    self.keep(Why::Unreadable, path, *peer);
                    identify(account, None);
                    tracing::warn!(%error, "unreadable");
                    return Err(Answer::UNREADABLE);
                }
            }
            request = verified.again();
        }
        match (foreign, refusal) {
            (Some(kind), _) => {
                self.counters.foreign.count();
                self.keep(Why::Foreign, path, *peer);
                tracing::warn!(
                    path = &*shown(path),
                    "a signed webhook is for a number, account or profile that is not configured: \
                     acknowledged and dropped; check fromNumber and the carrier's webhook URL"
                );
                Err(Answer::accepted(kind))
            }
            (None, Some(refusal)) => Err(self.refuse(&refusal, path, *peer, request.headers())),
            (None, None) => Err(Answer::NOT_FOUND),
        }
    }

    /// Commits an event, within the limits of its route and its sender.
    async fn take(&self, understood: Box<Understood>, path: &str, peer: IpAddr) -> Answer {
        let Understood { endpoint, request, key, event } = *understood;
        let account = &endpoint.account;
        let nonce = request.nonce().filter(|_| request.scheme().is_weak()).map(str::to_owned);
        let received_at = request.received_at();
        // It is not kept while the disk is waited for.
        drop(request);
        if nonce.as_ref().is_some_and(|nonce| !self.nonces.fits(&account.id, nonce, &key)) {
            self.counters.unverified.count();
            self.keep(Why::Replayed, path, peer);
            identify(account, None);
            tracing::warn!("a V2 signature was replayed for another event");
            return Answer::REFUSED;
        }
        let now = self.clock.now();
        let sender = match &event {
            Event::Message(message) => Some((&account.id, message.from.clone())),
            _ => None,
        };
        let asks = match &event {
            Event::Call(update) if update.asks => Some(Box::new(update.clone())),
            _ => None,
        };
        // A sender's messages are counted when they are new: a carrier that repeats one takes
        // nothing from its sender.
        let path = &*shown(path);
        let within = self.routes_quota.take(&path, now)
            && sender.as_ref().is_none_or(|sender| self.senders.allows(sender, now));
        if !within {
            self.counters.limited.count();
            self.keep(Why::TooMany, path, peer);
            identify(account, None);
            tracing::warn!(path, "beyond a limit: answered 429");
            return Answer::TOO_MANY;
        }
        let stored = match MessageId::generate(&*self.clock, &*self.entropy) {
            Ok(id) => {
                let entry = NewEntry::new(id.clone(), key.clone(), event, received_at);
                self.inbox.insert(entry).await.map(|inserted| (id, inserted)).map_err(chain)
            }
            Err(error) => Err(chain(error)),
        };
        match stored {
            Ok((id, Inserted::New)) => {
                self.counters.accepted.count();
                self.last_not_stored.store(i64::MIN, Ordering::Relaxed);
                sender.map(|sender| self.senders.take(&sender, now));
                self.arrived.notify_one();
                if asks.is_some() || enabled!(Level::INFO) {
                    identify(account, Some(&id));
                }
                tracing::info!("accepted");
            }
            Ok((_, Inserted::Duplicate(id))) => {
                self.counters.duplicates.count();
                if asks.is_some() || enabled!(Level::DEBUG) {
                    identify(account, Some(&id));
                }
                tracing::debug!("came before");
            }
            Err(error) => {
                self.counters.not_stored.count();
                self.last_not_stored.store(now.as_millisecond(), Ordering::Relaxed);
                identify(account, None);
                tracing::error!(error, "not stored: answered 503");
                return Answer::UNAVAILABLE;
            }
        }
        if let Some(nonce) = nonce {
            self.nonces.remember(&account.id, &nonce, key);
        }
        match (asks, &self.instructions) {
            (Some(update), Some(instructions)) => instructions.instruct(&update).await,
            _ => Answer::accepted(account.provider.kind()),
        }
    }

    /// The answer to what is not verified, which is logged as long as it is not a flood.
    fn refuse(&self, refusal: &Refusal, path: &str, peer: IpAddr, headers: &Headers) -> Answer {
        self.counters.unverified.count();
        let is_doctors =
            headers.all("user-agent").any(|agent| agent.starts_with(DOCTOR_AGENT.as_bytes()));
        let keep = |why| {
            if is_doctors { self.refusals.count(why) } else { self.keep(why, path, peer) }
        };
        if !self.failed_authentication.take(&network(peer), self.clock.now()) {
            self.counters.limited.count();
            keep(Why::Flood);
            return Answer::TOO_MANY;
        }
        keep(Why::Unverified(refusal));
        let path = &*shown(path);
        tracing::warn!(%peer, path, reason = %refusal, advice = refusal.advice(), "refused");
        refusal.answer()
    }
}

/// Says on the current span whose request it is. Each of these costs as much as a query, so it is
/// done only where something is logged next.
fn identify(account: &Account, message: Option<&MessageId>) {
    let span = Span::current();
    let kind = account.provider.kind();
    span.record("provider", display(kind)).record("account_id", display(&account.id));
    if let Some(id) = message {
        span.record("message_id", display(id));
    }
}

/// Forms and JSON can be read. A body without a type is taken for what its account sends.
fn is_readable(headers: &Headers) -> bool {
    headers.all("content-type").all(|value| {
        let essence = value.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        essence.eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
            || essence.eq_ignore_ascii_case(b"application/json")
    })
}

/// An address, or the network of 64 bits that one customer has with IPv6.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(v6) => IpAddr::from((u128::from(v6) >> 64 << 64).to_be_bytes()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// An error with everything that led to it.
fn chain(error: impl std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
