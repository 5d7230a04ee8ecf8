//! Keeps a tunnel up: starts its program again, later each time, and says how it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use telephony_core::{Entropy, HttpUrl};
use tokio::sync::watch;
use tokio::time::Instant;
use url::Url;

use super::error::TunnelError;
use super::leftovers::Leftovers;
use super::ngrok::Ngrok;
use super::tailscale::Tailscale;
use super::{TunnelState, TunnelStatus, URL_WAIT, without_slash};

/// How long is waited before the second start; twice as long before each further one. Chance takes
/// up to half of it.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// The longest that is waited before a start.
pub const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// After how long a program counts as steady: when it ends then, the waits begin anew.
const STEADY: Duration = Duration::from_secs(60);

/// What makes a tunnel.
#[derive(Debug)]
pub(super) enum Program {
    Ngrok(Box<Ngrok>),
    Tailscale(Tailscale),
}

impl Program {
    /// From its start to its end, which only an error is.
    async fn life(&mut self, say: &Say) -> TunnelError {
        match self {
            Self::Ngrok(ngrok) => ngrok.life(say).await,
            Self::Tailscale(tailscale) => tailscale.life(say).await,
        }
    }

    /// Ends it, wherever in its life it is.
    async fn end(&mut self) -> Result<(), TunnelError> {
        match self {
            Self::Ngrok(ngrok) => ngrok.end().await,
            Self::Tailscale(tailscale) => tailscale.end().await,
        }
    }
}

/// Says how a tunnel is.
#[derive(Debug, Clone)]
pub(super) struct Say {
    status: watch::Sender<Option<TunnelStatus>>,
    provider: &'static str,
    public_urls: Vec<HttpUrl>,
    /// Whether the start of the server waits for it still. Changes together with the status.
    awaited: Arc<AtomicBool>,
}

impl Say {
    pub(super) fn new(
        status: watch::Sender<Option<TunnelStatus>>,
        provider: &'static str,
        public_urls: Vec<HttpUrl>,
    ) -> Self {
        let (state, url, error) = (TunnelState::Starting, None, None);
        status.send_replace(Some(TunnelStatus { provider, state, url, error }));
        let awaited = Arc::new(AtomicBool::new(true));
        Self { status, provider, public_urls, awaited }
    }

    /// It leads here from `url`, which has to be where carriers are told to go.
    pub(super) fn up(&self, url: HttpUrl) -> Result<(), TunnelError> {
        let other = self.public_urls.iter().find(|public| origin(public) != origin(&url));
        if let Some(public) = other {
            let [tunnel, public] = [&url, public].map(|url| without_slash(url).to_owned());
            return Err(TunnelError::Differs { tunnel, public });
        }
        let changed = self.change(|status| {
            self.awaited.store(false, Ordering::Relaxed);
            let changed = status.state != TunnelState::Up || status.url.as_ref() != Some(&url);
            (status.state, status.url, status.error) = (TunnelState::Up, Some(url.clone()), None);
            changed
        });
        if changed {
            tracing::info!(provider = self.provider, %url, "the tunnel is up");
        }
        Ok(())
    }

    /// It leads nowhere.
    pub(super) fn down(&self, error: TunnelError) {
        let text = error.to_string();
        let changed = self.change(|status| {
            let said = status.error.as_ref().map(ToString::to_string);
            let changed = status.state != TunnelState::Down || said.as_ref() != Some(&text);
            (status.state, status.error) = (TunnelState::Down, Some(error));
            changed
        });
        if changed {
            tracing::warn!(provider = self.provider, error = text, "the tunnel is down");
        }
    }

    /// It leads nowhere, and is not tried again, as long as the start waits to hear of it: whether
    /// it does. Else nobody would ever hear that it ended.
    fn refused(&self, error: &TunnelError) -> bool {
        let ended = self.change(|status| {
            let awaited = self.awaited.load(Ordering::Relaxed);
            if awaited {
                (status.state, status.error) = (TunnelState::Refused, Some(error.clone()));
            }
            awaited
        });
        if ended {
            let error = error.to_string();
            tracing::error!(provider = self.provider, error, "the tunnel is refused");
        }
        ended
    }

    /// Nobody waits for its URL any longer.
    pub(super) fn late(&self) {
        let error = self.no_url();
        let text = error.to_string();
        let was_silent = self.change(|status| {
            self.awaited.store(false, Ordering::Relaxed);
            let is_silent = status.state == TunnelState::Starting;
            if is_silent {
                (status.state, status.error) = (TunnelState::Down, Some(error));
            }
            is_silent
        });
        if was_silent {
            tracing::warn!(provider = self.provider, error = text, "the tunnel is down");
        }
    }

    /// That there is no URL in time.
    pub(super) const fn no_url(&self) -> TunnelError {
        TunnelError::NoUrl { program: self.provider, seconds: URL_WAIT.as_secs() }
    }

    fn change(&self, change: impl FnOnce(&mut TunnelStatus) -> bool) -> bool {
        self.status.send_if_modified(|status| status.as_mut().is_some_and(change))
    }
}

/// Keeps a program running until `stop` becomes true or whoever could say so is gone; and removes
/// then all that it has left.
pub(super) async fn keep(
    mut program: Program,
    say: Say,
    leftovers: Leftovers,
    entropy: Arc<dyn Entropy>,
    mut stop: watch::Receiver<bool>,
) {
    let schedule = ExponentialBuilder::default()
        .with_min_delay(FIRST_WAIT)
        .with_max_delay(LONGEST_WAIT)
        .without_max_times();
    let mut waits = schedule.build();
    loop {
        let begun = Instant::now();
        let error = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            error = one_life(&mut program, &say, &leftovers) => error,
        };
        end(&mut program).await;
        let is_refusal = error.is_refusal();
        if is_refusal && say.refused(&error) {
            return;
        }
        say.down(error);
        if begun.elapsed() >= STEADY {
            waits = schedule.build();
        }
        // What somebody has to put right first is not put right in half a second.
        let wait = waits.next().filter(|_| !is_refusal).unwrap_or(LONGEST_WAIT);
        let wait = jittered(wait, &*entropy);
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            () = tokio::time::sleep(wait) => {}
        }
    }
    end(&mut program).await;
}

async fn one_life(program: &mut Program, say: &Say, leftovers: &Leftovers) -> TunnelError {
    if let Err(error) = leftovers.remove().await {
        tracing::warn!(%error, "what the last process left of its tunnel is still there");
    }
    program.life(say).await
}

async fn end(program: &mut Program) {
    if let Err(error) = program.end().await {
        tracing::warn!(%error, "what the tunnel left is removed at the next start");
    }
}

/// From half of `wait` to all of it, so that many who lost their connection do not come together.
fn jittered(wait: Duration, entropy: &dyn Entropy) -> Duration {
    let mut random = [0; 4];
    // Without chance the whole wait is waited, which is never too early.
    let share = match entropy.fill(&mut random) {
        Ok(()) => f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX),
        Err(_) => 1.0,
    };
    wait.mul_f64(0.5 + share / 2.0)
}

/// Scheme, host and port.
fn origin(url: &HttpUrl) -> Option<url::Origin> {
    Some(Url::parse(url.as_str()).ok()?.origin())
}

#[cfg(test)]
mod tests {
    use telephony_core::SeededEntropy;

    use super::*;

    fn url(text: &str) -> HttpUrl {
        HttpUrl::parse(text).unwrap()
    }

    #[test]
    fn the_url_has_to_be_the_one_that_carriers_use() {
        let say = |public: &[&str]| {
            let public = public.iter().map(|text| url(text)).collect();
            Say::new(watch::Sender::new(None), "ngrok", public)
        };
        let tunnel = || url("https://a.example");
        assert!(say(&[]).up(tunnel()).is_ok());
        assert!(say(&["https://a.example/telephony/webhook"]).up(tunnel()).is_ok());
        assert!(say(&["https://A.example:443"]).up(tunnel()).is_ok());
        for other in ["https://b.example", "http://a.example", "https://a.example:8443"] {
            let error = say(&["https://a.example", other]).up(tunnel()).unwrap_err();
            let text = error.to_string();
            assert!(text.contains("https://a.example") && text.contains(other), "{text}");
            assert!(error.is_refusal());
        }
    }

    #[test]
    fn what_is_said_of_it_is_what_it_was_last() {
        let status = watch::Sender::new(None);
        let say = Say::new(status.clone(), "ngrok", Vec::new());
        let shown = || serde_json::to_value(status.borrow().clone()).unwrap();
        assert_eq!(shown()["state"], "starting");
        say.late();
        assert_eq!(shown()["state"], "down");
        say.up(url("https://a.example")).unwrap();
        let up = serde_json::json!({
            "provider": "ngrok", "state": "up", "url": "https://a.example", "error": null,
        });
        assert_eq!(shown(), up);
        say.down(TunnelError::Network);
        assert_eq!((&shown()["state"], &shown()["url"]), (&"down".into(), &up["url"]));
        assert!(shown()["error"].as_str().unwrap().contains("network"));
    }

    #[test]
    fn a_refusal_is_the_end_only_while_somebody_waits_to_hear_of_it() {
        let say = || Say::new(watch::Sender::new(None), "ngrok", Vec::new());
        let state = |say: &Say| say.status.borrow().as_ref().unwrap().state;
        let awaited = say();
        awaited.down(TunnelError::Network);
        assert!(awaited.refused(&TunnelError::Token(105)));
        awaited.late();
        assert_eq!(state(&awaited), TunnelState::Refused);
        let late = say();
        late.late();
        assert!(!late.refused(&TunnelError::Token(105)));
        assert_eq!(state(&late), TunnelState::Down);
        let up = say();
        up.up(url("https://a.example")).unwrap();
        assert!(!up.refused(&TunnelError::Token(105)));
        assert_eq!(state(&up), TunnelState::Up);
    }

    #[test]
    fn waits_are_cut_by_chance_and_by_no_more_than_half() {
        let entropy = SeededEntropy::new(3);
        let wait = Duration::from_secs(8);
        let waits: Vec<_> = (0..50).map(|_| jittered(wait, &entropy)).collect();
        assert!(waits.iter().all(|cut| *cut >= wait / 2 && *cut <= wait), "{waits:?}");
        assert!(waits.iter().any(|cut| *cut != waits[0]));
    }
}
