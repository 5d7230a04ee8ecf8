//! What the first account sets going, and what each of them adds.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use serde_json::{Value, json};
use telephony_core::AccountId;
use telephony_core::config::{self, Config, Host};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use super::challenges::Challenges;
use super::gate::HostGate;
use super::protocol::{AccountStart, AccountStarted};
use super::sidecar::{Owned, Sidecar, watched};
use super::tunnel::{Reached, follow};
use super::turns::HostAgent;
use super::watch;
use crate::control::{ControlSocket, Live};
use crate::database::Database;
use crate::media::Media;
use crate::metrics::MetricsListener;
use crate::report::chain;
use crate::rpc::{Connection, ErrorCode, RpcError};
use crate::serve::{
    Listeners, PATIENCE, StartError, describe_account, take_over, unsupported, webhook_url,
};
use crate::service::{Authority, Parts, Telephony};
use crate::tunnel::Tunnels;

/// What runs since the first account was started.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) service: Arc<Telephony>,
    pub(super) listeners: Arc<Listeners>,
    metrics: Arc<MetricsListener>,
    pub(super) agent: Arc<HostAgent>,
    pub(super) challenges: Challenges,
    pub(super) connection: Connection,
    pub(super) webhook_urls: std::sync::Mutex<HashMap<AccountId, String>>,
    /// By which URL each account that is started is reached.
    pub(super) reached: Reached,
    work: Mutex<Option<JoinHandle<bool>>>,
    /// The configuration of the account that was started last.
    pub(super) config: std::sync::Mutex<Config>,
    /// The state directory is ours as long as anything runs.
    pub(super) owned: Arc<Owned>,
}

impl Running {
    /// Waits until all work has ended; whether it ended as it should.
    pub(super) async fn ended(&self) -> bool {
        match self.work.lock().await.take() {
            Some(work) => work.await.unwrap_or(false),
            None => true,
        }
    }
}

/// Starts an account, and everything else with the first one. Only one at a time.
pub(super) async fn start(
    sidecar: &Sidecar,
    owned: &Arc<Owned>,
    connection: &Connection,
    params: AccountStart,
) -> Result<AccountStarted, RpcError> {
    let config = configuration(params.config)?;
    let account = config.account(&params.account_id).filter(|account| account.enabled).cloned();
    let account = account.ok_or_else(|| {
        invalid(format!("config: account {} is not there, or not enabled", params.account_id))
    })?;
    let carrier = (sidecar.connect)(&account).map_err(|error| invalid(chain(&error)))?;
    let known = sidecar.running.lock().await.clone();
    let running = match known {
        Some(running) => running,
        None => {
            let running = Arc::new(run(sidecar, owned, connection, &config).await?);
            *sidecar.running.lock().await = Some(Arc::clone(&running));
            tokio::spawn(follow(Arc::clone(&running), sidecar.stop.subscribe()));
            running
        }
    };
    let known = running.listeners.tunnels().url();
    let address = running.listeners.start(&account, &config, known.as_ref()).await;
    let address = address.map_err(|error| failed(&error))?;
    running.metrics.want(config.metrics);
    running.start_tunnel(&config, address, sidecar.stop.subscribe()).await?;
    let mut reached = running.reached.lock().await;
    let url = running.listeners.tunnels().url();
    if url != known {
        let again = running.listeners.start(&account, &config, url.as_ref()).await;
        again.map_err(|error| failed(&error))?;
    }
    let started = AccountStarted {
        address: address.to_string(),
        provider: account.provider.kind().to_string(),
        from: account.from.as_ref().map(ToString::to_string),
        webhook_url: webhook_url(&config, &account, address, url.as_ref()),
        console: describe_account(&config, &account, address, url.as_ref()),
    };
    running.service.set_account(account, carrier, &config, address, url.as_ref());
    *running.config.lock().unwrap_or_else(PoisonError::into_inner) = config.clone();
    reached.insert(params.account_id.clone(), (config, address, url));
    drop(reached);
    running.webhook_urls().insert(params.account_id.clone(), started.webhook_url.clone());
    tracing::info!(account_id = %params.account_id, address = started.address, "started");
    running.tell_status(&params.account_id).await;
    Ok(started)
}

async fn run(
    sidecar: &Sidecar,
    owned: &Arc<Owned>,
    connection: &Connection,
    config: &Config,
) -> Result<Running, RpcError> {
    let database = Database::at(&owned.state.database_of(config)).await;
    let database = database.map_err(|error| failed(&error.into()))?;
    take_over(&database, &*sidecar.clock).await.map_err(|error| failed(&error.into()))?;
    let challenges = database.challenges.clone();
    let gate = HostGate::new(connection.clone(), challenges.clone(), sidecar.clock.clone());
    let host = Authority { gate: Arc::new(gate), owing: Arc::new(challenges.clone()) };
    let (clock, entropy) = (sidecar.clock.clone(), sidecar.entropy.clone());
    let media = Media::open(owned.state.path(), clock.clone(), entropy.clone());
    let media = media.map_err(|error| RpcError::new(ErrorCode::Refused, chain(&error)))?;
    let agent = HostAgent::new(connection.clone(), Arc::clone(&media.fetcher));
    let agent = Arc::new(agent);
    let (host, media) = (Some(host), Some(media));
    let parts = Parts { database, agent: agent.clone(), host, media, clock, entropy };
    let service = Arc::new(Telephony::new(parts));
    let tunnels = Tunnels::new(owned.state.path(), sidecar.entropy.clone());
    let listeners = Listeners::new(Arc::clone(&service), PATIENCE);
    let listeners = Arc::new(listeners.with_tunnels(Arc::new(tunnels)));
    let metrics = MetricsListener::new(Arc::clone(&service), Arc::clone(&listeners));
    let metrics = Arc::new(metrics);
    let control = ControlSocket::bind(&owned.lock.own().socket)
        .map_err(|error| failed(&StartError::Control(error)))?;
    let live = Arc::new(Live::new(Arc::clone(&service), Arc::clone(&listeners)));
    let work = {
        let (service, listeners) = (Arc::clone(&service), Arc::clone(&listeners));
        let metrics = Arc::clone(&metrics);
        let (connection, challenges) = (connection.clone(), challenges.clone());
        let (clock, stop) = (sidecar.clock.clone(), sidecar.stop.subscribe());
        async move {
            let listen = async {
                listeners.run(stop.clone()).await;
                listeners.tunnels().end().await;
            };
            tokio::join!(
                listen,
                Arc::clone(&service).run(stop.clone()),
                metrics.run(stop.clone()),
                control.run(live, stop.clone()),
                watch::run(&service, &connection, &challenges, &clock, stop.clone()),
            );
        }
    };
    let work = Mutex::new(Some(watched(sidecar.stop.clone(), work)));
    let (connection, owned) = (connection.clone(), Arc::clone(owned));
    let config = config.clone().into();
    let (webhook_urls, reached) = (std::sync::Mutex::default(), Reached::default());
    Ok(Running {
        service,
        listeners,
        metrics,
        agent,
        challenges,
        connection,
        webhook_urls,
        reached,
        work,
        config,
        owned,
    })
}

fn configuration(value: Value) -> Result<Config, RpcError> {
    let config = config::from_value(value, Host::OpenClaw, &|name| std::env::var(name).ok());
    let config = config.map_err(|errors| {
        let problems: Vec<_> = errors.to_string().lines().map(str::to_owned).collect();
        invalid(format!("channels.telephony has mistakes: {errors}"))
            .with_data(json!({ "field": "config", "problems": problems }))
    })?;
    if let Some(sentence) = unsupported(&config) {
        return Err(invalid(sentence));
    }
    Ok(config)
}

fn invalid(sentence: String) -> RpcError {
    RpcError::new(ErrorCode::Params, sentence).with_data(json!({ "field": "config" }))
}

/// What has to be set or done; it may also pass by itself.
pub(super) fn failed(error: &StartError) -> RpcError {
    let is_theirs = match error {
        StartError::Endpoint { .. } | StartError::Provider(..) | StartError::Tunnel(_) => true,
        StartError::Database(error) => error.is_newer(),
        _ => false,
    };
    let data = json!({ "retryable": !is_theirs });
    RpcError::new(ErrorCode::Refused, chain(error)).with_data(data)
}
