//! When a request is tried again, and after how long.
//!
//! Only what the carrier cannot have acted on is repeated, and never before the carrier said.

use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder, Retryable as _};
use reqwest::header::HeaderMap;
use telephony_core::{Clock, Entropy, Timestamp};

use crate::error::Error;

/// How often a request is tried, and how long is waited in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Tries in all, the first included.
    pub max_attempts: usize,
    /// The longest wait before the second try, doubled before each further one; chance takes up
    /// to half of it.
    pub first_delay: Duration,
    /// The most that all waits of one request may take together. A carrier that asks for more is
    /// not waited for: the error says how long it asked for.
    pub max_wait: Duration,
}

impl RetryPolicy {
    /// Every request once.
    pub const NEVER: Self =
        Self { max_attempts: 1, first_delay: Duration::ZERO, max_wait: Duration::ZERO };
}

impl Default for RetryPolicy {
    /// Three tries; 0.5 s and 1 s between them, less up to half by chance; 20 s in all.
    fn default() -> Self {
        Self {
            max_attempts: 3,
            first_delay: Duration::from_millis(500),
            max_wait: Duration::from_secs(20),
        }
    }
}

/// What a request does when it is made twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing even once: it only asks.
    Read,
    /// No more than once.
    Idempotent,
    /// Twice as much: a second message, a second call.
    Once,
}

/// Runs `attempt` until it succeeds, fails for good, or the policy's limits are reached.
pub(crate) async fn retry<T, F>(
    policy: RetryPolicy,
    effect: Effect,
    entropy: &Arc<dyn Entropy>,
    attempt: impl FnMut() -> F,
) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let schedule = ExponentialBuilder::default()
        .with_min_delay(policy.first_delay)
        .with_max_delay(policy.max_wait)
        .with_max_times(policy.max_attempts.saturating_sub(1));
    let mut waited = Duration::ZERO;
    attempt
        .retry(schedule.build())
        .sleep(tokio::time::sleep)
        .when(|error: &Error| is_safe_to_repeat(error, effect))
        .adjust(|error, delay| {
            let asked_for = error.retry_after().unwrap_or(Duration::ZERO);
            let wait = asked_for.saturating_add(jittered(delay?, &**entropy));
            waited = waited.saturating_add(wait);
            (waited <= policy.max_wait).then_some(wait)
        })
        .notify(|error, wait| {
            tracing::info!(
                provider = %error.provider(),
                kind = %error.kind(),
                wait_ms = wait.as_millis(),
                "trying again"
            );
        })
        .await
}

const fn is_safe_to_repeat(error: &Error, effect: Effect) -> bool {
    error.is_transient() && (error.is_not_sent() || !matches!(effect, Effect::Once))
}

/// From half of `delay` to all of it, so that many who failed together do not return together.
fn jittered(delay: Duration, entropy: &dyn Entropy) -> Duration {
    let mut random = [0; 4];
    // Without chance the whole delay is waited, which is never too early.
    let share = match entropy.fill(&mut random) {
        Ok(()) => f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX),
        Err(_) => 1.0,
    };
    delay.div_f64(2.0).saturating_add(delay.div_f64(2.0).mul_f64(share))
}

/// The longest wait that is believed; more is taken for a mistake and becomes this.
const MAX_ASKED_FOR: f64 = 7.0 * 24.0 * 3600.0;

/// How long an answer asks to wait: the longest of `retry-after-ms`, `retry-after` (RFC 9110,
/// clause 10.2.3: seconds or a date) and, when it says that there was too much,
/// `x-ratelimit-reset` (Telnyx: seconds until the limit is reset).
pub(crate) fn asked_for(
    headers: &HeaderMap,
    throttled: bool,
    clock: &dyn Clock,
) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |name: &str| seconds(text(name)?.parse().ok()?);
    let date = || {
        let at = Timestamp::parse_rfc2822(text("retry-after")?).ok()?;
        Some(at.saturating_since(clock.now()))
    };
    let milliseconds = || seconds(text("retry-after-ms")?.parse::<f64>().ok()? / 1000.0);
    let reset = throttled.then(|| number("x-ratelimit-reset")).flatten();
    [milliseconds(), number("retry-after").or_else(date), reset].into_iter().flatten().max()
}

fn seconds(seconds: f64) -> Option<Duration> {
    (seconds >= 0.0).then(|| Duration::from_secs_f64(seconds.min(MAX_ASKED_FOR)))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use telephony_core::{ManualClock, ProviderKind, SeededEntropy};
    use tokio::time::Instant;

    use super::*;
    use crate::error::{ErrorKind, Outcome};

    fn error(kind: ErrorKind, outcome: Outcome, wait: Option<u64>) -> Error {
        Error::new(ProviderKind::Mock, kind, outcome, "it failed")
            .with_retry_after(wait.map(Duration::from_secs))
    }

    fn throttled(wait: Option<u64>) -> Error {
        error(ErrorKind::RateLimited, Outcome::NotSent, wait)
    }

    /// Runs until the answers are used up, and tells when each try was made and how it ended.
    async fn run(effect: Effect, answers: Vec<Result<(), Error>>) -> (Vec<Duration>, bool) {
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(7));
        let start = Instant::now();
        let answers = RefCell::new(answers.into_iter());
        let tries = RefCell::new(Vec::new());
        let result = retry(RetryPolicy::default(), effect, &entropy, || {
            tries.borrow_mut().push(start.elapsed());
            let answer = answers.borrow_mut().next().unwrap();
            std::future::ready(answer)
        })
        .await;
        (tries.into_inner(), result.is_ok())
    }

    #[tokio::test(start_paused = true)]
    async fn the_carriers_wait_is_never_cut_short() {
        let (tries, ok) = run(Effect::Once, vec![Err(throttled(Some(3))), Ok(())]).await;
        assert!(ok);
        assert_eq!(tries.len(), 2);
        assert!(tries[1] >= Duration::from_millis(3250), "{tries:?}");
        assert!(tries[1] <= Duration::from_millis(3502), "{tries:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_wait_the_delays_grow_and_end() {
        let answers = (0..3).map(|_| Err(throttled(None))).collect();
        let (tries, ok) = run(Effect::Once, answers).await;
        assert!(!ok);
        assert_eq!(tries.len(), 3);
        let gaps = [tries[1] - tries[0], tries[2] - tries[1]];
        assert!((250..=502).contains(&gaps[0].as_millis()), "{gaps:?}");
        assert!((500..=1002).contains(&gaps[1].as_millis()), "{gaps:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_beyond_the_limit_is_returned_and_not_waited() {
        let (tries, ok) = run(Effect::Once, vec![Err(throttled(Some(60)))]).await;
        assert!(!ok);
        assert_eq!(tries, [Duration::ZERO]);
        let waits = vec![Err(throttled(Some(12))), Err(throttled(Some(12)))];
        let (tries, _) = run(Effect::Once, waits).await;
        assert_eq!(tries.len(), 2, "two waits of 12 s are more than 20 s");
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_have_been_sent_is_repeated_only_where_that_is_harmless() {
        let lost = || error(ErrorKind::Temporary, Outcome::Unknown, None);
        for (effect, tries) in [(Effect::Once, 1), (Effect::Idempotent, 2), (Effect::Read, 2)] {
            let (made, ok) = run(effect, vec![Err(lost()), Ok(())]).await;
            assert_eq!((made.len(), ok), (tries, tries == 2), "{effect:?}");
        }
        let refused = error(ErrorKind::OptedOut, Outcome::NotSent, None);
        let (tries, _) = run(Effect::Read, vec![Err(refused)]).await;
        assert_eq!(tries.len(), 1);
    }

    #[test]
    fn every_way_to_ask_for_a_wait_is_understood() {
        let now = Timestamp::parse_rfc2822("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let clock = ManualClock::new(now);
        let check = |headers: &[(&'static str, &'static str)], throttled, expected: Option<u64>| {
            let headers =
                headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            let headers: HeaderMap = headers.collect();
            let wait = asked_for(&headers, throttled, &clock);
            assert_eq!(wait, expected.map(Duration::from_millis), "{headers:?}");
        };
        check(&[], true, None);
        check(&[("retry-after", "2")], true, Some(2000));
        check(&[("retry-after", "Sun, 06 Nov 1994 08:49:40 GMT")], true, Some(3000));
        check(&[("retry-after", "Sun, 06 Nov 1994 08:49:00 GMT")], true, Some(0));
        check(&[("retry-after-ms", "150")], true, Some(150));
        check(&[("x-ratelimit-reset", "7")], true, Some(7000));
        check(&[("x-ratelimit-reset", "7")], false, None);
        check(&[("retry-after", "2"), ("x-ratelimit-reset", "7")], true, Some(7000));
        check(&[("retry-after", "9"), ("x-ratelimit-reset", "7")], true, Some(9000));
        check(&[("retry-after", "soon")], true, None);
        check(&[("retry-after", "-1")], true, None);
        check(&[("retry-after", "NaN")], true, None);
        check(&[("retry-after", "inf")], true, Some(604_800_000));
        check(&[("retry-after", "1e300")], true, Some(604_800_000));
    }
}
